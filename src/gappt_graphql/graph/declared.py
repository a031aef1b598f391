"""What is declared of fields that are made of other records, for whoever loads them: a resolver, or a whole column."""

from collections.abc import Callable, Collection
from typing import Any

from msgspec import Struct

from gappt_graphql.graph.loading import Loader

Choose = Callable[..., Loader[int, Any]]
"""Takes the operation's loaders, and the arguments of the field by name, and returns the loader that answers it."""


class Relation(Struct, frozen=True):
    """What a field is made of: of what a loader has for the source's attribute `key`. A key of None has nothing."""

    choose: Choose
    key: str
    then: Callable[[Any], Any] | None = None
    """Makes what the field is of what the loader has."""
    fewer: "Fewer | None" = None
    held: bool = False
    """The key is an id that is never null, and the store lets no source name a record that it does not have."""


class Fewer(Struct, frozen=True):
    """Another way to the same, which costs less and is enough where only these fields of it are asked for."""

    fields: Collection[str]
    choose: Choose
    then: Callable[[Any], Any]


class ManyRelation(Struct, frozen=True):
    """A list of what a loader has for each of the ids that are the source's attribute `key`."""

    choose: Choose
    key: str
