"""Edits, written: new records by kind, and of the others the columns that differ."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.calendars import CalendarFeed
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.webhooks import Webhook, WebhookDelivery
from gappt_graphql.store import Edit, Record, by_key, seats
from gappt_graphql.store.records import codec
from gappt_graphql.store.statements import WritableRows
from gappt_graphql.store.steps import Step, take

# Each kind after those that it refers to.
_ORDER: tuple[type[Record], ...] = (
    Business,
    Practitioner,
    Patient,
    AppointmentType,
    UnavailableBlock,
    GroupAppointment,
    CalendarFeed,
    Webhook,
    WebhookDelivery,
)
_PLACES: tuple[type[Record], ...] = (Attendee, WaitlistEntry)
_COUNTED = "active_attendees"
_TOUCHED = frozenset({"updated_at", _COUNTED})


async def save(rows: WritableRows, edits: Sequence[Edit]) -> None:
    """
    Write the edits.

    So that no group is over-full on the way, who leaves a place leaves it first, then appointments change, then others
    take places. The seats taken are counted and attendees' copies of their appointments kept by the database itself,
    or here where it does not.

    :raises Overtaken: if there are fewer seats than were thought, where they are counted here
    :raises LookupError: if a record to revise, or the appointment of a new attendee, is not in the account's book
    """
    by_kind = _by_kind(edits)
    for kind in _ORDER:
        await take(rows, _inserted(rows, kind, sorted(_new(by_kind[kind]), key=_follows_another)))
    for kind in _PLACES:
        for step in _updated(rows, kind, [edit for edit in _revised(by_kind[kind]) if not _holds_its_place(edit)]):
            await take(rows, step)
    if not rows.keeps_counts:
        await seats.count(rows, [edit for edit in by_kind[Attendee] if not _holds_its_place(edit)])
    for kind in _ORDER:
        for step in _updated(rows, kind, _revised(by_kind[kind])):
            await take(rows, step)
    for kind in _PLACES:
        for step in _updated(rows, kind, [edit for edit in _revised(by_kind[kind]) if _holds_its_place(edit)]):
            await take(rows, step)
        await take(rows, _inserted(rows, kind, _new(by_kind[kind])))
    if not rows.keeps_counts:
        await seats.count(rows, [edit for edit in by_kind[Attendee] if _holds_its_place(edit)])
        await seats.copy(rows, [*by_kind[GroupAppointment], *by_kind[Attendee]])


def of_a_booking(rows: WritableRows, edits: Sequence[Edit]) -> list[Step] | None:
    """
    Return what writes the edits where they give places and take nobody's: steps of which none sees another.

    None where they do more than that.
    """
    by_kind = _by_kind(edits)
    groups, attendees, waitlist = (by_kind[kind] for kind in (GroupAppointment, *_PLACES))
    new = {edit.after.group_appointment_id for edit in attendees if isinstance(edit.after, Attendee) and _comes(edit)}
    if not all(map(_is_touched, groups)) or not all(map(_comes, attendees)) or new - {edit.after.id for edit in groups}:
        return None
    if sum(map(len, by_kind.values())) > len(groups) + len(attendees) + len(waitlist):
        return None
    return [
        *_updated(rows, WaitlistEntry, _revised(waitlist)),
        seats.touched(rows, groups) if rows.keeps_counts else seats.taken(rows, groups, attendees),
        _inserted(rows, Attendee, _new(attendees)),
        _inserted(rows, WaitlistEntry, _new(waitlist)),
    ]


def _comes(edit: Edit) -> bool:
    return edit.before is None and _holds_its_place(edit)


def _is_touched(edit: Edit) -> bool:
    """Tell whether nothing differs but how many seats are taken, and when that was."""
    before, after = edit.before, edit.after
    names = after.__struct_fields__
    return before is not None and all(n in _TOUCHED or getattr(before, n) == getattr(after, n) for n in names)


def _new(edits: Iterable[Edit]) -> list[Record]:
    return [edit.after for edit in edits if edit.before is None]


def _revised(edits: Iterable[Edit]) -> list[Edit]:
    return [edit for edit in edits if edit.before is not None]


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


def _inserted(rows: WritableRows, kind: type[Record], records: Sequence[Record]) -> Step:
    encode = codec(kind).encode
    each = [{"account_id": rows.account, **encode(record)} for record in records]
    if kind is Attendee:
        for parameters, record in zip(each, records, strict=True):
            parameters["active"] = int(cast(Attendee, record).active)
    if kind is GroupAppointment:
        for parameters in each:
            parameters[_COUNTED] = 0
    return Step(by_key.insert_into(kind), each, _no_appointment)


def _no_appointment() -> Exception:
    return LookupError("An attendee of an appointment that is not in the book.")


def _updated(rows: WritableRows, kind: type[Record], edits: Sequence[Edit]) -> list[Step]:
    """Return a step for each set of columns that differ."""
    encode = codec(kind).encode
    by_columns: dict[tuple[str, ...], list[Mapping[str, object]]] = defaultdict(list)
    for edit in edits:
        before, after = encode(cast(Record, edit.before)), encode(edit.after)
        differing = {name: value for name, value in after.items() if before[name] != value and name != _COUNTED}
        if differing:
            parameters = {"account": rows.account, "record": edit.after.id, **differing}
            by_columns[tuple(differing)].append(parameters)
    return [
        Step(
            by_key.update_of(kind, columns),
            each,
            lambda: LookupError(f"An edit of a {kind.__name__} that is not in the book."),
        )
        for columns, each in by_columns.items()
    ]


def _follows_another(record: Record) -> bool:
    return isinstance(record, GroupAppointment) and record.repeated_from_id is not None


def _holds_its_place(edit: Edit) -> bool:
    after = edit.after
    return after.active if isinstance(after, Attendee) else isinstance(after, WaitlistEntry) and after.left_at is None
