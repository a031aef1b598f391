"""Revise group appointments, and the rest of their series."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from gappt_graphql.practice import occurrences, repeating
from gappt_graphql.practice.desk import Decision, Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.practice.occurrences import Date, Proposal, Rosters, Series, Weighed
from gappt_graphql.scheduling import capacity, series
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.conflicts import Occurrence, OnConflict
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner
from gappt_graphql.scheduling.group_appointment import (
    GroupAppointment,
    References,
    Revision,
    next_version,
    revise,
)
from gappt_graphql.scheduling.ids import (
    AppointmentTypeId,
    AttendeeId,
    BusinessId,
    GroupAppointmentId,
    PatientId,
    PractitionerId,
)
from gappt_graphql.scheduling.problems import Problem, Refused
from gappt_graphql.scheduling.repeats import RepeatRule, checked_rule
from gappt_graphql.scheduling.series import Scope
from gappt_graphql.store import Book, Edit


class UpdateGroupAppointment(Command, frozen=True, kw_only=True):
    """
    What `update` takes; UNSET leaves a field, None clears it, or is REQUIRED where it can't be cleared.

    A `repeat_rule` makes a series of an appointment that stands alone, as it is after the update (the reference
    updates and repeats at once). The rule that is stored already changes nothing, and None is no rule.
    """

    id: GroupAppointmentId
    starts_at: datetime | UnsetType | None = UNSET
    ends_at: datetime | UnsetType | None = UNSET
    max_attendees: int | UnsetType | None = UNSET
    notes: str | UnsetType | None = UNSET
    telehealth_url: str | UnsetType | None = UNSET
    practitioner_id: PractitionerId | UnsetType | None = UNSET
    business_id: BusinessId | UnsetType | None = UNSET
    appointment_type_id: AppointmentTypeId | UnsetType | None = UNSET
    repeat_rule: RepeatRule | None = None
    scope: Scope = Scope.THIS
    on_conflict: OnConflict = OnConflict.ALLOW
    expected_version: int | None = None


class Updated(Struct, frozen=True, kw_only=True):
    """What `update` did; the named appointment is among the updated ones, and new repeats are not."""

    group_appointment_id: GroupAppointmentId
    updated_ids: tuple[GroupAppointmentId, ...]
    repeat_ids: tuple[GroupAppointmentId, ...] = ()
    conflicting: tuple[Occurrence, ...] = ()
    promoted_ids: tuple[AttendeeId, ...] = ()


async def update(desk: Desk, command: UpdateGroupAppointment) -> Updated:
    """
    Revise an appointment, and the rest of its series as far as the scope reaches.

    :raises Refused: with every problem of the command, each on its field
    """

    async def decide(book: Book) -> Decision[Updated]:
        revision = await _revision(book, desk, command)
        weighed = revision.weighed
        if weighed.problems:
            raise Refused(weighed.problems, weighed.conflicting)
        dates, moved_up = await _promoted(book, desk, weighed.kept, revision.rosters)
        outcome = Updated(
            group_appointment_id=command.id,
            updated_ids=tuple(date.after.id for date in dates if date.before is not None),
            repeat_ids=repeating.new_ids(dates),
            conflicting=weighed.conflicting,
            promoted_ids=tuple(edit.after.id for edit in moved_up if isinstance(edit.after, Attendee)),
        )
        return Decision(outcome, [*occurrences.write(dates, desk), *revision.replanned, *moved_up])

    return await desk.carry_out(command, decide, Updated)


async def preview_update(desk: Desk, command: UpdateGroupAppointment) -> Proposal:
    """Return what `update` would do now; nothing is stored."""

    async def work(book: Book) -> Proposal:
        weighed = (await _revision(book, desk, command, always=True)).weighed
        return Proposal(weighed.occurrences, weighed.problems)

    return await desk.read(work)


class _Revised(Struct, frozen=True, kw_only=True):
    """The dates that change, weighed; who has seats in them; and exceptions whose plan alone moves along."""

    weighed: Weighed
    rosters: Rosters = {}
    replanned: Sequence[Edit] = ()


async def _revision(book: Book, desk: Desk, command: UpdateGroupAppointment, *, always: bool = False) -> _Revised:
    """Return what the command changes, with every problem of the command."""
    newcomer = [command.practitioner_id] if isinstance(command.practitioner_id, int) else []
    scope = command.scope if command.repeat_rule is None else Scope.ALL  # to see whether it has repeats
    found = await occurrences.hold_series(book, command.id, scope, command.on_conflict, practitioners=newcomer)
    if found is None:
        return _Revised(weighed=Weighed(problems=(occurrences.no_such_appointment(),)))
    named = found.named
    problems: list[Problem] = []
    if named.archived_at is not None:
        problems.append(occurrences.archived_appointment())
    occurrences.check_version(named, command.expected_version, problems)
    references = await _references(book, named, command)
    after = revise(named, _wish(command), references, now=desk.now, problems=problems)
    rule = _new_rule(found, command.repeat_rule, problems)
    if named.archived_at is not None:
        return _Revised(weighed=Weighed(problems=tuple(problems)))
    edits = [(named, after)]
    if command.scope is not Scope.THIS and not found.stands_alone:
        reached = series.reached(named, found.members, command.scope, now=desk.now)
        edits = series.carried(named, after, reached, await _zones(book, reached), now=desk.now)
        series.check_carried([edit for edit in edits if edit[0].id != named.id], problems)
    rosters = await occurrences.read_rosters(book, [before.id for before, _ in edits])
    dates = [
        _date(before, after, rosters, named=before.id == named.id)
        for before, after in edits
        if before.id == named.id or before.version != after.version
    ]
    if rule is not None:
        dates = await _repeated(book, dates[0], rule, desk, problems)
    weighed = await occurrences.weigh(book, dates, command.on_conflict, always=always)
    if rule is not None:
        weighed = repeating.settled(weighed, desk)
    return _Revised(
        weighed=replace(weighed, problems=(*problems, *weighed.problems)),
        rosters=rosters,
        replanned=_replanned(edits, weighed.kept),
    )


def _date(before: GroupAppointment, after: GroupAppointment, rosters: Rosters, *, named: bool) -> Date:
    moves = before.span != after.span or before.practitioner_id != after.practitioner_id
    return Date(before=before, after=after, patient_ids=rosters[before.id], named=named, judged=moves)


def _replanned(edits: Sequence[tuple[GroupAppointment, GroupAppointment]], kept: Sequence[Date]) -> list[Edit]:
    """Return the edits of the occurrences that stay as they are while the plan of their series moves on."""
    written = {date.after.id for date in kept}
    return [
        Edit(before, replace(before, plan=after.plan))
        for before, after in edits
        if before.id not in written and before.plan != after.plan
    ]


def _new_rule(found: Series, rule: RepeatRule | None, problems: list[Problem]) -> RepeatRule | None:
    if rule == found.named.repeat_rule:
        return None
    rule = checked_rule(rule, problems)
    if rule is not None:
        repeating.check_repeatable(found, problems)
    return rule if found.stands_alone else None


async def _repeated(book: Book, root: Date, rule: RepeatRule, desk: Desk, problems: list[Problem]) -> list[Date]:
    """Return the updated appointment as the root of a series, and its repeats."""
    business = await repeating.repeats_business(book, root.after, rule, problems)
    first, *repeats = repeating.dates_of(replace(root, judged=True), rule, business.time_zone, desk, problems)
    if root.before is not None:
        first = replace(first, after=next_version(root.before, first.after, now=desk.now))
    return [first, *repeats]


def _wish(command: UpdateGroupAppointment) -> Revision:
    return Revision(**{name: getattr(command, name) for name in Revision.__struct_fields__})


async def _references(book: Book, named: GroupAppointment, command: UpdateGroupAppointment) -> References:
    """Return what the appointment shall refer to: by the command's ids, or else as it does."""
    return References(
        practitioner=(await _wanted(book, Practitioner, command.practitioner_id, named.practitioner_id)),
        business=(await _wanted(book, Business, command.business_id, named.business_id)),
        appointment_type=(await _wanted(book, AppointmentType, command.appointment_type_id, named.appointment_type_id)),
    )


