"""What an operation passes before it runs: it is parsed, allowed to its key, measured and validated."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    get_operation_ast,
    parse,
)
from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from gappt_graphql.graph.context import Context
from gappt_graphql.graph.errors import ErrorCode, refusal
from gappt_graphql.graph.measure import Measured, too_large
from gappt_graphql.graph.validation import problems

SCHEMA_POINTS = 1_000
"""The most that is taken for asking for the schema alone, as tools do whenever a page is opened."""

_SCOPES = {OperationType.QUERY: "read", OperationType.SUBSCRIPTION: "read", OperationType.MUTATION: "write"}


class Admission(SchemaExtension):
    """Take the steps before execution in place of Strawberry, with the documents that are known already."""

    known: Measured | None = None

    def on_parse(self) -> Iterator[None]:
        operation, context = self.execution_context, self._context
        text = operation.query or ""
        self.known = context.documents.get(text)
        with context.observer.spans.step("parse"):
            known, tokens = self.known, context.options.limits.tokens
            operation.graphql_document = known.document if known else _parsed(text, tokens)
        yield

    def on_validate(self) -> Iterator[None]:
        operation, context = self.execution_context, self._context
        assert operation.graphql_document is not None
        # Strawberry validates what has no list of errors; here it has one, be it empty.
        with context.observer.spans.step("validate"):
            operation.pre_execution_errors = self._refusals(operation.graphql_document)
        if not operation.pre_execution_errors:
            begin(context, operation.operation_type)
        yield

    def get_results(self) -> dict[str, Any]:
        """Return what stands in the answer's `extensions`."""
        return extensions(self._context)

    @property
    def _context(self) -> Context:
        context: Context = self.execution_context.context
        return context

    def _refusals(self, document: DocumentNode) -> list[GraphQLError]:
        operation, context = self.execution_context, self._context
        name, schema = operation._provided_operation_name, operation.schema._schema
        if name is None and _operations_in(document) > 1:
            # Strawberry would run the first one.
            message = "The document has several operations; operationName must say which one to run."
            return [refusal(ErrorCode.GRAPHQL_VALIDATION_FAILED, message)]
        measured = self.known or Measured(document, schema)
        kind, variables = operation.operation_type, operation.variables or {}
        errors = refusals(context, measured, kind, operation.operation_name, name, variables)
        if errors or self.known:
            return errors
        errors = problems(schema, document)
        if not errors and operation.query:
            context.documents.keep(operation.query, measured)
        return errors


def refusals(
    context: Context,
    measured: Measured,
    kind: OperationType,
    name: str | None,
    provided: str | None,
    variables: Mapping[str, Any],
) -> list[GraphQLError]:
    """
    Return why an operation is not run, whether it is valid or not; and charge its key for it.

    `name` is the operation's own, `provided` the one that the request chose it by.
    """
    options = context.options
    context.kind, context.name = kind.value, _told(name, options.names)
    needed = _SCOPES[kind]
    if needed not in context.scopes:
        return [refusal(ErrorCode.FORBIDDEN, f"This key lacks the scope {needed}.")]
    size = measured.size(provided, variables)
    if measured.about_the_schema and not options.introspection:
        return [refusal(ErrorCode.FORBIDDEN, "This server does not tell its schema: __schema and __type are off.")]
    context.cost = size.points
    if sentence := too_large(size, options.limits):
        return [refusal(ErrorCode.OPERATION_TOO_LARGE, sentence)]
    asks_for_schema_alone = measured.about_the_schema and _asks_for_schema_alone(measured.document, provided)
    return _charged(context, min(size.points, SCHEMA_POINTS) if asks_for_schema_alone else size.points)


def begin(context: Context, kind: OperationType) -> None:
    """Begin to run an operation that is valid and not refused."""
    if context.remember:
        context.remember()
    if kind is not OperationType.SUBSCRIPTION:
        context.begin(writes=kind is OperationType.MUTATION)


def extensions(context: Context) -> dict[str, Any]:
    """Return what stands in an answer's `extensions`: the cost, if the client asked for it."""
    if not context.wants_cost or context.cost is None:
        return {}
    cost: dict[str, Any] = {
        "requestedQueryCost": context.cost,
        "maximumQueryCost": context.options.limits.cost,
    }
    if (standing := context.standing) is not None:
        cost["throttleStatus"] = {
            "maximumAvailable": standing.most,
            "currentlyAvailable": standing.left,
            "restoreRate": round(standing.most / 60, 2),
        }
    return {"cost": cost}


def _asks_for_schema_alone(document: DocumentNode, name: str | None) -> bool:
    operation = get_operation_ast(document, name)
    return operation is not None and all(
        isinstance(field, FieldNode) and field.name.value in ("__schema", "__type", "__typename")
        for field in operation.selection_set.selections
    )


def _charged(context: Context, points: int) -> list[GraphQLError]:
    """Take what the operation costs, whether it is valid or not, or return why that can't be."""
    standing = context.charge(points)
    if standing is None or not standing.wait:
        return []
    if points > standing.most:
        message = f"The operation costs {points:,} points, and this key has {standing.most:,} a minute: ask for less."
        return [refusal(ErrorCode.OPERATION_TOO_LARGE, message)]
    message = f"This key has too few points left for the operation; ask again in {math.ceil(standing.wait)} s."
    return [refusal(ErrorCode.THROTTLED, message)]


def _told(name: str | None, names: frozenset[str]) -> str:
    # A client may call its operation by a patient's name, or each by another.
    if name is None:
        return "anonymous"
    return name if name in names else "other"


def _operations_in(document: DocumentNode) -> int:
    return sum(isinstance(definition, OperationDefinitionNode) for definition in document.definitions)


def _parsed(text: str, tokens: int) -> DocumentNode:
    try:
        return parse(text, max_lexical_tokens=tokens, max_comments=tokens)
    except GraphQLSyntaxError as error:
        if "more than" in error.message:
            message = f"The document has more than {tokens:,} tokens or comments."
            raise refusal(ErrorCode.OPERATION_TOO_LARGE, message) from None
        raise
