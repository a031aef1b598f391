"""
Columns of scalars and enums.

A column is looked at as a whole: which types are in it. Where that is only the type that a scalar is made from, the
column goes into the answer as it is, or by one call for all; else the schema's own coercion looks at each value.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any

from graphql import GraphQLEnumType, GraphQLLeafType

Column = Sequence[Any]
Write = Callable[[Column], Column | None]
"""Returns a column as JSON has it, or None where not every value is what it should be. No value is null."""

_zone = attrgetter("tzinfo")
_SMALLEST, _LARGEST = -(2**31), 2**31 - 1


def writer(type_: GraphQLLeafType) -> tuple[type, Write]:
    """Return the type that the values of a column must all have, and the function that then writes it."""
    if isinstance(type_, GraphQLEnumType):
        return _enum(type_)
    return _WRITERS.get(type_.name, (_Nothing, unchanged))


class _Nothing:
    """What no value is: each is looked at by itself."""


def unchanged(values: Column) -> Column | None:
    """Return values that JSON has as they are."""
    return values


def _integers(values: Column) -> Column | None:
    return values if not values or (min(values) >= _SMALLEST and max(values) <= _LARGEST) else None


def _ids(values: Column) -> Column | None:
    return list(map(str, values))


def _instants(values: Column) -> Column | None:
    # The encoder spells one in UTC as `spell_instant` does; in another zone it would tell the offset.
    return values if not values or set(map(_zone, values)) == {UTC} else None


# By the scalar's name. Records hold ids as numbers.
_WRITERS: Mapping[str, tuple[type, Write]] = {
    "ID": (int, _ids),
    "String": (str, unchanged),
    "Boolean": (bool, unchanged),
    "Int": (int, _integers),
    "DateTime": (datetime, _instants),
    "Date": (date, unchanged),
    "URL": (str, unchanged),
}


def _enum(type_: GraphQLEnumType) -> tuple[type, Write]:
    members: type = type_.wrapped_cls  # type: ignore[attr-defined]  # Strawberry's own kind of enum type
    names = {member: type_.coerce_output_value(member) for member in members}  # type: ignore[attr-defined]
    return members, lambda values: [names[value] for value in values]
