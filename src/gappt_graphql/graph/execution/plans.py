"""Plans: how operations are run. A bounded number is kept, and the ones used longest ago are forgotten first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphql import DocumentNode, OperationDefinitionNode, OperationType, get_operation_ast

from gappt_graphql.graph.execution.compiling import compiled
from gappt_graphql.graph.execution.flags import Flags, flags_in
from gappt_graphql.graph.execution.plan import Plan

if TYPE_CHECKING:
    from gappt_graphql.graph.schema import Schema

MOST_FIELDS = 20_000
"""Of all plans together; one takes up about one and a half kilobytes."""

_EMPTY = 5
"""What an operation counts as besides the fields of its plans."""


class Plans:
    """The plans of operations whose documents are known to be valid."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str | None], _Known] = OrderedDict()
        self._fields = 0

    def of(
        self, schema: Schema, text: str, document: DocumentNode, name: str | None, variables: Mapping[str, Any]
    ) -> Plan | None:
        """Return the plan of the document's operation of this name, or None where graphql-core has to run it."""
        known = self._known.get((text, name))
        if known is None:
            operation = get_operation_ast(document, name)
            if operation is None or operation.operation is OperationType.SUBSCRIPTION:
                return None
            known = self._known[text, name] = _Known(schema, document, operation)
            self._fields += known.size
        else:
            self._known.move_to_end((text, name))
        before = known.size
        plan = known.plan(schema, variables)
        self._fields += known.size - before
        while self._fields > MOST_FIELDS:
            _, forgotten = self._known.popitem(last=False)
            self._fields -= forgotten.size
        return plan


class _Known:
    """An operation, and its plans by the flags that they are for; None where there can be none."""

    def __init__(self, schema: Schema, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self._schema, self._document, self._operation = schema, document, operation
        self._flags: Flags = flags_in(document, operation)
        self._plans: dict[tuple[bool, ...], Plan | None] = {}
        self.size = _EMPTY

    def plan(self, schema: Schema, variables: Mapping[str, Any]) -> Plan | None:
        values = self._flags.values(variables)
        if values is None or schema is not self._schema:
            return None
        if values not in self._plans:
            plan = compiled(schema, self._document, self._operation, self._flags.named(values))
            self._plans[values] = plan
            self.size += plan.size if plan else 1
        return self._plans[values]
