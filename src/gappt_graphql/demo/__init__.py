"""
Practices that nobody runs, to look around in: a small one around this week, and a large one of fixed dates.

Both are the same every time, ids included; only that the small one's dates move with the week in which it is made.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

from gappt_graphql.demo.large import large_practice
from gappt_graphql.demo.small import small_practice
from gappt_graphql.practice import changes
from gappt_graphql.scheduling.asking import Listing
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.store import Account, AuditRow, Book, Edit, Record, Store, WritableBook

Size = Literal["small", "large"]

SLICE = 5_000

_KINDS: tuple[type[Record], ...] = (
    Business,
    Practitioner,
    AppointmentType,
    Patient,
    UnavailableBlock,
    GroupAppointment,
    Attendee,
    WaitlistEntry,
)

__all__ = ["NotEmpty", "Size", "fill"]


class NotEmpty(Exception):
    """The account has records already, which the demo would mix with its own."""

    def __init__(self, account: Account) -> None:
        super().__init__(f"the account {account.name!r} has records already; the demo fills only an empty one")


async def fill(
    store: Store, *, account: Account, size: Size, now: datetime, ids: Ids, progress: Callable[[int, int], None]
) -> None:
    """
    Fill an empty account with the demo practice, in one transaction.

    :raises NotEmpty: if the account has any record
    """
    records = small_practice(now) if size == "small" else large_practice()
    edits = [Edit(None, record) for record in records]

    async def work(book: WritableBook) -> None:
        if not await _is_empty(book):
            raise NotEmpty(account)
        for start in range(0, len(edits), SLICE):
            await book.save(edits[start : start + SLICE])
            progress(min(start + SLICE, len(edits)), len(edits))
        await book.journal(changes.feed(edits, at=now), [_audit_row(size, len(edits), now=now, ids=ids)])

    await store.write(account.id, work)


async def _is_empty(book: Book) -> bool:
    for kind in _KINDS:
        if await book.count(kind, Listing()):
            return False
    return True


def _audit_row(size: Size, records: int, *, now: datetime, ids: Ids) -> AuditRow:
    return AuditRow(
        at=now,
        key_id=None,
        actor=None,
        request_id="demo",
        operation="Demo",
        record_kind="Demo",
        record_id=ids.next(now),
        before=None,
        after=msgspec.json.encode({"size": size, "records": records}).decode(),
    )
