"""What an operation passes before it runs: it is parsed, allowed to its key, measured and validated."""

from collections.abc import Iterator
from functools import partial

from graphql import (
    SKIP,
    DocumentNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VisitorAction,
    parse,
    specified_rules,
    validate,
)
from graphql.utilities import validate_input_literal
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.graphql import OperationType

from gappt_graphql.graph.context import Context
from gappt_graphql.graph.errors import MOST_ERRORS, ErrorCode, refusal
from gappt_graphql.graph.size import too_large

MOST_TOKENS = 2_000
"""Of one document. GraphiQL's introspection has about 400."""

_SCOPES = {OperationType.QUERY: "read", OperationType.SUBSCRIPTION: "read", OperationType.MUTATION: "write"}


class _ValuesOfCorrectType(ValuesOfCorrectTypeRule):
    """A literal that its type can't hold is told like a variable that its type can't hold: with the path to it."""

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> VisitorAction:
        if input_type:
            validate_input_literal(node, input_type, partial(self._refuse, node))
        return SKIP

    def _refuse(self, node: ValueNode, error: GraphQLError, path: list[str | int]) -> None:
        extensions = {"code": ErrorCode.BAD_USER_INPUT.value, "path": [*self._argument(), *path]}
        self.report_error(GraphQLError(error.message, error.nodes or node, extensions=extensions))

    def _argument(self) -> list[str]:
        field, argument = self.context.get_field_def(), self.context.get_argument()
        return [name for name, one in (field.args if field else {}).items() if one is argument]


_RULES = (
    *(_ValuesOfCorrectType if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules),
    MaybeNullValidationRule,
    OneOfInputValidationRule,
)


class Admission(SchemaExtension):
    """Take the steps before execution in place of Strawberry, with the documents that are known already."""

    known = False

    def on_parse(self) -> Iterator[None]:
        operation = self.execution_context
        text = operation.query or ""
        document = self.execution_context.context.documents.get(text)
        self.known = document is not None
        operation.graphql_document = document or _parsed(text)
        yield

    def on_validate(self) -> Iterator[None]:
        operation = self.execution_context
        assert operation.graphql_document is not None
        context: Context = operation.context
        if operation._provided_operation_name is None and _operations_in(operation.graphql_document) > 1:
            # Strawberry would run the first one.
            message = "The document has several operations; operationName must say which one to run."
            operation.pre_execution_errors = [refusal(ErrorCode.GRAPHQL_VALIDATION_FAILED, message)]
        elif _SCOPES[operation.operation_type] not in context.scopes:
            needed = _SCOPES[operation.operation_type]
            operation.pre_execution_errors = [refusal(ErrorCode.FORBIDDEN, f"This key lacks the scope {needed}.")]
        elif sentence := too_large(operation.graphql_document, operation.schema._schema, operation.variables or {}):
            operation.pre_execution_errors = [refusal(ErrorCode.OPERATION_TOO_LARGE, sentence)]
        elif self.known:
            operation.pre_execution_errors = []
        else:
            # Each error may cost a search for similar names. The last one that is shown says that there are more.
            errors = validate(operation.schema._schema, operation.graphql_document, _RULES, MOST_ERRORS - 1)
            operation.pre_execution_errors = [_coded(error) for error in errors]
            if not errors and operation.query:
                self.execution_context.context.documents.keep(operation.query, operation.graphql_document)
        if context.remember and not operation.pre_execution_errors:
            context.remember()
        yield


def _operations_in(document: DocumentNode) -> int:
    return sum(isinstance(definition, OperationDefinitionNode) for definition in document.definitions)


def _parsed(text: str) -> DocumentNode:
    try:
        return parse(text, max_lexical_tokens=MOST_TOKENS, max_comments=MOST_TOKENS)
    except GraphQLSyntaxError as error:
        if "more than" in error.message:
            message = f"The document has more than {MOST_TOKENS:,} tokens or comments."
            raise refusal(ErrorCode.OPERATION_TOO_LARGE, message) from None
        raise


def _coded(error: GraphQLError) -> GraphQLError:
    if not error.extensions:
        error.extensions = {"code": ErrorCode.GRAPHQL_VALIDATION_FAILED.value}
    return error
