"""Where a use case starts: for whom, by which key, at what time, in which store."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from msgspec import Struct

from gappt_graphql.observing import NOBODY, Observer
from gappt_graphql.practice import changes, idempotency
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.ids import AccountId, Ids, KeyId
from gappt_graphql.scheduling.problems import Problem, Refused
from gappt_graphql.store import Book, Edit, Record, Store, WritableBook

T = TypeVar("T")
Outcome = TypeVar("Outcome", bound=Struct)


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

    async def read(self, work: Callable[[Book], Awaitable[T]]) -> T:
        """Run the work in one reading transaction of the account's book."""
        return await self.store.read(self.account, work)

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
        """
        of_key = idempotency.key_problems(command.idempotency_key)

        name, told, seats = type(command).__name__, "done", 0

        async def work(book: WritableBook) -> Outcome:
            nonlocal told, seats
            if of_key:
                raise await _refusal(book, decide, of_key)
            since = self.now - self.keys_kept_for
            earlier = await idempotency.earlier_outcome(book, command, outcome_type, since=since)
            if earlier is not None:
                told = "replayed"
                return earlier
            decision = await decide(book)
            seats = _seats_given(decision.edits)
            await book.save(decision.edits)
            await idempotency.keep(book, command, decision.outcome, at=self.now, since=since)
            await book.journal(
                changes.feed(decision.edits, at=self.now),
                changes.audit(
                    decision.edits,
                    operation=name,
                    at=self.now,
                    key_id=self.key_id,
                    actor=self.actor,
                    request_id=self.request_id,
                ),
            )
            return decision.outcome

        try:
            outcome = await self.store.write(self.account, work)
        except Refused as refused:
            self.observer.commanded(name, "refused", codes=[problem.code for problem in refused.problems])
            raise
        except Exception:
            self.observer.commanded(name, "failed")
            raise
        self.observer.commanded(name, told, seats=seats)
        return outcome


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