R = TypeVar("R", Practitioner, Business, AppointmentType)


async def _wanted(book: Book, kind: type[R], wanted: int | UnsetType | None, current: int) -> R | None:
    id = wanted if isinstance(wanted, int) else current
    return (await book.find(kind, [id])).get(id)


async def _zones(book: Book, groups: Sequence[GroupAppointment]) -> Mapping[BusinessId, ZoneInfo]:
    businesses = await book.find(Business, {group.business_id for group in groups})
    return {business.id: business.zone for business in businesses.values()}


async def _promoted(book: Book, desk: Desk, dates: Sequence[Date], rosters: Rosters) -> tuple[list[Date], list[Edit]]:
    """Return the dates with those who wait moved up where there are more seats now, and the edits of their places."""
    grown = [date.after.id for date in dates if date.before and date.after.max_attendees > date.before.max_attendees]
    if not grown:
        return list(dates), []
    waitlists = await book.waitlists_of(grown)
    patients = await book.find(Patient, {entry.patient_id for waiting in waitlists.values() for entry in waiting})
    after: list[Date] = []
    edits: list[Edit] = []
    for date in dates:
        promotion = capacity.promote(
            date.after,
            waitlists.get(date.after.id, ()),
            patients={PatientId(id): patient for id, patient in patients.items()},
            active=rosters.get(date.after.id, ()),
            now=desk.now,
            ids=desk.ids,
        )
        after.append(replace(date, after=promotion.group))
        edits += [Edit(None, attendee) for attendee in promotion.attendees]
        edits += [Edit(was, left) for was, left in promotion.left]
    return after, edits
