"""The variables by which @skip and @include decide which fields an operation has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    visit,
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
    found = _Found()
    for definition in document.definitions:
        if definition is operation or isinstance(definition, FragmentDefinitionNode):
            visit(definition, found)
    defaults = {
        one.variable.name.value: one.default_value.value
        for one in operation.variable_definitions or ()
        if isinstance(one.default_value, BooleanValueNode)
    }
    return Flags(tuple(found.names), defaults)


class _Found(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, None] = {}

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.names[argument.value.name.value] = None
