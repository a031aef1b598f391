"""The places in groups: book, update, cancel, archive and reinstate them, and wait for one."""

from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from gappt_graphql.practice import roster
from gappt_graphql.practice.desk import Decision, Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.practice.roster import Roster
from gappt_graphql.practice.seating import BookAttendees as BookAttendees
from gappt_graphql.practice.seating import Booked as Booked
from gappt_graphql.practice.seating import BookingOutcome as BookingOutcome
from gappt_graphql.practice.seating import book as book
from gappt_graphql.practice.waitlist import Joined as Joined
from gappt_graphql.practice.waitlist import JoinWaitlist as JoinWaitlist
from gappt_graphql.practice.waitlist import LeaveWaitlist as LeaveWaitlist
from gappt_graphql.practice.waitlist import Left as Left
from gappt_graphql.practice.waitlist import join_waitlist as join_waitlist
from gappt_graphql.practice.waitlist import leave_waitlist as leave_waitlist
from gappt_graphql.scheduling import capacity
from gappt_graphql.scheduling.attendance import Attendee, CancellationReason
from gappt_graphql.scheduling.conflicts import OnConflict
from gappt_graphql.scheduling.ids import AttendeeId
from gappt_graphql.scheduling.problems import Code, Problem, Refused, refuse_if_any
from gappt_graphql.scheduling.series import Scope
from gappt_graphql.scheduling.text import LONGEST_NOTES, checked
from gappt_graphql.store import Book, Edit


class UpdateAttendee(Command, frozen=True, kw_only=True):
    """What `update` takes; UNSET leaves a field, None clears it."""

    id: AttendeeId
    arrived: bool | UnsetType | None = UNSET
    notes: str | UnsetType | None = UNSET


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


async def update(desk: Desk, command: UpdateAttendee) -> AttendeeChanged:
    """
    Write whether the patient arrived, and notes.

    :raises Refused: with every problem of the command
    """

    async def decide(book: Book) -> Decision[AttendeeChanged]:
        problems: list[Problem] = []
        notes = command.notes if command.notes is UNSET else _notes(command.notes, "notes", problems)
        attendee, [held] = await _held(book, desk, command.id, problems)
        after = replace(
            attendee,
            arrived=attendee.arrived if command.arrived is UNSET else command.arrived,
            notes=attendee.notes if notes is UNSET else notes,
        )
        outcome = AttendeeChanged(attendee_id=attendee.id)
        if after == attendee:
            return Decision(outcome)
        after = replace(after, updated_at=desk.now)
        return Decision(outcome, [Edit(held.group, capacity.touched(held.group, now=desk.now)), Edit(attendee, after)])

    return await desk.carry_out(command, decide, AttendeeChanged)


async def cancel(desk: Desk, command: CancelAttendee) -> AttendeeChanged:
    """
    Cancel a place, keep its record, and promote who waits first. Twice is the same as once.

    With a wider scope than THIS the same patient's places in the other occurrences go as well.

    :raises Refused: with every problem of the command
    """

    async def decide(book: Book) -> Decision[AttendeeChanged]:
        problems: list[Problem] = []
        note = _notes(command.note, "note", problems)
        attendee, rosters = await _held(book, desk, command.id, problems, scope=command.scope)

        def cancelled(place: Attendee) -> Attendee:
            return replace(
                place,
                cancelled_at=desk.now,
                cancellation_reason=command.reason,
                cancellation_note=note,
                updated_at=desk.now,
            )

        # In the named appointment only the named place: a patient who cancelled may have booked again.
        places = [
            (held, place)
            for held in rosters
            for place in held.attendees
            if place.id == attendee.id
            or (place.patient_id == attendee.patient_id and held.group.id != attendee.group_appointment_id)
        ]
        vacated = await roster.vacate(book, places, cancelled, desk)
        outcome = AttendeeChanged(
            attendee_id=attendee.id, cancelled_ids=vacated.attendee_ids, promoted_ids=vacated.promoted_ids
        )
        return Decision(outcome, vacated.edits)

    return await desk.carry_out(command, decide, AttendeeChanged)


async def archive(desk: Desk, command: ArchiveAttendee) -> AttendeeChanged:
    """
    Hide the record of a place, and free it. Twice is the same as once.

    :raises Refused: if there is no such attendee
    """

    async def decide(book: Book) -> Decision[AttendeeChanged]:
        attendee, [held] = await _held(book, desk, command.id, archived=True)
        places = [] if attendee.archived_at else [(held, attendee)]
        vacated = await roster.vacate(
            book, places, lambda place: replace(place, archived_at=desk.now, updated_at=desk.now), desk
        )
        return Decision(AttendeeChanged(attendee_id=attendee.id, promoted_ids=vacated.promoted_ids), vacated.edits)

    return await desk.carry_out(command, decide, AttendeeChanged)


async def reinstate(desk: Desk, command: ReinstateAttendee) -> AttendeeChanged:
    """
    Give a cancelled attendee a seat again; an active one keeps it.

    :raises Refused: if no seat is free, or others wait for it
    """

    async def decide(book: Book) -> Decision[AttendeeChanged]:
        attendee, [held] = await _held(book, desk, command.id)
        outcome = AttendeeChanged(attendee_id=attendee.id)
        if attendee.active:
            return Decision(outcome)
        if command.on_conflict is not OnConflict.ALLOW:
            await book.hold(patients=[attendee.patient_id])
        problems = await roster.patients_problems(book, {attendee.patient_id: ("id",)})
        try:
            seating = capacity.reseat(held.group, attendee, active=held.active, waiting=held.waiting, now=desk.now)
        except Refused as refused:
            raise Refused([*problems, *refused.problems]) from None
        if command.on_conflict is not OnConflict.ALLOW:
            claim = roster.claim(0, held.group, [attendee.patient_id])
            for conflicts in (await roster.patients_conflicts(book, [claim])).values():
                problems += roster.refused_for(held.group, conflicts, {attendee.patient_id: ("id",)}).problems
        refuse_if_any(problems)
        return Decision(outcome, roster.edits(held, seating, returning=attendee))

    return await desk.carry_out(command, decide, AttendeeChanged)


async def _held(
    book: Book,
    desk: Desk,
    id: AttendeeId,
    problems: Sequence[Problem] = (),
    *,
    scope: Scope = Scope.THIS,
    archived: bool = False,
) -> tuple[Attendee, list[Roster]]:
    """
    Return the attendee, and the rosters of the appointments that the scope reaches from theirs, held.

    :raises Refused: if there are problems already, there is no such attendee, or it is archived and may not be
    """
    found = await book.find(Attendee, [id])
    if id not in found:
        raise Refused([Problem(Code.NOT_FOUND, "There is no such attendee.", ("id",)), *problems])
    rosters = await roster.read(book, await roster.reached(book, found[id].group_appointment_id, scope, desk))
    # Read again: before the appointment was held, somebody else may have had it.
    attendee = (await book.find(Attendee, [id]))[id]
    if attendee.archived_at is not None and not archived:
        problems = [Problem(Code.ARCHIVED, "This attendee is archived.", ("id",)), *problems]
    refuse_if_any(problems)
    return attendee, rosters


def _notes(value: str | None, field: str, problems: list[Problem]) -> str | None:
    return None if value is None else checked(value, field, LONGEST_NOTES, problems, multiline=True)
