"""Filters and orders: what a client asks for, as conditions on the book."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

import strawberry

from gappt_graphql.graph.enums import ArchivedFilter, GroupAppointmentOrderField
from gappt_graphql.graph.errors import ErrorCode, refusal
from gappt_graphql.graph.values import number, numbers, optional, or_none, present, required
from gappt_graphql.practice.enquiries import leaving_out_archived
from gappt_graphql.scheduling.asking import Condition, Filter, Listing, Operator, Order

MOST_IDS = 1_000
"""In one list of a filter. Reading ids takes time that no points are counted for."""

_BOUNDS = {
    "gt": Operator.GREATER,
    "gte": Operator.GREATER_OR_EQUAL,
    "lt": Operator.LESS,
    "lte": Operator.LESS_OR_EQUAL,
}


@strawberry.input(description="Range of instants; every bound given must hold")
class InstantRange:
    gt: datetime | None = optional("Timestamp of a moment; the range begins after it")
    gte: datetime | None = optional("Timestamp of the first moment of the range")
    lt: datetime | None = optional("Timestamp of a moment; the range ends before it")
    lte: datetime | None = optional("Timestamp of the last moment of the range")

    def conditions(self, field: str) -> Iterator[Condition]:
        for name, operator in _BOUNDS.items():
            bound = or_none(getattr(self, name))
            if bound is not None:
                yield Condition(field, operator, (bound,))


@strawberry.input(description="Which group appointments to list: all conditions given must hold, null is none")
class GroupAppointmentFilter:
    ids: list[strawberry.ID] | None = optional("Identifiers, any of them")
    practitioner_ids: list[strawberry.ID] | None = optional("Identifiers of practitioners who run it, any of them")
    business_ids: list[strawberry.ID] | None = optional("Identifiers of businesses where it meets, any of them")
    appointment_type_ids: list[strawberry.ID] | None = optional("Identifiers of appointment types, any of them")
    patient_ids: list[strawberry.ID] | None = optional("Identifiers of patients; any of them is an active attendee")
    repeated_from_ids: list[strawberry.ID] | None = optional("Identifiers of roots that it repeats, any of them")
    is_repeat: bool | None = optional("Indicates whether to list repeats of others, or those that repeat none")
    starts_at: InstantRange | None = optional("Timestamp of the start, within this range")
    ends_at: InstantRange | None = optional("Timestamp of the end, within this range")
    created_at: InstantRange | None = optional("Timestamp of the creation, within this range")
    updated_at: InstantRange | None = optional("Timestamp of the last change, within this range")
    archived_at: InstantRange | None = optional(
        "Timestamp of the archiving, within this range; archived appointments are then listed"
    )
    on_date: date | None = optional("Local date of the start in the appointment's own business")
    archived: ArchivedFilter | None = optional("Whether archived appointments are listed; EXCLUDE if absent")
    has_available_seats: bool | None = optional("Indicates whether to list those with a free seat, or full ones")
    has_conflicts: bool | None = optional(
        "Indicates whether to list those with conflicts, or without; needs ids, or startsAt within at most 92 days"
    )

    def conditions(self) -> Iterator[Condition]:
        for field, operator, ids in (
            ("id", Operator.IN, self.ids),
            ("practitioner_id", Operator.IN, self.practitioner_ids),
            ("business_id", Operator.IN, self.business_ids),
            ("appointment_type_id", Operator.IN, self.appointment_type_ids),
            ("patient_ids", Operator.CONTAINS, self.patient_ids),
            ("repeated_from_id", Operator.IN, self.repeated_from_ids),
        ):
            yield from any_of(field, operator, ids)
        for field in ("starts_at", "ends_at", "created_at", "updated_at", "archived_at"):
            span = or_none(getattr(self, field))
            if span is not None:
                yield from span.conditions(field)
        is_repeat, on_date = or_none(self.is_repeat), or_none(self.on_date)
        if is_repeat is not None:
            yield Condition("repeated_from_id", Operator.IS_SET if is_repeat else Operator.IS_NOT_SET)
        if on_date is not None:
            yield Condition("starts_at", Operator.ON_DATE, (on_date,))
        for field in ("has_available_seats", "has_conflicts"):
            wanted = or_none(getattr(self, field))
            if wanted is not None:
                yield Condition(field, Operator.IN, (wanted,))


@strawberry.input(description="One term of an order; the identifier breaks ties in the last term's direction")
class GroupAppointmentOrder:
    field: GroupAppointmentOrderField = required("Field to order by")
    descending: bool = strawberry.field(default=False, description="Indicates whether the largest come first")


@strawberry.input(description="Which practitioners to list: all conditions given must hold, null is none")
class PractitionerFilter:
    active: bool | None = optional("Indicates whether to list active practitioners, or inactive ones")
    search: str | None = optional("Part of the name, upper and lower case alike")


@strawberry.input(description="Which patients to list: all conditions given must hold, null is none")
class PatientFilter:
    search: str | None = optional("Part of the name, upper and lower case alike")
    archived: ArchivedFilter | None = optional("Whether archived patients are listed; EXCLUDE if absent")


@strawberry.input(description="Which time off to list: all conditions given must hold, null is none")
class UnavailableBlockFilter:
    practitioner_ids: list[strawberry.ID] | None = optional("Identifiers of practitioners, any of them")
    starts_at: InstantRange | None = optional("Timestamp of the start, within this range")
    archived: ArchivedFilter | None = optional("Whether archived blocks are listed; EXCLUDE if absent")


@strawberry.input(description="Which changes to list: all conditions given must hold, null is none")
class GroupAppointmentChangeFilter:
    ids: list[strawberry.ID] | None = optional("Identifiers of group appointments, any of them")
    practitioner_ids: list[strawberry.ID] | None = optional("Identifiers of practitioners who run it, any of them")
    business_ids: list[strawberry.ID] | None = optional("Identifiers of businesses where it meets, any of them")


def group_appointments(
    filter: GroupAppointmentFilter | None, order_by: Sequence[GroupAppointmentOrder] | None
) -> Listing:
    """Return the list that a filter and an order ask for."""
    asked = present(filter, GroupAppointmentFilter())
    conditions = tuple(asked.conditions())
    archived = or_none(asked.archived)
    where = leaving_out_archived(conditions) if archived is None else conditions + _archived(archived)
    return Listing(where, _order(present(order_by, ())))


def practitioners(filter: PractitionerFilter | None) -> Listing:
    """Return the list of practitioners that a filter asks for, by name."""
    asked = present(filter, PractitionerFilter())
    active = or_none(asked.active)
    conditions = () if active is None else (Condition("active", Operator.IN, (active,)),)
    return Listing(conditions + _search(asked.search), (Order("name"),))


def patients(filter: PatientFilter | None) -> Listing:
    """Return the list of patients that a filter asks for, by name."""
    asked = present(filter, PatientFilter())
    return Listing(_search(asked.search) + _archived(asked.archived), (Order("name"),))


def by_name(archived: ArchivedFilter | None) -> Listing:
    """Return a list of the directory, by name."""
    return Listing(_archived(archived), (Order("name"),))


def unavailable_blocks(filter: UnavailableBlockFilter | None) -> Listing:
    """Return the list of time off that a filter asks for, by start."""
    asked = present(filter, UnavailableBlockFilter())
    conditions = tuple(any_of("practitioner_id", Operator.IN, asked.practitioner_ids))
    starts_at = or_none(asked.starts_at)
    if starts_at is not None:
        conditions += tuple(starts_at.conditions("starts_at"))
    return Listing(conditions + _archived(asked.archived), (Order("starts_at"),))


def any_number(ids: Sequence[str] | None) -> tuple[int, ...] | None:
    """Return the numbers that may be met, or None where any may."""
    asked = _few(ids)
    return None if asked is None else tuple(number(id) for id in asked)


def any_of(field: str, operator: Operator, ids: Sequence[str] | None) -> Iterator[Condition]:
    """Give the condition that the field is any of these ids; none where none are given."""
    asked = _few(ids)
    if asked is not None:
        yield Condition(field, operator, numbers(asked))


def _few(ids: Sequence[str] | None) -> Sequence[str] | None:
    asked = or_none(ids)
    if asked is not None and len(asked) > MOST_IDS:
        raise refusal(ErrorCode.OPERATION_TOO_LARGE, f"A filter takes {MOST_IDS:,} ids in one list at most.")
    return asked


def _archived(archived: ArchivedFilter | None) -> Filter:
    match present(archived, ArchivedFilter.EXCLUDE):
        case ArchivedFilter.EXCLUDE:
            return (Condition("archived_at", Operator.IS_NOT_SET),)
        case ArchivedFilter.ONLY:
            return (Condition("archived_at", Operator.IS_SET),)
        case ArchivedFilter.INCLUDE:
            return ()


def _search(text: str | None) -> Filter:
    asked = or_none(text)
    return () if asked is None else (Condition("name", Operator.SEARCH, (asked,)),)


def _order(terms: Sequence[GroupAppointmentOrder]) -> tuple[Order, ...]:
    order: dict[str, Order] = {}
    for term in terms:
        order.setdefault(term.field.value, Order(term.field.value, term.descending))
        if term.field is GroupAppointmentOrderField.ID:
            break  # no two are alike, so that what follows orders nothing
    return tuple(order.values()) or (Order("starts_at"),)
