"""From a document to a plan: which fields each selection has, and how each is answered. graphql-core collects them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationDefinitionNode,
    OperationType,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from gappt_graphql.graph.declared import ManyRelation, Relation
from gappt_graphql.graph.execution.arguments import Arguments
from gappt_graphql.graph.execution.completing import Complete, Leaves, Lists, Nullability, Objects, OneOf
from gappt_graphql.graph.execution.fields import (
    Asked,
    Attribute,
    Field,
    Named,
    Related,
    RelatedMany,
    Resolved,
    TypeName,
)
from gappt_graphql.graph.execution.plan import Plan, Selection
from gappt_graphql.graph.execution.variables import Variables

if TYPE_CHECKING:
    from gappt_graphql.graph.schema import Schema


_DEFINITION = "strawberry-definition"
"""Under this name graphql-core's field has Strawberry's."""

_KNOWN_BY_NAME = frozenset({"id", "__typename"})
"""Fields of a record that are known where it is named."""


class _Unsupported(Exception):
    """Something that plans can't do."""


def compiled(
    schema: Schema, document: DocumentNode, operation: OperationDefinitionNode, flags: Mapping[str, bool]
) -> Plan | None:
    """Return the plan of a valid operation where its flags are set so, or None where graphql-core has to run it."""
    try:
        return _Compiler(schema, document, operation, flags).plan()
    except _Unsupported:
        return None


class _Compiler:
    def __init__(
        self, schema: Schema, document: DocumentNode, operation: OperationDefinitionNode, flags: Mapping[str, bool]
    ) -> None:
        self._strawberry, self._schema, self._operation = schema, schema._schema, operation
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._details = {name: FragmentDetails(definition) for name, definition in self._fragments.items()}
        self._flags = VariableValues({}, dict(flags))
        self._narrow: list[tuple[Related, Relation]] = []
        self._whole: list[Relation] = []
        self._size = 0

    def plan(self) -> Plan:
        if any(definition.variable_definitions for definition in self._fragments.values()):
            raise _Unsupported
        root = self._schema.get_root_type(self._operation.operation)
        assert root is not None
        fields = collect_fields(self._schema, self._details, self._flags, root, self._operation).grouped_field_set
        roots: Sequence[Selection]
        if self._operation.operation is OperationType.MUTATION:
            roots = [self._selection(root, {key: details}) for key, details in fields.items()]
        else:
            roots = [self._selection(root, fields)]
        for field, relation in self._narrow:
            # What is read in whole for another field answers this one too.
            if relation.fewer is not None and relation not in self._whole:
                field.narrow(relation.fewer)
        variables = Variables(self._schema, self._operation.variable_definitions or ())
        return Plan(self._strawberry, self._operation, self._fragments, variables, roots, self._size)

    def _selection(self, parent: GraphQLObjectType, fields: GroupedFieldSet) -> Selection:
        self._size += len(fields)
        names = frozenset(details[0].node.name.value for details in fields.values())
        return Selection([self._field(parent, key, details) for key, details in fields.items()], names)

    def _field(self, parent: GraphQLObjectType, key: str, details: list[FieldDetails]) -> Field:
        nodes = [one.node for one in details]
        name = nodes[0].name.value
        if name == "__typename":
            return TypeName(key, parent.name)
        field = parent.fields.get(name)
        if field is None:  # __schema and __type
            raise _Unsupported
        nullable = not isinstance(field.type, GraphQLNonNull)
        if parent is self._schema.mutation_type and not nullable:
            raise _Unsupported  # its failure would keep the ones behind it from being run
        asked = Asked(key, nodes, parent, field, nullable)
        complete = self._complete(field.type, details, f"{parent.name}.{name}")
        definition = field.extensions.get(_DEFINITION)
        if not isinstance(definition, StrawberryField) or definition.extensions:
            raise _Unsupported
        return self._way(asked, complete, definition)

    def _way(self, asked: Asked, complete: Complete, definition: StrawberryField) -> Field:
        """Return how a field is answered, by the way it was declared."""
        relation = definition.metadata.get("relation")
        if isinstance(relation, ManyRelation):
            return RelatedMany(asked, complete, relation)
        arguments = Arguments(self._strawberry, asked, definition)
        if isinstance(relation, Relation):
            if relation.held and isinstance(complete, Objects) and complete.selection.names <= _KNOWN_BY_NAME:
                return Named(asked, complete, relation, arguments)
            return self._related(Related(asked, complete, relation, arguments), complete, relation)
        if definition.base_resolver is not None:
            return Resolved(asked, complete, definition, arguments)
        return Attribute(asked, complete, definition.python_name)

    def _related(self, field: Related, complete: Complete, relation: Relation) -> Related:
        if (fewer := relation.fewer) is not None:
            if isinstance(complete, Objects) and complete.selection.names <= set(fewer.fields):
                self._narrow.append((field, relation))
            else:
                self._whole.append(relation)
        return field

    def _complete(self, type_: GraphQLOutputType, details: list[FieldDetails], field: str) -> Complete:
        nullable = not isinstance(type_, GraphQLNonNull)
        inner: Any = type_ if nullable else type_.of_type  # type: ignore[union-attr]
        null = Nullability(field, nullable=nullable)
        if is_leaf_type(inner):
            return Leaves(inner, null)
        if is_list_type(inner):
            items = self._complete(inner.of_type, details, field)
            nullable_items = not isinstance(inner.of_type, GraphQLNonNull)
            return Lists(items, null, nullable_items=nullable_items, field=field)
        if is_object_type(inner):
            return self._objects(inner, details, null)
        assert is_abstract_type(inner)
        by_name = {one.name: self._objects(one, details, null) for one in self._schema.get_possible_types(inner)}
        return OneOf(inner, by_name, null, name=details[0].node.name.value)

    def _objects(self, type_: GraphQLObjectType, details: list[FieldDetails], null: Nullability) -> Objects:
        fields = collect_subfields(self._schema, self._details, self._flags, self._operation, type_, details)
        return Objects(type_, self._selection(type_, fields.grouped_field_set), null)
