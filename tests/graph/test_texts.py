"""Every text that a mutation takes, found in the schema itself, is checked where it comes in."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull, get_named_type, get_nullable_type

from asking import Client
from at_the_desk import A_MONDAY
from builders import Practice
from gappt_graphql.graph.schema import schema

UNFIT = {"NUL": "a\x00b", "escape": "\x1b[31m", "C1": "a\x85b", "long": "\u2028" * 20_000}


def inputs() -> dict[str, GraphQLInputObjectType]:
    mutation = schema._schema.mutation_type
    assert mutation is not None
    found = {name: get_named_type(field.args["input"].type) for name, field in mutation.fields.items()}
    return {name: kind for name, kind in found.items() if isinstance(kind, GraphQLInputObjectType)}


def texts(kind: GraphQLInputObjectType, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the path of each field that takes a text, lists and inputs within inputs among them."""
    found = []
    for name, field in kind.fields.items():
        named = get_named_type(field.type)
        if isinstance(named, GraphQLInputObjectType):
            found += texts(named, (*path, name))
        elif named.name == "String":
            found.append((*path, name))
    return found


PLACES = [(name, path) for name, kind in inputs().items() for path in texts(kind)]


def filled(kind: Any) -> Any:
    """Return a value for each field that must be there."""
    kind = get_nullable_type(kind)
    if isinstance(kind, GraphQLList):
        return [filled(kind.of_type)]
    if isinstance(kind, GraphQLInputObjectType):
        needed = {name: field for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)}
        return {name: filled(field.type) for name, field in needed.items()}
    usual = {
        "ID": "1",
        "Int": 1,
        "String": "x",
        "Boolean": True,
        "DateTime": A_MONDAY.isoformat(),
        "Date": "1990-01-01",
    }
    return usual[kind.name] if kind.name in usual else next(iter(kind.values))


def put(kind: GraphQLInputObjectType, into: dict[str, Any], path: tuple[str, ...], text: str) -> None:
    name, *rest = path
    if not rest:
        into[name] = text
        return
    inner = get_nullable_type(kind.fields[name].type)
    assert isinstance(inner, GraphQLInputObjectType)
    put(inner, into.setdefault(name, filled(inner)), tuple(rest), text)


def test_there_are_texts_to_check() -> None:
    assert len(PLACES) > 30


@pytest.mark.parametrize("text", UNFIT.values(), ids=UNFIT)
@pytest.mark.parametrize(("mutation", "path"), PLACES, ids=str)
async def test_a_text_that_can_not_be_kept_is_refused_on_its_field(
    client: Client, practice: Practice, mutation: str, path: tuple[str, ...], text: str
) -> None:
    kind = inputs()[mutation]
    input = filled(kind)
    if mutation == "updateGroupAppointment":  # there an unknown id hides what else is wrong
        input["id"] = str((await practice.group()).id)
    put(kind, input, path, text)
    refused = await client.refused(mutation, **input)

    assert ".".join(path) in [field for _, field in refused], refused


@pytest.mark.parametrize("literal", [r"\ud800", r"\udc00 ", r"\u{110000}"])
async def test_half_a_character_in_a_document_is_no_graphql(client: Client, literal: str) -> None:
    query = f'mutation {{ createPatient(input: {{lastName: "{literal}"}}) {{ userErrors {{ code }} }} }}'

    assert await client.codes(query) == ["GRAPHQL_PARSE_FAILED"]
