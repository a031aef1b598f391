"""
What mutations answer: the records that they touched, read after they were written, or why nothing was done.

A payload is made from the use case's outcome, which has ids only, or from a refusal, which has none.
"""

import strawberry
from strawberry import Parent

from gappt_graphql.graph.attendee import Attendee, WaitlistEntry
from gappt_graphql.graph.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.graph.group_appointment import GroupAppointment, Occurrence
from gappt_graphql.graph.relations import computed, related_by_ids, relation
from gappt_graphql.graph.user_errors import SchedulingUserError, user_errors
from gappt_graphql.practice import attendance
from gappt_graphql.scheduling.problems import Problem


@strawberry.type(description="What a mutation would do now; nothing is stored")
class GroupAppointmentPreview:
    occurrences: list[Occurrence] = strawberry.field(description="Each date with its conflicts, the named one first")
    user_errors: list[SchedulingUserError] = user_errors("Why the mutation would be refused; empty if it would not")


@strawberry.type(description="Answer of createGroupAppointment")
class CreateGroupAppointmentPayload:
    group_appointment: GroupAppointment | None = relation(
        "group_appointments", key="group_appointment_id", description="Appointment that was created"
    )
    repeats: list[GroupAppointment] = related_by_ids(
        "group_appointments", key="repeat_ids", description="Appointments that repeat it"
    )
    conflicting: list[Occurrence] = strawberry.field(
        description="Dates that SKIP left out, or that were the reason of a REJECT"
    )
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of updateGroupAppointment")
class UpdateGroupAppointmentPayload:
    group_appointment: GroupAppointment | None = relation(
        "group_appointments", key="group_appointment_id", description="Appointment that was named"
    )
    updated: list[GroupAppointment] = related_by_ids(
        "group_appointments", key="updated_ids", description="Appointments that were changed, the named one among them"
    )
    conflicting: list[Occurrence] = strawberry.field(
        description="Dates that SKIP left out, or that were the reason of a REJECT"
    )
    promoted: list[Attendee] = related_by_ids(
        "attendees", key="promoted_ids", description="Places given to patients who waited"
    )
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of archiveGroupAppointment")
class ArchiveGroupAppointmentPayload:
    group_appointment: GroupAppointment | None = relation(
        "group_appointments", key="group_appointment_id", description="Appointment that was named"
    )
    archived: list[GroupAppointment] = related_by_ids(
        "group_appointments", key="archived_ids", description="Appointments that are archived now, the named one too"
    )
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of restoreGroupAppointment")
class RestoreGroupAppointmentPayload:
    group_appointment: GroupAppointment | None = relation(
        "group_appointments", key="group_appointment_id", description="Appointment that was named"
    )
    restored: list[GroupAppointment] = related_by_ids(
        "group_appointments", key="restored_ids", description="Appointments that are restored now, the named one too"
    )
    conflicting: list[Occurrence] = strawberry.field(
        description="Dates that SKIP left out, or that were the reason of a REJECT"
    )
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of repeatGroupAppointment")
class RepeatGroupAppointmentPayload:
    group_appointment: GroupAppointment | None = relation(
        "group_appointments", key="group_appointment_id", description="Root of the series"
    )
    repeats: list[GroupAppointment] = related_by_ids(
        "group_appointments", key="repeat_ids", description="Appointments that repeat it"
    )
    conflicting: list[Occurrence] = strawberry.field(
        description="Dates that SKIP left out, or that were the reason of a REJECT"
    )
    user_errors: list[SchedulingUserError] = user_errors()


def _problem(root: Parent[attendance.BookingOutcome]) -> Problem | None:
    return root.problem


@strawberry.type(description="What became of one patient in one occurrence: a place, a place in the list, or a refusal")
class BookingOutcome:
    group_appointment: GroupAppointment = relation(
        "group_appointments", key="group_appointment_id", description="Occurrence that this is about"
    )
    patient: Patient = relation("patients", key="patient_id", description="Patient that this is about")
    attendee: Attendee | None = relation(
        "attendees", key="attendee_id", description="Place that was booked; null if none was"
    )
    waitlist_entry: WaitlistEntry | None = relation(
        "waitlist_entries", key="waitlist_entry_id", description="Place in the waitlist; null if none was given"
    )
    user_error: SchedulingUserError | None = computed(_problem, "Why there is neither; null if there is one")


