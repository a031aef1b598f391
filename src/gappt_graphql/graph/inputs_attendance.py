"""Inputs of the mutations of attendees and the waitlist, and the commands that they stand for."""

import strawberry
from strawberry import ID, Maybe

from gappt_graphql.graph.enums import CancellationReason, OnConflict, Scope
from gappt_graphql.graph.values import (
    given,
    idempotency_key,
    number,
    numbers,
    on_conflict,
    optional,
    or_none,
    present,
    required,
    scope,
)
from gappt_graphql.practice import attendance
from gappt_graphql.scheduling.ids import AttendeeId, GroupAppointmentId, PatientId, WaitlistEntryId


@strawberry.input(description="Patients to book into a group appointment")
class BookAttendeesInput:
    group_appointment_id: ID = required("Identifier of the appointment")
    patient_ids: list[ID] = required("Identifiers of patients to book, in this order")
    scope: Scope | None = scope()
    on_conflict: OnConflict | None = on_conflict()
    waitlist_if_full: bool | None = optional(
        "Indicates whether those without a seat are put on the waitlist, rather than all refused; false if absent"
    )
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> attendance.BookAttendees:
        return attendance.BookAttendees(
            group_appointment_id=GroupAppointmentId(number(self.group_appointment_id)),
            patient_ids=tuple(map(PatientId, numbers(self.patient_ids))),
            scope=present(self.scope, Scope.THIS),
            on_conflict=present(self.on_conflict, OnConflict.ALLOW),
            waitlist_if_full=present(self.waitlist_if_full, False),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Changes of an attendee; an absent field stays, null clears it")
class UpdateAttendeeInput:
    id: ID = required("Identifier of the attendee")
    arrived: Maybe[bool | None] = required("Indicates whether the patient came; null is not known")
    notes: Maybe[str | None] = required("Notes of the staff")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> attendance.UpdateAttendee:
        return attendance.UpdateAttendee(
            id=AttendeeId(number(self.id)),
            arrived=given(self.arrived),
            notes=given(self.notes),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Attendee who does not come")
class CancelAttendeeInput:
    id: ID = required("Identifier of the attendee")
    reason: CancellationReason = required("Why the patient does not come")
    note: str | None = optional("Note about the reason")
    scope: Scope | None = scope()
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> attendance.CancelAttendee:
        return attendance.CancelAttendee(
            id=AttendeeId(number(self.id)),
            reason=self.reason,
            note=or_none(self.note),
            scope=present(self.scope, Scope.THIS),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Attendee whose record is to be hidden")
class ArchiveAttendeeInput:
    id: ID = required("Identifier of the attendee")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> attendance.ArchiveAttendee:
        return attendance.ArchiveAttendee(id=AttendeeId(number(self.id)), idempotency_key=or_none(self.idempotency_key))


@strawberry.input(description="Cancelled attendee who comes after all")
class ReinstateAttendeeInput:
    id: ID = required("Identifier of the attendee")
    on_conflict: OnConflict | None = on_conflict()
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> attendance.ReinstateAttendee:
        return attendance.ReinstateAttendee(
            id=AttendeeId(number(self.id)),
            on_conflict=present(self.on_conflict, OnConflict.ALLOW),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Patient who wants a seat in a group appointment")
class JoinWaitlistInput:
    group_appointment_id: ID = required("Identifier of the appointment")
    patient_id: ID = required("Identifier of the patient")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> attendance.JoinWaitlist:
        return attendance.JoinWaitlist(
            group_appointment_id=GroupAppointmentId(number(self.group_appointment_id)),
            patient_id=PatientId(number(self.patient_id)),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Waitlist entry to give up")
class LeaveWaitlistInput:
    id: ID = required("Identifier of the waitlist entry")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> attendance.LeaveWaitlist:
        return attendance.LeaveWaitlist(
            id=WaitlistEntryId(number(self.id)), idempotency_key=or_none(self.idempotency_key)
        )
