"""Operations over HTTP: bodies that hold none get a JSON answer that says why."""

import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from builders import Practice
from gappt_graphql.graph.errors import ErrorCode
from gappt_graphql.graph.http import LONGEST_ADDRESS, STATUSES, graphql_app
from gappt_graphql.graph.negotiation import RESPONSE
from gappt_graphql.graph.options import Options
from gappt_graphql.graph.shared import Shared
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
def http_of(practice: Practice) -> Callable[..., httpx2.AsyncClient]:
    """Return clients of doors with options of the test's choice."""

    async def open_desk(request: Request) -> Desk:
        scopes = tuple(request.headers.get("scopes", "read write").split())
        request.state.key = a_key(practice, scopes)
        return practice.desk

    def client(**options: Any) -> httpx2.AsyncClient:
        app = Starlette(routes=[Route("/graphql", graphql_app(open_desk, Shared(Options(**options))))])
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://practice.example")

    return client


@pytest.fixture
async def http(http_of: Callable[..., httpx2.AsyncClient]) -> AsyncIterator[httpx2.AsyncClient]:
    async with http_of() as client:
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


async def test_a_mutation_is_never_taken_by_get(http: httpx2.AsyncClient) -> None:
    query = 'mutation { createPatient(input: {lastName: "Roe"}) { patient { id } } }'
    answer = await http.get("/graphql", params={"query": query})

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert (await post(http, query="{ patients { totalCount } }")).json()["data"]["patients"]["totalCount"] == 12


async def test_the_operation_that_is_named_decides_about_get(http: httpx2.AsyncClient) -> None:
    query = "mutation A { __typename } query B { __typename }"

    assert (await http.get("/graphql", params={"query": query, "operationName": "A"})).status_code == 405
    assert (await http.get("/graphql", params={"query": query, "operationName": "B"})).status_code == 200


