"""Edits of a series: which occurrences a scope reaches, and what an edit makes of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from gappt_graphql.scheduling.group_appointment import GroupAppointment, next_version
from gappt_graphql.scheduling.ids import BusinessId, GroupAppointmentId, Ids
from gappt_graphql.scheduling.problems import Code, Problem
from gappt_graphql.scheduling.repeats import Plan, RepeatRule, plans, wall_clock
from gappt_graphql.scheduling.spans import FIRST_YEAR, LAST_YEAR, in_years

_CARRIED = ("max_attendees", "notes", "telehealth_url", "appointment_type_id", "business_id", "practitioner_id")

_NO_TIME = timedelta(0)


class Scope(StrEnum):
    """How far an edit reaches: the one named, that and the later ones, or the whole series."""

    THIS = "THIS"
    THIS_AND_FOLLOWING = "THIS_AND_FOLLOWING"
    ALL = "ALL"


def expanded(
    root: GroupAppointment, rule: RepeatRule, time_zone: str, ids: Ids, *, now: datetime
) -> list[GroupAppointment]:
    """
    Return the root as the first of a series, and its repeats, in the order of their positions.

    The repeats are like the root, without attendees.
    """
    first, *later = plans(root.starts_at, root.duration, rule, time_zone)
    root = replace(root, repeat_rule=rule, series_position=0, plan=first)
    repeats = [
        replace(
            root,
            id=GroupAppointmentId(ids.next(now)),
            starts_at=plan.starts_at,
            ends_at=plan.starts_at + plan.duration,
            active_attendees=0,
            repeated_from_id=root.id,
            series_position=position,
            plan=plan,
            version=1,
            created_at=now,
            updated_at=now,
        )
        for position, plan in enumerate(later, start=1)
    ]
    return [root, *repeats]


def reached(
    named: GroupAppointment,
    members: Sequence[GroupAppointment],
    scope: Scope,
    *,
    now: datetime,
    archived: bool = False,
) -> list[GroupAppointment]:
    """
    Return what an edit of the named appointment touches, in the order of the members.

    The members are the whole series, or the named one alone. Other than the named one these are only occurrences
    that have not started and are not archived, or with `archived` only archived ones.
    """
    return [
        member
        for member in members
        if member.id == named.id
        or (
            scope is not Scope.THIS
            and (scope is Scope.ALL or member.starts_at >= named.starts_at)
            and member.starts_at > now
            and (member.archived_at is not None) is archived
        )
    ]


def carried(
    named: GroupAppointment,
    after: GroupAppointment,
    touched: Sequence[GroupAppointment],
    zones: Mapping[BusinessId, ZoneInfo],
    *,
    now: datetime,
) -> list[tuple[GroupAppointment, GroupAppointment]]:
    """
    Return each appointment that the edit of the named one touches, itself among them, before and after.

    An occurrence that meets when its plan says moves by as many days and minutes of the wall clock as the named one,
    and takes a new duration. Every other field changes where it still equals the named one's old value. So single
    exceptions survive. All plans move along. `zones` are those of the businesses at which they meet before the edit.
    """
    shift = _shift(named, after, zones[named.business_id])
    duration = after.duration if after.duration != named.duration else None
    fields = {name: getattr(after, name) for name in _CARRIED if getattr(after, name) != getattr(named, name)}

    def edited(group: GroupAppointment) -> GroupAppointment:
        zone = zones[group.business_id]
        if group.id == named.id:
            return replace(after, plan=_moved_plan(named, zone, shift, duration))
        taken = {name: value for name, value in fields.items() if getattr(group, name) == getattr(named, name)}
        return next_version(group, replace(_moved(group, zone, shift, duration), **taken), now=now)

    return [(group, edited(group)) for group in touched]


def check_carried(edits: Sequence[tuple[GroupAppointment, GroupAppointment]], problems: list[Problem]) -> None:
    """Add what stands in the way of the occurrences that follow the named one: too few seats, or a year too far."""
    overfull = [after for _, after in edits if after.max_attendees < after.active_attendees]
    if overfull:
        roster = max(after.active_attendees for after in overfull)
        message = f"{roster} attendees are booked into another appointment of the series: seats for them are needed."
        problems.append(Problem(Code.CAPACITY_BELOW_ROSTER, message, ("max_attendees",)))
    if any(not in_years(after.starts_at) or not in_years(after.ends_at) for _, after in edits):
        message = f"An appointment of the series would lie outside of the years {FIRST_YEAR} to {LAST_YEAR}."
        problems.append(Problem(Code.OUT_OF_RANGE, message, ("starts_at",)))


def meets_as_planned(group: GroupAppointment) -> bool:
    """Tell whether the time is what the rule gives. One without a plan (it was imported) is taken at its word."""
    plan = group.plan
    if plan is None:
        return True
    if group.duration != plan.duration:
        return False
    # The first of a series may lie in the second pass of a repeated hour, where the plan alone gives the first pass.
    return group.starts_at == plan.starts_at or wall_clock(group.starts_at, ZoneInfo(plan.time_zone)) == plan.local


def _shift(named: GroupAppointment, after: GroupAppointment, zone: ZoneInfo) -> timedelta:
    if after.starts_at == named.starts_at:
        return _NO_TIME
    old = _plan_in(named, zone).local if meets_as_planned(named) else wall_clock(named.starts_at, zone)
    return wall_clock(after.starts_at, zone) - old


def _moved(group: GroupAppointment, zone: ZoneInfo, shift: timedelta, duration: timedelta | None) -> GroupAppointment:
    plan = _moved_plan(group, zone, shift, duration)
    if plan == group.plan or not meets_as_planned(group):
        return replace(group, plan=plan)
    starts_at = plan.starts_at if shift else group.starts_at
    return replace(group, plan=plan, starts_at=starts_at, ends_at=starts_at + plan.duration)


def _moved_plan(group: GroupAppointment, zone: ZoneInfo, shift: timedelta, duration: timedelta | None) -> Plan:
    if not shift and duration is None and group.plan is not None:
        return group.plan
    plan = _plan_in(group, zone)
    return Plan(plan.local + shift, plan.time_zone, plan.duration if duration is None else duration)


def _plan_in(group: GroupAppointment, zone: ZoneInfo) -> Plan:
    """Return the plan on the wall clock of the business that the appointment is at now."""
    plan = group.plan
    if plan is None:
        return Plan(wall_clock(group.starts_at, zone), zone.key, group.duration)
    if plan.time_zone == zone.key:
        return plan
    instant = group.starts_at if meets_as_planned(group) else plan.starts_at
    return Plan(wall_clock(instant, zone), zone.key, plan.duration)
