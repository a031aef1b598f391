"""Positions in an ordered list: ORDER BY, and the WHERE that goes on from a position."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, or_, tuple_

from gappt_graphql.scheduling.asking import Order, Value
from gappt_graphql.scheduling.ids import LARGEST_ID
from gappt_graphql.store.fields import SMALLEST_ID, Fields


class Term(NamedTuple):
    """One column of an order, and which value of a position belongs to it."""

    field: str
    descending: bool
    place: int


Terms = tuple[Term, ...]


def terms(order: Sequence[Order]) -> Terms:
    """Return the columns by which a list is ordered: up to the id, which comes last and leaves no ties."""
    found: dict[str, Term] = {}
    for place, (field, descending) in enumerate((term.field, term.descending) for term in order):
        # A field that was there before orders nothing more.
        found.setdefault(field, Term(field, descending, place))
        if field == "id":
            return tuple(found.values())
    return (*found.values(), Term("id", bool(order) and order[-1].descending, len(order)))


def turned(order: Terms) -> Terms:
    """Return the order from its other end."""
    return tuple(Term(term.field, not term.descending, term.place) for term in order)


def order_by(order: Terms, fields: Fields) -> list[ColumnElement[Any]]:
    """Return an ORDER BY. Where a column is not set comes last, and first in a descending order."""
    found: list[ColumnElement[Any]] = []
    for term in order:
        column = fields.searched(term.field)
        ordered = column.desc() if term.descending else column.asc()
        if fields.column(term.field).nullable:
            ordered = ordered.nulls_first() if term.descending else ordered.nulls_last()
        found.append(ordered)
    return found


def past(order: Terms, fields: Fields, name: str) -> ColumnElement[bool]:
    """Return the test that a row comes after a position of the order, whose values are `name0`, `name1` and so on."""
    for term in order:
        if fields.column(term.field).nullable:
            raise LookupError(f"{term.field} may be unset: pages ordered by it have no positions.")
    columns = [fields.searched(term.field) for term in order]
    values: list[ColumnElement[Any]] = [bindparam(f"{name}{term.place}") for term in order]
    if len(order) == 1:
        return _further(order[0], columns[0], values[0])
    if len({term.descending for term in order}) == 1:
        # One comparison of rows, which an index follows.
        return _further(order[0], tuple_(*columns), tuple_(*values))
    test = _further(order[-1], columns[-1], values[-1])
    for term, column, value in reversed(list(zip(order[:-1], columns[:-1], values[:-1], strict=True))):
        test = or_(_further(term, column, value), and_(column == value, test))
    # It says nothing new, but an index follows it.
    bound = columns[0] <= values[0] if order[0].descending else columns[0] >= values[0]
    return and_(bound, test)


def position(order: Terms, values: Sequence[Value], name: str) -> dict[str, object]:
    """Return a position as the parameters of `past`."""
    return {f"{name}{term.place}": within_range(values[term.place]) for term in order}


def within_range(value: Value) -> Value:
    """Return the value, or the nearest number that a database holds: nothing lies beyond it."""
    return max(SMALLEST_ID, min(value, LARGEST_ID)) if type(value) is int else value


def _further(term: Term, column: Any, value: Any) -> ColumnElement[bool]:
    return column < value if term.descending else column > value  # type: ignore[no-any-return]
