"""Filters in the reference's grammar, `FIELD:OPERATORVALUE`, as conditions on the book."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum

from msgspec import Struct

from gappt_graphql.practice.enquiries import MOST_CONDITIONS
from gappt_graphql.rest.errors import Answered, bad_request
from gappt_graphql.scheduling.asking import Condition, Filter, Operator, Value
from gappt_graphql.scheduling.ids import LARGEST_ID
from gappt_graphql.scheduling.instants import read_instant


class Format(Enum):
    """What a field holds, which decides what it can be asked; the value tells how, for a person."""

    INT64 = (
        f"takes =, !=, >=, >, <= or < and a whole number from 0 to {LARGEST_ID},"
        " = also several with commas between them; or ? or !? alone"
    )
    DATE_TIME = "takes >=, >, <= or < and a time with an offset, like 2026-03-02T09:00:00Z; or ?, !? or * alone"
    ARRAY = "takes ~ and one whole number, the id of somebody who has a place"


class Column(Struct, frozen=True):
    """What can be filtered or sorted by: the book's own field, and its format."""

    field: str
    format: Format


def columns(*, int64: Iterable[str], date_time: Iterable[str], array: Iterable[str] = ()) -> dict[str, Column]:
    """Return columns that have the names of the book's fields, in the order of their names."""
    formats = {Format.INT64: int64, Format.DATE_TIME: date_time, Format.ARRAY: array}
    found = {name: Column(name, format) for format, names in formats.items() for name in names}
    return dict(sorted(found.items()))


def conditions(filters: Sequence[str], columns: Mapping[str, Column]) -> Filter:
    """
    Return the conditions that the filters stand for. One that any value fulfils is none.

    :raises Answered: with 400, naming the field and what it takes
    """
    if len(filters) > MOST_CONDITIONS:
        raise bad_request(f"A list takes at most {MOST_CONDITIONS} filters.")
    return tuple(condition for text in filters for condition in _read(text, columns))


_ANY = "*"
_OPERATORS: Mapping[str, Operator | None] = {
    "!?": Operator.IS_NOT_SET,
    "!=": Operator.NOT_EQUAL,
    ">=": Operator.GREATER_OR_EQUAL,
    "<=": Operator.LESS_OR_EQUAL,
    "=": Operator.IN,
    ">": Operator.GREATER,
    "<": Operator.LESS,
    "?": Operator.IS_SET,
    "~": Operator.CONTAINS,
    _ANY: None,
}
"""The longest first, so that `>=` is not read as `>`."""

_WITHOUT_VALUE = ("!?", "?", _ANY)
_TAKEN = {
    Format.INT64: frozenset({"=", "!=", ">=", ">", "<=", "<", "?", "!?"}),
    Format.DATE_TIME: frozenset({">=", ">", "<=", "<", "?", "!?", _ANY}),
    Format.ARRAY: frozenset({"~"}),
}
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


def _read(text: str, columns: Mapping[str, Column]) -> Filter:
    name, _, rest = text.partition(":")
    column = columns.get(name)
    if column is None:
        fields = f"FIELD:OPERATORVALUE, of the fields {', '.join(columns)}" if columns else "no fields here"
        raise bad_request(f"There is no filter {name[:40]!r}: q[] takes {fields}.")
    symbol = next((each for each in _OPERATORS if rest.startswith(each)), "")
    if symbol not in _TAKEN[column.format]:
        raise _misasked(name, column)
    operator, value = _OPERATORS[symbol], rest[len(symbol) :]
    values = _no_value(value) if symbol in _WITHOUT_VALUE else _values(value, column.format, several=symbol == "=")
    if values is None:
        raise _misasked(name, column)
    return () if operator is None else (Condition(column.field, operator, values),)


def _no_value(text: str) -> tuple[Value, ...] | None:
    return None if text else ()


def _values(text: str, format: Format, *, several: bool) -> tuple[Value, ...] | None:
    texts = text.split(",") if several else [text]
    found = [_instant(each) if format is Format.DATE_TIME else _number(each) for each in texts]
    values = tuple(each for each in found if each is not None)
    return values if len(values) == len(found) else None


def _number(text: str) -> int | None:
    number = int(text) if _NUMBER.fullmatch(text) else None
    return None if number is None or number > LARGEST_ID else number


def _instant(text: str) -> datetime | None:
    # Whoever forgets to encode the + of an offset sends a space.
    return read_instant(text[:-6] + "+" + text[-5:] if text[-6:-5] == " " else text)


def _misasked(name: str, column: Column) -> Answered:
    return bad_request(f"{name} {column.format.value}.")
