"""Rosters: the seats and the waitlists of some appointments, read together, and what a change of seats writes."""

from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec import Struct

from gappt_graphql.practice.desk import Desk
from gappt_graphql.practice.occurrences import read_series
from gappt_graphql.scheduling import capacity, series
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.capacity import Promotion, Seating
from gappt_graphql.scheduling.conflicts import Claim, Conflict, ConflictKind, Occurrence, conflicts_among
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import AttendeeId, GroupAppointmentId, PatientId
from gappt_graphql.scheduling.problems import Code, Problem, Refused
from gappt_graphql.scheduling.series import Scope
from gappt_graphql.store import Book, Edit


class Roster(Struct, frozen=True):
    """
    One appointment with its active attendees and its waitlist, both in order.

    Of the attendees, those that matter to the use case are enough.
    """

    group: GroupAppointment
    attendees: Sequence[Attendee]
    waiting: Sequence[WaitlistEntry]

    @property
    def active(self) -> frozenset[PatientId]:
        return frozenset(attendee.patient_id for attendee in self.attendees)


class Vacated(Struct, frozen=True):
    """What it means that some places were given up: the records to write, and who moved up."""

    edits: Sequence[Edit]
    attendee_ids: tuple[AttendeeId, ...]
    promoted_ids: tuple[AttendeeId, ...]


async def read(
    book: Book, appointments: Sequence[GroupAppointmentId], *, patients: Collection[PatientId] = ()
) -> list[Roster]:
    """Hold these appointments, and patients, and return the rosters in the order asked for."""
    await book.hold(appointments=appointments, patients=patients)
    groups = await book.find(GroupAppointment, appointments)
    attendees = await book.attendees_of(appointments)
    waiting = await book.waitlists_of(appointments)
    return [Roster(groups[id], attendees[id], waiting[id]) for id in appointments]


async def bookable(book: Book, id: GroupAppointmentId) -> tuple[GroupAppointment | None, list[Problem]]:
    """Return the appointment, and why nobody can be booked into it: there is none, or it is archived."""
    group = (await book.find(GroupAppointment, [id])).get(id)
    field = ("group_appointment_id",)
    if group is None:
        return None, [Problem(Code.NOT_FOUND, "There is no such group appointment.", field)]
    if group.archived_at is not None:
        return group, [Problem(Code.ARCHIVED, "This appointment is archived. Restore it first.", field)]
    return group, []


async def patients_problems(book: Book, fields: Mapping[PatientId, tuple[str, ...]]) -> list[Problem]:
    """Return which patients do not exist or are archived, each on its field."""
    patients = await book.find(Patient, fields)
    problems: list[Problem] = []
    for id, field in fields.items():
        if id not in patients:
            problems.append(Problem(Code.NOT_FOUND, "There is no such patient.", field))
        elif patients[id].archived_at is not None:
            problems.append(Problem(Code.ARCHIVED, "This patient is archived.", field))
    return problems


async def reached(book: Book, id: GroupAppointmentId, scope: Scope, desk: Desk) -> list[GroupAppointmentId]:
    """Return the appointments that a scope reaches from this one, in the order of the series."""
    if scope is Scope.THIS:
        return [id]
    found = await read_series(book, id, scope)
    return [group.id for group in series.reached(found.named, found.members, scope, now=desk.now)] if found else []


def claim(key: int, group: GroupAppointment, newcomers: Sequence[PatientId]) -> Claim:
    """Return what the newcomers' seats in this appointment need: their time."""
    return Claim(
        key=key,
        span=group.span,
        practitioner_id=group.practitioner_id,
        patient_ids=tuple(newcomers),
        group_appointment_id=group.id,
    )


async def patients_conflicts(book: Book, claims: Sequence[Claim]) -> dict[int, list[Conflict]]:
    """
    Return the conflicts of newcomers, by the key of their claim.

    Seats given by the same command count as well, for later ones: a patient has one body in every occurrence.
    """
    stored = await book.conflicts_with(claims, [ConflictKind.PATIENT_DOUBLE_BOOKED]) if claims else {}
    found: dict[int, list[Conflict]] = {}
    kept: list[Claim] = []
    for claim in claims:
        own = conflicts_among([claim], kept)[claim.key]
        conflicts = [*stored.get(claim.key, ()), *(c for c in own if c.kind is ConflictKind.PATIENT_DOUBLE_BOOKED)]
        if conflicts:
            found[claim.key] = conflicts
        else:
            kept.append(claim)
    return found


def refused_for(
    group: GroupAppointment, conflicts: Sequence[Conflict], fields: Mapping[PatientId, tuple[str, ...]]
) -> Refused:
    """Return the refusal for these conflicts, with a problem for each patient concerned, on that patient's field."""
    concerned = {conflict.patient_id for conflict in conflicts}
    message = "This patient has another appointment at this time."
    problems = [Problem(Code.CONFLICT, message, field) for patient, field in fields.items() if patient in concerned]
    occurrence = Occurrence(
        index=group.series_position or 0,
        starts_at=group.starts_at,
        ends_at=group.ends_at,
        group_appointment_id=group.id,
        conflicts=tuple(conflicts),
    )
    return Refused(problems, [occurrence])


def edits(before: Roster, after: Seating | Promotion, *, returning: Attendee | None = None) -> list[Edit]:
    """
    Return what a change of seats writes, the appointment first.

    `returning` is how the only attendee was before, where it is not a new one.
    """
    listed = after.listed if isinstance(after, Seating) else ()
    return [
        Edit(before.group, after.group),
        *(Edit(returning, attendee) for attendee in after.attendees),
        *(Edit(None, entry) for entry in listed),
        *(Edit(was, entry) for was, entry in after.left),
    ]


async def vacate(
    book: Book, places: Sequence[tuple[Roster, Attendee]], give_up: Callable[[Attendee], Attendee], desk: Desk
) -> Vacated:
    """Give up places, at most one in each roster, and promote who waits first for those that were held."""
    waiting = {entry.patient_id for roster, _ in places for entry in roster.waiting}
    patients = await book.find(Patient, waiting) if waiting else {}
    written: list[Edit] = []
    promoted: list[AttendeeId] = []
    for roster, place in places:
        after = Promotion(group=capacity.unseat(roster.group, place, now=desk.now))
        if place.active:
            after = capacity.promote(
                after.group,
                roster.waiting,
                patients={PatientId(id): patient for id, patient in patients.items()},
                active=roster.active,  # who gives a seat up and waits for one leaves the list, too
                now=desk.now,
                ids=desk.ids,
            )
        group, *others = edits(roster, after)
        written += [group, Edit(place, give_up(place)), *others]
        promoted += [attendee.id for attendee in after.attendees]
    return Vacated(written, tuple(place.id for _, place in places), tuple(promoted))
