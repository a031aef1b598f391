"""Edits, written: new records by kind, of the others the columns that differ, and the copies that attendees keep."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import Edit, Record, by_key
from gappt_graphql.store.records import codec
from gappt_graphql.store.statements import Statement, WritableRows

# Each kind after those that it refers to.
_ORDER: tuple[type[Record], ...] = (
    Business,
    Practitioner,
    Patient,
    AppointmentType,
    UnavailableBlock,
    GroupAppointment,
    Attendee,
    WaitlistEntry,
)
_PLACES = (Attendee, WaitlistEntry)


async def save(rows: WritableRows, edits: Sequence[Edit]) -> None:
    """
    Write the edits.

    :raises LookupError: if a record to revise, or the appointment of a new attendee, is not in the account's book
    """
    by_kind = _by_kind(edits)
    for kind in _ORDER:
        new = [edit.after for edit in by_kind[kind] if edit.before is None]
        revised = [edit for edit in by_kind[kind] if edit.before is not None]
        if kind in _PLACES:
            # A patient who leaves a place and takes another in one save must have left it first.
            await _revise(rows, kind, sorted(revised, key=_holds_its_place))
            await _insert(rows, kind, new)
        else:
            await _insert(rows, kind, sorted(new, key=_follows_another))
            await _revise(rows, kind, revised)
    await _refresh(rows, by_key.REFRESH_ATTENDEES_OF, _moved(by_kind[GroupAppointment]))
    await _refresh(rows, by_key.REFRESH_ATTENDEES, _come_or_gone(by_kind[Attendee]))


def _by_kind(edits: Sequence[Edit]) -> Mapping[type[Record], list[Edit]]:
    """Sort the edits by kind. Several edits of one record become one, from the first before to the last after."""
    merged: dict[tuple[type[Record], int], Edit] = {}
    for edit in edits:
        key = type(edit.after), edit.after.id
        merged[key] = Edit(merged[key].before, edit.after) if key in merged else edit
    by_kind: dict[type[Record], list[Edit]] = defaultdict(list)
    for (kind, _), edit in merged.items():
        by_kind[kind].append(edit)
    return by_kind


async def _insert(rows: WritableRows, kind: type[Record], records: Sequence[Record]) -> None:
    if not records:
        return
    encode = codec(kind).encode
    each = [{"account_id": rows.account, **encode(record)} for record in records]
    if kind is Attendee:
        for parameters, record in zip(each, records, strict=True):
            parameters["active"] = int(cast(Attendee, record).active)
    if await rows.run(by_key.insert_into(kind), each) != len(each):
        raise LookupError("An attendee of an appointment that is not in the book.")


async def _revise(rows: WritableRows, kind: type[Record], edits: Sequence[Edit]) -> None:
    encode = codec(kind).encode
    by_columns: dict[tuple[str, ...], list[Mapping[str, object]]] = defaultdict(list)
    for edit in edits:
        before, after = encode(cast(Record, edit.before)), encode(edit.after)
        differing = {name: value for name, value in after.items() if before[name] != value}
        if differing:
            parameters = {"account": rows.account, "record": edit.after.id, **differing}
            by_columns[tuple(differing)].append(parameters)
    for columns, each in by_columns.items():
        if await rows.run(by_key.update_of(kind, columns), each) != len(each):
            raise LookupError(f"An edit of a {kind.__name__} that is not in the book.")


async def _refresh(rows: WritableRows, statement: Statement, ids: Sequence[int]) -> None:
    if ids:
        await rows.fetch(statement, {"account": rows.account, "ids": ids})


def _follows_another(record: Record) -> bool:
    return isinstance(record, GroupAppointment) and record.repeated_from_id is not None


def _holds_its_place(edit: Edit) -> bool:
    after = edit.after
    return after.active if isinstance(after, Attendee) else isinstance(after, WaitlistEntry) and after.left_at is None


def _moved(edits: Iterable[Edit]) -> list[int]:
    """Return the appointments whose attendees are needed at another time, or no longer, or again."""
    pairs = ((cast(GroupAppointment, edit.before), cast(GroupAppointment, edit.after)) for edit in edits if edit.before)
    return [
        after.id
        for before, after in pairs
        if (before.starts_at, before.ends_at, before.archived_at) != (after.starts_at, after.ends_at, after.archived_at)
    ]


def _come_or_gone(edits: Iterable[Edit]) -> list[int]:
    """Return the attendees who take a seat again, or take none any more."""
    pairs = ((cast(Attendee, edit.before), cast(Attendee, edit.after)) for edit in edits if edit.before)
    return [
        after.id
        for before, after in pairs
        if (before.active, before.group_appointment_id) != (after.active, after.group_appointment_id)
    ]
