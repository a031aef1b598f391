"""Filters: from conditions to the WHERE of a statement, whose text depends on their shape and never on their values."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from unicodedata import normalize

from sqlalchemy import ColumnElement, and_, bindparam, false, not_, select, true

from gappt_graphql.scheduling.asking import Condition, Filter, Operator, Value
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import LARGEST_ID
from gappt_graphql.scheduling.local_days import local_day
from gappt_graphql.store.conflicts import has_conflicts
from gappt_graphql.store.fields import ACCOUNT, SMALLEST_ID, Fields
from gappt_graphql.store.given import InOrder, as_rows, given, unindexed
from gappt_graphql.store.statements import EPOCH, Rows, Statement, in_keys
from gappt_graphql.store.tables import attendees, businesses, group_appointments


class Test(NamedTuple):
    """What of a condition decides the text: `variant` is how many values there are (2 for more), or a flag's value."""

    field: str
    operator: Operator
    variant: int


Shape = tuple[Test, ...]

ABOVE = (Operator.GREATER, Operator.GREATER_OR_EQUAL)
BELOW = (Operator.LESS, Operator.LESS_OR_EQUAL)


class Asked(NamedTuple):
    """A filter in its two halves: the shape, by which a statement is found, and the values to run it with."""

    shape: Shape
    parameters: Mapping[str, object]


async def asked(rows: Rows, where: Filter) -> Asked:
    """Take a filter apart. Where it asks for a local date, one statement finds out when that is at each business."""
    zones = await _zones(rows, where) if any(condition.operator is Operator.ON_DATE for condition in where) else ()
    tests: list[Test] = []
    parameters: dict[str, object] = {}
    for condition in map(_within_range, where):
        name = f"c{len(tests)}"
        variant, value = _apart(condition, zones)
        if value is not None:
            parameters[name] = value
        if condition.operator is Operator.ON_DATE:
            parameters |= _around(condition.values[0], zones, name)
        tests.append(Test(condition.field, condition.operator, variant))
    return Asked(tuple(tests), parameters)


def clauses(shape: Shape, fields: Fields, *, bounded: tuple[str, Collection[Operator]] = ("", ())) -> Iterator[Any]:
    """
    Give the tests of a WHERE, the account's own first.

    `bounded` names a field that a page's position bounds more tightly than these operators do: its index is walked
    from the position.
    """
    yield fields.table.c.account_id == ACCOUNT
    for number, test in enumerate(shape):
        name = f"c{number}"
        special = _on_local_date if test.operator is Operator.ON_DATE else _SPECIAL.get(test.field)
        if special is not None:
            if fields.kind is not GroupAppointment:
                raise LookupError(f"A {fields.kind.__name__} cannot be asked about its {test.field} like that.")
            yield special(fields, test, name)
        elif test.operator is Operator.SEARCH:
            yield _search(fields, test, name)
        else:
            column = fields.searched(test.field)
            loose = test.field == bounded[0] and test.operator in bounded[1]
            yield _compare(unindexed(column) if loose else column, test, name)


def found_by_key(shape: Shape) -> bool:
    """Tell whether the filter names its records, so that they are few and better sorted than searched for in order."""
    keys = (Operator.IN, Operator.CONTAINS)
    return any(
        test.operator is Operator.ON_DATE or (test.field in ("id", "patient_ids") and test.operator in keys)
        for test in shape
    )


def is_of_the_archive(shape: Shape) -> bool:
    """Tell whether the filter asks when records were archived, by which the few that were are found."""
    return any(test.field in ("archived_at", "deleted_at") and test.operator in (*ABOVE, *BELOW) for test in shape)


def is_costly(shape: Shape, first: str) -> bool:
    """
    Tell whether a list with this filter, ordered by that field first, may look at many more rows than it finds.

    It does not where an index is walked that has the rows of the filter together and in order.
    """
    if any(test.field in ("has_conflicts", "name") for test in shape):
        return True
    others = [test for test in shape if test.field != first and test != _LIVE]
    if not others or found_by_key(shape):
        return False
    return first != "starts_at" or others not in _IN_ORDER_OF_TIME


_LIVE = Test("archived_at", Operator.IS_NOT_SET, 0)
_IN_ORDER_OF_TIME = [
    [Test(field, Operator.IN, 1)]
    for field in ("practitioner_id", "business_id", "appointment_type_id", "repeated_from_id")
]

Zones = Sequence[tuple[int, str]]
"""Each business with its time zone."""

_LONGEST_SEARCH = 1000
_FLAGS = frozenset({"has_available_seats", "has_conflicts"})


def _apart(condition: Condition, zones: Zones) -> tuple[int, object]:
    """Return the variant of a condition, and what its parameter holds; None where it needs none."""
    values, variant = condition.values, min(len(condition.values), 2)
    if condition.field in _FLAGS:
        return int(bool(values[0])), None
    if condition.operator is Operator.ON_DATE:
        return 1, as_rows(_on_date(values[0], zones))
    if condition.operator is Operator.SEARCH:
        words = str(values[0])
        return (1, _pattern(words)) if _may_be_a_name(words) else (0, None)
    return variant, (None, values[0] if values else None, values)[variant]


