"""Where a use case starts: for whom, by which key, at what time, in which store."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from gappt_graphql.observing import NOBODY, Observer
from gappt_graphql.practice import changes, idempotency
from gappt_graphql.practice.bounds import Bounds, OutOfTime
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.ids import AccountId, Ids, KeyId
from gappt_graphql.scheduling.problems import Problem, Refused
from gappt_graphql.scheduling.receivers import Receivers
from gappt_graphql.store import Book, Edit, Record, Store, WritableBook

T = TypeVar("T")
Outcome = TypeVar("Outcome", bound=Struct)

_READ = "This took too long to read. Ask for less at once."
_WRITE = "This took too long, and nothing was written. Ask for less at once, or ask again later."
_READ_AFTER_WRITE = "What was written stays, but took too long to read again."


class Decision(Struct, Generic[Outcome], frozen=True):
    """What a use case has decided: the records to write, and what to tell the caller, by ids."""

    outcome: Outcome
    edits: Sequence[Edit] = ()


class Desk(Struct, frozen=True, kw_only=True):
    """One request's place at the front desk. `now` was asked once, at the door; nothing inside reads a clock."""

    store: Store
    account: AccountId
    now: datetime
    ids: Ids
    request_id: str
    key_id: KeyId | None = None
    actor: str | None = None
    keys_kept_for: timedelta = idempotency.KEPT_FOR
    observer: Observer = NOBODY
    bounds: Bounds | None = None
    receivers: Receivers = Receivers()
    """Where webhooks may be sent to."""
    until: float | None = None
    """The time of the event loop by which the operation has to be done."""
    writes: bool = False

    def at_work(self) -> AbstractContextManager[None]:
        """
        Count an operation as long as it runs.

        :raises Overloaded: if too many run
        """
        return nullcontext() if self.bounds is None else self.bounds.running()

    def begun(self, *, writes: bool = False) -> "Desk":
        """Return the desk of an operation that begins at this moment, for as long as it may take."""
        if self.bounds is None:
            return self
        seconds = self.bounds.write_seconds if writes else self.bounds.read_seconds
        return replace(self, until=asyncio.get_running_loop().time() + seconds, writes=writes)

    async def read(self, work: Callable[[Book], Awaitable[T]]) -> T:
        """
        Run the work in one reading transaction of the account's book.

        What is read after a write, to tell of it, has the time of a read of its own.

        :raises OutOfTime: if that takes too long; it is stopped
        """
        if self.bounds is None:
            return await self.store.read(self.account, work)
        now = asyncio.get_running_loop().time()
        until = now + self.bounds.read_seconds if self.until is None or self.writes else self.until
        limit = asyncio.timeout_at(until)
        try:
            if until <= now:
                raise TimeoutError
            async with limit:
                return await self.store.read(self.account, work)
        except TimeoutError:
            if until > now and not limit.expired():
                raise
            raise OutOfTime(_READ_AFTER_WRITE if self.writes else _READ) from None

    async def carry_out(
        self,
        command: Command,
        decide: Callable[[Book], Awaitable[Decision[Outcome]]],
        outcome_type: type[Outcome],
    ) -> Outcome:
        """
        Decide and write in one transaction, with the change feed, the audit and the idempotency key.

        A command whose key has done the same before gets that outcome and writes nothing (docs/guide/retries.md).

        :raises Refused: what `decide` raises; if the key was used for something else; if the key is malformed
        :raises OutOfTime: if that takes too long; nothing is written then
        """
        of_key = idempotency.key_problems(command.idempotency_key)

        name, told, seats = type(command).__name__, "done", 0

        async def work(book: WritableBook) -> Outcome:
            nonlocal told, seats
            told, seats = "done", 0  # it may have been run before, and come to nothing
            if of_key:
                raise await _refusal(book, decide, of_key)
            since = self.now - self.keys_kept_for
            earlier = await idempotency.earlier_outcome(book, command, outcome_type, since=since)
            if earlier is not None:
                told = "replayed"
                return earlier
            decision = await decide(book)
            seats = _seats_given(decision.edits)
            kept = idempotency.kept(command, decision.outcome, at=self.now)
            if kept is not None:
                await idempotency.sweep(book, at=self.now, since=since)
            await book.enter(
                decision.edits,
                changes.feed(decision.edits, at=self.now),
                changes.audit(
                    decision.edits,
                    operation=name,
                    at=self.now,
                    key_id=self.key_id,
                    actor=self.actor,
                    request_id=self.request_id,
                ),
                kept,
            )
            return decision.outcome

        try:
            outcome = await self._write(work)
        except Refused as refused:
            self.observer.commanded(name, "refused", codes=[problem.code for problem in refused.problems])
            raise
        except Exception:
            self.observer.commanded(name, "failed")
            raise
        self.observer.commanded(name, told, seats=seats)
        return outcome

    async def _write(self, work: Callable[[WritableBook], Awaitable[T]]) -> T:
        """Run the work in one transaction. Once it is done the deadline is off: the commit is waited for."""
        limit = asyncio.timeout_at(self.until)

        async def in_time(book: WritableBook) -> T:
            with suppress(RuntimeError):
                limit.reschedule(self.until)  # it may have been off: what is done again came to nothing before
            done = await work(book)
            with suppress(RuntimeError):  # it has struck, or the caller has gone: the store undoes the work
                limit.reschedule(None)
            return done

        try:
            async with limit:
                return await self.store.write(self.account, in_time)
        except TimeoutError:
            if not limit.expired():
                raise
            raise OutOfTime(_WRITE) from None


def _seats_given(edits: Sequence[Edit]) -> int:
    return sum(_has_seat(edit.after) and not _has_seat(edit.before) for edit in edits)


def _has_seat(record: Record | None) -> bool:
    return isinstance(record, Attendee) and record.active


async def _refusal(
    book: Book, decide: Callable[[Book], Awaitable[Decision[Outcome]]], problems: Sequence[Problem]
) -> Refused:
    """Return the refusal for these problems, and for those that the command has besides."""
    try:
        await decide(book)
    except Refused as refused:
        return Refused([*refused.problems, *problems], refused.conflicting)
    return Refused(problems)
