"""
The arguments of a field as its resolver takes them, made by functions that are made once.

What no variable has a part in is the same in every run. For the rest these functions know what is plainly good;
whatever else there is, graphql-core and Strawberry look at, so that what they say stays theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from graphql import (
    ArgumentNode,
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_argument_values,
    get_nullable_type,
    is_required_argument,
    is_required_input_field,
)
from graphql.pyutils import Undefined
from graphql.utilities import coerce_input_literal
from graphql.utilities.coerce_input_value import coerce_default_value
from strawberry.relay.types import GlobalID
from strawberry.scalars import is_scalar
from strawberry.types.arguments import convert_arguments
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryOptional, has_object_definition
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.lazy_type import LazyType
from strawberry.types.maybe import Some
from strawberry.types.unset import UNSET

from gappt_graphql.graph.execution.variables import Doubtful

if TYPE_CHECKING:
    from strawberry.types.field import StrawberryField

    from gappt_graphql.graph.execution.fields import Asked
    from gappt_graphql.graph.execution.running import Run
    from gappt_graphql.graph.schema import Schema

Values = Mapping[str, Any]
"""The coerced variables of a run."""
Build = Callable[[Values], Any]
"""Returns a value of the variables' values, `Undefined` where there is none. Raises where it is not plainly good."""
Convert = Callable[[Any], Any]
"""Returns what Strawberry makes of a value."""


class Arguments:
    """The arguments of a field, by the names of the resolver's parameters."""

    def __init__(self, schema: Schema, asked: Asked, field: StrawberryField) -> None:
        self._schema, self._asked, self._field = schema, asked, field
        self._builds: list[tuple[str, Build, Convert]] | None
        self._same: dict[str, Any] = {}
        try:
            self._builds = list(self._made())
        except Exception:
            self._builds = None

    def __call__(self, run: Run) -> dict[str, Any]:
        if self._builds is not None:
            try:
                return self._plainly(run.variables.coerced, self._builds)
            except Exception:  # whatever it is, the libraries say it
                pass
        given = get_argument_values(self._asked.field, self._asked.nodes[0], run.variables)
        return self._converted(given)

    def _plainly(self, variables: Values, builds: list[tuple[str, Build, Convert]]) -> dict[str, Any]:
        arguments = dict(self._same)
        for name, build, convert in builds:
            value = build(variables)
            if value is not Undefined:
                arguments[name] = convert(value)
        return arguments

    def _made(self) -> Any:
        """Keep the arguments that are the same in every run, and give how the others are made."""
        nodes = {node.name.value: node for node in self._asked.nodes[0].arguments or ()}
        for argument in self._field.arguments:
            name = self._schema.config.name_converter.from_argument(argument)
            definition = self._asked.field.args[name]
            build = _argument(definition, nodes.get(name))
            convert = _conversion(self._schema, argument.type)
            if isinstance(build, _Same):
                if build.value is not Undefined:
                    self._same[argument.python_name] = convert(build.value)
            else:
                yield argument.python_name, build, convert

    def _converted(self, given: dict[str, Any]) -> dict[str, Any]:
        converter, config = self._schema.schema_converter, self._schema.config
        return convert_arguments(given, self._field.arguments, converter.scalar_registry, config)


def _conversion(schema: Schema, type_: Any) -> Convert:
    """Return what Strawberry's `convert_argument` does to values of a type."""
    if isinstance(type_, StrawberryMaybe):
        if not isinstance(type_.of_type, StrawberryOptional):
            raise Doubtful  # null is refused there
        of_type = _conversion(schema, type_.of_type)
        return lambda value: Some(of_type(value))
    if isinstance(type_, StrawberryOptional | LazyType):
        return _conversion(schema, type_.of_type if isinstance(type_, StrawberryOptional) else type_.resolve_type())
    convert = _of_value(schema, type_)
    return lambda value: value if value is None or value is UNSET else convert(value)


def _of_value(schema: Schema, type_: Any) -> Convert:
    if isinstance(type_, StrawberryList):
        item = _conversion(schema, type_.of_type)
        return lambda value: [item(one) for one in value]
    if type_ is GlobalID:
        raise Doubtful
    registry = schema.schema_converter.scalar_registry
    if isinstance(type_, StrawberryEnumDefinition) or has_enum_definition(type_) or is_scalar(type_, registry):
        return _unchanged
    if not has_object_definition(type_):
        raise Doubtful
    return _input(schema, type_)


