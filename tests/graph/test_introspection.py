"""Whether keys may ask for the schema is the operator's choice."""

from typing import Any

import pytest
from graphql import get_introspection_query

from builders import Practice
from gappt_graphql.graph.context import Context
from gappt_graphql.graph.options import Options
from gappt_graphql.graph.schema import schema

OFF = Options(introspection=False)


async def codes(practice: Practice, query: str, options: Options = OFF) -> list[str]:
    result = await schema.execute(query, {}, context(practice, options))
    return [(error.extensions or {})["code"] for error in result.errors or ()]


def context(practice: Practice, options: Options) -> Context:
    return Context(practice.desk, scopes=frozenset({"read"}), options=options)


async def test_a_key_may_ask_for_the_schema_unless_told_otherwise(practice: Practice) -> None:
    assert await codes(practice, get_introspection_query(), Options()) == []


@pytest.mark.parametrize(
    "query",
    [
        get_introspection_query(),
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Patient") { name } }',
        "{ a: __schema { queryType { name } } }",
        "{ __typename a: __schema @skip(if: true) { queryType { name } } }",
        "{ ...f } fragment f on Query { ... { __schema { queryType { name } } } }",
        "{ __typename } fragment f on Query { __schema { queryType { name } } }",
        "{ patient(id: 1) { __schema { queryType { name } } } }",
    ],
)
async def test_where_introspection_is_off_the_schema_is_not_told(practice: Practice, query: str) -> None:
    assert await codes(practice, query) == ["FORBIDDEN"]


async def test_an_operation_that_is_not_run_may_not_ask_for_the_schema_either(practice: Practice) -> None:
    query = "query A { __typename } query B { __schema { queryType { name } } }"
    result = await schema.execute(query, {}, context(practice, OFF), operation_name="A")

    assert [(error.extensions or {})["code"] for error in result.errors or ()] == ["FORBIDDEN"]


async def test_a_document_that_is_known_from_a_door_with_introspection_is_refused_too(practice: Practice) -> None:
    query = "{ __schema { mutationType { name } } }"
    assert await codes(practice, query, Options()) == []

    assert await codes(practice, query) == ["FORBIDDEN"]


@pytest.mark.parametrize("query", ["{ __typename }", "{ _service { sdl } }", "{ patients { __typename } }"])
async def test_what_gateways_and_clients_need_stays(practice: Practice, query: str) -> None:
    assert await codes(practice, query) == []


@pytest.mark.parametrize(
    "query",
    [
        "{ patient(id: 1) { labels } }",
        "{ patients(frist: 1) { nodes { id } } }",
        "{ ...f } fragment f on Qurey { __typename }",
        "{ groupAppointment(id: 1) { conflicts(kinds: [PATIENT_DOUBLE_BOOKD]) { exist } } }",
    ],
)
async def test_where_introspection_is_off_no_names_are_suggested(practice: Practice, query: str) -> None:
    async def messages(options: Options) -> list[Any]:
        result = await schema.execute(query, {}, context(practice, options))
        return [error.message for error in result.errors or ()]

    assert "Did you mean" in str(await messages(Options()))
    assert "Did you mean" not in str(await messages(OFF))