async def test_head_is_as_good_as_get(http: httpx2.AsyncClient) -> None:
    assert (await http.head("/graphql", params={"query": "{ __typename }"})).status_code == 200
    assert (await http.head("/graphql", params={"query": "mutation { __typename }"})).status_code == 405


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_get_can_be_turned_off(http_of: Callable[..., httpx2.AsyncClient], method: str) -> None:
    async with http_of(get=False) as http:
        answer = await http.request(method, "/graphql", params={"query": "{ __typename }"})

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_a_long_address_is_refused(http: httpx2.AsyncClient) -> None:
    fits = await http.get("/graphql?query=%7B__typename%7D".ljust(LONGEST_ADDRESS, ","))
    answer = await http.get("/graphql", params={"query": "{__typename}", "operationName": "a" * LONGEST_ADDRESS})

    assert fits.status_code == 200
    assert answer.status_code == 414
    assert answer.json()["errors"][0]["extensions"]["code"] == "OPERATION_TOO_LARGE"


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/*", "text/html, */*;q=0.1"])
async def test_an_answer_is_json(http: httpx2.AsyncClient, accept: str) -> None:
    answer = await http.post("/graphql", json={"query": "{ __typename }"}, headers={"accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


async def test_without_accept_an_answer_is_json(http: httpx2.AsyncClient) -> None:
    del http.headers["accept"]
    answer = await post(http, query="{ __typename }")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


async def test_an_answer_is_a_graphql_response_for_who_accepts_one(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/graphql", json={"query": "{ __typename }"}, headers={"accept": RESPONSE})

    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{RESPONSE}; charset=utf-8")
    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_accept_may_come_in_several_lines(http: httpx2.AsyncClient) -> None:
    headers = [("accept", "application/json;q=0.5"), ("accept", RESPONSE)]
    answer = await http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)

    assert answer.headers["content-type"].startswith(RESPONSE)


@pytest.mark.parametrize("accept", ["image/png", "*/*;q=0", "text/event-stream;q=0"])
async def test_who_accepts_no_json_is_told_in_json(http: httpx2.AsyncClient, accept: str) -> None:
    answer = await http.post("/graphql", json={"query": "{ __typename }"}, headers={"accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (406, "application/json")
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_subscription_is_answered_as_a_stream_alone(http: httpx2.AsyncClient) -> None:
    answer = await post(http, query="subscription { groupAppointmentChanged { id } }")

    assert answer.status_code == 406
    assert "text/event-stream" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("query", "scopes", "as_response", "as_json"),
    [
        ("{ __typename }", "read", 200, 200),
        ("{", "read", 400, 200),
        ("{ nothing }", "read", 400, 200),
        ("query ($n: Int!) { patients(first: $n) { totalCount } }", "read", 400, 200),
        ("query A { __typename } query B { __typename }", "read", 400, 200),
        ("fragment A on Query { __typename }", "read", 400, 200),
        ("{" + "a: __typename " * 3000 + "}", "read", 400, 200),
        ("{ __typename }", "write", 403, 403),
        ('{ a: patients(after: "x") { totalCount } __typename }', "read", 200, 200),
        ("{ patients(first: 1000) { totalCount } }", "read", 200, 200),
        ('mutation { createPatient(input: {lastName: ""}) { userErrors { code } } }', "write", 200, 200),
    ],
)
async def test_the_status_tells_what_became_of_the_operation_in_a_graphql_response_alone(
    http: httpx2.AsyncClient, query: str, scopes: str, as_response: int, as_json: int
) -> None:
    def headers(accept: str) -> dict[str, str]:
        return {"accept": accept, "scopes": scopes}

    response = await http.post("/graphql", json={"query": query}, headers=headers(RESPONSE))
    answer = await http.post("/graphql", json={"query": query}, headers=headers("application/json"))

    assert (response.status_code, answer.status_code) == (as_response, as_json)
    assert response.json() == answer.json()
    assert ("data" in response.json()) == (as_response == 200)


async def test_a_malformed_request_is_told_of_in_the_type_that_is_accepted(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/graphql", content=b"{", headers=JSON | {"accept": RESPONSE})

    assert (answer.status_code, answer.headers["content-type"]) == (400, f"{RESPONSE}; charset=utf-8")


def test_every_code_has_its_statuses() -> None:
    assert set(STATUSES) == set(ErrorCode)


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


names = st.sampled_from(["query", "variables", "operationName", "extensions", "documentId", "x"])
values = st.none() | st.booleans() | st.floats() | st.text() | st.dictionaries(names, st.integers())
WORDS = re.findall(
    r"\S+",
    '{ } ( ) [ ] : ! $ @ ... = & | # " """ \\u \\ 1 -0.1e9 query mutation subscription fragment on true null patients '
    "first __typename id Patient $n Int include if filter search _entities representations",
)
documents = st.lists(st.sampled_from([*WORDS, "\n"])).map(" ".join)
bodies = st.dictionaries(names, values | documents).map(lambda body: json.dumps(body).encode())


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary() | bodies | documents.map(lambda text: json.dumps({"query": text}).encode()), st.text())
async def test_no_body_and_no_accept_breaks_anything(http: httpx2.AsyncClient, body: bytes, accept: str) -> None:
    headers = {"content-type": b"application/json", "accept": accept.encode("latin-1", "replace")}
    answer = await http.post("/graphql", content=body, headers=headers)

    assert answer.status_code in (200, 400, 406)
    assert {error["extensions"]["code"] for error in answer.json().get("errors", ())} <= set(ErrorCode) - {"INTERNAL"}


async def test_the_cost_of_an_operation_is_told_to_who_asks_for_it(http: httpx2.AsyncClient) -> None:
    body = {"query": "{ patients(first: 5) { nodes { id } } }"}

    assert "extensions" not in (await http.post("/graphql", json=body)).json()
    assert "extensions" not in (await http.post("/graphql", json=body, headers={"GraphQL-Cost": "0"})).json()
    told = (await http.post("/graphql", json=body, headers={"GraphQL-Cost": "1"})).json()["extensions"]
    assert told == {"cost": {"requestedQueryCost": 6, "maximumQueryCost": 30_000}}
    asked = {**body, "extensions": {"cost": True}}
    assert (await http.post("/graphql", json=asked)).json()["extensions"] == told