def _within_range(condition: Condition) -> Condition:
    """Return a condition that means the same without numbers that no database holds."""
    values = condition.values
    if not any(type(value) is int and not SMALLEST_ID <= value <= LARGEST_ID for value in values):
        return condition
    if condition.operator in (Operator.IN, Operator.CONTAINS):
        kept = tuple(value for value in values if SMALLEST_ID <= int(value) <= LARGEST_ID)  # type: ignore[arg-type]
        return Condition(condition.field, condition.operator, kept)
    if condition.operator is Operator.NOT_EQUAL:
        return Condition(condition.field, Operator.NOT_EQUAL)
    beyond = int(values[0]) > LARGEST_ID  # type: ignore[arg-type]
    holds = condition.operator in (BELOW if beyond else ABOVE)
    return Condition(condition.field, Operator.IS_SET if holds else Operator.IN)


def _compare(column: ColumnElement[Any], test: Test, name: str) -> Any:
    value: ColumnElement[Any] = bindparam(name)
    match test.operator:
        case Operator.IN:
            return (false(), column == value, in_keys(column, name))[test.variant]
        case Operator.NOT_EQUAL:
            return column.is_distinct_from(value) if test.variant else true()
        case Operator.GREATER:
            return column > value
        case Operator.GREATER_OR_EQUAL:
            return column >= value
        case Operator.LESS:
            return column < value
        case Operator.LESS_OR_EQUAL:
            return column <= value
        case Operator.IS_SET:
            return column.is_not(None)
        case Operator.IS_NOT_SET:
            return column.is_(None)
        case _:
            raise LookupError(f"{test.field} cannot be asked for by {test.operator.name}.")


def _attended_by(fields: Fields, test: Test, name: str) -> Any:
    if test.operator is not Operator.CONTAINS:
        raise LookupError(f"patient_ids cannot be asked for by {test.operator.name}.")
    place = attendees.alias()
    booked = select(place.c.group_appointment_id).where(
        place.c.account_id == ACCOUNT,
        _compare(place.c.patient_id, Test("patient_id", Operator.IN, test.variant), name),
        place.c.cancelled_at.is_(None),
        place.c.archived_at.is_(None),
    )
    return fields.column("id").in_(booked)


def _has_seats(fields: Fields, test: Test, _name: str) -> Any:
    taken, seats = fields.column("active_attendees"), fields.column("max_attendees")
    return taken < seats if test.variant else taken >= seats


def _has_conflicts(fields: Fields, test: Test, _name: str) -> Any:
    return has_conflicts(fields.table) if test.variant else not_(has_conflicts(fields.table))


_SPECIAL = {"patient_ids": _attended_by, "has_available_seats": _has_seats, "has_conflicts": _has_conflicts}


def _search(fields: Fields, test: Test, name: str) -> Any:
    if not test.variant:
        return false()
    names = fields.column("search_name" if "search_name" in fields.table.c else test.field)
    return names.like(bindparam(name), escape="\\")


def _may_be_a_name(words: str) -> bool:
    # Databases refuse patterns that are too long, NUL, and halves of surrogate pairs; no name has them.
    return len(words) <= _LONGEST_SEARCH and words.isprintable()


def _pattern(words: str) -> str:
    # As names are kept: in composed form, whatever the client's keyboard makes of an accent.
    escaped = normalize("NFC", words).casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


_ZONES = Statement(select(businesses.c.id, businesses.c.time_zone).where(businesses.c.account_id == ACCOUNT))


async def _zones(rows: Rows, where: Filter) -> Zones:
    """Return the businesses that the filter leaves, with their time zones."""
    found = [(row[0], row[1]) for row in await rows.fetch(_ZONES, {"account": rows.account})]
    asked_for = [set(one.values) for one in where if (one.field, one.operator) == ("business_id", Operator.IN)]
    return [(business, zone) for business, zone in found if all(business in each for each in asked_for)]


def _on_date(day: Value, zones: Zones) -> Iterator[tuple[int, datetime, datetime]]:
    """Give when it is that day at each business: (business, from, to)."""
    if not isinstance(day, date):
        raise LookupError("A local date is asked for by a date.")
    for business, zone in zones:
        for span in local_day(day, zone):
            yield business, span.starts_at, span.ends_at


def _around(day: Value, zones: Zones, name: str) -> dict[str, object]:
    """Return the span in which it is that day anywhere, as the parameters of `_on_local_date`."""
    spans = [(begins, ends) for _, begins, ends in _on_date(day, zones)] or [(EPOCH, EPOCH)]
    return {f"{name}_from": min(begins for begins, _ in spans), f"{name}_to": max(ends for _, ends in spans)}


def _on_local_date(fields: Fields, _test: Test, name: str) -> Any:
    days = given(name, "business_id", "from_at", "to_at")
    meeting = group_appointments.alias()
    on_the_day = and_(
        meeting.c.account_id == ACCOUNT,
        meeting.c.business_id == days.c.business_id,
        meeting.c.starts_at >= days.c.from_at,
        meeting.c.starts_at < days.c.to_at,
    )
    # The span says nothing new, but PostgreSQL, which sees no figures of what is given, may walk the order of time: it
    # then walks these two days, and not the diary.
    starts_at = fields.searched("starts_at")
    return and_(
        fields.column("id").in_(select(meeting.c.id).select_from(InOrder(days, meeting, on_the_day))),
        starts_at >= bindparam(f"{name}_from"),
        starts_at < bindparam(f"{name}_to"),
    )
