"""The places in a group: attendees and the waitlist."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gappt_graphql.scheduling.ids import AttendeeId, GroupAppointmentId, PatientId, WaitlistEntryId


class CancellationReason(StrEnum):
    """Why a patient does not come; the reference names each by a number (see `NUMBERS`)."""

    FEELING_BETTER = "FEELING_BETTER"
    CONDITION_WORSE = "CONDITION_WORSE"
    SICK = "SICK"
    COVID_19_RELATED = "COVID_19_RELATED"
    AWAY = "AWAY"
    OTHER = "OTHER"
    WORK = "WORK"


NUMBERS = {
    CancellationReason.FEELING_BETTER: 10,
    CancellationReason.CONDITION_WORSE: 20,
    CancellationReason.SICK: 30,
    CancellationReason.COVID_19_RELATED: 31,
    CancellationReason.AWAY: 40,
    CancellationReason.OTHER: 50,
    CancellationReason.WORK: 60,
}


class Attendee(Struct, frozen=True, kw_only=True):
    """One patient's place in one appointment. Active (not cancelled, not archived) it holds a seat."""

    id: AttendeeId
    group_appointment_id: GroupAppointmentId
    patient_id: PatientId
    arrived: bool | None = None
    notes: str | None = None
    cancelled_at: datetime | None = None
    cancellation_reason: CancellationReason | None = None
    cancellation_note: str | None = None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None

    @property
    def active(self) -> bool:
        return self.cancelled_at is None and self.archived_at is None


class WaitlistEntry(Struct, frozen=True, kw_only=True):
    """
    A patient who waits for a seat, until `left_at`: promoted, gone by choice, or no longer able to be promoted.

    The order of the list is that of (created_at, id).
    """

    id: WaitlistEntryId
    group_appointment_id: GroupAppointmentId
    patient_id: PatientId
    created_at: datetime
    left_at: datetime | None = None