# Kept for all plans, as those of variables.
@lru_cache(maxsize=1_000)
def _input(schema: Schema, type_: Any) -> Convert:
    definition = type_.__strawberry_definition__
    if not definition.is_input or definition.from_input is not None:
        raise Doubtful
    fields = {
        schema.config.name_converter.from_field(field): (
            field.python_name,
            _conversion(schema, field.resolve_type(type_definition=definition)),
        )
        for field in definition.fields
    }

    def made(value: Mapping[str, Any]) -> Any:
        members = {}  # what is not given has a default
        for name, one in value.items():
            called, convert = fields[name]
            members[called] = convert(one)
        return type_(**members)

    return made


def _unchanged(value: Any) -> Any:
    return value


class _Same:
    """Builds the same in every run."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, variables: Values) -> Any:
        return self.value


def _argument(definition: GraphQLArgument, node: ArgumentNode | None) -> Build:
    required = is_required_argument(definition)
    if node is None:
        return _default(definition, required=required)
    if isinstance(node.value, VariableNode):
        return _variable(node.value, definition, required=required)
    return _literal(node.value, definition.type)


def _default(definition: GraphQLArgument | GraphQLInputField, *, required: bool) -> _Same:
    if required:
        raise Doubtful
    return _Same(coerce_default_value(definition))


def _variable(node: VariableNode, definition: GraphQLArgument | GraphQLInputField, *, required: bool) -> Build:
    """Build from a variable; one that has no value is like an argument, or a field, that is not given."""
    name, non_null = node.name.value, isinstance(definition.type, GraphQLNonNull)
    absent = Undefined if required else coerce_default_value(definition)

    def build(variables: Values) -> Any:
        if name not in variables:
            if required:
                raise Doubtful
            return absent
        value = variables[name]
        if value is None and non_null:
            raise Doubtful
        return value

    return build


def _literal(node: ValueNode, type_: GraphQLInputType) -> Build:
    if not _has_variables(node):
        value = coerce_input_literal(node, type_)
        if value is Undefined:
            raise Doubtful
        return _Same(value)
    inner = get_nullable_type(type_)
    if isinstance(inner, GraphQLList) and isinstance(node, ListValueNode):
        return _list(node, inner.of_type)
    if isinstance(inner, GraphQLInputObjectType) and isinstance(node, ObjectValueNode):
        return _object(node, inner)
    raise Doubtful  # a part of a scalar, or a value that is a list of one


def _list(node: ListValueNode, type_: GraphQLInputType) -> Build:
    if not isinstance(type_, GraphQLNonNull):
        raise Doubtful  # an item without a value would be null
    item = GraphQLInputField(type_)
    builds = [
        _variable(one, item, required=True) if isinstance(one, VariableNode) else _literal(one, type_)
        for one in node.values
    ]
    return lambda variables: [build(variables) for build in builds]


def _object(node: ObjectValueNode, type_: GraphQLInputObjectType) -> Build:
    if type_.is_one_of or type_.out_type is not GraphQLInputObjectType.out_type:
        raise Doubtful
    nodes = {field.name.value: field.value for field in node.fields}
    builds = []
    for name, field in type_.fields.items():
        required, given = is_required_input_field(field), nodes.pop(name, None)
        if given is None:
            build: Build = _default(field, required=required)
        elif isinstance(given, VariableNode):
            build = _variable(given, field, required=required)
        else:
            build = _literal(given, field.type)
        if not isinstance(build, _Same) or build.value is not Undefined:
            builds.append((field.out_name or name, build))
    if nodes:
        raise Doubtful

    def members(variables: Values) -> Any:
        values = [(name, build(variables)) for name, build in builds]
        return {name: value for name, value in values if value is not Undefined}

    return members


def _has_variables(node: ValueNode) -> bool:
    if isinstance(node, ListValueNode):
        return any(map(_has_variables, node.values))
    if isinstance(node, ObjectValueNode):
        return any(_has_variables(field.value) for field in node.fields)
    return isinstance(node, VariableNode)
