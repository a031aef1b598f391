"""Operations by POST are answered past the middlewares, as the middlewares would have it."""

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2
import pytest

from builders import Practice
from gappt_graphql.graph.options import Options, Streams
from gappt_graphql.practice.access import issue_key
from gappt_graphql.store import Store
from gappt_graphql.web.app import create_app
from gappt_graphql.web.observe import Logging
from gappt_graphql.web.shortcut import Shortcut

PAGE = "https://page.example"
QUERY = b'{"query": "{ __typename }"}'
JSON = {"Content-Type": "application/json"}
ID = {"X-Request-Id": "r-1"}


async def in_parts() -> AsyncIterator[bytes]:
    for _ in range(20):
        yield b" " * 10_000


async def few_parts() -> AsyncIterator[bytes]:
    yield QUERY[:5]
    yield QUERY[5:]


Body = Any
ASKED: Mapping[str, tuple[list[tuple[str, str]], Body]] = {
    "a query": ([], QUERY),
    "a query in parts": ([], few_parts),
    "a query that fails": ([], b'{"query": "{ nothing }"}'),
    "a wish for its cost": ([("GraphQL-Cost", "1")], QUERY),
    "no JSON": ([], b"{"),
    "a list of requests": ([], b"[]"),
    "another type": ([("Content-Type", "text/plain")], QUERY),
    "a compressed body": ([("Content-Encoding", "gzip")], QUERY),
    "a type that nobody has": ([("Accept", "text/html")], QUERY),
    "the type of responses": ([("Accept", "application/graphql-response+json")], QUERY),
    "two types in two headers": ([("Accept", "text/html;q=0.1"), ("Accept", "application/json")], QUERY),
    "a stream": ([("Accept", "text/event-stream")], QUERY),
    "a page of ours": ([("Origin", "http://practice.example")], QUERY),
    "a page that is welcome": ([("Origin", PAGE), ("Sec-Fetch-Site", "cross-site")], QUERY),
    "a page of somebody else": ([("Origin", "https://evil.example")], QUERY),
    "two pages": ([("Origin", PAGE), ("Origin", "https://evil.example")], QUERY),
    "a page of another site": ([("Sec-Fetch-Site", "cross-site")], QUERY),
    "a person": ([("Sec-Fetch-Site", "none")], QUERY),
    "a long body": ([], b" " * 200_000),
    "a long body in parts": ([], in_parts),
    "a length that is none": ([("Content-Length", "+5")], QUERY),
    "a key that is none": ([("Authorization", "Bearer nothing")], QUERY),
    "two keys": ([("Authorization", "Bearer nothing"), ("Authorization", "Bearer nothing")], QUERY),
    "an actor": ([("GAPPT-Actor", "Ada")], QUERY),
    "two actors": ([("GAPPT-Actor", "Ada"), ("GAPPT-Actor", "Bob")], QUERY),
    "an actor that is no text": ([("GAPPT-Actor", "\xff")], QUERY),
}


def client_of(app: Any, way: str) -> httpx2.AsyncClient:
    assert isinstance(app.middleware_stack, Shortcut)
    if way == "long":
        app.middleware_stack = app.middleware_stack.app
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://practice.example")


@pytest.fixture
async def secret(practice: Practice) -> str:
    account = practice.account.id
    issued = await issue_key(
        practice.store, account=account, scopes=["read"], now=practice.now, ids=practice.ids, rate_limit=1000
    )
    return issued.secret


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    caplog.set_level(logging.INFO, "gappt_graphql.requests")
    return []


@pytest.fixture
async def ways(
    store: Store, practice: Practice, lines: list[dict[str, object]]
) -> AsyncIterator[tuple[httpx2.AsyncClient, httpx2.AsyncClient]]:
    """A client of an application, and one of one that has no shortcut any more."""
    clients = []
    for way in ("short", "long"):
        app: Any = create_app(
            store,
            clock=lambda: practice.now,
            ids=practice.ids,
            options=Options(streams=Streams(origins=frozenset({PAGE}))),
            observer=Logging(lambda level, message, fields: lines.append(dict(fields))),
        )
        clients.append(client_of(app, way))
    async with clients[0], clients[1]:
        yield clients[0], clients[1]


@pytest.mark.parametrize("asked", ASKED)
async def test_the_short_way_answers_and_logs_as_the_long_one(
    ways: tuple[httpx2.AsyncClient, httpx2.AsyncClient], lines: list[dict[str, object]], secret: str, asked: str
) -> None:
    headers, body = ASKED[asked]
    given = [*(one.lower() for one, _ in headers)]
    usual = {"Authorization": f"Bearer {secret}", **JSON, **ID}
    headers = [*((name, value) for name, value in usual.items() if name.lower() not in given), *headers]
    answers = []
    for client in ways:
        content = body() if callable(body) else body
        spelled = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        answers.append(await client.post("/graphql", headers=spelled, content=content))

    short, long = answers
    assert short.status_code == long.status_code
    assert sorted(short.headers.multi_items()) == sorted(long.headers.multi_items())
    assert short.content == long.content
    for line in lines:
        assert line.pop("ms") is not None
    assert lines[0] == lines[1]


async def test_what_breaks_is_told_alike(store: Store, practice: Practice, secret: str) -> None:
    def broken() -> Any:
        raise RuntimeError

    answers = []
    for way in ("short", "long"):
        app: Any = create_app(store, clock=broken, ids=practice.ids)
        async with client_of(app, way) as client:
            answers.append(
                await client.post(
                    "/graphql", headers={"Authorization": f"Bearer {secret}", **JSON, **ID}, content=QUERY
                )
            )

    assert [answer.status_code for answer in answers] == [500, 500]
    assert answers[0].content == answers[1].content
    assert sorted(answers[0].headers.items()) == sorted(answers[1].headers.items())


async def test_every_other_request_goes_the_long_way(ways: tuple[httpx2.AsyncClient, httpx2.AsyncClient]) -> None:
    for path in ("/graphql/", "/livez", "/v1/group_appointments", "/nowhere"):
        answers = [await client.post(path, headers=ID) for client in ways]

        assert answers[0].status_code == answers[1].status_code
        assert answers[0].content == answers[1].content
