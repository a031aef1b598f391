"""The group appointment, and how one is drafted and revised."""

from datetime import datetime, timedelta

from msgspec import Struct

from gappt_graphql.scheduling.ids import AppointmentTypeId, BusinessId, GroupAppointmentId, PractitionerId
from gappt_graphql.scheduling.repeats import Plan, RepeatRule
from gappt_graphql.scheduling.spans import Span


class GroupAppointment(Struct, frozen=True, kw_only=True):
    """
    One practitioner, one time, several patients.

    `active_attendees` counts the seats taken; it never passes `max_attendees`. `version` grows by one when the
    appointment's own fields or its archiving change, not when attendees do. In a series, `repeated_from_id` names
    the root on each repeat, `series_position` counts from 0 at the root, and `plan` is when the rule wanted this one
    to meet: an appointment whose time differs from its plan is an exception, which edits of the series leave alone.
    """

    id: GroupAppointmentId
    starts_at: datetime
    ends_at: datetime
    max_attendees: int
    active_attendees: int = 0
    notes: str | None = None
    telehealth_url: str | None = None
    appointment_type_id: AppointmentTypeId
    business_id: BusinessId
    practitioner_id: PractitionerId
    repeat_rule: RepeatRule | None = None
    repeated_from_id: GroupAppointmentId | None = None
    series_position: int | None = None
    plan: Plan | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None

    @property
    def span(self) -> Span:
        return Span(self.starts_at, self.ends_at)

    @property
    def duration(self) -> timedelta:
        return self.ends_at - self.starts_at

    @property
    def duration_in_minutes(self) -> int:
        """Whole minutes; a rest of seconds is dropped."""
        return self.duration // timedelta(minutes=1)

    @property
    def attendee_count(self) -> int:
        return self.active_attendees

    @property
    def available_seats(self) -> int:
        return self.max_attendees - self.active_attendees

    @property
    def is_full(self) -> bool:
        return self.available_seats <= 0

    @property
    def deleted_at(self) -> datetime | None:
        """The reference's older name of `archived_at`; always equal to it."""
        return self.archived_at
