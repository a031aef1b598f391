"""Series in a file: that each repeat has a root, and the place and plan of those that come without."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from gappt_graphql.importing.rows import Row, Rows, slices, stored
from gappt_graphql.interchange import BUSINESS, GROUP_APPOINTMENT
from gappt_graphql.scheduling.directory import Business
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import BusinessId, GroupAppointmentId
from gappt_graphql.scheduling.repeats import Plan, RepeatRule, plans, wall_clock
from gappt_graphql.store import Book, Record


async def place_series(rows: Rows, book: Book) -> None:
    """
    Refuse repeats of repeats, and give each occurrence its position and plan, where neither file nor book has them.

    The positions are those at which the rule's dates match the actual ones; the rest follow by order of time.
    """
    series = _new_members(rows)
    roots = await _roots(rows, book, series)
    siblings = await _stored_repeats(rows, book, series)
    zones = await _zones(rows, book, roots.values())
    for root_id, members in series.items():
        root = roots.get(root_id)
        if root is None:
            continue
        if root.repeated_from_id is not None:
            for row in members:
                if row.fields.get("repeated_from_id") == root_id:
                    rows.refuse(row, f"repeated_from names {root_id}, which is itself a repeat")
            continue
        if root.business_id in zones:
            _place(rows, root, members, siblings.get(root_id, ()), zones[root.business_id])


def _new_members(rows: Rows) -> dict[int, list[Row]]:
    """The appointments that the file puts into each series; a root with a rule is the first of its own."""
    series: dict[int, list[Row]] = defaultdict(list)
    for row in rows.of(GROUP_APPOINTMENT).values():
        group = row.after
        if isinstance(group, GroupAppointment) and _is_placed_anew(row.before, group):
            if group.repeated_from_id is not None:
                series[group.repeated_from_id].append(row)
            elif group.repeat_rule is not None:
                series[group.id].append(row)
    for root_id, members in series.items():
        own = rows.of(GROUP_APPOINTMENT).get(root_id)
        if own is not None and own.after is not None and own not in members:
            members.append(own)
    return series


def _is_placed_anew(before: Record | None, group: GroupAppointment) -> bool:
    return not isinstance(before, GroupAppointment) or before.series_position != group.series_position


async def _roots(rows: Rows, book: Book, series: Iterable[int]) -> dict[int, GroupAppointment]:
    in_file = rows.of(GROUP_APPOINTMENT)
    roots = await stored(book, GroupAppointment, [id for id in series if id not in in_file])
    for id in series:
        group = in_file[id].after if id in in_file else None
        if isinstance(group, GroupAppointment):
            roots[GroupAppointmentId(id)] = group
    return {int(id): root for id, root in roots.items()}


async def _stored_repeats(rows: Rows, book: Book, series: Iterable[int]) -> Mapping[int, Sequence[GroupAppointment]]:
    in_file = rows.of(GROUP_APPOINTMENT)
    known = [id for id in series if id not in in_file or in_file[id].before is not None]
    found: dict[int, Sequence[GroupAppointment]] = {}
    for some in slices(known):
        for id, repeats in (await book.repeats_of([GroupAppointmentId(id) for id in some])).items():
            found[id] = [repeat for repeat in repeats if not (repeat.id in in_file and in_file[repeat.id].edit)]
    return found


async def _zones(rows: Rows, book: Book, roots: Iterable[GroupAppointment]) -> dict[BusinessId, str]:
    named = {root.business_id for root in roots}
    known = await stored(book, Business, named)
    zones = {business.id: business.time_zone for business in known.values()}
    for row in rows.of(BUSINESS).values():
        if isinstance(row.after, Business):
            zones[row.after.id] = row.after.time_zone
    return zones


def _place(
    rows: Rows, root: GroupAppointment, members: Sequence[Row], siblings: Sequence[GroupAppointment], time_zone: str
) -> None:
    """Set position and plan of the new members, and of a root that has had no repeats so far."""
    repeats = [row for row in members if row.id != root.id and isinstance(row.after, GroupAppointment)]
    rules = [group.repeat_rule for group in (root, *siblings, *map(_group, repeats))]
    first = root.plan or Plan(wall_clock(root.starts_at, ZoneInfo(time_zone)), time_zone, root.duration)
    dates = _dates(first, next(filter(None, rules), None))
    _place_root(rows, root, members, first)

    taken = {0, *(sibling.series_position for sibling in siblings)}
    unplaced = []
    for row in sorted(repeats, key=lambda row: (_group(row).starts_at, row.id)):
        position = _group(row).series_position
        if position is None:
            unplaced.append(row)
        elif position in taken:
            rows.refuse(row, f"series_position {position} is that of another occurrence of {root.id}")
        else:
            taken.add(position)
            _set(row, position, dates)
    by_start = {plan.starts_at: position for position, plan in enumerate(dates)}
    left = []
    for row in unplaced:
        matching = by_start.get(_group(row).starts_at, 0)
        if matching in taken:
            left.append(row)
        else:
            taken.add(matching)
            _set(row, matching, dates)
    free = (position for position in count(1) if position not in taken)
    for row, position in zip(left, free, strict=False):
        _set(row, position, dates)


def _place_root(rows: Rows, root: GroupAppointment, members: Iterable[Row], first: Plan) -> None:
    own = next((row for row in members if row.id == root.id), None)
    if root.series_position not in (None, 0):
        if own is not None:
            rows.refuse(own, "series_position of the first of a series must be 0")
        return
    placed = replace(root, series_position=0, plan=first)
    if own is not None:
        own.after = placed
    elif placed != root:
        # The book's own appointment has become the first of a series, though the file does not state it.
        row = Row(line=1, kind=GROUP_APPOINTMENT, id=root.id, fields={}, stated=False, before=root, after=placed)
        rows.put(row)


def _set(row: Row, position: int, dates: Sequence[Plan]) -> None:
    group = _group(row)
    first = dates[0]
    if group.plan is not None:
        plan = group.plan
    elif position < len(dates):
        plan = dates[position]
    else:
        # No rule says when it should meet, so its own time is the plan.
        plan = Plan(wall_clock(group.starts_at, ZoneInfo(first.time_zone)), first.time_zone, group.duration)
    row.after = replace(group, series_position=position, plan=plan)


def _dates(first: Plan, rule: RepeatRule | None) -> list[Plan]:
    return [first] if rule is None else list(plans(first.starts_at, first.duration, rule, first.time_zone))


def _group(row: Row) -> GroupAppointment:
    assert isinstance(row.after, GroupAppointment)
    return row.after
