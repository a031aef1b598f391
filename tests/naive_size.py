"""The size of a document by putting every fragment in its place and multiplying from above: slow, and plain to see."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    value_from_ast_untyped,
)

from gappt_graphql.graph.lengths import LENGTHS
from gappt_graphql.graph.measure import Size


def naive_size(document: DocumentNode, schema: GraphQLSchema, variables: Mapping[str, Any]) -> Size:
    """Return the size of a document without cycles, where its first operation is run."""
    return _Naive(document, schema, variables).size()


class _Naive:
    def __init__(self, document: DocumentNode, schema: GraphQLSchema, variables: Mapping[str, Any]) -> None:
        self.schema = schema
        self.operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        defaults = self.operations[0].variable_definitions or ()
        self.variables = {
            one.variable.name.value: value_from_ast_untyped(one.default_value) for one in defaults if one.default_value
        } | dict(variables)

    def size(self) -> Size:
        parts = []
        for operation in self.operations:
            own = len(operation.directives or ()) + sum(
                len(each.directives or ()) for each in operation.variable_definitions or ()
            )
            root = self.schema.get_root_type(operation.operation)
            width = sum(1 for _ in self.spread(operation.selection_set, root))
            parts.append((*self.counts(operation.selection_set, own), width))
        for fragment in self.fragments.values():
            parts.append((*self.counts(fragment.selection_set, len(fragment.directives or ())), 0))
        fields, aliases, directives, levels, width = map(max, zip(*parts, strict=True))
        run = self.operations[0]
        root = self.schema.get_root_type(run.operation)
        values, points = self.answered(run.selection_set, root, 20)
        return Size(fields, aliases, directives, width, levels, values, points)

    def spread(self, selection_set: Any, parent: Any) -> Iterator[tuple[FieldNode, Any]]:
        """Yield the fields that a selection set has, itself or by fragments, each with its parent's type."""
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                yield node, parent
            elif isinstance(node, InlineFragmentNode):
                on = node.type_condition
                yield from self.spread(node.selection_set, self.schema.type_map.get(on.name.value) if on else parent)
            else:
                fragment = self.fragments[node.name.value]
                yield from self.spread(
                    fragment.selection_set, self.schema.type_map.get(fragment.type_condition.name.value)
                )

    def counts(self, selection_set: Any, directives: int) -> tuple[int, int, int, int]:
        fields = aliases = levels = 0
        for node in selection_set.selections:
            directives += len(node.directives or ())
            inner, deeper = getattr(node, "selection_set", None), 0
            if isinstance(node, FieldNode):
                fields, aliases, deeper = fields + 1, aliases + (node.alias is not None), 1
            elif not isinstance(node, InlineFragmentNode):
                fragment = self.fragments[node.name.value]
                inner, directives = fragment.selection_set, directives + len(fragment.directives or ())
            below = self.counts(inner, 0) if inner else (0, 0, 0, 0)
            fields, aliases, directives = fields + below[0], aliases + below[1], directives + below[2]
            levels = max(levels, deeper + below[3])
        return fields, aliases, directives, levels

    def answered(self, selection_set: Any, parent: Any, entries: int) -> tuple[int, int]:
        """Return the values and points of a selection, where lists that say nothing have this many entries."""
        values = points = 0
        for node, of in self.spread(selection_set, parent):
            name = node.name.value
            field = of.fields.get(name) if isinstance(of, GraphQLObjectType) else None
            if name == "__schema":
                field = SchemaMetaFieldDef
            length = 1
            if field is not None and is_list_type(get_nullable_type(field.type)):
                length = LENGTHS[name] if LENGTHS[name] >= 0 else entries
            if node.selection_set is None:
                values += max(length, 1) if field is None or LENGTHS.get(name, 0) >= 0 else 1
                continue
            price, below = self.given(node, field)
            if of is self.schema.mutation_type:
                price += 10
            inner = self.answered(node.selection_set, get_named_type(field.type) if field else None, below)
            values += length * (1 + inner[0])
            points += length * (1 + inner[1] + price)
        return values, points

    def given(self, node: FieldNode, field: Any) -> tuple[int, int]:
        arguments = {argument.name.value: self.value(argument.value) for argument in node.arguments or ()}
        if field is not None and "first" in field.args:
            sizes = [arguments[name] for name in ("first", "last") if arguments.get(name) is not None]
            return 0, int(max((size if 0 <= size <= 100 else 100 for size in sizes), default=20))
        if field is None or "input" not in field.args:
            return 0, 20
        input = arguments.get("input") or {}
        repeats = (input.get("repeatRule") or {}).get("numberOfRepeats") or 0
        series = 366 if input.get("scope") else 1
        dates = max(series, 1 + (repeats if repeats >= 0 else 365))
        places = len(input.get("patientIds") or ()) * series
        return dates - 1 + places, places if node.name.value == "bookAttendees" else dates

    def value(self, node: ValueNode) -> Any:
        if isinstance(node, VariableNode):
            return self.variables.get(node.name.value)
        return value_from_ast_untyped(node, self.variables)
