"""
Fields that name other records, declared rather than written.

Each declaration says which loader, and by which attribute of the source. It stands in the field's metadata too, so
that an executor can load a whole column of sources at once.
"""

from collections.abc import Callable
from inspect import signature
from operator import attrgetter
from typing import Any

import strawberry
from strawberry import Parent

from gappt_graphql.graph.context import Info
from gappt_graphql.graph.declared import Choose, Fewer, ManyRelation, Relation


# These return what Strawberry's own `field` does: whatever the annotation of the attribute says.
def relation(loader: str, *, key: str, held: bool = False, description: str) -> Any:
    """Declare a field of one record, or null where the source has no id for it. `held` is as in `Relation`."""
    choose = _named(loader)

    def resolve(root: Parent[object], info: Info) -> object:
        id = getattr(root, key, None)
        return None if id is None else choose(info.context.loaders).load(id)

    return _declared(Relation(choose, key, held=held), resolve, description)


def related(
    choose: Choose,
    *,
    key: str = "id",
    then: Callable[[Any], Any] | None = None,
    fewer: Fewer | None = None,
    description: str,
) -> Any:
    """
    Declare what the loader has for one key of the source, or what is then made of it.

    The field takes the arguments of `choose`.
    """

    def resolve(root: Parent[object], info: Info, **given: object) -> object:
        return choose(info.context.loaders, **given).load(getattr(root, key), then)

    own = list(signature(resolve).parameters.values())[:2]
    taken = list(signature(choose).parameters.values())[1:]
    resolve.__signature__ = signature(resolve).replace(parameters=[*own, *taken])  # type: ignore[attr-defined]  # as inspect looks for it
    resolve.__annotations__ |= {one.name: one.annotation for one in taken}
    return _declared(Relation(choose, key, then, fewer), resolve, description)


def related_by_ids(loader: str, *, key: str, description: str) -> Any:
    """Declare a list with one record for each id that the source has; empty where it has no such attribute."""
    choose = _named(loader)

    def resolve(root: Parent[object], info: Info) -> object:
        return choose(info.context.loaders).load_all(getattr(root, key, ()))

    return _declared(ManyRelation(choose, key), resolve, description)


def computed(resolver: Callable[..., object], description: str) -> Any:
    """Declare a field that a function of the source answers; its type is the attribute's."""
    return strawberry.field(resolver=resolver, description=description)


def personal(*, description: str) -> Any:
    """Declare a field about a patient's person, marked so that a graph may have a contract without it."""
    return strawberry.federation.field(tags=["personal"], description=description)


def _named(loader: str) -> Choose:
    return attrgetter(loader)


def _declared(how: Relation | ManyRelation, resolve: Any, description: str) -> Any:
    return strawberry.field(resolver=resolve, description=description, metadata={"relation": how})
