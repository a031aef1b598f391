"""How many operations run at once over all doors, how long each may take, and what is answered else."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from builders import Practice
from gappt_graphql.practice.bounds import Bounds
from gappt_graphql.web.app import create_app
from listening import Listening
from wire import Wire

QUERY = {"query": "{ practitioners { nodes { label } } }"}
CREATE = {"query": 'mutation { createPatient(input: {lastName: "New"}) { patient { id } userErrors { code } } }'}
WATCH = "subscription { groupAppointmentChanged { kind } }"
ClientOf = Callable[..., httpx2.AsyncClient]


def headers(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", "Accept": "application/json"}


def app_of(practice: Practice, bounds: Bounds) -> Any:
    return create_app(practice.store, clock=lambda: practice.now, ids=practice.ids, bounds=bounds)


async def test_an_operation_too_many_is_answered_503_at_both_doors(client_of: ClientOf, secret: str) -> None:
    async with client_of(bounds=Bounds(most=0)) as client:
        graph = await client.post("/graphql", json=QUERY, headers=headers(secret))
        rest = await client.get("/v1/patients", headers=headers(secret))

    assert (graph.status_code, rest.status_code) == (503, 503)
    assert graph.json()["errors"][0]["extensions"] == {"code": "OVERLOADED"}
    assert (graph.headers["Retry-After"], rest.headers["Retry-After"]) == ("1", "1")


async def test_an_operation_too_many_on_a_socket_is_an_error_and_the_socket_stays(
    practice: Practice, secret: str
) -> None:
    async with Wire(app_of(practice, Bounds(most=0))) as socket:
        await socket.welcomed(secret)
        socket.subscribe(QUERY["query"])

        assert (await socket.get())["payload"][0]["extensions"]["code"] == "OVERLOADED"
        socket.put({"type": "ping"})
        assert await socket.get() == {"type": "pong"}


async def test_who_waits_does_not_count_among_those_that_run(practice: Practice, secret: str) -> None:
    bounds = Bounds(most=1)
    app = app_of(practice, bounds)
    async with Wire(app) as socket, Listening(app, WATCH, secret=secret) as stream:
        await socket.welcomed(secret)
        socket.subscribe(WATCH)
        assert await socket.is_quiet()
        assert (await stream.head())[0] == 200

        assert bounds.count == 0
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://practice.example") as client:
            assert (await client.post("/graphql", json=QUERY, headers=headers(secret))).status_code == 200


@pytest.mark.parametrize("path", ["/graphql", "/v1/group_appointments"])
async def test_who_sends_a_body_slowly_does_not_count_among_those_that_run(
    practice: Practice, secret: str, path: str
) -> None:
    bounds = Bounds(most=1)
    seen: list[int] = []

    async def slowly() -> Any:
        yield b"{"
        await asyncio.sleep(0.01)
        seen.append(bounds.count)
        yield b"}"

    transport = httpx2.ASGITransport(app_of(practice, bounds))
    async with httpx2.AsyncClient(transport=transport, base_url="http://practice.example") as client:
        kind = {"Content-Type": "application/json"}
        await client.post(path, content=slowly(), headers=headers(secret) | kind)

    assert (seen, bounds.count) == ([0], 0)


async def test_a_query_that_takes_too_long_is_answered_with_one_error(client_of: ClientOf, secret: str) -> None:
    two = {"query": "{ a: practitioners { totalCount } b: patients { totalCount } __typename }"}
    async with client_of(bounds=Bounds(read_seconds=0)) as client:
        answer = await client.post("/graphql", json=two, headers=headers(secret))

    assert answer.status_code == 503
    assert answer.json() == {
        "errors": [
            {"message": "This took too long to read. Ask for less at once.", "extensions": {"code": "TIMEOUT"}},
        ]
    }


async def test_a_query_that_reads_nothing_needs_no_time(client_of: ClientOf, secret: str) -> None:
    async with client_of(bounds=Bounds(read_seconds=0)) as client:
        answer = await client.post("/graphql", json={"query": "{ __typename }"}, headers=headers(secret))

    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_a_mutation_that_takes_too_long_says_that_nothing_was_written_and_nothing_was(
    client_of: ClientOf, secret: str, practice: Practice
) -> None:
    async with client_of(bounds=Bounds(write_seconds=-1)) as client:
        answer = await client.post("/graphql", json=CREATE, headers=headers(secret))
        count = await client.post("/graphql", json={"query": "{ patients { totalCount } }"}, headers=headers(secret))

    [error] = answer.json()["errors"]
    assert (error["extensions"], error["path"]) == ({"code": "TIMEOUT"}, ["createPatient"])
    assert "nothing was written" in error["message"]
    assert count.json()["data"]["patients"]["totalCount"] == len(practice.patients)


async def test_what_was_written_is_told_although_it_can_not_be_read_again(client_of: ClientOf, secret: str) -> None:
    both = {"query": 'mutation { createPatient(input: {lastName: "New"}) { patient { id } userErrors { code } } }'}
    async with client_of(bounds=Bounds(read_seconds=0)) as client:
        answer = await client.post("/graphql", json=both, headers=headers(secret))

    [error] = answer.json()["errors"]
    assert answer.status_code == 200
    assert answer.json()["data"] == {"createPatient": {"patient": None, "userErrors": []}}
    assert error["message"].startswith("What was written stays")


async def test_a_request_over_rest_that_takes_too_long_is_answered_503(client_of: ClientOf, secret: str) -> None:
    async with client_of(bounds=Bounds(read_seconds=0)) as client:
        answer = await client.get("/v1/patients", headers=headers(secret))

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json() == {"message": "This took too long to read. Ask for less at once."}
