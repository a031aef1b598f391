"""Whether a document is valid, told in bounded time and with few errors."""

from functools import partial

from graphql import (
    SKIP,
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VisitorAction,
    specified_rules,
    validate,
)
from graphql.utilities import validate_input_literal
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from gappt_graphql.graph.errors import MOST_ERRORS, ErrorCode, refusal

_MOST_COMPARISONS = 20_000
"""Steps that may be taken to find out whether fields of the same name can be merged, which may take all pairs."""


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


class _OverlappingFields(OverlappingFieldsCanBeMergedRule):
    """Compares fields for some ten milliseconds; the library would go on for most of a second."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = _MOST_COMPARISONS


_INSTEAD: dict[type[ASTValidationRule], type[ASTValidationRule]] = {
    ValuesOfCorrectTypeRule: _ValuesOfCorrectType,
    OverlappingFieldsCanBeMergedRule: _OverlappingFields,
}
_RULES = (*(_INSTEAD.get(rule, rule) for rule in specified_rules), MaybeNullValidationRule, OneOfInputValidationRule)


def problems(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    """Return what is wrong with a document, told by few errors."""
    # Each error may cost a search for similar names. The last one that is shown says that there are more.
    return [_coded(error) for error in validate(schema, document, _RULES, MOST_ERRORS - 1)]


def _coded(error: GraphQLError) -> GraphQLError:
    if error.message == "Validation aborted.":
        message = "The document has too many fields of the same name, or fragments in fragments, to compare them all."
        return refusal(ErrorCode.OPERATION_TOO_LARGE, message)
    if not error.extensions:
        error.extensions = {"code": ErrorCode.GRAPHQL_VALIDATION_FAILED.value}
    return error
