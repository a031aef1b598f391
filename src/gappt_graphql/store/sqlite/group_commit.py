"""
Group commit: who wants to write while a commit is on its way to the disk shares the next one.

The units of work of a group run one after another in one transaction, each in its own savepoint. Nobody is answered
before the COMMIT of the group has returned, not even with a refusal: what it was refused for may be what another unit
of the group has written.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context, copy_context
from functools import partial
from time import monotonic
from typing import Any, Generic, TypeVar

from gappt_graphql.observing import NOBODY, Observer, Spans
from gappt_graphql.scheduling.problems import Refused
from gappt_graphql.store.sqlite.connections import Connection
from gappt_graphql.store.sqlite.locks import WritersQueue
from gappt_graphql.store.sqlite.writer import Abandoned, Writer

T = TypeVar("T")

_MOST = 64
"""Units in a group."""

_LONGEST = 0.05
"""Seconds after which a group takes no further unit: its first waits for its last, and so does the event loop."""

_ATTEMPTS = 5
_ID_TAKEN = "The id is taken"


class Writers:
    """Those who want to write, first come first served, and the connection that they share."""

    def __init__(self, connection: Connection, queue: WritersQueue, observer: Observer = NOBODY) -> None:
        self._connection, self._queue, self._observer = connection, queue, observer
        self._waiting: deque[_Unit[Any]] = deque()
        self._at_work: asyncio.Task[None] | None = None
        self.doubted = False
        """A write has failed for another reason than its own, and none has proved since that the store takes them."""

    async def write(self, work: Callable[[Writer], Awaitable[T]], committed: Callable[[], None]) -> T:
        """
        Run the work in a transaction and return what it returns, once that is on the disk and `committed` was called.

        A caller who is cancelled before the work is done leaves nothing behind, and afterwards all of it.
        """
        if self._at_work is not None and asyncio.current_task() is self._at_work:
            raise RuntimeError("A unit of work that writes can't start another: it would wait for itself.")
        unit = _Unit(work, committed)
        self._waiting.append(unit)
        if self._at_work is None or self._at_work.done():
            self._begin()
        return await unit.answered()

    async def finish(self) -> None:
        """Wait until nobody wants to write any more."""
        while self._at_work is not None and not self._at_work.done():
            await asyncio.wait([self._at_work])

    def trust(self) -> None:
        """Doubt no longer: a write has proved that the store takes them."""
        self.doubted = False

    def _begin(self) -> None:
        # In no caller's context: the task works for all of them.
        self._at_work = asyncio.get_running_loop().create_task(self._work(), context=Context())

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._group()
        except BaseException:  # mostly by a program that cancels everything, to end
            if not all(unit.abandoned() for unit in self._waiting):
                self._begin()
            raise

    async def _group(self) -> None:
        """Run a group in one transaction, and answer it."""
        group: list[_Unit[Any]] = []
        took: float | None = None
        try:
            async with self._queue.turn():
                try:
                    await self._connection.execute("BEGIN IMMEDIATE")
                    await self._run(group)
                    if any(unit.done for unit in group):
                        began = monotonic()
                        await self._connection.execute("COMMIT")
                        took = monotonic() - began
                except asyncio.CancelledError:
                    await self._connection.idle()
                    raise
                finally:
                    self._connection.rollback()
        except Exception as fault:
            self.doubted = True
            if not group:  # The transaction could not even begin, and who came meanwhile has waited for it too.
                group = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
            for unit in group:
                unit.fail(fault)
        except BaseException:
            for unit in group:
                unit.answer.cancel()
            raise
        for unit in group:
            unit.tell()
        # Last: what is committed has not failed, whatever comes of telling about it.
        if took is not None:
            self._observer.committed(sum(unit.done for unit in group), took)

    async def _run(self, group: list["_Unit[Any]"]) -> None:
        """
        Run the units that wait, and those that come meanwhile, into the transaction.

        :raises Exception: what has ended the transaction, if SQLite has
        """
        until = monotonic() + _LONGEST
        while self._waiting and len(group) < _MOST and not (group and monotonic() > until):
            unit = self._waiting.popleft()
            if unit.abandoned():
                continue
            # A lone one needs no savepoint: what undoes it is the end of the transaction.
            alone = not group and not self._waiting
            group.append(unit)
            if not alone:
                self._connection.execute_here("SAVEPOINT unit")
            self._observer.waited(monotonic() - unit.asked)
            await unit.run(self._connection, self._observer.spans)
            self.doubted |= isinstance(unit.error, sqlite3.Error) and not isinstance(unit.error, sqlite3.IntegrityError)
            if not self._connection.in_transaction:
                if unit.error is None or isinstance(unit.error, (Refused, Abandoned)):  # for its own caller alone
                    raise RuntimeError("SQLite has ended the transaction in the middle of a unit of work.")
                raise unit.error
            if unit.clashed():
                self._waiting.appendleft(group.pop())
            if alone and not unit.done:
                break
            if not alone:
                if not unit.done:
                    self._connection.execute_here("ROLLBACK TO unit")
                self._connection.execute_here("RELEASE unit")


class _Unit(Generic[T]):
    """A unit of work, and the answer that its caller waits for."""

    def __init__(self, work: Callable[[Writer], Awaitable[T]], committed: Callable[[], None]) -> None:
        self.answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.asked = monotonic()
        self.done = False
        self.error: Exception | None = None
        self._work = work
        self._committed = committed
        self._context = copy_context()
        self._attempts = 0

    async def answered(self) -> T:
        """Wait for the answer. A caller who is cancelled cancels it."""
        try:
            return await self.answer
        except asyncio.CancelledError:
            if not self.answer.cancelled():  # The answer was there already, and its caller does not hear it.
                self.answer.exception()
                self._tell_of_failure()
            raise

    def abandoned(self) -> bool:
        """Tell whether the caller has gone."""
        return self.answer.cancelled()

    async def run(self, connection: Connection, spans: Spans) -> None:
        """Do the work, in the context of its caller, and keep what came of it."""
        self.error, self._attempts = None, self._attempts + 1
        writer = Writer(connection, spans, abandoned=self.abandoned)
        try:
            try:
                self._result = await _Within(self._context, self._on(writer))
            finally:
                await writer.end()
            if self.abandoned():
                raise Abandoned
            self.done = True
        except Exception as error:
            self.error = error

    async def _on(self, writer: Writer) -> T:
        return await self._work(writer)

    def clashed(self) -> bool:
        """Tell whether to run it again: another process made the same id in the same millisecond."""
        if not isinstance(self.error, sqlite3.IntegrityError) or self._attempts == _ATTEMPTS:
            return False
        # The second is what a trigger says of an attendee's id.
        return self.error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY or str(self.error) == _ID_TAKEN

    def fail(self, fault: Exception) -> None:
        """Let it have come to nothing, whatever came of it: its transaction has."""
        self.error = fault

    def tell(self) -> None:
        """Give the caller the answer; tell of the commit, where there was one, whoever hears it."""
        if self.done and self.error is None:
            try:
                self._committed()
            except Exception as error:
                self._tell_log("What is committed was not told of", error)
        if self.answer.done():
            self._tell_of_failure()
        elif self.error is not None:
            self.answer.set_exception(self.error)
        else:
            self.answer.set_result(self._result)

    def _tell_of_failure(self) -> None:
        """Tell the log how a write failed whose caller has gone. A refusal is nobody's business any more."""
        if self.error is not None and not isinstance(self.error, (Refused, Abandoned)):
            self._tell_log("A write failed after its caller had gone", self.error)

    def _tell_log(self, message: str, error: Exception) -> None:
        self.answer.get_loop().call_exception_handler({"message": message, "exception": error})


class _Within(Generic[T]):
    """
    A coroutine that runs in the task that awaits it, but each step in a context of its own.

    A task of its own would have its context too, but would wait for the whole event loop before its first step.
    """

    def __init__(self, context: Context, work: Coroutine[Any, Any, T]) -> None:
        self._context = context
        self._work = work

    def __await__(self) -> Generator[Any, Any, T]:
        step: Callable[[], Any] = partial(self._work.send, None)
        while True:
            try:
                awaited = self._context.run(step)
            except StopIteration as ended:
                return ended.value  # type: ignore[no-any-return]
            try:
                yield awaited
                step = partial(self._work.send, None)
            except BaseException as error:
                step = partial(self._work.throw, error)
