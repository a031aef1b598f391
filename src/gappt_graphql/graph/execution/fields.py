"""
The fields of a selection: how each comes by a column of values, one for each source.

`column` returns what stands in the answer at once, or nulls that are replaced in a later wave, when what was asked of
the store is there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache, partial
from itertools import chain, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import FieldNode, GraphQLField, GraphQLObjectType
from strawberry.types.field import StrawberryField

from gappt_graphql.graph.execution.completing import Leaves, Objects
from gappt_graphql.graph.execution.places import Member, Place, Shared
from gappt_graphql.graph.execution.running import Run, Running
from gappt_graphql.graph.loading import Batch, Coming

if TYPE_CHECKING:
    from gappt_graphql.graph.declared import Fewer, ManyRelation, Relation
    from gappt_graphql.graph.execution.arguments import Arguments
    from gappt_graphql.graph.execution.completing import Column, Complete

Rows = list[Any]
"""Objects of an answer: structs, made by `Selection`."""


class Asked(NamedTuple):
    """A field as a document asks for it."""

    key: str
    nodes: Sequence[FieldNode]
    parent: GraphQLObjectType
    field: GraphQLField
    nullable: bool

    def place(self, of: Place) -> Member:
        return Member(of, self.key, self.nodes, nullable=self.nullable)


class Field(ABC):
    """A field of a selection. Its selection says which attribute of the rows it is."""

    attribute: str

    def __init__(self, key: str) -> None:
        self.key = key

    @abstractmethod
    def column(self, run: Run, sources: Column, rows: Rows, place: Place) -> Column:
        """Return the column for these sources, whose rows do not stand yet."""


class TypeName(Field):
    """`__typename`: the same for every source."""

    def __init__(self, key: str, name: str) -> None:
        super().__init__(key)
        self._name = name

    def column(self, run: Run, sources: Column, rows: Rows, place: Place) -> Column:
        return [self._name] * len(sources)


class Attribute(Field):
    """A field that is an attribute of its source."""

    def __init__(self, asked: Asked, complete: Complete, name: str) -> None:
        super().__init__(asked.key)
        self._asked, self._complete = asked, complete
        self._get = attrgetter(name)
        self._plainly = complete.plainly if isinstance(complete, Leaves) else None

    def column(self, run: Run, sources: Column, rows: Rows, place: Place) -> Column:
        try:
            values: Column = list(map(self._get, sources))
        except Exception:
            values = [_caught(self._get, source) for source in sources]
        if self._plainly is not None and (written := self._plainly(values)) is not None:
            return written  # most columns are, and need no place
        return self._complete(run, values, self._asked.place(place))


class Related(Field):
    """A declared relation: what the loader has for all sources is asked for at once, and completed once each."""

    def __init__(self, asked: Asked, complete: Complete, relation: Relation, arguments: Arguments) -> None:
        super().__init__(asked.key)
        self._asked, self._complete, self._name, self._arguments = asked, complete, relation.key, arguments
        self._choose, self._then = relation.choose, relation.then
        self._get = attrgetter(relation.key)

    def _keys(self, sources: Column) -> list[Any]:
        try:
            return list(map(self._get, sources))
        except AttributeError:  # of those that have none nothing is asked
            return [getattr(source, self._name, None) for source in sources]

    def narrow(self, fewer: Fewer) -> None:
        """Answer in the other way, which costs less."""
        self._choose, self._then = fewer.choose, fewer.then

    def column(self, run: Run, sources: Column, rows: Rows, place: Place) -> Column:
        keys = self._keys(sources)
        unique = list(dict.fromkeys(keys))
        wanted = [key for key in unique if key is not None]
        at = Shared(self._asked.place(place), keys, unique)
        try:
            loader = self._choose(run.context.loaders, **self._arguments(run))
        except Exception as failure:
            return self._complete(run, [failure] * len(keys), self._asked.place(place))
        batches, then = loader.begin(wanted), self._then

        def finished() -> Column:
            found = loader.outcomes(wanted, batches)
            if then is not None:
                found = [one if isinstance(one, Exception) else _caught(then, one) for one in found]
            values = dict(zip(wanted, found, strict=True))
            done = dict(zip(unique, self._complete(run, list(map(values.get, unique)), at), strict=True))
            return list(map(done.__getitem__, keys))

        return run.when(batches, finished, self.attribute, rows, len(keys))


class Reference(NamedTuple):
    """A record of which nothing is known but its id."""

    id: int


class Named(Related):
    """A relation that the store holds, where nothing but the id of the record is asked for: nothing has to be read."""

    def column(self, run: Run, sources: Column, rows: Rows, place: Place) -> Column:
        ids = self._keys(sources)
        if {int}.issuperset(map(type, ids)) and isinstance(self._complete, Objects):
            return self._complete.selection.rows(run, [Reference(id) for id in ids], self._asked.place(place))
        return super().column(run, sources, rows, place)


class RelatedMany(Field):
    """A declared list of what a loader has for each of some ids."""

    def __init__(self, asked: Asked, complete: Complete, relation: ManyRelation) -> None:
        super().__init__(asked.key)
        self._asked, self._complete, self._relation = asked, complete, relation

    def column(self, run: Run, sources: Column, rows: Rows, place: Place) -> Column:
        ids = [getattr(source, self._relation.key, ()) for source in sources]
        flat = list(chain.from_iterable(ids))
        loader = self._relation.choose(run.context.loaders)
        batches = loader.begin(flat)

        def finished() -> Column:
            rest = iter(loader.outcomes(flat, batches))
            lists = [list(islice(rest, len(some))) for some in ids]
            # One batch for all of a source's ids that fails is a failure of its list, not of each item.
            values = [next((one for one in some if isinstance(one, Exception)), some) for some in lists]
            return self._complete(run, values, self._asked.place(place))

        return run.when(batches, finished, self.attribute, rows, len(ids))


class Resolved(Field):
    """A field with a resolver, which is called for each source; its arguments are looked at once."""

    def __init__(self, asked: Asked, complete: Complete, field: StrawberryField, arguments: Arguments) -> None:
        super().__init__(asked.key)
        self._asked, self._complete, self._field, self._arguments = asked, complete, field, arguments
        resolver = field.base_resolver
        assert resolver is not None
        self._resolver = resolver
        source = resolver.parent_parameter or resolver.root_parameter
        self._source = source.name if source else None
        self._info = resolver.info_parameter.name if resolver.info_parameter else None

    def column(self, run: Run, sources: Column, rows: Rows, place: Place) -> Column:
        try:
            call = self._call(run)
        except Exception as failure:
            values: list[Any] = [failure] * len(sources)
        else:
            values = [_caught(call, source) for source in sources]
        return self._settled(run, values, rows, self._asked.place(place))

    def _call(self, run: Run) -> Callable[[Any], Any]:
        """Return the resolver as a function of the source alone."""
        arguments, field = self._arguments(run), self._field
        if self._info is not None:
            arguments[self._info] = run.info(self._asked, field)
        resolve, name = partial(self._resolver.wrapped_func, **arguments), self._source  # type: ignore[operator, arg-type, misc]
        if name is not None:
            return lambda source: resolve(**{name: source})
        if self._resolver.self_parameter:
            return resolve
        return lambda source: resolve()

    def _settled(self, run: Run, values: list[Any], rows: Rows, place: Place) -> Column:
        """Complete the values, or wait for those that come later."""
        if not any(map(_is_awaited, set(map(type, values)))):
            return self._complete(run, values, place)
        batches: dict[int, Batch[Any]] = {}
        for index, value in enumerate(values):
            if isinstance(value, Coming):
                batches.update((id(batch), batch) for batch in value.batches)
            elif isinstance(value, Awaitable):
                values[index] = run.running(value)

        def finished() -> Column:
            arrived = [_arrived(value) for value in values]
            return self._settled(run, arrived, rows, place)

        return run.when(batches.values(), finished, self.attribute, rows, len(values), at_once=False)


@lru_cache(maxsize=1_000)
def _is_awaited(kind: type) -> bool:
    return hasattr(kind, "__await__")


def _arrived(value: Any) -> Any:
    if isinstance(value, Coming):
        return _caught(value.finish)
    return value.outcome if isinstance(value, Running) else value


def _caught(work: Callable[..., Any], *arguments: Any) -> Any:
    """Return what comes of the work, or what it raises: in a column, an exception is a value that failed."""
    try:
        return work(*arguments)
    except Exception as failure:
        return failure
