"""What a plan makes of variables and arguments is what graphql-core and Strawberry make of them."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_argument_values,
    get_variable_values,
    is_non_null_type,
    is_required_input_field,
    parse,
)
from graphql.execution.values import VariableValues
from strawberry import ID, Some
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from gappt_graphql.graph.enums import ArchivedFilter, GroupAppointmentOrderField
from gappt_graphql.graph.execution import arguments, variables
from gappt_graphql.graph.execution.arguments import Arguments
from gappt_graphql.graph.execution.fields import Asked
from gappt_graphql.graph.execution.variables import Variables
from gappt_graphql.graph.filters import GroupAppointmentFilter, GroupAppointmentOrder, InstantRange
from gappt_graphql.graph.inputs import UpdateGroupAppointmentInput
from gappt_graphql.graph.schema import schema

SEED = int(os.environ.get("GAPPT_FUZZ_SEED", "0"))
PLAIN = {
    "ID": ["12", "none", 7, 2**70, ""],
    "Int": [0, 1, 50, -3, 2**31 - 1, 3.0],
    "String": ["", "Lee", "ümläut"],
    "Boolean": [True, False],
    "DateTime": ["2026-03-02T22:00:00Z", "2026-03-02T22:00:00.5+11:00"],
    "Date": ["2026-03-02"],
    "URL": ["https://room.example/1"],
    "_Any": [{"__typename": "Patient", "id": "1"}],
}
ODD = [None, True, 1, 2**31, 1.5, float("inf"), "text", "2026-02-30", [], [None], [[1]], {}, {"no": "field"}, "12\0"]


def fields_with_arguments() -> Iterator[tuple[GraphQLObjectType, str]]:
    for type_ in schema._schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            yield from ((type_, name) for name, field in type_.fields.items() if field.args)


FIELDS = list(fields_with_arguments())


class Writer:
    """Writes a field with arguments, of which any part may be a variable, and values for the variables."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.definitions: list[str] = []
        self.given: dict[str, Any] = {}

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def value(self, type_: Any, odd: float) -> Any:
        if self.chance(odd):
            return self.random.choice(ODD)
        if is_non_null_type(type_):
            return self.value(type_.of_type, odd)
        if self.chance(0.1):
            return None
        if isinstance(type_, GraphQLList):
            if self.chance(0.1):
                return self.value(type_.of_type, odd)
            return [self.value(type_.of_type, odd) for _ in range(self.random.randint(0, 3))]
        if isinstance(type_, GraphQLInputObjectType):
            return {
                name: self.value(field.type, odd)
                for name, field in type_.fields.items()
                if self.chance(0.98 if is_required_input_field(field) else 0.4)
            }
        if isinstance(type_, GraphQLEnumType):
            return self.random.choice([*type_.values, "NONE"] if self.chance(0.05) else list(type_.values))
        return self.random.choice(PLAIN[type_.name])

    def variable(self, type_: Any) -> str:
        name = f"v{len(self.definitions)}"
        default = ""
        if self.chance(0.2):
            default = f" = {self.literal(type_, self.value(type_, 0.02))}"
        self.definitions.append(f"${name}: {type_}{default}")
        if self.chance(0.85):
            self.given[name] = self.value(type_, self.random.choice([0, 0, 0.1]))
        return f"${name}"

    def written(self, type_: Any, depth: int = 0) -> str:
        """Write a value of the type: a variable, a literal, or a literal with variables in it."""
        inner = type_.of_type if is_non_null_type(type_) else type_
        if self.chance(0.45 if depth else 0.5):
            return self.variable(self.random.choice([type_, inner, GraphQLNonNull(inner)]))
        if isinstance(inner, GraphQLList):
            return f"[{', '.join(self.written(inner.of_type, depth + 1) for _ in range(self.random.randint(0, 3)))}]"
        if isinstance(inner, GraphQLInputObjectType):
            parts = [
                f"{name}: {self.written(field.type, depth + 1)}"
                for name, field in inner.fields.items()
                if self.chance(0.98 if is_required_input_field(field) else 0.4)
            ]
            return f"{{{', '.join(parts)}}}"
        return self.literal(type_, self.value(type_, 0.05))

    def literal(self, type_: Any, value: Any) -> str:
        inner = type_.of_type if is_non_null_type(type_) else type_
        if isinstance(inner, GraphQLEnumType) and isinstance(value, str) and value.isidentifier():
            return value
        if value is None or isinstance(value, bool):
            return {None: "null", True: "true", False: "false"}[value]
        if isinstance(value, list):
            return f"[{', '.join(self.literal(getattr(inner, 'of_type', inner), one) for one in value)}]"
        if isinstance(value, dict):
            fields = getattr(inner, "fields", {})
            types = {name: fields[name].type if name in fields else inner for name in value}
            return f"{{{', '.join(f'{name}: {self.literal(types[name], one)}' for name, one in value.items())}}}"
        if isinstance(value, str):
            return '"' + value.replace("\0", "") + '"'
        return "1e400" if value == float("inf") else str(value)


