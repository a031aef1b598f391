"""The commands that bodies stand for: the reference's names and absences in the words of the use cases."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from gappt_graphql.practice.attendance import BookAttendees, CancelAttendee, UpdateAttendee
from gappt_graphql.practice.booking import CreateGroupAppointment, UpdateGroupAppointment
from gappt_graphql.rest.bodies import Body, or_none
from gappt_graphql.scheduling.attendance import NUMBERS, CancellationReason
from gappt_graphql.scheduling.ids import (
    NOBODY,
    AppointmentTypeId,
    AttendeeId,
    BusinessId,
    GroupAppointmentId,
    PatientId,
    PractitionerId,
)
from gappt_graphql.scheduling.repeats import REPEAT_TYPES, RepeatRule, RepeatType

BOOKING_NAMES = {"group_appointment_id": "booking_id", "patient_ids": "patient_id"}
CANCELLATION_NAMES = {"reason": "cancellation_reason", "note": "cancellation_note"}

T = TypeVar("T")

_REASONS: dict[object, CancellationReason] = {number: reason for reason, number in NUMBERS.items()}
_SOME_START = datetime(1900, 1, 1, tzinfo=UTC)
"""Stands for a start that can't be read. A series that is too long from here is too long from everywhere."""


def creation(body: Body, key: str | None) -> CreateGroupAppointment:
    """Return the command of a new appointment; to be previewed only, if the body has problems."""
    return CreateGroupAppointment(
        starts_at=body.needs("starts_at", body.instant("starts_at"), _SOME_START),
        ends_at=or_none(body.instant("ends_at")),
        max_attendees=or_none(body.whole("max_attendees")),
        notes=or_none(body.text("notes")),
        telehealth_url=or_none(body.text("telehealth_url")),
        practitioner_id=_needed_id(body, "practitioner_id", PractitionerId),
        business_id=_needed_id(body, "business_id", BusinessId),
        appointment_type_id=_needed_id(body, "appointment_type_id", AppointmentTypeId),
        repeat_rule=_repeat_rule(body),
        idempotency_key=key,
    )


def revision(body: Body, id: int, key: str | None) -> UpdateGroupAppointment:
    """Return the command that changes an appointment; to be previewed only, if the body has problems."""
    return UpdateGroupAppointment(
        id=GroupAppointmentId(id),
        starts_at=body.instant("starts_at"),
        ends_at=body.instant("ends_at"),
        max_attendees=body.whole("max_attendees"),
        notes=body.text("notes"),
        telehealth_url=body.text("telehealth_url"),
        practitioner_id=body.id("practitioner_id", PractitionerId),
        business_id=body.id("business_id", BusinessId),
        appointment_type_id=body.id("appointment_type_id", AppointmentTypeId),
        repeat_rule=_repeat_rule(body),
        idempotency_key=key,
    )


def booking(body: Body, key: str | None) -> BookAttendees:
    """Return the command that gives a patient a place. What the body lacks is nobody's id, which is always refused."""
    return BookAttendees(
        group_appointment_id=_needed_id(body, "booking_id", GroupAppointmentId),
        patient_ids=(_needed_id(body, "patient_id", PatientId),),
        idempotency_key=key,
    )


def attendee_revision(body: Body, id: int, key: str | None) -> UpdateAttendee:
    """Return the command that changes an attendee; not to be carried out, if the body has problems."""
    return UpdateAttendee(
        id=AttendeeId(id), arrived=body.truth("arrived"), notes=body.text("notes"), idempotency_key=key
    )


def cancellation(body: Body, id: int, key: str | None) -> CancelAttendee:
    """Return the command that cancels an attendee; not to be carried out, if the body has problems."""
    reason = body.choice("cancellation_reason", _REASONS)
    return CancelAttendee(
        id=AttendeeId(id),
        reason=body.needs("cancellation_reason", reason, CancellationReason.OTHER),
        note=or_none(body.text("cancellation_note")),
        idempotency_key=key,
    )


def _needed_id(body: Body, name: str, kind: Callable[[int], T]) -> T:
    return body.needs(name, body.id(name, kind), kind(NOBODY))


def _repeat_rule(body: Body) -> RepeatRule | None:
    """Return the rule. Null is none, and so is an object with nothing in it, which is how answers show none."""
    given = body.inside("repeat_rule")
    if not isinstance(given, Body):
        return None
    found = len(body.problems)
    step = given.choice("repeat_type", REPEAT_TYPES)
    interval = given.whole("repeating_interval")
    times = given.whole("number_of_repeats")
    if len(body.problems) == found and not any(isinstance(each, str | int) for each in (step, interval, times)):
        return None
    step, times = given.needs("repeat_type", step, RepeatType.DAILY), given.needs("number_of_repeats", times, 0)
    every = interval if isinstance(interval, int) else 1
    return RepeatRule(step, every, times) if len(body.problems) == found else None
