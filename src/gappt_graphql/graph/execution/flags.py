"""The variables by which @skip and @include decide which fields an operation has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    VariableNode,
)
from msgspec import Struct

_MOST = 4
"""With more of them an operation would have too many plans."""


class Flags(Struct, frozen=True):
    """The names of the variables, and what they are by default."""

    names: tuple[str, ...]
    defaults: Mapping[str, bool]

    def values(self, variables: Mapping[str, Any]) -> tuple[bool, ...] | None:
        """Return the values that a request gives, or None where graphql-core has to look at them."""
        if not self.names:
            return ()
        found = tuple(variables.get(name, self.defaults.get(name)) for name in self.names)
        if len(found) > _MOST or not all(isinstance(flag, bool) for flag in found):
            return None
        return found

    def named(self, values: tuple[bool, ...]) -> dict[str, bool]:
        """Return the values by name."""
        return dict(zip(self.names, values, strict=True))


def flags_in(document: DocumentNode, operation: OperationDefinitionNode) -> Flags:
    """Return the flags of an operation, with those of fragments that it may not spread."""
    names: dict[str, None] = {}
    waiting: list[Any] = [one for one in document.definitions if one is operation or _is_fragment(one)]
    while waiting:
        node = waiting.pop()
        for directive in node.directives or ():
            for argument in directive.arguments or ():
                if isinstance(argument.value, VariableNode):
                    names[argument.value.name.value] = None
        if (below := getattr(node, "selection_set", None)) is not None:
            waiting += below.selections
    defaults = {
        one.variable.name.value: one.default_value.value
        for one in operation.variable_definitions or ()
        if isinstance(one.default_value, BooleanValueNode)
    }
    return Flags(tuple(names), defaults)


def _is_fragment(definition: object) -> bool:
    return isinstance(definition, FragmentDefinitionNode)
