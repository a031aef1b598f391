"""What every answer carries, and what is refused before an operation runs."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import cast

import httpx2
import pytest

from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.store import Store
from gappt_graphql.web.app import LARGEST_BODY, create_app


async def test_livez_needs_no_key(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/livez")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/nothing", "/graphql/", "/graphqlx", "/explorer/nothing.js", "/explorer/../app.py"])
async def test_an_address_with_nothing_there_is_a_404_in_json(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code == 404
    assert answer.json() == {"message": "There is nothing at this address."}


async def test_a_post_to_an_address_with_a_slash_too_many_is_not_sent_elsewhere(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/graphql/", json={"query": "{ __typename }"})

    assert answer.status_code == 404


async def test_a_refusal_of_the_application_comes_in_the_type_that_is_accepted(client: httpx2.AsyncClient) -> None:
    accept = {"Accept": "application/graphql-response+json"}
    unknown = await client.post("/graphql", json={"query": "{ __typename }"}, headers=accept)
    large = await client.post("/graphql", content=b" " * (LARGEST_BODY + 1), headers=accept)

    assert (unknown.status_code, large.status_code) == (401, 413)
    assert unknown.headers["Content-Type"] == "application/graphql-response+json; charset=utf-8"
    assert large.headers["Content-Type"] == "application/graphql-response+json; charset=utf-8"


async def test_a_method_that_an_address_does_not_take_is_a_405_in_json(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/livez")

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.json() == {"message": "This address does not take this method."}


async def test_a_body_of_stated_length_over_the_limit_is_refused_unread(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/graphql", content=b" " * (LARGEST_BODY + 1))

    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"] == {"code": "OPERATION_TOO_LARGE"}


async def test_a_body_of_unstated_length_over_the_limit_is_refused(client: httpx2.AsyncClient, secret: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(LARGEST_BODY // 1024 + 1):
            yield b" " * 1024

    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    answer = await client.post("/graphql", content=chunks(), headers=headers)

    assert answer.status_code == 413


async def test_a_body_of_the_largest_size_is_read(client: httpx2.AsyncClient, secret: str) -> None:
    query = b'{"query": "{ __typename }"}'
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

    answer = await client.post("/graphql", content=query.ljust(LARGEST_BODY), headers=headers)

    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_every_answer_has_a_request_id_of_its_own(client: httpx2.AsyncClient) -> None:
    ids = {(await client.get("/livez")).headers["X-Request-Id"] for _ in range(3)}

    assert len(ids) == 3


async def test_a_callers_request_id_comes_back(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/livez", headers={"X-Request-Id": "trace-42"})

    assert answer.headers["X-Request-Id"] == "trace-42"


@pytest.mark.parametrize("harmful", ["", "two words", "a" * 65, "line%0Abreak", "é"])
async def test_a_request_id_that_could_harm_a_log_is_replaced(client: httpx2.AsyncClient, harmful: str) -> None:
    answer = await client.get("/livez", headers={"X-Request-Id": harmful.encode("latin-1")})

    assert answer.headers["X-Request-Id"] != harmful


@pytest.mark.parametrize("path", ["/livez", "/graphql", "/v1/patients", "/nothing"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
    ],
)
async def test_every_answer_has_each_security_header(
    client: httpx2.AsyncClient, path: str, name: str, value: str
) -> None:
    assert (await client.get(path)).headers.get(name) == value


@pytest.mark.parametrize("name", ["Cross-Origin-Opener-Policy", "Referrer-Policy", "X-Content-Type-Options"])
async def test_the_explorer_has_the_security_headers_too(client: httpx2.AsyncClient, name: str) -> None:
    answer = await client.get("/", headers={"Accept": "text/html"})

    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers[name] == (await client.get("/livez")).headers[name]


A_PATIENT = "Ada Lovelace"


class BrokenStore:
    """A store that fails with a patient's name in its message."""

    async def key_by_digest(self, digest: str) -> None:
        raise RuntimeError(A_PATIENT)


async def test_what_breaks_is_a_500_with_its_request_id_and_without_a_word_of_the_cause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = create_app(cast(Store, BrokenStore()), clock=lambda: datetime.now(UTC), ids=Ids(0))
    headers = {"Authorization": f"Bearer gappt_{'k' * 43}", "X-Request-Id": "r-1"}

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://practice.example") as client:
        with caplog.at_level(logging.INFO):
            answer = await client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)

    error = answer.json()["errors"][0]
    assert answer.status_code == 500
    assert error["extensions"] == {"code": "INTERNAL", "correlationId": "r-1"}
    assert A_PATIENT not in answer.text + caplog.text
    assert [record.getMessage().count("request id r-1") for record in caplog.records if record.levelno >= 40] == [1]
    assert "RuntimeError" in caplog.text