def operation(field: GraphQLField, name: str, random: Random) -> tuple[str, dict[str, Any]]:
    writer = Writer(random)
    given = [
        f"{argument}: {writer.written(definition.type)}"
        for argument, definition in field.args.items()
        if writer.chance(0.97 if is_non_null_type(definition.type) else 0.6)
    ]
    parts = f"({', '.join(given)})" if given else ""
    defined = f"({', '.join(writer.definitions)})" if writer.definitions else ""
    return f"query {defined} {{ {name}{parts} }}", writer.given


def outcome(work: Any, *given: Any) -> tuple[str, Any]:
    """Return what came of it, spelt: inputs have no other equality."""
    try:
        made = work(*given)
    except Exception as failure:
        return "failed", str(failure)
    return ("failed", [str(error) for error in made]) if isinstance(made, list) else ("made", spelt(made))


def spelt(made: Any) -> Any:
    if isinstance(made, VariableValues):
        sources = {name: (repr(source.signature.type), source.value) for name, source in made.sources.items()}
        return repr(sources), {name: spelt(value) for name, value in made.coerced.items()}
    if isinstance(made, dict):
        return {name: spelt(value) for name, value in made.items()}
    return repr([spelt(one) for one in made] if isinstance(made, list) else made)


def compared(type_: GraphQLObjectType, name: str, random: Random) -> set[str]:
    """Make the arguments of a random field in both ways, and tell in words what came of it."""
    field = type_.fields[name]
    text, given = operation(field, name, random)
    document = parse(text)
    [definition] = document.definitions
    assert isinstance(definition, OperationDefinitionNode)
    [node] = definition.selection_set.selections
    assert isinstance(node, FieldNode)
    definitions = definition.variable_definitions or ()

    def theirs() -> Any:
        return get_variable_values(schema._schema, definitions, given, max_errors=50)

    ours = Variables(schema._schema, definitions)
    expected, found = outcome(theirs), outcome(ours.coerced, given)
    assert found == expected, f"{text}\n{given}"
    if expected[0] == "failed":
        return {"variables failed"}
    values = theirs()
    declared = field.extensions["strawberry-definition"]
    assert isinstance(declared, StrawberryField)
    asked = Asked(name, [node], type_, field, True)

    def converted() -> Any:
        registry = schema.schema_converter.scalar_registry
        return convert_arguments(get_argument_values(field, node, values), declared.arguments, registry, schema.config)

    made: Any = Arguments(schema, asked, declared)
    expected, found = outcome(converted), outcome(made, SimpleNamespace(variables=ours.coerced(given)))
    assert found == expected, f"{text}\n{given}"
    return {f"arguments {expected[0]}"}


@pytest.mark.parametrize(("type_", "name"), FIELDS, ids=[f"{type_.name}.{name}" for type_, name in FIELDS])
def test_they_are_the_same_or_fail_in_the_same_words(type_: GraphQLObjectType, name: str) -> None:
    told = set[str]()
    for seed in range(SEED, SEED + 60):
        told |= compared(type_, name, Random(f"{type_}.{name} {seed}"))

    assert "arguments made" in told


@pytest.mark.parametrize(
    ("text", "given", "made"),
    [
        (
            """query ($from: DateTime!, $first: Int = 3, $ids: [ID!]) {
                groupAppointments(filter: {startsAt: {gte: $from}, ids: $ids, archived: INCLUDE}, first: $first) }""",
            {"from": "2026-03-02T22:00:00Z", "ids": ["1"]},
            {
                "first": 3,
                "filter": GroupAppointmentFilter(
                    starts_at=InstantRange(gte=datetime(2026, 3, 2, 22, tzinfo=UTC)),
                    ids=["1"],
                    archived=ArchivedFilter.INCLUDE,
                ),
            },
        ),
        (
            "query ($order: [GroupAppointmentOrder!]) { groupAppointments(orderBy: $order) }",
            {"order": [{"field": "ID"}]},
            {"order_by": [GroupAppointmentOrder(field=GroupAppointmentOrderField.ID, descending=False)]},
        ),
        (
            "query ($input: UpdateGroupAppointmentInput!) { previewGroupAppointmentUpdate(input: $input) }",
            {"input": {"id": "1", "notes": None}},
            {"input": UpdateGroupAppointmentInput(id=ID("1"), notes=Some(None))},
        ),
    ],
)
def test_what_is_plainly_good_is_made_without_the_libraries(
    monkeypatch: pytest.MonkeyPatch, text: str, given: dict[str, Any], made: dict[str, Any]
) -> None:
    def fails(*given: object, **named: object) -> None:
        raise AssertionError("theirs was asked")

    monkeypatch.setattr(variables, "get_variable_values", fails)
    monkeypatch.setattr(arguments, "get_argument_values", fails)
    [definition] = parse(text).definitions
    assert isinstance(definition, OperationDefinitionNode)
    [node] = definition.selection_set.selections
    assert isinstance(node, FieldNode)
    query = schema._schema.query_type
    assert query is not None
    field = query.fields[node.name.value]
    coerced: Any = Variables(schema._schema, definition.variable_definitions or ()).coerced(given)
    run: Any = SimpleNamespace(variables=coerced)
    asked = Asked(node.name.value, [node], query, field, True)

    assert Arguments(schema, asked, field.extensions["strawberry-definition"])(run) == made