@strawberry.type(description="Answer of bookAttendees")
class BookAttendeesPayload:
    group_appointment: GroupAppointment | None = relation(
        "group_appointments", key="group_appointment_id", description="Appointment that was named"
    )
    outcomes: list[BookingOutcome] = strawberry.field(description="What became of each patient in each occurrence")
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of updateAttendee")
class UpdateAttendeePayload:
    attendee: Attendee | None = relation("attendees", key="attendee_id", description="Attendee that was changed")
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of cancelAttendee")
class CancelAttendeePayload:
    attendee: Attendee | None = relation("attendees", key="attendee_id", description="Attendee that was named")
    cancelled: list[Attendee] = related_by_ids(
        "attendees", key="cancelled_ids", description="Places that are cancelled now, as far as the scope reaches"
    )
    promoted: list[Attendee] = related_by_ids(
        "attendees", key="promoted_ids", description="Places given to patients who waited"
    )
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of archiveAttendee")
class ArchiveAttendeePayload:
    attendee: Attendee | None = relation("attendees", key="attendee_id", description="Attendee that was archived")
    promoted: list[Attendee] = related_by_ids(
        "attendees", key="promoted_ids", description="Places given to patients who waited"
    )
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of reinstateAttendee")
class ReinstateAttendeePayload:
    attendee: Attendee | None = relation("attendees", key="attendee_id", description="Attendee that was reinstated")
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of joinWaitlist")
class JoinWaitlistPayload:
    waitlist_entry: WaitlistEntry | None = relation(
        "waitlist_entries", key="waitlist_entry_id", description="Place in the waitlist"
    )
    attendee: Attendee | None = relation(
        "attendees", key="attendee_id", description="Place in the group, where a seat was free"
    )
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of leaveWaitlist")
class LeaveWaitlistPayload:
    group_appointment: GroupAppointment | None = relation(
        "group_appointments", key="group_appointment_id", description="Appointment that the patient waited for"
    )
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of createPractitioner")
class CreatePractitionerPayload:
    practitioner: Practitioner | None = relation("practitioners", key="id", description="Practitioner that was created")
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of updatePractitioner")
class UpdatePractitionerPayload:
    practitioner: Practitioner | None = relation("practitioners", key="id", description="Practitioner that was changed")
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of createPatient")
class CreatePatientPayload:
    patient: Patient | None = relation("patients", key="id", description="Patient that was created")
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of updatePatient")
class UpdatePatientPayload:
    patient: Patient | None = relation("patients", key="id", description="Patient that was changed")
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of archivePatient")
class ArchivePatientPayload:
    patient: Patient | None = relation("patients", key="id", description="Patient that was archived")
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of createBusiness")
class CreateBusinessPayload:
    business: Business | None = relation("businesses", key="id", description="Business that was created")
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of updateBusiness")
class UpdateBusinessPayload:
    business: Business | None = relation("businesses", key="id", description="Business that was changed")
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of archiveBusiness")
class ArchiveBusinessPayload:
    business: Business | None = relation("businesses", key="id", description="Business that was archived")
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of createAppointmentType")
class CreateAppointmentTypePayload:
    appointment_type: AppointmentType | None = relation(
        "appointment_types", key="id", description="Appointment type that was created"
    )
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of updateAppointmentType")
class UpdateAppointmentTypePayload:
    appointment_type: AppointmentType | None = relation(
        "appointment_types", key="id", description="Appointment type that was changed"
    )
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of archiveAppointmentType")
class ArchiveAppointmentTypePayload:
    appointment_type: AppointmentType | None = relation(
        "appointment_types", key="id", description="Appointment type that was archived"
    )
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of createUnavailableBlock")
class CreateUnavailableBlockPayload:
    unavailable_block: UnavailableBlock | None = relation(
        "unavailable_blocks", key="id", description="Time off that was created"
    )
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of archiveUnavailableBlock")
class ArchiveUnavailableBlockPayload:
    unavailable_block: UnavailableBlock | None = relation(
        "unavailable_blocks", key="id", description="Time off that was archived"
    )
    user_errors: list[SchedulingUserError] = user_errors()
