"""
From a column of values to a column of the answer: null, list, object or scalar, as the schema has it.

What is not as it should be goes to the failures with its place; null stands in the column meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain, islice
from types import NoneType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

from graphql import GraphQLAbstractType, GraphQLError, GraphQLLeafType, GraphQLObjectType
from graphql.pyutils import Undefined, inspect, is_iterable

from gappt_graphql.graph.execution.leaves import unchanged, writer
from gappt_graphql.graph.execution.places import Items, Place, Some

if TYPE_CHECKING:
    from gappt_graphql.graph.execution.plan import Selection
    from gappt_graphql.graph.execution.running import Run

Column = Sequence[Any]


class Complete(Protocol):
    """How the values of one type become a part of the answer."""

    def __call__(self, run: Run, values: Column, place: Place) -> Column: ...


class Nullability:
    """Whether null may stand somewhere, and what is said where it may not."""

    def __init__(self, field: str, *, nullable: bool) -> None:
        self._field, self.nullable = field, nullable

    def sift(
        self, run: Run, values: Column, place: Place, check: Callable[[Any], Exception | None]
    ) -> tuple[list[Any], list[int]]:
        """Return a column of null, and the indexes of the values that are not, and pass the check."""
        good = []
        for index, value in enumerate(values):
            if value is None or value is Undefined:
                if not self.nullable:
                    run.failures.add(place, index, self.missing())
            elif failure := value if isinstance(value, Exception) else _caught(check, value):
                run.failures.add(place, index, failure)
            else:
                good.append(index)
        return [None] * len(values), good

    def missing(self) -> Exception:
        return TypeError(f"Cannot return null for non-nullable field {self._field}.")


class Leaves:
    """A column of scalars or enums."""

    def __init__(self, type_: GraphQLLeafType, null: Nullability) -> None:
        self._type, self._null = type_, null
        kind, self._write = writer(type_)
        self._plain = frozenset({kind})
        self._or_null = frozenset({kind, NoneType}) if null.nullable else self._plain

    def __call__(self, run: Run, values: Column, place: Place) -> Column:
        written = self.plainly(values)
        return self._one_by_one(run, values, place) if written is None else written

    def plainly(self, values: Column) -> Column | None:
        """Return the column where each value is what it should be, else None."""
        kinds = set(map(type, values))
        if kinds == self._plain:
            return self._write(values)
        if not kinds <= self._or_null:
            return None
        if self._write is unchanged:
            return values
        written = self._write([value for value in values if value is not None])
        if written is None:
            return None
        rest = iter(written)
        return [None if value is None else next(rest) for value in values]

    def _one_by_one(self, run: Run, values: Column, place: Place) -> Column:
        answers, good = self._null.sift(run, values, place, lambda value: None)
        for index in good:
            try:
                answers[index] = self._coerced(values[index])
            except Exception as failure:
                run.failures.add(place, index, failure)
        return answers

    def _coerced(self, value: Any) -> Any:
        coerced = self._type.coerce_output_value(value)
        if coerced is None or coerced is Undefined:
            message = f"Expected `{inspect(self._type)}.coerce_output_value({inspect(value)})` to return non-nullable"
            raise TypeError(f"{message} value, returned: {inspect(coerced)}")
        return coerced


class Objects:
    """A column of objects of one type. Whether they are of it is asked of one of each class."""

    def __init__(self, type_: GraphQLObjectType, selection: Selection, null: Nullability) -> None:
        self._type, self.selection, self._null = type_, selection, null
        self._accepted: set[type] = set()

    def __call__(self, run: Run, values: Column, place: Place) -> Column:
        if self._accepted.issuperset(map(type, values)):
            return self.selection.rows(run, values, place)
        answers, good = self._null.sift(run, values, place, self._refusal)
        if len(good) == len(values):
            return self.selection.rows(run, values, place)
        rows = self.selection.rows(run, [values[index] for index in good], Some(place, good))
        for index, row in zip(good, rows, strict=True):
            answers[index] = row
        return answers

    def _refusal(self, value: Any) -> Exception | None:
        if self._type.is_type_of is None or self._type.is_type_of(value, None):  # type: ignore[arg-type]  # ours look at the value alone
            self._accepted.add(type(value))
            return None
        return GraphQLError(f"Expected value of type '{self._type}' but got: {inspect(value)}.")


class OneOf:
    """A column of objects of several types."""

    def __init__(
        self, type_: GraphQLAbstractType, by_name: Mapping[str, Objects], null: Nullability, *, name: str
    ) -> None:
        """`by_name` has how objects of each type go on, `name` is that of the field."""
        self._type, self._by_name, self._null, self._name = type_, by_name, null, name

    def __call__(self, run: Run, values: Column, place: Place) -> Column:
        answers, good = self._null.sift(run, values, place, lambda value: None)
        groups: dict[str, list[int]] = {}
        for index in good:
            try:
                groups.setdefault(self._type_of(values[index]), []).append(index)
            except Exception as failure:
                run.failures.add(place, index, failure)
        for name, indexes in groups.items():
            rows = self._by_name[name](run, [values[index] for index in indexes], Some(place, indexes))
            for index, row in zip(indexes, rows, strict=True):
                answers[index] = row
        return answers

    def _type_of(self, value: Any) -> str:
        # Strawberry's looks at the name of the field alone, for its message.
        about: Any = SimpleNamespace(field_name=self._name)
        assert self._type.resolve_type is not None
        found: Any = self._type.resolve_type(value, about, self._type)
        if found not in self._by_name:
            raise GraphQLError(f"Runtime Object type '{found}' is not a possible type for '{self._type}'.")
        return str(found)


class Lists:
    """A column of lists: all their items are one column."""

    def __init__(self, items: Complete, null: Nullability, *, nullable_items: bool, field: str) -> None:
        self._items, self._null, self._nullable_items, self._field = items, null, nullable_items, field

    def __call__(self, run: Run, values: Column, place: Place) -> Column:
        if {list, tuple}.issuperset(map(type, values)):
            return self._cut(run, values, place)
        answers, good = self._null.sift(run, values, place, self._refusal)
        lists = self._cut(run, [list(values[index]) for index in good], Some(place, good))
        for index, one in zip(good, lists, strict=True):
            answers[index] = one
        return answers

    def _cut(self, run: Run, lists: Sequence[Collection[Any]], place: Place) -> list[list[Any]]:
        if len(lists) == 1:
            [items] = lists
            return [list(self._items(run, list(items), Items(place, [len(items)], nullable=self._nullable_items)))]
        lengths = list(map(len, lists))
        flat = list(chain.from_iterable(lists))
        rest = iter(self._items(run, flat, Items(place, lengths, nullable=self._nullable_items)))
        return [list(islice(rest, length)) for length in lengths]

    def _refusal(self, value: Any) -> Exception | None:
        if is_iterable(value):
            return None
        return GraphQLError(f"Expected Iterable, but did not find one for field '{self._field}'.")


def _caught(check: Callable[[Any], Exception | None], value: Any) -> Exception | None:
    try:
        return check(value)
    except Exception as failure:
        return failure
