"""
How large an operation is, told from its document before anything is validated or run.

Fragments multiply: twenty that spread the next one twice are a million fields in a kilobyte. Lists within lists do too.
So each fragment is measured once, and what it comes to is counted wherever it is spread.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from gappt_graphql.graph.pages import LARGEST, USUAL

MOST_FIELDS = 500
"""Of one operation, each counted as often as it is spread."""

MOST_ROOT_FIELDS = 50
MOST_LEVELS = 20
MOST_VALUES = 100_000
"""Of one answer, if every page is full: about two seconds of work."""

_USUAL_LIST = 10
"""How long a list without pages is taken to be, such as the patients of a group."""


class Size(NamedTuple):
    """What a selection comes to."""

    fields: int = 0
    width: int = 0
    """Its own fields, without those below them."""
    levels: int = 0
    values: int = 0
    """Fields of the answer, objects and lists among them."""


def too_large(document: DocumentNode, schema: GraphQLSchema, variables: Mapping[str, Any]) -> str | None:
    """Return a sentence that says what an operation of the document has too much of, or None."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    sizes = (_size(document, operation, schema, variables) for operation in operations)
    return next((sentence for size in sizes if (sentence := _complaint(size))), None)


def _complaint(size: Size) -> str | None:
    for number, most, what in (
        (size.fields, MOST_FIELDS, "fields, counting each as often as it is spread"),
        (size.width, MOST_ROOT_FIELDS, "fields at its root"),
        (size.levels, MOST_LEVELS, "levels of fields"),
        (size.values, MOST_VALUES, "values to answer with; ask for smaller pages, or for fewer lists in lists"),
    ):
        if number > most:
            return f"The operation has more than {most:,} {what}."
    return None


def _size(
    document: DocumentNode, operation: OperationDefinitionNode, schema: GraphQLSchema, variables: Mapping[str, Any]
) -> Size:
    measure = _Measure(document, schema, _defaults(operation) | dict(variables))
    try:
        return measure.of(operation.selection_set, schema.get_root_type(operation.operation))
    except RecursionError:
        return Size(levels=MOST_LEVELS + 1)


class _Measure:
    """Measures selections of one document, whatever is wrong with them: to validate them comes later."""

    def __init__(self, document: DocumentNode, schema: GraphQLSchema, variables: Mapping[str, Any]) -> None:
        self._types = schema.type_map
        self._variables = variables
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._known: dict[str, Size] = {}

    def of(self, selection_set: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Size:
        fields = width = levels = values = 0
        for selection in selection_set.selections if selection_set is not None else ():
            if isinstance(selection, FieldNode):
                part = self._field(selection, parent)
            elif isinstance(selection, FragmentSpreadNode):
                part = self._fragment(selection.name.value)
            else:
                assert isinstance(selection, InlineFragmentNode)
                on = selection.type_condition
                part = self.of(selection.selection_set, self._types.get(on.name.value) if on else parent)
            fields += part.fields
            width += part.width
            levels = max(levels, part.levels)
            values += part.values
        return Size(fields, width, levels, values)

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Size:
        if node.selection_set is None:
            return Size(fields=1, width=1, levels=1, values=1)
        field = parent.fields.get(node.name.value) if isinstance(parent, GraphQLObjectType) else None
        below = self.of(node.selection_set, get_named_type(field.type) if field else None)
        length = self._length(node, field, parent) if field and parent else 1
        return Size(1 + below.fields, 1, 1 + below.levels, length * (1 + below.values))

    def _fragment(self, name: str) -> Size:
        if name not in self._known:
            self._known[name] = Size()  # while it is measured, since it may spread itself
            fragment = self._fragments.get(name)
            if fragment is not None:
                parent = self._types.get(fragment.type_condition.name.value)
                self._known[name] = self.of(fragment.selection_set, parent)
        return self._known[name]

    def _length(self, node: FieldNode, field: GraphQLField, parent: GraphQLNamedType) -> int:
        """Return how long the answer of a field may be: a page's size is counted at the connection, for all in it."""
        arguments = {argument.name.value: argument.value for argument in node.arguments or ()}
        if get_named_type(field.type).name.endswith("Connection"):
            sizes = [self._value(arguments[name]) for name in ("first", "last") if name in arguments]
            asked = max((int(size) for size in sizes if isinstance(size, int | float)), default=USUAL)
            return min(max(asked, 1), LARGEST)
        if parent.name.endswith("Connection") or not is_list_type(get_nullable_type(field.type)):
            return 1
        # A list of things that are named, as a gateway does, is as long as the list of their names.
        given = [value for value in map(self._value, arguments.values()) if isinstance(value, list)]
        return max(map(len, given), default=_USUAL_LIST)

    def _value(self, node: ValueNode) -> object:
        if isinstance(node, VariableNode):
            return self._variables.get(node.name.value)
        return _literal(node)


def _literal(node: ValueNode | None) -> object:
    if isinstance(node, IntValueNode):
        return int(node.value[:9])  # Python refuses to read some thousand digits
    return list(node.values) if isinstance(node, ListValueNode) else None


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        definition.variable.name.value: _literal(definition.default_value)
        for definition in operation.variable_definitions or ()
    }
