"""Units of work in transactions of their own: each is run as often as the database asks for, and committed once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from random import uniform
from time import monotonic
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import asyncpg

from gappt_graphql.observing import Observer
from gappt_graphql.scheduling.ids import AccountId
from gappt_graphql.store.postgres import failures
from gappt_graphql.store.postgres.connections import begin
from gappt_graphql.store.postgres.failures import Lost, of_the_driver
from gappt_graphql.store.postgres.lines import Again, Line, Place, Shared
from gappt_graphql.store.postgres.terms import Terms
from gappt_graphql.store.postgres.units import Unit
from gappt_graphql.store.seats import Overtaken
from gappt_graphql.store.shielding import to_the_end
from gappt_graphql.store.unavailable import OutcomeUnknown, Unavailable

T = TypeVar("T")
Work = Callable[[Unit], Awaitable[T]]

log = logging.getLogger("gappt_graphql.store")

_FEW = 3
"""Attempts where another would mostly come to the same: without a connection, with an id that is taken."""
_READS = 2
"""Attempts of a unit that only reads, which others are never in the way of."""
_SLOT = 0.01
"""Seconds: the pause before the second attempt is at most two slots, and at most twice as long each time."""
_SECONDS_TO_UNDO = 2


class Transactions:
    """
    The transactions of one process.

    Those who write take at most half of the connections, and those of one account one, which they may share; at the
    database it waits for writers of other processes. So readers always find some.
    """

    def __init__(self, pool: asyncpg.Pool, terms: Terms, observer: Observer) -> None:
        self._pool, self._observer = pool, observer
        self._attempts, self._longest_pause = terms.attempts, terms.longest_pause
        self._each = terms.each if terms.pooler else None
        self._writers = asyncio.Semaphore(max(1, pool.get_max_size() // 2))
        self._lines: WeakValueDictionary[AccountId, Line] = WeakValueDictionary()
        self._at_work: set[asyncio.Task[Any] | None] = set()
        self._under_way = 0
        self._none_under_way = asyncio.Event()
        self._none_under_way.set()

    @property
    def in_use(self) -> int:
        """Connections that somebody works with."""
        in_use: int = self._pool.get_size() - self._pool.get_idle_size()
        return in_use

    async def read(self, account: AccountId, work: Work[T], *, asking: Mapping[str, str] | None = None) -> T:
        """
        Run the work in a transaction that sees one moment; once more, if its connection turns out to be lost.

        :raises Unavailable: if there is none
        """
        text = begin(account, writing=False, asking=asking, each=self._each)
        with self._one_more():
            return await self._tried(lambda: self._reading(text, work), few=_READS, wrote="")

    async def write(
        self,
        account: AccountId,
        work: Work[T],
        committed: Callable[[], None] = lambda: None,
    ) -> T:
        """
        Run the work in a transaction and return what it returns, once that is committed and `committed` was called.

        A caller who is cancelled before the work is done leaves nothing behind, and afterwards all of it.

        :raises Unavailable: if nothing was written, and may be later
        :raises OutcomeUnknown: if nobody knows whether it was
        """
        task = asyncio.current_task()
        if task in self._at_work:
            raise RuntimeError("A unit of work that writes can't start another: it would wait for itself.")
        line = self._lines.setdefault(account, Line())
        asked = monotonic()
        with self._one_more(), self._at_work_in(task):
            place = await line.come()
            if place is not None:
                try:
                    return await self._shared(place, work, committed, asked)
                except Again:
                    await line.come(alone=True)
            try:
                text = begin(account, writing=True, each=self._each)
                return await self._leading(text, work, committed, asked, line if place is None else None)
            finally:
                line.go()

    async def finish(self) -> None:
        """Wait until no unit of work is under way any more."""
        await self._none_under_way.wait()

    @contextmanager
    def _one_more(self) -> Iterator[None]:
        self._under_way += 1
        self._none_under_way.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._none_under_way.set()

    @contextmanager
    def _at_work_in(self, task: asyncio.Task[Any] | None) -> Iterator[None]:
        self._at_work.add(task)
        try:
            yield
        finally:
            self._at_work.discard(task)

    async def _tried(self, attempt: Callable[[], Awaitable[T]], *, few: int, wrote: str) -> T:
        for number in range(1, self._attempts + 1):
            try:
                return await attempt()
            except OutcomeUnknown:
                raise
            except Exception as error:
                lost = failures.is_lost(error)
                contended = failures.is_contended(error)
                passing = lost or contended or failures.is_passing(error)
                again = lost or contended or failures.is_clash_of_ids(error) or isinstance(error, Overtaken)
                if again and number < (self._attempts if contended else few):
                    if lost:
                        await self._pool.expire_connections()  # those that idle were most likely lost with it
                elif passing:
                    log.warning("The database could not be used: %s", failures.name_of(error))
                    sentence = f"The database can't be used at the moment.{wrote} Ask again in a second."
                    raise Unavailable(sentence) from None
                else:
                    failures.without_values(error)
                    raise
            await asyncio.sleep(uniform(0, min(self._longest_pause, _SLOT * 2 ** min(number, 30))))
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _reading(self, text: str, work: Work[T]) -> T:
        connection = await of_the_driver(self._pool.acquire())
        unit = Unit(connection, self._observer.spans)
        try:
            await of_the_driver(connection.execute(text))
            done = await work(unit)
            await unit.end()
            return done
        finally:
            await to_the_end(asyncio.ensure_future(self._given_back(connection, busy=unit.close())))

    async def _leading(
        self, text: str, work: Work[T], committed: Callable[[], None], asked: float, line: Line | None
    ) -> T:
        """Run the work in a transaction of its own, into which others of the line may come."""

        async def attempt() -> T:
            nonlocal line
            try:
                return await self._writing(text, work, committed, asked, line)
            except Again:
                line = None
                return await self._writing(text, work, committed, asked, line)

        async with self._writers:
            return await self._tried(attempt, few=_FEW, wrote=" Nothing was written.")

    async def _writing(
        self, text: str, work: Work[T], committed: Callable[[], None], asked: float, line: Line | None
    ) -> T:
        async with self._connection() as connection:
            shared = Shared(connection)
            unit = Unit(connection, self._observer.spans, shared)
            try:
                await of_the_driver(connection.execute(text))
                self._observer.waited(monotonic() - asked)
                done = await work(unit)
                await unit.end()
                if unit.failed:
                    line = None  # It has hidden that, and the commit will not be one.
                await to_the_end(asyncio.ensure_future(self._finish(shared, committed, line)))
            except BaseException:
                await self._undo(connection, unit, shared)
                raise
            return done

    async def _shared(self, place: Place, work: Work[T], committed: Callable[[], None], asked: float) -> T:
        """
        Run the work in the transaction of somebody else, and wait until that is committed.

        :raises Again: if it has come to nothing
        """
        shared = place.turn.result()
        assert shared is not None
        self._observer.waited(monotonic() - asked)
        unit = Unit(shared.connection, self._observer.spans, shared)
        failure: Exception | None = None
        whole = False
        try:
            done = await work(unit)
            await unit.end()
            whole, place.committed = not unit.failed, committed
        except Exception as error:
            failure = error
        finally:
            shared.still_runs |= unit.close()
            whole |= not (unit.touched or shared.still_runs)
            place.left.set_result(whole)
        if not whole or not await to_the_end(place.outcome):
            raise Again
        if failure is not None:
            raise failure
        return done

    async def _finish(self, shared: Shared, committed: Callable[[], None], line: Line | None) -> None:
        """Let others in, and commit."""
        try:
            if line is not None:
                await shared.invite(line)
            await self._commit(shared, committed)
        except OutcomeUnknown as unknown:
            shared.answer(unknown)
            raise
        finally:
            shared.answer(False)

    async def _commit(self, shared: Shared, committed: Callable[[], None]) -> None:
        began = monotonic()
        if shared.connection.is_closed():
            raise Lost("closed before the commit")  # which nobody has asked for: nothing was written
        try:
            status = await shared.connection.execute("COMMIT")
        except Exception as error:
            if failures.is_refused_commit(error):
                raise
            _give_up(shared.connection)
            log.error("Nobody knows what became of a commit: %s", failures.name_of(error))
            raise OutcomeUnknown from None
        if status != "COMMIT":
            raise RuntimeError("The database has undone the transaction of a unit of work that hid its failure.")
        shared.answer(True)
        every = [committed, *(place.committed for place in shared.places if place.committed is not None)]
        for tell in every:
            try:
                tell()
            except Exception as error:  # what is committed has not failed, whatever comes of telling about it
                told = {"message": "What is committed was not told of", "exception": error}
                asyncio.get_running_loop().call_exception_handler(told)
        self._observer.committed(len(every), monotonic() - began)

    async def _given_back(self, connection: Any, *, busy: bool) -> None:
        """End the transaction of a unit that only read, and give its connection back to the pool."""
        try:
            if busy:
                _give_up(connection)
            else:
                await _rolled_back(connection)
        finally:
            await self._pool.release(connection)

    async def _undo(self, connection: Any, unit: Unit, shared: Shared | None = None) -> None:
        """End the transaction, if there still is one. A connection that can't be told so is given up."""
        if unit.close() or (shared is not None and shared.still_runs):
            _give_up(connection)
        else:
            await to_the_end(asyncio.ensure_future(_rolled_back(connection)))

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        connection = await of_the_driver(self._pool.acquire())
        try:
            yield connection
        finally:
            await to_the_end(asyncio.ensure_future(self._pool.release(connection)))


async def _rolled_back(connection: Any) -> None:
    try:
        await connection.execute("ROLLBACK", timeout=_SECONDS_TO_UNDO)
    except Exception:
        _give_up(connection)


def _give_up(connection: Any) -> None:
    with suppress(asyncpg.InterfaceError):  # the pool has it back already
        connection.terminate()
