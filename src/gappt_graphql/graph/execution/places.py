"""
Where values stand in an answer, and what becomes of the answer where one failed.

A column of values has one place, which knows the path of each of them. Paths are made only for errors.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, Protocol

from graphql import FieldNode, GraphQLError, located_error

Path = tuple[str | int, ...]


class Position(NamedTuple):
    """A position in the answer, and how much of its path leads to what becomes null if the value is missing."""

    path: Path
    nullable: int


class Place(Protocol):
    """Where the values of a column stand."""

    nodes: Sequence[FieldNode]

    def positions(self, index: int) -> Iterator[Position]:
        """Return where the value stands: at several positions, if one value was made for all of them."""


class Root:
    """Of the whole answer."""

    nodes: Sequence[FieldNode] = ()

    def positions(self, index: int) -> Iterator[Position]:
        yield Position((), 0)


class Member:
    """Of one field of each object of a column."""

    __slots__ = ("key", "nodes", "nullable", "of")

    def __init__(self, of: Place, key: str, nodes: Sequence[FieldNode], *, nullable: bool) -> None:
        self.of, self.key, self.nodes, self.nullable = of, key, nodes, nullable

    def positions(self, index: int) -> Iterator[Position]:
        for path, nullable in self.of.positions(index):
            yield Position((*path, self.key), len(path) + 1 if self.nullable else nullable)


class Items:
    """Of the items of each list of a column, one list after the other."""

    __slots__ = ("ends", "lengths", "nodes", "nullable", "of")

    def __init__(self, of: Place, lengths: Sequence[int], *, nullable: bool) -> None:
        self.of, self.lengths, self.nodes, self.nullable = of, lengths, of.nodes, nullable
        self.ends: list[int] = []

    def positions(self, index: int) -> Iterator[Position]:
        self.ends = self.ends or list(accumulate(self.lengths))
        which = bisect_right(self.ends, index)
        item = index - self.ends[which] + self.lengths[which]
        for path, nullable in self.of.positions(which):
            yield Position((*path, item), len(path) + 1 if self.nullable else nullable)


class Some:
    """Of those values of a column whose indexes are given."""

    __slots__ = ("indexes", "nodes", "of")

    def __init__(self, of: Place, indexes: Sequence[int]) -> None:
        self.of, self.indexes, self.nodes = of, indexes, of.nodes

    def positions(self, index: int) -> Iterator[Position]:
        return self.of.positions(self.indexes[index])


class Shared:
    """Of values that stand wherever their key is among the keys of a column."""

    __slots__ = ("keys", "nodes", "of", "places", "unique")

    def __init__(self, of: Place, keys: Sequence[Any], unique: Sequence[Any]) -> None:
        self.of, self.keys, self.unique, self.nodes = of, keys, unique, of.nodes
        self.places: dict[Any, list[int]] = {}

    def positions(self, index: int) -> Iterator[Position]:
        if not self.places:
            for which, key in enumerate(self.keys):
                self.places.setdefault(key, []).append(which)
        for which in self.places[self.unique[index]]:
            yield from self.of.positions(which)


class Failures:
    """What failed while an operation ran."""

    def __init__(self) -> None:
        self._all: list[tuple[Place, int, Exception]] = []

    def add(self, place: Place, index: int, failure: Exception) -> None:
        """Note that there is no value for this one of a column; null stands there meanwhile."""
        self._all.append((place, index, failure))

    def __len__(self) -> int:
        return len(self._all)

    def cut(self, length: int) -> None:
        """Forget those that were noted after so many."""
        del self._all[length:]

    def applied(self, data: Any) -> tuple[Any, list[GraphQLError]]:
        """
        Return the data, null where values failed and may be, and the errors.

        An error below what another made null is not told, as graphql-core has it.
        """
        if not self._all:
            return data, []
        errors: list[GraphQLError] = []
        nulled: set[Path] = set()
        for place, index, failure in self._all:
            for path, nullable in place.positions(index):
                position = path[:nullable]
                if any(position[:length] in nulled for length in range(nullable + 1)):
                    continue
                nulled.add(position)
                errors.append(located_error(failure, place.nodes, list(path)))
                _set_null(data, position)
        return (None if () in nulled else data), errors


def joined(rows: Iterable[Any]) -> dict[str, Any]:
    """Return one object with the members of all these, by their names in the answer."""
    return {name: getattr(row, attribute) for row in rows for name, attribute in _attributes(row).items()}


def _attributes(row: Any) -> dict[str, str]:
    return dict(zip(row.__struct_encode_fields__, row.__struct_fields__, strict=True))


def _set_null(data: Any, position: Path) -> None:
    for number, step in enumerate(position, start=1):
        last = number == len(position)
        if isinstance(data, dict | list):
            at: Any = step
            if last:
                data[at] = None
            else:
                data = data[at]
        elif last:
            setattr(data, _attributes(data)[str(step)], None)
        else:
            data = getattr(data, _attributes(data)[str(step)])
