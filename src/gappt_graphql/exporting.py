"""Write an account's whole book as JSON Lines, in an order in which it can be imported (docs/interchange.md)."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TextIO

import msgspec

from gappt_graphql.interchange import GROUP_APPOINTMENT, KINDS, Kind, shape
from gappt_graphql.scheduling.asking import Condition, Filter, Listing, Operator, Slice
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import Account, Book, Record, Store

SLICE = 1_000

_ROOTS_FIRST: Sequence[Filter] = (
    (Condition("repeated_from_id", Operator.IS_NOT_SET),),
    (Condition("repeated_from_id", Operator.IS_SET),),
)


async def export(store: Store, *, account: Account, out: TextIO, progress: Callable[[int, int], None]) -> int:
    """
    Write every record of the account, archived ones too, as it is at one moment; return how many there are.

    The file is written slice by slice: however large the book is, only a slice of it is in memory.
    """

    async def work(book: Book) -> int:
        total = sum([await book.count(kind.record, Listing()) for kind in KINDS])
        done = 0
        for kind in KINDS:
            async for records in _slices(book, kind):
                more = await _patients(book, records) if kind is GROUP_APPOINTMENT else {}
                out.writelines(_line(kind, record, more) for record in records)
                done += len(records)
                progress(done, total)
        return done

    return await store.read(account.id, work)


async def _slices(book: Book, kind: Kind) -> AsyncIterator[Sequence[Record]]:
    for where in _ROOTS_FIRST if kind is GROUP_APPOINTMENT else ((),):
        after: tuple[int, ...] | None = None
        while True:
            page = await book.page(kind.record, Listing(where=where), Slice(limit=SLICE, after=after))
            if page.records:
                yield page.records
            if not page.has_next:
                break
            after = (page.records[-1].id,)


async def _patients(book: Book, groups: Sequence[Record]) -> Mapping[int, tuple[int, ...]]:
    """The patients with a seat in each appointment, in booking order."""
    attendees = await book.attendees_of([group.id for group in groups if isinstance(group, GroupAppointment)])
    return {id: tuple(attendee.patient_id for attendee in present) for id, present in attendees.items()}


def _line(kind: Kind, record: Record, patients: Mapping[int, tuple[int, ...]]) -> str:
    shown = shape(kind, record, patient_ids=patients.get(record.id, ())) if patients else shape(kind, record)
    return msgspec.json.encode(shown).decode() + "\n"
