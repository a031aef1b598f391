"""Reading the audit: the history of appointments, the whole of it, and whether it is as it was written."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol, TextIO, TypeVar

import msgspec
from msgspec import Struct

from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.ids import AccountId, GroupAppointmentId
from gappt_graphql.store import AuditRow, Book, Store, Unreadable, audit_hash

T = TypeVar("T")

SLICE = 1_000


class Reads(Protocol):
    """What can be read by accounts: a store, or a backup of one."""

    async def read(self, account: AccountId, work: Callable[[Book], Awaitable[T]]) -> T:
        """Run the work with the account's book."""


class Verified(Struct, frozen=True):
    """What a look at the whole audit of an account found: its rows, the last hash, and where it breaks, if it does."""

    rows: int
    last_hash: str
    broken_at: int | None = None
    reason: str | None = None


async def history(
    desk: Desk, appointments: Collection[GroupAppointmentId], *, limit: int, before: int | None = None
) -> Mapping[GroupAppointmentId, Sequence[AuditRow]]:
    """Return what was done to each appointment, its attendees and its waitlist, newest first, so many rows of each."""
    return await desk.read(lambda book: book.history_of(appointments, limit=limit, before=before))


async def verify(store: Reads, *, account: AccountId) -> Verified:
    """Walk the account's audit from its first row to its last, and find the first place where it is not as it was."""

    async def work(book: Book) -> Verified:
        count, last, previous = 0, 0, ""
        try:
            async for row in rows_of(book):
                if row.hash != audit_hash(row, account=account, previous=previous):
                    reason = (
                        "the row does not fit its hash and the row before it: "
                        "one of them was changed, or one is missing"
                    )
                    return Verified(count, previous, row.number, reason)
                count, last, previous = count + 1, row.number, row.hash
        except Unreadable:
            return Verified(
                count, previous, last, f"one of the {SLICE:,} rows after it is no row of this program any more"
            )
        end = await book.audit_end()
        if (last, previous) != end:
            reason = f"the audit ends there, but the account has written rows up to {end.number}: the last were cut off"
            if last == end.number:
                reason = "the audit ends there, but the account says that it ends there with another hash"
            elif last > end.number:
                reason = f"the audit goes on past {end.number}, where the account says that it ends"
            return Verified(count, previous, last, reason)
        return Verified(count, previous)

    return await store.read(account, work)


async def export(store: Store, *, account: AccountId, out: TextIO) -> int:
    """
    Write every row of the account's audit as a line of JSON, oldest first; return how many there are.

    What was before and after stays the text that it is, so that whoever has the file can compute the hashes.
    """

    async def work(book: Book) -> int:
        count = 0
        async for row in rows_of(book):
            out.write(msgspec.json.encode(row).decode() + "\n")
            count += 1
        return count

    return await store.read(account, work)


async def rows_of(book: Book) -> AsyncIterator[AuditRow]:
    """Give every row of the account's audit, oldest first, a slice of them in memory at a time."""
    after = 0
    while rows := await book.audit(after=after, limit=SLICE):
        for row in rows:
            yield row
        after = rows[-1].number
