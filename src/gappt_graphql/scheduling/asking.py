"""What may be asked of the book, as values: filters, orders and pages, the same for every door."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from typing import Generic, TypeVar

from msgspec import Struct

R = TypeVar("R")

Value = int | str | bool | date | datetime


class Operator(Enum):
    """How a condition compares a field with its values."""

    IN = "in"
    """Equal to any of the values; to none if there are no values."""
    NOT_EQUAL = "!="
    """Different from the one value, or not set."""
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    IS_SET = "?"
    IS_NOT_SET = "!?"
    CONTAINS = "~"
    """On `patient_ids` alone: any of the values is an active attendee."""
    ON_DATE = "on"
    """On `starts_at` alone: on this local date of the appointment's own business."""
    SEARCH = "search"
    """On `name` alone: a substring of the names, upper and lower case alike."""


class Condition(Struct, frozen=True):
    """
    One comparison.

    Besides the fields of the record there are `patient_ids`, `has_available_seats` and `has_conflicts` of a group
    appointment (the latter two with `IN` and one bool), and `name` of a person.
    """

    field: str
    operator: Operator
    values: tuple[Value, ...] = ()


Filter = tuple[Condition, ...]
"""Conditions that must all hold."""


class Order(Struct, frozen=True):
    """One term of an order. `name` orders the directory by `sort_name`."""

    field: str
    descending: bool = False


class Slice(Struct, frozen=True):
    """
    Which part of an ordered list: the first so many after a position, or the last so many before one.

    A position is the values of the order's fields, then the id. `offset` skips records (REST's pages).
    """

    limit: int
    backward: bool = False
    after: tuple[Value, ...] | None = None
    before: tuple[Value, ...] | None = None
    offset: int = 0


class Listing(Struct, frozen=True):
    """A whole question: which records, in which order. The id always breaks ties, in the last term's direction."""

    where: Filter = ()
    order: tuple[Order, ...] = ()


class Page(Struct, Generic[R], frozen=True):
    """A part of a list, in the list's order, and whether there is more on either side."""

    records: Sequence[R]
    has_next: bool
    has_previous: bool


def position(record: object, order: Sequence[Order]) -> tuple[Value, ...]:
    """Return where the record stands in a list of this order, for a `Slice` that goes on from there."""
    fields = ("sort_name" if term.field == "name" else term.field for term in order)
    return tuple(getattr(record, field) for field in (*fields, "id"))
