"""The dates that a use case is about to write, weighed against the book: their conflicts, and which are kept."""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.conflicts import (
    Claim,
    Conflict,
    ConflictKind,
    Occurrence,
    OnConflict,
    conflicts_among,
    in_order_of_time,
    left_out,
)
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import AttendeeId, GroupAppointmentId, PatientId, PractitionerId
from gappt_graphql.scheduling.problems import Code, Problem
from gappt_graphql.scheduling.series import Scope
from gappt_graphql.store import Book, Edit

Rosters = Mapping[GroupAppointmentId, tuple[PatientId, ...]]
"""The patients with a seat in each appointment, in booking order."""


class Series(Struct, frozen=True):
    """The appointment that a command names, and all of its series by position; alone: just itself."""

    named: GroupAppointment
    members: tuple[GroupAppointment, ...]

    @property
    def stands_alone(self) -> bool:
        return len(self.members) == 1


class Date(Struct, frozen=True, kw_only=True):
    """
    One date that a use case would write: the record as it is, None where it is new, and as it would be.

    `named` marks the one that the command is about, which is never left out. `judged` tells whether its conflicts
    count: those of a date that keeps its time and its practitioner are nobody's doing now.
    """

    before: GroupAppointment | None
    after: GroupAppointment
    patient_ids: tuple[PatientId, ...] = ()
    named: bool = False
    judged: bool = True

    @property
    def index(self) -> int:
        return self.after.series_position or 0


class Weighed(Struct, frozen=True, kw_only=True):
    """
    What became of the dates: all of them with their conflicts, where these were asked for, and those to write.

    `conflicting` is what was left out, or with a problem the reason of the refusal.
    """

    occurrences: tuple[Occurrence, ...] = ()
    kept: tuple[Date, ...] = ()
    conflicting: tuple[Occurrence, ...] = ()
    problems: tuple[Problem, ...] = ()


class Proposal(Struct, frozen=True):
    """What a command would do now: its occurrences with their conflicts, and the problems that would refuse it."""

    occurrences: tuple[Occurrence, ...] = ()
    problems: tuple[Problem, ...] = ()


async def read_series(book: Book, id: GroupAppointmentId, scope: Scope = Scope.ALL) -> Series | None:
    """Return the appointment and as much of its series as the scope could reach, archived ones too."""
    named = (await book.find(GroupAppointment, [id])).get(id)
    if named is None:
        return None
    if scope is Scope.THIS:
        return Series(named, (named,))
    root_id = named.repeated_from_id or named.id
    root = named if root_id == id else (await book.find(GroupAppointment, [root_id]))[root_id]
    repeats = (await book.repeats_of([root_id]))[root_id]
    return Series(named, (root, *repeats))


async def hold_series(
    book: Book,
    id: GroupAppointmentId,
    scope: Scope,
    on_conflict: OnConflict = OnConflict.ALLOW,
    *,
    practitioners: Collection[PractitionerId] = (),
) -> Series | None:
    """Return the series as it stays until the transaction ends; where conflicts matter, its people's diaries too."""
    series = await read_series(book, id, scope)
    if series is None:
        return None
    ids = [member.id for member in series.members]
    if on_conflict is OnConflict.ALLOW:
        await book.hold(appointments=ids)
    else:
        rosters = await read_rosters(book, ids)
        await book.hold(
            appointments=ids,
            practitioners={member.practitioner_id for member in series.members}.union(practitioners),
            patients={patient for patients in rosters.values() for patient in patients},
        )
    return await read_series(book, id, scope)


async def read_rosters(book: Book, ids: Collection[GroupAppointmentId]) -> Rosters:
    """Return the patients with a seat in each appointment, in booking order."""
    attendees = await book.attendees_of(ids)
    return {id: tuple(attendee.patient_id for attendee in attendees[id]) for id in ids}


