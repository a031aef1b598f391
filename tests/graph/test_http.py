"""Operations over HTTP: bodies that hold none get a JSON answer that says why."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from builders import Practice
from gappt_graphql.graph.http import graphql_app
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.ids import KeyId
from gappt_graphql.store import ApiKey

JSON = {"content-type": "application/json"}


def a_key(practice: Practice, scopes: tuple[str, ...]) -> ApiKey:
    return ApiKey(
        id=KeyId(1),
        account_id=practice.account.id,
        digest="",
        last_four="",
        scopes=scopes,
        created_at=practice.now,
        revoked_at=None,
    )


@pytest.fixture
async def http(practice: Practice) -> AsyncIterator[httpx2.AsyncClient]:
    async def open_desk(request: Request) -> Desk:
        scopes = tuple(request.headers.get("scopes", "read write").split())
        request.state.key = a_key(practice, scopes)
        return practice.desk

    app = Starlette(routes=[Route("/graphql", graphql_app(open_desk))])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://practice.example") as client:
        yield client


async def post(http: httpx2.AsyncClient, **body: Any) -> httpx2.Response:
    return await http.post("/graphql", json=body)


async def test_a_query_is_posted(http: httpx2.AsyncClient, practice: Practice) -> None:
    query = "query One($id: ID!) { business(id: $id) { name } } query Two { __typename }"
    answer = await post(http, query=query, variables={"id": str(practice.business.id)}, operationName="One")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"data": {"business": {"name": "North"}}}


async def test_a_query_is_in_the_address(http: httpx2.AsyncClient, practice: Practice) -> None:
    query = "query ($id: ID!) { business(id: $id) { name } }"
    variables = json.dumps({"id": str(practice.business.id)})
    answer = await http.get("/graphql", params={"query": query, "variables": variables, "operationName": ""})

    assert answer.json() == {"data": {"business": {"name": "North"}}}


async def test_a_mutation_is_not_in_the_address(http: httpx2.AsyncClient) -> None:
    query = 'mutation { createPatient(input: {lastName: "Roe"}) { patient { id } } }'
    answer = await http.get("/graphql", params={"query": query})

    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert (await post(http, query="{ patients { totalCount } }")).json()["data"]["patients"]["totalCount"] == 12


async def test_null_is_the_same_as_absent(http: httpx2.AsyncClient) -> None:
    answer = await post(http, query="{ __typename }", variables=None, operationName=None, extensions=None)

    assert answer.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"123",
        b'"x"',
        b"true",
        b"[]",
        b'[{"query": "{ __typename }"}]',
        b"",
        b"{",
        b"\xff\xfe",
        b'{"query": "\xff"}',
        b'{"query": "\\ud800"}',
        b"[" * 100_000,
        b'{"query":' * 50_000,
        b"{}",
        b'{"query": null}',
        b'{"query": ""}',
        b'{"query": 1}',
        b'{"query": ["{ __typename }"]}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "operationName": {"a": 1}}',
        b'{"query": "{ __typename }", "extensions": 1}',
    ],
    ids=lambda body: (body[:20] + body[-25:]).decode(errors="replace") or "empty",
)
async def test_a_body_that_holds_no_operation_is_refused_in_json(http: httpx2.AsyncClient, body: bytes) -> None:
    answer = await http.post("/graphql", content=body, headers=JSON)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "data" not in answer.json()


@pytest.mark.parametrize("number", ["1" + "0" * 5000, "1e999", "-1" + "0" * 400, "NaN", "18446744073709551616"])
async def test_huge_numbers_are_refused_somewhere_but_break_nothing(http: httpx2.AsyncClient, number: str) -> None:
    body = f'{{"query": "query ($n: Int) {{ patients(first: $n) {{ totalCount }} }}", "variables": {{"n": {number}}}}}'
    answer = await http.post("/graphql", content=body, headers=JSON)

    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_variables_that_are_nested_deeply_break_nothing(http: httpx2.AsyncClient) -> None:
    deep = '{"a":' * 900 + "1" + "}" * 900
    query = "query ($f: GroupAppointmentFilter) { groupAppointments(filter: $f) { totalCount } }"
    body = f'{{"query": "{query}", "variables": {{"f": {deep}}}}}'
    answer = await http.post("/graphql", content=body, headers=JSON)

    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"BAD_USER_INPUT"}


@pytest.mark.parametrize("kind", ["text/plain", "application/jsonx", "application/x-www-form-urlencoded", ""])
async def test_what_a_foreign_page_can_send_is_no_operation(http: httpx2.AsyncClient, kind: str) -> None:
    answer = await http.post("/graphql", content=b'{"query": "{ __typename }"}', headers={"content-type": kind})

    assert answer.status_code == 415


@pytest.mark.parametrize("kind", ["Application/JSON", "application/json; charset=utf-8"])
async def test_json_is_json_however_it_is_spelt(http: httpx2.AsyncClient, kind: str) -> None:
    answer = await http.post("/graphql", content=b'{"query": "{ __typename }"}', headers={"content-type": kind})

    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_told_which_there_are(http: httpx2.AsyncClient, method: str) -> None:
    answer = await http.request(method, "/graphql")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_a_key_that_may_not_is_forbidden(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/graphql", json={"query": "{ __typename }"}, headers={"scopes": "write"})

    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize("query", ["{", "{ nothing }", "query ($n: Int!) { patients(first: $n) { totalCount } }"])
async def test_where_nothing_was_run_there_is_no_data_not_even_null(http: httpx2.AsyncClient, query: str) -> None:
    answer = await post(http, query=query)

    assert answer.status_code == 200
    assert set(answer.json()) == {"errors"}


async def test_errors_come_beside_the_data(http: httpx2.AsyncClient) -> None:
    answer = await post(http, query='{ a: patients(after: "x") { totalCount } patients { totalCount } }')

    assert answer.status_code == 200
    assert answer.json()["data"] == {"a": None, "patients": {"totalCount": 12}}
    assert answer.json()["errors"][0]["path"] == ["a"]
