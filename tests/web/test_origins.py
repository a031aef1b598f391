"""Pages of other origins in a browser: which may ask and read, and that no other can write."""

from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from builders import Practice
from gappt_graphql.graph.options import Options, Streams

PORTAL, FOREIGN = "https://portal.example", "https://elsewhere.example"
QUERY = {"query": "{ __typename }"}


def options(*origins: str) -> Options:
    return Options(streams=Streams(origins=frozenset(origins)))


@pytest.fixture
async def open_client(client_of: Callable[..., httpx2.AsyncClient]) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a server that lets the pages of the portal ask."""
    async with client_of(options=options(PORTAL), rate_limit=1) as client:
        yield client


def preflight(origin: str, method: str = "POST", headers: str = "authorization,content-type") -> dict[str, str]:
    """Return the headers of what a browser asks before it sends another origin's request."""
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }


def allowing(answer: httpx2.Response) -> list[str]:
    return sorted(name for name in answer.headers if name.startswith("access-control-"))


@pytest.mark.parametrize("path", ["/graphql", "/v1/group_appointments", "/livez"])
async def test_without_a_setting_no_page_of_another_origin_is_let_ask(client: httpx2.AsyncClient, path: str) -> None:
    before = await client.options(path, headers=preflight(PORTAL))
    answer = await client.get(path, headers={"Origin": PORTAL})

    assert allowing(before) == allowing(answer) == []


@pytest.mark.parametrize("path", ["/graphql", "/v1/group_appointments"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_page_of_an_allowed_origin_is_let_ask(open_client: httpx2.AsyncClient, path: str, method: str) -> None:
    answer = await open_client.options(path, headers=preflight(PORTAL, method))

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == PORTAL
    assert method in answer.headers["Access-Control-Allow-Methods"]


async def test_a_page_may_send_its_key_and_what_its_client_adds(open_client: httpx2.AsyncClient) -> None:
    wanted = "authorization,content-type,gappt-actor,graphql-cost,idempotency-key,traceparent"
    answer = await open_client.options("/graphql", headers=preflight(PORTAL, headers=wanted))

    assert set(wanted.split(",")) <= set(answer.headers["Access-Control-Allow-Headers"].lower().split(","))


@pytest.mark.parametrize("origin", [FOREIGN, "null", "http://portal.example", "https://portal.example.evil.example"])
async def test_a_page_of_another_origin_is_not_let_ask(open_client: httpx2.AsyncClient, origin: str) -> None:
    before = await open_client.options("/graphql", headers=preflight(origin))
    answer = await open_client.get("/livez", headers={"Origin": origin})

    assert "Access-Control-Allow-Origin" not in before.headers
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_browser_is_never_told_to_add_credentials(open_client: httpx2.AsyncClient) -> None:
    before = await open_client.options("/graphql", headers=preflight(PORTAL))
    answer = await open_client.get("/livez", headers={"Origin": PORTAL})

    assert "Access-Control-Allow-Credentials" not in {*before.headers, *answer.headers}


async def test_a_page_reads_the_answer_and_what_its_headers_tell(open_client: httpx2.AsyncClient, secret: str) -> None:
    headers = {"Origin": PORTAL, "Sec-Fetch-Site": "cross-site", "Authorization": f"Bearer {secret}"}
    answer = await open_client.post("/graphql", json=QUERY, headers=headers)

    assert answer.json() == {"data": {"__typename": "Query"}}
    assert answer.headers["Access-Control-Allow-Origin"] == PORTAL
    assert "Origin" in answer.headers["Vary"]
    told = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-Id"} <= {*told}


async def test_a_page_reads_every_refusal(open_client: httpx2.AsyncClient, secret: str) -> None:
    headers = {"Origin": PORTAL, "Authorization": f"Bearer {secret}"}
    answers = [
        await open_client.post("/graphql", json=QUERY, headers={"Origin": PORTAL}),
        await open_client.post("/graphql", content=b" " * 200_000, headers=headers),
        await open_client.get("/v1/nothing", headers=headers),
        await open_client.get("/v1/patients", headers=headers),
        await open_client.get("/v1/patients", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [401, 413, 404, 200, 429]
    assert {answer.headers.get("Access-Control-Allow-Origin") for answer in answers} == {PORTAL}


CROSS_SITE = {"Sec-Fetch-Site": "cross-site", "Origin": FOREIGN}


@pytest.mark.parametrize(
    "sent",
    [
        CROSS_SITE,
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://blog.practice.example"},
        {"Origin": FOREIGN},
        {"Origin": "null"},
    ],
    ids=str,
)
async def test_a_foreign_page_cannot_write_with_a_key_that_the_browser_keeps(
    client: httpx2.AsyncClient, secret: str, practice: Practice, sent: dict[str, str]
) -> None:
    group = await practice.group()
    kept = {"Authorization": f"Basic {b64encode(f'{secret}:'.encode()).decode()}"}
    address = f"/v1/group_appointments/{group.id}"

    answer = await client.post(f"{address}/archive", headers=sent | kept)

    assert answer.status_code == 403
    assert answer.json() == {"message": "Pages of this origin may not write here."}
    assert (await client.get(address, headers=kept)).json()["archived_at"] is None


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://public.example"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://practice.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": PORTAL},
        {"Origin": PORTAL},
    ],
    ids=str,
)
async def test_programs_own_pages_and_allowed_origins_write(
    open_client: httpx2.AsyncClient, secret: str, practice: Practice, sent: dict[str, str]
) -> None:
    group = await practice.group()

    answer = await open_client.post(
        f"/v1/group_appointments/{group.id}/archive", headers=sent | {"Authorization": f"Bearer {secret}"}
    )

    assert answer.status_code == 204


async def test_a_foreign_page_is_refused_in_the_words_of_graphql_at_graphql(
    client: httpx2.AsyncClient, secret: str
) -> None:
    answer = await client.post("/graphql", json=QUERY, headers=CROSS_SITE | {"Authorization": f"Bearer {secret}"})

    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


FORMS: list[dict[str, Any]] = [
    {"data": {"query": "mutation { __typename }"}},
    {"files": {"operations": b'{"query": "mutation { __typename }"}'}},
    {"content": b'{"query": "mutation { __typename }"}', "headers": {"Content-Type": "text/plain"}},
    {"content": b'{"query": "mutation { __typename }"}'},
]


@pytest.mark.parametrize("form", FORMS, ids=["form", "multipart", "text", "none"])
@pytest.mark.parametrize("path", ["/graphql", "/v1/group_appointments", "/v1/attendees"])
async def test_only_json_is_taken_for_a_write(
    client: httpx2.AsyncClient, secret: str, path: str, form: dict[str, Any]
) -> None:
    headers = form.get("headers", {}) | {"Authorization": f"Bearer {secret}"}

    answer = await client.post(path, **(form | {"headers": headers}))

    assert answer.status_code == 415


async def test_no_answer_sets_a_cookie(client: httpx2.AsyncClient, secret: str) -> None:
    headers = {"Authorization": f"Bearer {secret}", "Accept": "text/html"}
    answers = [await client.get(path, headers=headers) for path in ("/", "/graphql", "/v1/patients", "/livez")]

    assert [answer.headers.get("Set-Cookie") for answer in answers] == [None] * 4