async def weigh(book: Book, dates: Sequence[Date], on_conflict: OnConflict, *, always: bool = False) -> Weighed:
    """
    Weigh the dates against the book and each other, and decide as `on_conflict` says.

    Where conflicts are allowed nobody looks for them, unless `always`.
    """
    if on_conflict is OnConflict.ALLOW and not always:
        return Weighed(kept=tuple(dates))
    keys = _keys(dates)
    claims = [_claim(key, date.after, date) for key, date in zip(keys, dates, strict=True)]
    stored = await book.conflicts_with(
        claims, tuple(ConflictKind), leaving_out=[date.before.id for date in dates if date.before is not None]
    )
    among = conflicts_among(claims)
    found = {key: in_order_of_time([*stored.get(key, ()), *among[key]]) for key in keys}
    occurrences = _occurrences(keys, dates, found)
    if on_conflict is OnConflict.ALLOW:
        return Weighed(occurrences=occurrences, kept=tuple(dates))
    if on_conflict is OnConflict.REJECT:
        against = {key: found[key] for key, date in zip(keys, dates, strict=True) if date.judged and found[key]}
        refused = bool(against)
    else:
        against = _left_out(keys, dates, claims, stored)
        refused = any(date.named and key in against for key, date in zip(keys, dates, strict=True))
    conflicting = tuple(occurrence for occurrence in _occurrences(keys, dates, against) if occurrence.conflicts)
    kept = tuple(date for key, date in zip(keys, dates, strict=True) if refused or key not in against)
    problems = (_refusal(len(conflicting), len(dates)),) if refused else ()
    return Weighed(occurrences=occurrences, kept=kept, conflicting=conflicting, problems=problems)


def write(dates: Sequence[Date], desk: Desk) -> list[Edit]:
    """Return the edits that write the dates, and the attendees of new ones."""
    edits = [Edit(date.before, date.after) for date in dates if date.before != date.after]
    return edits + [
        Edit(None, _attendee(date.after, patient, desk))
        for date in dates
        if date.before is None
        for patient in date.patient_ids
    ]


def check_version(named: GroupAppointment, expected: int | None, problems: list[Problem]) -> None:
    """Add a problem if the caller has seen another version than the stored one."""
    if expected is not None and expected != named.version:
        message = f"Somebody changed the appointment: it has version {named.version} now. Read it again first."
        problems.append(Problem(Code.STALE_VERSION, message, ("expected_version",)))


def no_such_appointment() -> Problem:
    """Return the problem of an id that the account does not have."""
    return Problem(Code.NOT_FOUND, "There is no such group appointment.", ("id",))


def archived_appointment() -> Problem:
    """Return the problem of an appointment that can only be read and restored."""
    return Problem(Code.ARCHIVED, "This appointment is archived. Restore it first.", ("id",))


def _keys(dates: Sequence[Date]) -> list[int]:
    """Return the index of each date, or where imported ones have no positions, their place in the list."""
    indices = [date.index for date in dates]
    return indices if len(set(indices)) == len(indices) else list(range(len(dates)))


def _claim(key: int, group: GroupAppointment, date: Date) -> Claim:
    return Claim(
        key=key,
        span=group.span,
        practitioner_id=group.practitioner_id,
        patient_ids=date.patient_ids,
        group_appointment_id=None if date.before is None else date.before.id,
    )


def _left_out(
    keys: Sequence[int], dates: Sequence[Date], claims: Sequence[Claim], stored: Mapping[int, Sequence[Conflict]]
) -> dict[int, list[Conflict]]:
    by_key = dict(zip(keys, dates, strict=True))
    former = {
        key: _claim(key, date.before, date)
        for key, date in by_key.items()
        if date.before is not None and date.before.archived_at is None
    }
    fixed = [key for key, date in by_key.items() if date.named or not date.judged]
    out = left_out(claims, stored, fixed=fixed, former=former)
    return {key: why for key, why in out.items() if by_key[key].judged}


def _occurrences(
    keys: Sequence[int], dates: Sequence[Date], conflicts: Mapping[int, Sequence[Conflict]]
) -> tuple[Occurrence, ...]:
    return tuple(
        Occurrence(
            index=key,
            starts_at=date.after.starts_at,
            ends_at=date.after.ends_at,
            group_appointment_id=None if date.before is None else date.before.id,
            conflicts=tuple(conflicts.get(key, ())),
        )
        for key, date in zip(keys, dates, strict=True)
    )


def _refusal(conflicting: int, dates: int) -> Problem:
    if dates == 1:
        return Problem(Code.CONFLICT, "The appointment has conflicts. Choose another time, or allow conflicts.")
    have = "has" if conflicting == 1 else "have"
    message = f"{conflicting} of {dates} dates {have} conflicts. Choose other times, or allow conflicts."
    return Problem(Code.CONFLICT, message)


def _attendee(group: GroupAppointment, patient: PatientId, desk: Desk) -> Attendee:
    return Attendee(
        id=AttendeeId(desk.ids.next(desk.now)),
        group_appointment_id=group.id,
        patient_id=patient,
        created_at=desk.now,
        updated_at=desk.now,
    )
