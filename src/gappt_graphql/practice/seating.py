"""Book patients into groups, one or a whole series of them (docs/guide/attendees.md)."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from gappt_graphql.practice import roster
from gappt_graphql.practice.desk import Decision, Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.practice.roster import Roster
from gappt_graphql.scheduling import capacity
from gappt_graphql.scheduling.capacity import Seating
from gappt_graphql.scheduling.conflicts import Claim, Conflict, OnConflict
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import AttendeeId, GroupAppointmentId, PatientId, WaitlistEntryId
from gappt_graphql.scheduling.problems import Code, Problem, Refused
from gappt_graphql.scheduling.repeats import MOST_PLACES
from gappt_graphql.scheduling.series import Scope
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


async def book(desk: Desk, command: BookAttendees) -> Booked:
    """
    Give each patient a seat, all or none in each occurrence.

    With a wider scope than THIS each occurrence stands alone and tells its outcome: REJECT and SKIP both leave out
    those where a patient has a conflict. Only conflicts of patients who get a seat count.

    :raises Refused: if nothing can be done for the command as a whole, and with scope THIS for every reason
    """

    async def decide(book: Book) -> Decision[Booked]:
        rosters, problems = await _bookable(book, desk, command)
        seatings = [_seating(desk, command, held) for held in rosters]
        for index, conflicts in (await _conflicts(book, command, rosters, seatings)).items():
            refused = roster.refused_for(rosters[index].group, conflicts, _fields(command))
            seatings[index] = _together(seatings[index], refused)
        if problems:
            raise _together(Refused(problems), *seatings)
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


async def _bookable(book: Book, desk: Desk, command: BookAttendees) -> tuple[list[Roster], list[Problem]]:
    """
    Return the rosters of the appointments that the command reaches, held, and what is wrong whatever they are like.

    :raises Refused: if none of them can tell more problems: only the one of scope THIS can
    """
    patients = command.patient_ids
    if len(patients) > MOST_PLACES:
        raise _too_many()
    if command.scope is Scope.THIS and (vacant := await _vacant(book, command)):
        return [vacant], capacity.named_twice(patients)
    named, problems = await roster.bookable(book, command.group_appointment_id)
    if not patients:
        problems.append(Problem(Code.REQUIRED, "Name at least one patient.", ("patient_ids",)))
    problems += capacity.named_twice(patients)
    problems += await roster.patients_problems(book, _fields(command))
    if named is None or named.archived_at is not None or (problems and command.scope is not Scope.THIS):
        raise Refused(problems)
    reached = await roster.reached(book, named.id, command.scope, desk)
    if len(reached) * len(patients) > MOST_PLACES:
        raise _too_many()
    return await roster.read(book, reached, patients=_held_patients(command)), problems


async def _vacant(book: Book, command: BookAttendees) -> Roster | None:
    """
    Return the roster, as far as the booking needs it, where nobody's place and no record is in its way.

    That is most often so, and takes one question. Where it is not, others tell what there is to say about it.
    """
    id, patients = command.group_appointment_id, command.patient_ids
    if not patients:
        return None
    await book.hold(appointments=[id], patients=_held_patients(command))
    vacancy = await book.vacancy(id, patients)
    if vacancy is None or vacancy.group.archived_at is not None:
        return None
    return None if vacancy.unfit or vacancy.booked or vacancy.waited_for else Roster(vacancy.group, (), ())


def _held_patients(command: BookAttendees) -> tuple[PatientId, ...]:
    return () if command.on_conflict is OnConflict.ALLOW else command.patient_ids


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


async def _conflicts(
    book: Book, command: BookAttendees, rosters: Sequence[Roster], seatings: Sequence[Seating | Refused]
) -> Mapping[int, Sequence[Conflict]]:
    """Return the conflicts of the patients who get a seat; with scope THIS also of those who are refused one."""
    if command.on_conflict is OnConflict.ALLOW:
        return {}
    claims: list[Claim] = []
    for index, (held, seating) in enumerate(zip(rosters, seatings, strict=True)):
        if isinstance(seating, Seating):
            claims.append(roster.claim(index, held.group, [attendee.patient_id for attendee in seating.attendees]))
        elif command.scope is Scope.THIS and not command.waitlist_if_full:
            claims.append(roster.claim(index, held.group, list(_fields(command))))
    return await roster.patients_conflicts(book, claims)


def _together(*refusals: Seating | Refused) -> Refused:
    """Return one refusal for all, with the first problem of each field."""
    refused = [refusal for refusal in refusals if isinstance(refusal, Refused)]
    problems: dict[tuple[str, ...] | None, Problem] = {}
    for problem in (problem for each in refused for problem in each.problems):
        problems.setdefault(problem.field, problem)
    return Refused(problems.values(), [occurrence for each in refused for occurrence in each.conflicting])


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
    """Return where the command names each patient first."""
    fields: dict[PatientId, tuple[str, ...]] = {}
    for index, patient in enumerate(command.patient_ids):
        fields.setdefault(patient, ("patient_ids", str(index)))
    return fields


def _too_many() -> Refused:
    message = f"Too many at once: appointments times patients may be {MOST_PLACES:,} places at most."
    return Refused.one(Code.OUT_OF_RANGE, message, "patient_ids")
