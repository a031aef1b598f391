"""
The variables of an operation, coerced by functions that are made once.

They know values that are plainly good. Whatever else comes graphql-core looks at, so that its words stay its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    VariableDefinitionNode,
    get_named_type,
    get_variable_values,
    is_leaf_type,
    is_required_input_field,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.pyutils import Undefined
from graphql.utilities.coerce_input_value import coerce_default_value

_MOST_ERRORS = 50
"""As graphql-core has it."""

Coerce = Callable[[Any], Any]
"""Returns what a value of JSON stands for. Raises anything where it is not plainly good."""


class Doubtful(Exception):
    """A value, or a type, that graphql-core has to look at."""


class Variables:
    """How the variables of one operation are coerced."""

    def __init__(self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> None:
        self._schema, self._definitions = schema, definitions
        self._known: list[_Variable] | None
        try:
            self._known = [_variable(schema, definition) for definition in definitions]
        except Exception:
            self._known = None

    def coerced(self, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        """Return the values, or what is wrong with them."""
        if self._known is not None:
            try:
                return _plainly(self._known, given)
            except Exception:  # whatever it is, graphql-core says it
                pass
        return get_variable_values(self._schema, self._definitions, given, max_errors=_MOST_ERRORS)


class _Variable(NamedTuple):
    name: str
    signature: GraphQLVariableSignature
    coerce: Coerce
    absent: Any
    """What stands where none is given: a value, nothing (`Undefined`), or `_REQUIRED`."""


_REQUIRED = object()


def _plainly(known: Sequence[_Variable], given: Mapping[str, Any]) -> VariableValues:
    sources, coerced = {}, {}
    for name, signature, coerce, absent in known:
        if name in given:
            value = given[name]
            sources[name] = VariableValueSource(signature, value)
            coerced[name] = coerce(value)
        elif absent is _REQUIRED:
            raise Doubtful
        else:
            sources[name] = VariableValueSource(signature)
            if absent is not Undefined:
                coerced[name] = absent
    return VariableValues(sources, coerced)


def _variable(schema: GraphQLSchema, definition: VariableDefinitionNode) -> _Variable:
    signature = get_variable_signature(schema, definition)
    if isinstance(signature, GraphQLError):
        raise Doubtful
    if definition.default_value:
        absent = coerce_default_value(signature)
    else:
        absent = _REQUIRED if isinstance(signature.type, GraphQLNonNull) else Undefined
    return _Variable(signature.name, signature, _coercion(signature.type), absent)


def _coercion(type_: GraphQLInputType) -> Coerce:
    """Return how values of a type are coerced."""
    if isinstance(type_, GraphQLNonNull):
        coerce = _of_value(type_.of_type)

        def required(value: Any) -> Any:
            if value is None:
                raise Doubtful
            return coerce(value)

        return required
    coerce = _of_value(type_)
    return lambda value: None if value is None else coerce(value)


def _of_value(type_: GraphQLInputType) -> Coerce:
    if is_leaf_type(type_):
        return type_.coerce_input_value
    if isinstance(type_, GraphQLList):
        return _list(_coercion(type_.of_type))
    if not isinstance(type_, GraphQLInputObjectType) or type_.is_one_of or _has_itself(type_):
        raise Doubtful
    if type_.out_type is not GraphQLInputObjectType.out_type:
        raise Doubtful
    return _object(type_)


def _has_itself(type_: GraphQLInputObjectType, *within: GraphQLInputObjectType) -> bool:
    """Tell whether a value may be nested without end: that may be too deep."""
    inner = (get_named_type(field.type) for field in type_.fields.values())
    objects = [one for one in inner if isinstance(one, GraphQLInputObjectType)]
    return any(one is type_ or one in within or _has_itself(one, type_, *within) for one in objects)


def _list(coerce: Coerce) -> Coerce:
    def each(value: Any) -> Any:
        if type(value) is not list:
            raise Doubtful  # a value alone is a list of one
        return [coerce(one) for one in value]

    return each


# Kept for all plans: those of a filter take up more than the rest of a plan that has one.
@lru_cache(maxsize=1_000)
def _object(type_: GraphQLInputObjectType) -> Coerce:
    fields = {name: (field.out_name or name, _coercion(field.type)) for name, field in type_.fields.items()}
    required = {name for name, field in type_.fields.items() if is_required_input_field(field)}
    defaults = {
        name: value
        for name, field in type_.fields.items()
        if name not in required and (value := coerce_default_value(field)) is not Undefined
    }

    def members(value: Any) -> Any:
        if type(value) is not dict or not required <= value.keys():
            raise Doubtful
        coerced = {}
        for name, one in value.items():
            called, coerce = fields[name]
            coerced[called] = coerce(one)
        for name, one in defaults.items():
            if name not in value:
                coerced[fields[name][0]] = one
        return coerced

    return members
