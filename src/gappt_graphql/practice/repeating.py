"""Make a series of an appointment that stands alone."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from gappt_graphql.practice import occurrences
from gappt_graphql.practice.desk import Decision, Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.practice.occurrences import Date, Proposal, Series, Weighed
from gappt_graphql.scheduling import series
from gappt_graphql.scheduling.conflicts import Occurrence, OnConflict
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment, next_version
from gappt_graphql.scheduling.ids import GroupAppointmentId, PatientId
from gappt_graphql.scheduling.problems import Code, Problem, Refused
from gappt_graphql.scheduling.repeats import RepeatRule, check_places, check_reach, checked_rule
from gappt_graphql.scheduling.series import Scope
from gappt_graphql.store import Book


class RepeatGroupAppointment(Command, frozen=True, kw_only=True):
    """What `repeat` takes."""

    id: GroupAppointmentId
    repeat_rule: RepeatRule
    copy_attendees: bool = False
    on_conflict: OnConflict = OnConflict.ALLOW
    expected_version: int | None = None


class Repeated(Struct, frozen=True, kw_only=True):
    """What `repeat` did; `conflicting` is what SKIP left out."""

    group_appointment_id: GroupAppointmentId
    repeat_ids: tuple[GroupAppointmentId, ...] = ()
    conflicting: tuple[Occurrence, ...] = ()


async def repeat(desk: Desk, command: RepeatGroupAppointment) -> Repeated:
    """
    Write the repeats of an appointment that has none.

    :raises Refused: with every problem of the command, each on its field
    """

    async def decide(book: Book) -> Decision[Repeated]:
        weighed = await _repetition(book, desk, command)
        if weighed.problems:
            raise Refused(weighed.problems, weighed.conflicting)
        outcome = Repeated(
            group_appointment_id=command.id, repeat_ids=new_ids(weighed.kept), conflicting=weighed.conflicting
        )
        return Decision(outcome, occurrences.write(weighed.kept, desk))

    return await desk.carry_out(command, decide, Repeated)


async def preview_repeat(desk: Desk, command: RepeatGroupAppointment) -> Proposal:
    """Return what `repeat` would do now; nothing is stored."""

    async def work(book: Book) -> Proposal:
        weighed = await _repetition(book, desk, command, always=True)
        return Proposal(weighed.occurrences, weighed.problems)

    return await desk.read(work)


def dates_of(
    root: Date,
    rule: RepeatRule | None,
    time_zone: str,
    desk: Desk,
    problems: list[Problem],
    *,
    copied: Sequence[PatientId] = (),
) -> list[Date]:
    """
    Return the root as the first of its series, and its repeats with the copied patients; without a rule just the root.

    What is wrong with the rule is added to the problems.
    """
    if rule is None:
        return [root]
    found = len(problems)
    check_reach(root.after.starts_at, root.after.duration, rule, time_zone, problems)
    check_places(rule.number_of_repeats + 1, len(copied), problems)
    if len(problems) > found:
        return [root]
    first, *repeats = series.expanded(root.after, rule, time_zone, desk.ids, now=desk.now)
    return [
        replace(root, after=first),
        *(
            Date(before=None, after=replace(repeat, active_attendees=len(copied)), patient_ids=tuple(copied))
            for repeat in repeats
        ),
    ]


def settled(weighed: Weighed, desk: Desk) -> Weighed:
    """Return the same, but with the root alone if every repeat was left out: then it has no rule."""
    if len(weighed.kept) != 1 or not weighed.conflicting:
        return weighed
    root = weighed.kept[0]
    alone = replace(root.after, repeat_rule=None, series_position=None, plan=None)
    if root.before is not None:
        before = root.before
        alone = next_version(before, replace(alone, version=before.version, updated_at=before.updated_at), now=desk.now)
    return replace(weighed, kept=(replace(root, after=alone),))


def new_ids(dates: Sequence[Date]) -> tuple[GroupAppointmentId, ...]:
    """Return the ids of the dates that are new, in their order."""
    return tuple(date.after.id for date in dates if date.before is None)


def check_repeatable(found: Series, problems: list[Problem]) -> None:
    """Add a problem if the appointment has repeats, archived ones too, or is one."""
    if found.named.repeated_from_id is not None:
        message = "The appointment belongs to a series already, and can't be repeated itself."
    elif not found.stands_alone:
        message = "The appointment has repeats already."
    else:
        return
    problems.append(Problem(Code.ALREADY_REPEATS, message, ("repeat_rule",)))


async def repeats_business(
    book: Book, root: GroupAppointment, rule: RepeatRule | None, problems: list[Problem]
) -> Business:
    """Return the business, and add a problem if a repeat would refer to what is archived: it is a new appointment."""
    practitioner = (await book.find(Practitioner, [root.practitioner_id]))[root.practitioner_id]
    business = (await book.find(Business, [root.business_id]))[root.business_id]
    of_type = (await book.find(AppointmentType, [root.appointment_type_id]))[root.appointment_type_id]
    for fit, noun in (
        (practitioner.active, "practitioner"),
        (business.archived_at is None, "business"),
        (of_type.archived_at is None, "appointment type"),
    ):
        if rule is not None and not fit:
            problems.append(Problem(Code.ARCHIVED, f"The {noun} of the appointment is archived.", ("repeat_rule",)))
    return business


async def _repetition(book: Book, desk: Desk, command: RepeatGroupAppointment, *, always: bool = False) -> Weighed:
    """Return the dates that the command makes, weighed, with every problem of the command."""
    found = await occurrences.hold_series(book, command.id, Scope.ALL, command.on_conflict)
    problems: list[Problem] = []
    if found is None:
        problems.append(occurrences.no_such_appointment())
        checked_rule(command.repeat_rule, problems)
        return Weighed(problems=tuple(problems))
    named = found.named
    if named.archived_at is not None:
        problems.append(occurrences.archived_appointment())
    occurrences.check_version(named, command.expected_version, problems)
    rule = checked_rule(command.repeat_rule, problems)
    if rule is not None:
        check_repeatable(found, problems)
    business = await repeats_business(book, named, rule, problems)
    patients = (await occurrences.read_rosters(book, [named.id]))[named.id]
    copied = await _present(book, patients) if command.copy_attendees else ()
    root = Date(before=named, after=named, patient_ids=patients, named=True, judged=rule is not None)
    dates = dates_of(root, rule, business.time_zone, desk, problems, copied=copied)
    if named.archived_at is not None or (rule is not None and not found.stands_alone):
        return Weighed(problems=tuple(problems))
    dates[0] = replace(dates[0], after=next_version(named, dates[0].after, now=desk.now))
    weighed = settled(await occurrences.weigh(book, dates, command.on_conflict, always=always), desk)
    return replace(weighed, problems=(*problems, *weighed.problems))


async def _present(book: Book, patients: Sequence[PatientId]) -> tuple[PatientId, ...]:
    """Return the patients who can be booked: an archived one keeps a place, but gets no new one."""
    records = await book.find(Patient, patients)
    return tuple(patient for patient in patients if records[patient].archived_at is None)
