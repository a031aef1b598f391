"""Wait for a seat in a full group, and stop waiting (docs/guide/attendees.md)."""

from msgspec import Struct

from gappt_graphql.practice import roster
from gappt_graphql.practice.desk import Decision, Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.scheduling import capacity
from gappt_graphql.scheduling.attendance import WaitlistEntry
from gappt_graphql.scheduling.ids import AttendeeId, GroupAppointmentId, PatientId, WaitlistEntryId
from gappt_graphql.scheduling.problems import Code, Problem, Refused, refuse_if_any
from gappt_graphql.store import Book


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


async def join_waitlist(desk: Desk, command: JoinWaitlist) -> Joined:
    """
    Put a patient at the end of the waitlist, or into a seat where one is free and nobody waits for it.

    :raises Refused: if the patient is booked or waits already, or the appointment is archived or has started
    """

    async def decide(book: Book) -> Decision[Joined]:
        patient = command.patient_id
        group, problems = await roster.bookable(book, command.group_appointment_id)
        if group is not None and group.archived_at is None and capacity.has_started(group, desk.now):
            message = "This appointment has started, so nobody can wait for a seat any more."
            problems.append(Problem(Code.INVALID, message, ("group_appointment_id",)))
        problems += await roster.patients_problems(book, {patient: ("patient_id",)})
        if group is None or group.archived_at is not None:
            raise Refused(problems)
        [held] = await roster.read(book, [group.id])
        if patient in held.active:
            problems.append(Problem(Code.ALREADY_BOOKED, "This patient is booked already.", ("patient_id",)))
        elif any(entry.patient_id == patient for entry in held.waiting):
            problems.append(Problem(Code.ALREADY_BOOKED, "This patient is waiting already.", ("patient_id",)))
        refuse_if_any(problems)
        seating = capacity.seat(
            held.group,
            [patient],
            active=held.active,
            waiting=held.waiting,
            now=desk.now,
            ids=desk.ids,
            waitlist_if_full=True,
        )
        joined = Joined(
            waitlist_entry_id=seating.listed[0].id if seating.listed else None,
            attendee_id=seating.attendees[0].id if seating.attendees else None,
        )
        return Decision(joined, roster.edits(held, seating))

    return await desk.carry_out(command, decide, Joined)


async def leave_waitlist(desk: Desk, command: LeaveWaitlist) -> Left:
    """
    Take a patient off the waitlist; one who has left stays away.

    :raises Refused: if there is no such entry
    """

    async def decide(book: Book) -> Decision[Left]:
        entry = (await book.find(WaitlistEntry, [command.id])).get(command.id)
        if entry is None:
            raise Refused.one(Code.NOT_FOUND, "There is no such waitlist entry.", "id")
        [held] = await roster.read(book, [entry.group_appointment_id])
        outcome = Left(group_appointment_id=entry.group_appointment_id)
        for waiting in held.waiting:
            if waiting.id == entry.id:
                return Decision(outcome, roster.edits(held, capacity.leave(held.group, waiting, now=desk.now)))
        return Decision(outcome)

    return await desk.carry_out(command, decide, Left)
