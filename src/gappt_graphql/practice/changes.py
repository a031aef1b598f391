"""What the edits of a use case mean to others: the change feed and the audit, derived from the records alone."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import GroupAppointmentId, KeyId
from gappt_graphql.store import AuditRow, Change, Edit, Record

# What follows from attendees, or from time passing: told by ATTENDEES_CHANGED, or not worth telling.
_DERIVED = frozenset({"active_attendees", "updated_at", "version", "plan"})


def feed(edits: Sequence[Edit], *, at: datetime) -> list[Change]:
    """
    Return the changes that clients of the feed see, one for each kind and appointment, in the order of the edits.

    An edit of an attendee or of the waitlist needs the edit of its appointment beside it (whose `updated_at` moves).
    """
    appointments = {edit.after.id: edit.after for edit in edits if isinstance(edit.after, GroupAppointment)}
    told: dict[tuple[GroupAppointmentId, str], tuple[str, ...]] = {}
    for edit in edits:
        for appointment, kind, fields in _changes_of(edit):
            known = told.get((appointment, kind), ())
            told[appointment, kind] = known + tuple(field for field in fields if field not in known)
    return [
        Change(
            kind=kind,
            group_appointment_id=id,
            practitioner_id=appointments[id].practitioner_id,
            business_id=appointments[id].business_id,
            changed_fields=fields,
            at=at,
        )
        for (id, kind), fields in told.items()
    ]


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


def _changes_of(edit: Edit) -> Iterator[tuple[GroupAppointmentId, str, tuple[str, ...]]]:
    before, after = edit.before, edit.after
    if isinstance(after, Attendee):
        if before is None or before.active != after.active:  # type: ignore[union-attr]
            yield after.group_appointment_id, "ATTENDEES_CHANGED", ("attendees", "patient_ids", "available_seats")
        elif before != after:
            yield after.group_appointment_id, "ATTENDEES_CHANGED", ("attendees",)
    elif isinstance(after, WaitlistEntry):
        yield after.group_appointment_id, "WAITLIST_CHANGED", ("waitlist",)
    elif isinstance(after, GroupAppointment):
        yield from ((after.id, kind, fields) for kind, fields in _changes_of_appointment(edit, after))


def _changes_of_appointment(edit: Edit, after: GroupAppointment) -> Iterator[tuple[str, tuple[str, ...]]]:
    if edit.before is None:
        yield "CREATED", tuple(name for name in after.__struct_fields__ if name not in _DERIVED)
        return
    fields = tuple(name for name in differing(edit) if name not in _DERIVED)
    if "archived_at" in fields:
        yield ("RESTORED" if after.archived_at is None else "ARCHIVED"), ("archived_at", "deleted_at")
        fields = tuple(name for name in fields if name != "archived_at")
    if fields:
        yield "UPDATED", fields


def _fields(record: Record, *, only: tuple[str, ...]) -> Mapping[str, Any]:
    return {name: getattr(record, name) for name in only}


def _json(fields: Mapping[str, Any]) -> str:
    return msgspec.json.encode(fields).decode()
