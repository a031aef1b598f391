"""
Fields that name other records, declared rather than written.

Each declaration says which loader, and by which attribute of the source. It stands in the field's metadata too, so
that an executor can load a whole column of sources at once.
"""

from collections.abc import Callable
from typing import Any

import strawberry
from msgspec import Struct
from strawberry import Parent

from gappt_graphql.graph.context import Info


class Relation(Struct, frozen=True):
    """How a field finds its records: by the source's attribute `key`, through the operation's loader of this name."""

    loader: str
    key: str
    many: bool = False
    """The key is a sequence of ids, one for each record."""


# These return what Strawberry's own `field` does: whatever the annotation of the attribute says.
def relation(loader: str, *, key: str, description: str) -> Any:
    """Declare a field of one record, or null where the source has no id for it."""

    def resolve(root: Parent[object], info: Info) -> object:
        id = getattr(root, key, None)
        return None if id is None else getattr(info.context.loaders, loader).load(id)

    return _declared(Relation(loader, key), resolve, description)


def related(loader: str, *, key: str = "id", description: str) -> Any:
    """Declare a list that the loader finds by one key of the source."""

    def resolve(root: Parent[object], info: Info) -> object:
        return getattr(info.context.loaders, loader).load(getattr(root, key))

    return _declared(Relation(loader, key), resolve, description)


def related_by_ids(loader: str, *, key: str, description: str) -> Any:
    """Declare a list with one record for each id that the source has; empty where it has no such attribute."""

    def resolve(root: Parent[object], info: Info) -> object:
        return getattr(info.context.loaders, loader).load_all(getattr(root, key, ()))

    return _declared(Relation(loader, key, many=True), resolve, description)


def computed(resolver: Callable[..., object], description: str) -> Any:
    """Declare a field that a function of the source answers; its type is the attribute's."""
    return strawberry.field(resolver=resolver, description=description)


def personal(*, description: str) -> Any:
    """Declare a field about a patient's person, marked so that a graph may have a contract without it."""
    return strawberry.federation.field(tags=["personal"], description=description)


def _declared(how: Relation, resolve: Any, description: str) -> Any:
    return strawberry.field(resolver=resolve, description=description, metadata={"relation": how})
