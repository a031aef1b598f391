"""What stands in the way of an appointment: the kinds of conflict, and the sweep that finds them among proposals."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gappt_graphql.scheduling.ids import (
    GroupAppointmentId,
    PatientId,
    PractitionerId,
    UnavailableBlockId,
)
from gappt_graphql.scheduling.spans import Span


class ConflictKind(StrEnum):
    """Who is needed twice at once."""

    PRACTITIONER_DOUBLE_BOOKED = "PRACTITIONER_DOUBLE_BOOKED"
    PRACTITIONER_UNAVAILABLE = "PRACTITIONER_UNAVAILABLE"
    PATIENT_DOUBLE_BOOKED = "PATIENT_DOUBLE_BOOKED"


class OnConflict(StrEnum):
    """What to do about conflicts: save all the same, refuse, or leave the dates out that have one."""

    ALLOW = "ALLOW"
    REJECT = "REJECT"
    SKIP = "SKIP"


class Conflict(Struct, frozen=True, kw_only=True):
    """
    One overlap of an appointment with something else, and the span that the two share.

    Exactly one of `group_appointment_id` (the other appointment), `unavailable_block_id` and `occurrence_index`
    (another date of the same proposal) is set; `patient_id` only where it is about one.
    """

    kind: ConflictKind
    starts_at: datetime
    ends_at: datetime
    group_appointment_id: GroupAppointmentId | None = None
    unavailable_block_id: UnavailableBlockId | None = None
    occurrence_index: int | None = None
    patient_id: PatientId | None = None


class Claim(Struct, frozen=True, kw_only=True):
    """
    What an appointment, stored or only proposed, needs: its practitioner and its patients for a span.

    `key` is the asker's own name for it; `group_appointment_id` is set where it is stored, so that it is not found
    to conflict with itself.
    """

    key: int
    span: Span
    practitioner_id: PractitionerId
    patient_ids: tuple[PatientId, ...] = ()
    group_appointment_id: GroupAppointmentId | None = None


class Occurrence(Struct, frozen=True, kw_only=True):
    """One date of a series with its conflicts; index 0 is the root. No appointment: proposed, or left out."""

    index: int
    starts_at: datetime
    ends_at: datetime
    group_appointment_id: GroupAppointmentId | None = None
    conflicts: tuple[Conflict, ...] = ()
