"""Book patients into groups, cancel their places, and keep the waitlist."""

from msgspec import UNSET, Struct, UnsetType

from gappt_graphql.practice.desk import Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.scheduling.attendance import CancellationReason
from gappt_graphql.scheduling.conflicts import OnConflict
from gappt_graphql.scheduling.ids import AttendeeId, GroupAppointmentId, PatientId, WaitlistEntryId
from gappt_graphql.scheduling.problems import Problem
from gappt_graphql.scheduling.series import Scope


class BookAttendees(Command, frozen=True, kw_only=True):
    """What `book` takes."""

    group_appointment_id: GroupAppointmentId
    patient_ids: tuple[PatientId, ...]
    scope: Scope = Scope.THIS
    on_conflict: OnConflict = OnConflict.ALLOW
    waitlist_if_full: bool = False


class BookingOutcome(Struct, frozen=True, kw_only=True):
    """What became of one patient in one occurrence: exactly one of the last three is set."""

    group_appointment_id: GroupAppointmentId
    patient_id: PatientId
    attendee_id: AttendeeId | None = None
    waitlist_entry_id: WaitlistEntryId | None = None
    problem: Problem | None = None


class Booked(Struct, frozen=True, kw_only=True):
    """What `book` did: an outcome for each patient in each occurrence."""

    group_appointment_id: GroupAppointmentId
    outcomes: tuple[BookingOutcome, ...]


class UpdateAttendee(Command, frozen=True, kw_only=True):
    """What `update` takes; UNSET leaves a field, None clears it."""

    id: AttendeeId
    arrived: bool | None | UnsetType = UNSET
    notes: str | None | UnsetType = UNSET


class CancelAttendee(Command, frozen=True, kw_only=True):
    """What `cancel` takes."""

    id: AttendeeId
    reason: CancellationReason
    note: str | None = None
    scope: Scope = Scope.THIS


class ArchiveAttendee(Command, frozen=True, kw_only=True):
    """What `archive` takes."""

    id: AttendeeId


class ReinstateAttendee(Command, frozen=True, kw_only=True):
    """What `reinstate` takes."""

    id: AttendeeId
    on_conflict: OnConflict = OnConflict.ALLOW


class AttendeeChanged(Struct, frozen=True, kw_only=True):
    """What became of a place: for `cancel` which ones were cancelled, and who was promoted from the waitlist."""

    attendee_id: AttendeeId
    cancelled_ids: tuple[AttendeeId, ...] = ()
    promoted_ids: tuple[AttendeeId, ...] = ()


class JoinWaitlist(Command, frozen=True, kw_only=True):
    """What `join_waitlist` takes."""

    group_appointment_id: GroupAppointmentId
    patient_id: PatientId


class Joined(Struct, frozen=True, kw_only=True):
    """What `join_waitlist` did: a place in the list, or a seat where one was free."""

    waitlist_entry_id: WaitlistEntryId | None = None
    attendee_id: AttendeeId | None = None


class LeaveWaitlist(Command, frozen=True, kw_only=True):
    """What `leave_waitlist` takes."""

    id: WaitlistEntryId


class Left(Struct, frozen=True, kw_only=True):
    """What `leave_waitlist` did."""

    group_appointment_id: GroupAppointmentId


async def book(desk: Desk, command: BookAttendees) -> Booked:
    """
    Give each patient a seat, all or none in each occurrence.

    With a wider scope than THIS each occurrence stands alone and tells its outcome.

    :raises Refused: if nothing can be done for the command as a whole, and with scope THIS for every reason
    """
    raise NotImplementedError


async def update(desk: Desk, command: UpdateAttendee) -> AttendeeChanged:
    """
    Write whether the patient arrived, and notes.

    :raises Refused: with every problem of the command
    """
    raise NotImplementedError


async def cancel(desk: Desk, command: CancelAttendee) -> AttendeeChanged:
    """
    Cancel a place, keep its record, and promote who waits first. Twice is the same as once.

    :raises Refused: with every problem of the command
    """
    raise NotImplementedError


async def archive(desk: Desk, command: ArchiveAttendee) -> AttendeeChanged:
    """
    Hide the record of a place, and free it.

    :raises Refused: if there is no such attendee
    """
    raise NotImplementedError


async def reinstate(desk: Desk, command: ReinstateAttendee) -> AttendeeChanged:
    """
    Give a cancelled attendee a seat again; an active one keeps it.

    :raises Refused: if no seat is free, or others wait for it
    """
    raise NotImplementedError


async def join_waitlist(desk: Desk, command: JoinWaitlist) -> Joined:
    """
    Put a patient at the end of the waitlist, or into a free seat.

    :raises Refused: if the patient is booked or waits already, or the appointment is archived or has started
    """
    raise NotImplementedError


async def leave_waitlist(desk: Desk, command: LeaveWaitlist) -> Left:
    """
    Take a patient off the waitlist.

    :raises Refused: if there is no such entry
    """
    raise NotImplementedError
