"""The group appointment, and how one is drafted and revised."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from gappt_graphql.scheduling.directory import AppointmentType, Business, Practitioner
from gappt_graphql.scheduling.ids import NOBODY, AppointmentTypeId, BusinessId, GroupAppointmentId, PractitionerId
from gappt_graphql.scheduling.problems import Code, Problem
from gappt_graphql.scheduling.repeats import Plan, RepeatRule
from gappt_graphql.scheduling.spans import FIRST_YEAR, LAST_YEAR, Span, in_years
from gappt_graphql.scheduling.text import LONGEST_NOTES, checked, checked_url

MOST_ATTENDEES = 100

T = TypeVar("T")


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


class Draft(Struct, frozen=True, kw_only=True):
    """What a new appointment shall be; None stands for what its type says."""

    starts_at: datetime
    ends_at: datetime | None
    max_attendees: int | None
    notes: str | None
    telehealth_url: str | None


class Revision(Struct, frozen=True, kw_only=True):
    """
    What shall become of an appointment: UNSET leaves a field, None clears it.

    An end that is cleared is derived from the type again. The other fields that an appointment can't be without
    refuse None.
    """

    starts_at: datetime | UnsetType | None = UNSET
    ends_at: datetime | UnsetType | None = UNSET
    max_attendees: int | UnsetType | None = UNSET
    notes: str | UnsetType | None = UNSET
    telehealth_url: str | UnsetType | None = UNSET
    practitioner_id: PractitionerId | UnsetType | None = UNSET
    business_id: BusinessId | UnsetType | None = UNSET
    appointment_type_id: AppointmentTypeId | UnsetType | None = UNSET


class References(Struct, frozen=True, kw_only=True):
    """What the ids of a draft or a revision stand for in the account; None where there is no such record."""

    practitioner: Practitioner | None
    business: Business | None
    appointment_type: AppointmentType | None


def draft(
    wanted: Draft, references: References, *, id: GroupAppointmentId, now: datetime, problems: list[Problem]
) -> GroupAppointment | None:
    """
    Return the new appointment, after adding to the problems everything that stands in its way.

    With a problem it is only good for finding more of them: where a record is missing it refers to nobody. It is
    None where nobody knows when it would meet.
    """
    of_type, business, practitioner = references.appointment_type, references.business, references.practitioner
    starts_at = _checked_moment(wanted.starts_at, "starts_at", problems)
    ends_at = _end(starts_at, wanted.ends_at, of_type, problems)
    max_attendees = _seats(wanted.max_attendees, of_type, problems)
    notes = _checked_notes(wanted.notes, problems)
    telehealth_url = _checked_url(wanted.telehealth_url, problems)
    _checked_practitioner(practitioner, problems)
    _checked_reference(business, "business_id", problems)
    _checked_reference(of_type, "appointment_type_id", problems)
    if starts_at is None or ends_at is None:
        return None
    return GroupAppointment(
        id=id,
        starts_at=starts_at,
        ends_at=ends_at,
        max_attendees=max_attendees,
        notes=notes,
        telehealth_url=telehealth_url,
        appointment_type_id=of_type.id if of_type else AppointmentTypeId(NOBODY),
        business_id=business.id if business else BusinessId(NOBODY),
        practitioner_id=practitioner.id if practitioner else PractitionerId(NOBODY),
        created_at=now,
        updated_at=now,
    )


def revise(
    group: GroupAppointment, revision: Revision, references: References, *, now: datetime, problems: list[Problem]
) -> GroupAppointment:
    """
    Return the appointment as the revision wants it, itself where that changes nothing.

    Moving the start alone keeps the duration. A reference that stays what it is may be archived. What is wrong is
    added to the problems, and leaves its field as it was. The type among the references is the one that the
    appointment will have, for a new end.
    """
    starts_at, ends_at = _revised_span(group, revision, references, problems)
    after = replace(
        group,
        starts_at=starts_at,
        ends_at=ends_at,
        max_attendees=_revised_seats(group, revision, problems),
        notes=group.notes if revision.notes is UNSET else _checked_notes(revision.notes, problems),
        telehealth_url=(
            group.telehealth_url
            if revision.telehealth_url is UNSET
            else _checked_url(revision.telehealth_url, problems)
        ),
    )
    practitioner_id = _required(revision.practitioner_id, group.practitioner_id, "practitioner_id", problems)
    if practitioner_id != group.practitioner_id and _checked_practitioner(references.practitioner, problems):
        after = replace(after, practitioner_id=practitioner_id)
    business_id = _required(revision.business_id, group.business_id, "business_id", problems)
    if business_id != group.business_id and _checked_reference(references.business, "business_id", problems):
        after = replace(after, business_id=business_id)
    type_id = _required(revision.appointment_type_id, group.appointment_type_id, "appointment_type_id", problems)
    if type_id != group.appointment_type_id and _checked_reference(
        references.appointment_type, "appointment_type_id", problems
    ):
        after = replace(after, appointment_type_id=type_id)
    return next_version(group, after, now=now)


def next_version(before: GroupAppointment, after: GroupAppointment, *, now: datetime) -> GroupAppointment:
    """
    Return the later record as the next version; the earlier one, with the later's plan, if no own field differs.

    `updated_at` never moves back: two requests may reach the book in another order than they reached the door.
    """
    unchanged = replace(before, plan=after.plan)
    if after == unchanged:
        return unchanged
    return replace(after, version=before.version + 1, updated_at=max(now, before.updated_at))


def below_roster(roster: int) -> Problem:
    """Return the problem of an appointment that has more attendees than it would have seats."""
    message = f"{roster} attendees are booked, so that many seats are needed at least. Cancel some first."
    return Problem(Code.CAPACITY_BELOW_ROSTER, message, ("max_attendees",))


def _checked_moment(moment: datetime, field: str, problems: list[Problem]) -> datetime | None:
    if not in_years(moment):
        problems.append(Problem(Code.OUT_OF_RANGE, f"The year must be {FIRST_YEAR} to {LAST_YEAR}.", (field,)))
        return None
    return moment.astimezone(UTC)


def _end(
    starts_at: datetime | None, ends_at: datetime | None, of_type: AppointmentType | None, problems: list[Problem]
) -> datetime | None:
    """Return the end that was asked for, or the one that the type gives."""
    if ends_at is not None:
        end = _checked_moment(ends_at, "ends_at", problems)
        if starts_at is not None and end is not None and end <= starts_at:
            problems.append(Problem(Code.INVALID, "The end must be later than the start.", ("ends_at",)))
            return None
        return end
    if of_type is None:
        return None
    if of_type.duration_in_minutes <= 0:
        message = "The appointment type has no duration: give the end as well."
        problems.append(Problem(Code.REQUIRED, message, ("ends_at",)))
        return None
    if starts_at is None:
        return None
    return _checked_moment(starts_at + timedelta(minutes=of_type.duration_in_minutes), "ends_at", problems)


def _seats(max_attendees: int | None, of_type: AppointmentType | None, problems: list[Problem]) -> int:
    if max_attendees is not None:
        if not 1 <= max_attendees <= MOST_ATTENDEES:
            problems.append(_seats_out_of_range())
        return max_attendees
    if of_type is not None and of_type.max_attendees <= 0:
        message = "The appointment type has no number of seats: give the number as well."
        problems.append(Problem(Code.REQUIRED, message, ("max_attendees",)))
    return of_type.max_attendees if of_type else 0


def _revised_span(
    group: GroupAppointment, revision: Revision, references: References, problems: list[Problem]
) -> tuple[datetime, datetime]:
    found = len(problems)
    wanted = _required(revision.starts_at, group.starts_at, "starts_at", problems)
    starts_at = _checked_moment(wanted, "starts_at", problems)
    if revision.ends_at is not UNSET:
        ends_at = _end(starts_at, revision.ends_at, references.appointment_type, problems)
    elif starts_at is not None:
        ends_at = _checked_moment(starts_at + group.duration, "starts_at", problems)
    else:
        ends_at = None
    if len(problems) > found or starts_at is None or ends_at is None:
        return group.starts_at, group.ends_at
    return starts_at, ends_at


def _revised_seats(group: GroupAppointment, revision: Revision, problems: list[Problem]) -> int:
    wanted = _required(revision.max_attendees, group.max_attendees, "max_attendees", problems)
    if wanted == group.max_attendees:
        return wanted
    if not 1 <= wanted <= MOST_ATTENDEES:
        problems.append(_seats_out_of_range())
    elif wanted < group.active_attendees:
        problems.append(below_roster(group.active_attendees))
    else:
        return wanted
    return group.max_attendees


def _seats_out_of_range() -> Problem:
    return Problem(Code.OUT_OF_RANGE, f"A group has 1 to {MOST_ATTENDEES} seats.", ("max_attendees",))


def _required(value: T | UnsetType | None, current: T, field: str, problems: list[Problem]) -> T:
    if value is None:
        problems.append(Problem(Code.REQUIRED, "This can't be empty.", (field,)))
        return current
    return current if isinstance(value, UnsetType) else value


def _checked_notes(notes: str | None, problems: list[Problem]) -> str | None:
    return None if notes is None else checked(notes, "notes", LONGEST_NOTES, problems, multiline=True)


def _checked_url(url: str | None, problems: list[Problem]) -> str | None:
    return None if url is None else checked_url(url, "telehealth_url", problems)


def _checked_practitioner(practitioner: Practitioner | None, problems: list[Problem]) -> Practitioner | None:
    if practitioner is None:
        problems.append(Problem(Code.NOT_FOUND, "There is no such practitioner.", ("practitioner_id",)))
    elif not practitioner.active:
        problems.append(Problem(Code.ARCHIVED, "The practitioner is not active.", ("practitioner_id",)))
    else:
        return practitioner
    return None


Place = TypeVar("Place", Business, AppointmentType)


def _checked_reference(record: Place | None, field: str, problems: list[Problem]) -> Place | None:
    noun = "business" if field == "business_id" else "appointment type"
    if record is None:
        problems.append(Problem(Code.NOT_FOUND, f"There is no such {noun}.", (field,)))
    elif record.archived_at is not None:
        problems.append(Problem(Code.ARCHIVED, f"The {noun} is archived.", (field,)))
    else:
        return record
    return None
