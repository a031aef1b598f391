"""What the edits of a use case mean to others: the change feed and the audit, derived from the records alone."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import GroupAppointmentId, KeyId
from gappt_graphql.store import AuditRow, Change, Edit, Record

# What follows from something else that is told, or is nobody's business outside.
_UNTOLD = frozenset({"active_attendees", "updated_at", "version", "plan", "series_position"})
# Secrets, and a digest that is of use to nobody.
_UNAUDITED = frozenset({"digest", "secret", "former_secret"})
# What clients know by another name than the record.
_TOLD_AS = {
    "appointment_type_id": "appointment_type",
    "business_id": "business",
    "practitioner_id": "practitioner",
    "repeated_from_id": "repeated_from",
}
_PLACES = ("attendees", "patient_ids", "patients")
# What is counted from the rest; told where it comes out differently.
_OF_ATTENDEES = ("attendee_count", "available_seats", "is_full")
_OF_OWN_FIELDS = ("duration_in_minutes", "available_seats", "is_full")


def feed(edits: Sequence[Edit], *, at: datetime) -> list[Change]:
    """
    Return the changes that clients of the feed see, one for each kind and appointment, in the order of the edits.

    An edit of an attendee or of the waitlist needs the edit of its appointment beside it (whose `updated_at` moves).
    One that is new comes with its attendees, so that it is told of only once.
    """
    appointments = {edit.after.id: edit for edit in edits if isinstance(edit.after, GroupAppointment)}
    told: dict[tuple[GroupAppointmentId, str], dict[str, None]] = {}
    for edit in edits:
        for appointment, kind, fields in _changes_of(edit, appointments):
            if kind == "CREATED" or appointments[appointment].before is not None:
                told.setdefault((appointment, kind), {}).update(dict.fromkeys(fields))
    return [_change(appointments[id], kind, tuple(fields), at=at) for (id, kind), fields in told.items()]


def audit(
    edits: Sequence[Edit],
    *,
    operation: str,
    at: datetime,
    key_id: KeyId | None,
    actor: str | None,
    request_id: str,
) -> list[AuditRow]:
    """Return a row for each record that the use case touched, with the fields that differ, before and after."""
    return [
        AuditRow(
            at=at,
            key_id=key_id,
            actor=actor,
            request_id=request_id,
            operation=operation,
            record_kind=type(edit.after).__name__,
            record_id=edit.after.id,
            before=None if edit.before is None else _json(_fields(edit.before, only=differing(edit))),
            after=_json(_fields(edit.after, only=differing(edit))),
        )
        for edit in edits
    ]


def differing(edit: Edit) -> tuple[str, ...]:
    """Return the names of the fields that the edit changes; of a new record, all."""
    names = edit.after.__struct_fields__
    if edit.before is None:
        return names
    return tuple(name for name in names if getattr(edit.before, name) != getattr(edit.after, name))


def _change(edit: Edit, kind: str, fields: tuple[str, ...], *, at: datetime) -> Change:
    before, after = edit.before, edit.after
    assert isinstance(after, GroupAppointment)
    former = before if isinstance(before, GroupAppointment) else after
    return Change(
        kind=kind,
        group_appointment_id=after.id,
        practitioner_id=after.practitioner_id,
        business_id=after.business_id,
        former_practitioner_id=former.practitioner_id if former.practitioner_id != after.practitioner_id else None,
        former_business_id=former.business_id if former.business_id != after.business_id else None,
        changed_fields=fields,
        at=at,
    )


def _changes_of(
    edit: Edit, appointments: Mapping[GroupAppointmentId, Edit]
) -> Iterator[tuple[GroupAppointmentId, str, tuple[str, ...]]]:
    before, after = edit.before, edit.after
    if isinstance(after, Attendee):
        was_active = isinstance(before, Attendee) and before.active
        seats = _PLACES + _counted(appointments[after.group_appointment_id], _OF_ATTENDEES)
        yield after.group_appointment_id, "ATTENDEES_CHANGED", seats if was_active != after.active else ("attendees",)
    elif isinstance(after, WaitlistEntry):
        yield after.group_appointment_id, "WAITLIST_CHANGED", ("waitlist",)
    elif isinstance(after, GroupAppointment):
        yield from ((after.id, kind, fields) for kind, fields in _changes_of_appointment(edit, after))


def _changes_of_appointment(edit: Edit, after: GroupAppointment) -> Iterator[tuple[str, tuple[str, ...]]]:
    if edit.before is None:
        yield "CREATED", _told(after.__struct_fields__) + _PLACES + _OF_ATTENDEES
        return
    fields = differing(edit)
    if "archived_at" in fields:
        yield ("RESTORED" if after.archived_at is None else "ARCHIVED"), ("archived_at", "deleted_at")
    own = _told(tuple(name for name in fields if name != "archived_at"))
    if own:
        yield "UPDATED", own + _counted(edit, _OF_OWN_FIELDS if "max_attendees" in own else _OF_OWN_FIELDS[:1])


def _told(fields: Sequence[str]) -> tuple[str, ...]:
    return tuple(_TOLD_AS.get(name, name) for name in fields if name not in _UNTOLD)


def _counted(edit: Edit, names: Sequence[str]) -> tuple[str, ...]:
    if edit.before is None:
        return tuple(names)
    return tuple(name for name in names if getattr(edit.before, name) != getattr(edit.after, name))


def _fields(record: Record, *, only: tuple[str, ...]) -> Mapping[str, object]:
    return {name: getattr(record, name) for name in only if name not in _UNAUDITED}


def _json(fields: Mapping[str, object]) -> str:
    return msgspec.json.encode(fields).decode()
