"""An operation that is run by a plan: the same steps before and after it as where graphql-core runs it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from graphql import GraphQLError
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from gappt_graphql.graph.admission import begin, extensions, refusals
from gappt_graphql.graph.context import Context
from gappt_graphql.graph.execution import versions
from gappt_graphql.graph.execution.plan import Plan
from gappt_graphql.graph.execution.running import Run

if TYPE_CHECKING:
    from gappt_graphql.graph.schema import Schema


async def run_planned(
    schema: Schema,
    text: str | None,
    variables: dict[str, Any] | None,
    context: Context,
    name: str | None,
    allowed: Iterable[OperationType],
) -> ExecutionResult | None:
    """
    Run an operation whose document is known by its plan, and return its result; None where it has none.

    The result's data is JSON already.

    :raises InvalidOperationTypeError: for an operation of a type that is not allowed; nothing was run
    """
    if text is None or not (context.options.compile and schema.has_plans and versions.are_known()):
        return None
    spans, given = context.observer.spans, variables or {}
    with spans.step("parse"):
        measured = context.documents.get(text)
        if measured is None:
            return None
        plan = context.documents.plans.of(schema, text, measured.document, name, given)
        if plan is None:
            return None
    operation = plan.operation
    kind = OperationType(operation.operation.value)
    if kind not in allowed:
        raise InvalidOperationTypeError(kind)
    with spans.step("validate"):
        errors = refusals(context, measured, kind, operation.name.value if operation.name else None, name, given)
    if errors:
        return PreExecutionError(data=None, errors=errors, extensions=extensions(context))
    begin(context, kind)
    data, errors = await _answer(plan, context, given)
    return ExecutionResult(data=data, errors=errors or None, extensions=extensions(context))


async def _answer(plan: Plan, context: Context, given: dict[str, Any]) -> tuple[Any, list[GraphQLError]]:
    variables = plan.variables.coerced(given)
    if isinstance(variables, list):
        return None, variables
    data, errors = await Run(plan, context, variables).answer()
    return (None if data is None else msgspec.Raw(msgspec.json.encode(data))), errors
