"""Book patients into groups, and cancel their places."""

from collections.abc import Iterator

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from gappt_graphql.practice import roster
from gappt_graphql.practice.desk import Decision, Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.practice.roster import Roster
from gappt_graphql.practice.waitlist import Joined as Joined
from gappt_graphql.practice.waitlist import JoinWaitlist as JoinWaitlist
from gappt_graphql.practice.waitlist import LeaveWaitlist as LeaveWaitlist
from gappt_graphql.practice.waitlist import Left as Left
from gappt_graphql.practice.waitlist import join_waitlist as join_waitlist
from gappt_graphql.practice.waitlist import leave_waitlist as leave_waitlist
from gappt_graphql.scheduling import capacity
from gappt_graphql.scheduling.attendance import Attendee, CancellationReason
from gappt_graphql.scheduling.capacity import Seating
from gappt_graphql.scheduling.conflicts import OnConflict
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import AttendeeId, GroupAppointmentId, PatientId, WaitlistEntryId
from gappt_graphql.scheduling.problems import Code, Problem, Refused, refuse_if_any
from gappt_graphql.scheduling.repeats import MOST_PLACES
from gappt_graphql.scheduling.series import Scope
from gappt_graphql.scheduling.text import LONGEST_NOTES, checked
from gappt_graphql.store import Book, Edit


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


async def book(desk: Desk, command: BookAttendees) -> Booked:
    """
    Give each patient a seat, all or none in each occurrence.

    With a wider scope than THIS each occurrence stands alone and tells its outcome: REJECT and SKIP both leave out
    those where a patient has a conflict. Only conflicts of patients who get a seat count.

    :raises Refused: if nothing can be done for the command as a whole, and with scope THIS for every reason
    """

    async def decide(book: Book) -> Decision[Booked]:
        rosters = await _bookable(book, desk, command)
        seatings = [_seating(desk, command, held) for held in rosters]
        if command.on_conflict is not OnConflict.ALLOW:
            for index, conflicts in (await roster.patients_conflicts(book, seatings)).items():
                seatings[index] = roster.refused_for(rosters[index].group, conflicts, _fields(command))
        outcomes: list[BookingOutcome] = []
        edits: list[Edit] = []
        for held, seating in zip(rosters, seatings, strict=True):
            if isinstance(seating, Seating):
                edits += roster.edits(held, seating)
            elif command.scope is Scope.THIS:
                raise seating
            outcomes += _outcomes(command, held.group, seating)
        return Decision(Booked(group_appointment_id=command.group_appointment_id, outcomes=tuple(outcomes)), edits)

    return await desk.carry_out(command, decide, Booked)


async def update(desk: Desk, command: UpdateAttendee) -> AttendeeChanged:
    """
    Write whether the patient arrived, and notes.

    :raises Refused: with every problem of the command
    """

    async def decide(book: Book) -> Decision[AttendeeChanged]:
        attendee, [held] = await _held(book, desk, command.id)
        problems: list[Problem] = []
        after = replace(
            attendee,
            arrived=attendee.arrived if command.arrived is UNSET else command.arrived,
            notes=attendee.notes if command.notes is UNSET else _notes(command.notes, "notes", problems),
        )
        refuse_if_any(problems)
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
        attendee, rosters = await _held(book, desk, command.id, scope=command.scope)
        problems: list[Problem] = []
        note = _notes(command.note, "note", problems)
        refuse_if_any(problems)

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
        refuse_if_any(await roster.patients_problems(book, {attendee.patient_id: ("id",)}))
        seating = capacity.reseat(held.group, attendee, active=held.active, waiting=held.waiting, now=desk.now)
        if command.on_conflict is not OnConflict.ALLOW:
            for conflicts in (await roster.patients_conflicts(book, [seating])).values():
                raise roster.refused_for(held.group, conflicts, {attendee.patient_id: ("id",)})
        return Decision(outcome, roster.edits(held, seating, returning=attendee))

    return await desk.carry_out(command, decide, AttendeeChanged)


async def _bookable(book: Book, desk: Desk, command: BookAttendees) -> list[Roster]:
    """
    Return the rosters of the appointments that the command reaches, held.

    :raises Refused: for what stands in the way whatever the single occurrence is like
    """
    patients = command.patient_ids
    if len(patients) > MOST_PLACES:
        raise _too_many()
    named, problems = await roster.bookable(book, command.group_appointment_id)
    if not patients:
        problems.append(Problem(Code.REQUIRED, "Name at least one patient.", ("patient_ids",)))
    problems += capacity.named_twice(patients)
    problems += await roster.patients_problems(book, _fields(command))
    if problems or named is None:
        raise Refused(problems)
    reached = await roster.reached(book, named.id, command.scope, desk)
    if len(reached) * len(patients) > MOST_PLACES:
        raise _too_many()
    return await roster.read(book, reached, patients=() if command.on_conflict is OnConflict.ALLOW else patients)


def _seating(desk: Desk, command: BookAttendees, held: Roster) -> Seating | Refused:
    try:
        return capacity.seat(
            held.group,
            command.patient_ids,
            active=held.active,
            waiting=held.waiting,
            now=desk.now,
            ids=desk.ids,
            waitlist_if_full=command.waitlist_if_full,
        )
    except Refused as refused:
        return refused


def _outcomes(command: BookAttendees, group: GroupAppointment, seating: Seating | Refused) -> Iterator[BookingOutcome]:
    if isinstance(seating, Refused):
        reasons = {problem.field: problem for problem in seating.problems}
        # Who is fine alone is refused for the sake of the others, and told their reason.
        common = reasons.get(("patient_ids",), seating.problems[0])
        for patient, field in _fields(command).items():
            problem = reasons.get(field, common)
            yield BookingOutcome(group_appointment_id=group.id, patient_id=patient, problem=problem)
        return
    attendees = {attendee.patient_id: attendee.id for attendee in seating.attendees}
    entries = {entry.patient_id: entry.id for entry in seating.listed}
    for patient in command.patient_ids:
        yield BookingOutcome(
            group_appointment_id=group.id,
            patient_id=patient,
            attendee_id=attendees.get(patient),
            waitlist_entry_id=entries.get(patient),
        )


def _fields(command: BookAttendees) -> dict[PatientId, tuple[str, ...]]:
    return {patient: ("patient_ids", str(index)) for index, patient in enumerate(command.patient_ids)}


async def _held(
    book: Book, desk: Desk, id: AttendeeId, *, scope: Scope = Scope.THIS, archived: bool = False
) -> tuple[Attendee, list[Roster]]:
    """
    Return the attendee, and the rosters of the appointments that the scope reaches from theirs, held.

    :raises Refused: if there is no such attendee, or it is archived and may not be
    """
    found = await book.find(Attendee, [id])
    if id not in found:
        raise Refused.one(Code.NOT_FOUND, "There is no such attendee.", "id")
    rosters = await roster.read(book, await roster.reached(book, found[id].group_appointment_id, scope, desk))
    # Read again: before the appointment was held, somebody else may have had it.
    attendee = (await book.find(Attendee, [id]))[id]
    if attendee.archived_at is not None and not archived:
        raise Refused.one(Code.ARCHIVED, "This attendee is archived.", "id")
    return attendee, rosters


def _notes(value: str | None, field: str, problems: list[Problem]) -> str | None:
    return None if value is None else checked(value, field, LONGEST_NOTES, problems, multiline=True)


def _too_many() -> Refused:
    message = f"One command books at most {MOST_PLACES:,} places: occurrences times patients."
    return Refused.one(Code.OUT_OF_RANGE, message, "patient_ids")
