"""What a key may spend: points over GraphQL, requests over both doors, and what answers tell of that."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from graphql import get_introspection_query

from at_the_desk import creation
from builders import Practice
from gappt_graphql.practice import booking
from gappt_graphql.practice.access import issue_key
from gappt_graphql.web.app import create_app
from listening import Listening
from wire import Wire

TEN = {"query": "{ patients(first: 9) { nodes { id } } }"}
NONE = {"query": "{ __typename }"}
WATCH = "subscription { groupAppointmentChanged { kind } }"
ClientOf = Callable[..., httpx2.AsyncClient]


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


async def ask(client: httpx2.AsyncClient, secret: str, body: dict[str, Any], **headers: str) -> httpx2.Response:
    return await client.post("/graphql", json=body, headers=bearer(secret) | headers)


async def test_an_operation_that_costs_more_than_is_left_is_not_run(
    client_of: ClientOf, secret: str, practice: Practice
) -> None:
    async with client_of(cost_budget=25) as client:
        answers = [await ask(client, secret, TEN) for _ in range(3)]
        small = await ask(client, secret, {"query": "{ patients(first: 2) { nodes { id } } }"})
        practice.now += timedelta(seconds=60)
        later = await ask(client, secret, TEN)

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["errors"][0]["extensions"] == {"code": "THROTTLED"}
    assert answers[2].headers["Retry-After"] == "12"
    assert (small.status_code, later.status_code) == (200, 200)


async def test_nothing_of_a_mutation_is_done_for_which_too_few_points_are_left(
    client_of: ClientOf, secret: str
) -> None:
    mutation = {"query": 'mutation { createPatient(input: {lastName: "New"}) { patient { id } } }'}
    async with client_of(cost_budget=20) as client:
        answers = [await ask(client, secret, mutation) for _ in range(2)]
    async with client_of() as client:
        count = await ask(client, secret, {"query": '{ patients(filter: {search: "New"}) { totalCount } }'})

    assert [answer.status_code for answer in answers] == [200, 429]
    assert count.json()["data"] == {"patients": {"totalCount": 1}}


async def test_an_operation_costs_a_point_at_least(client_of: ClientOf, secret: str) -> None:
    async with client_of(cost_budget=2) as client:
        assert [(await ask(client, secret, NONE)).status_code for _ in range(3)] == [200, 200, 429]


async def test_an_operation_that_can_never_be_paid_is_too_large(client_of: ClientOf, secret: str) -> None:
    async with client_of(cost_budget=5) as client:
        answer = await ask(client, secret, TEN, Accept="application/graphql-response+json")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"] == {"code": "OPERATION_TOO_LARGE"}


async def test_a_client_that_asks_is_told_what_its_key_has_left(client_of: ClientOf, secret: str) -> None:
    async with client_of(cost_budget=100) as client:
        answer = await ask(client, secret, TEN, **{"GraphQL-Cost": "1"})

    assert answer.json()["extensions"]["cost"] == {
        "requestedQueryCost": 10,
        "maximumQueryCost": 30_000,
        "throttleStatus": {"maximumAvailable": 100, "currentlyAvailable": 90, "restoreRate": 1.67},
    }


async def test_where_there_is_no_budget_nothing_is_told_of_one(client_of: ClientOf, secret: str) -> None:
    async with client_of(cost_budget=0) as client:
        answer = await ask(client, secret, TEN, **{"GraphQL-Cost": "1"})

    assert list(answer.json()["extensions"]["cost"]) == ["requestedQueryCost", "maximumQueryCost"]
    assert "X-RateLimit-Limit" not in answer.headers


async def test_a_key_has_50_000_points_a_minute_where_nobody_says_else(client: httpx2.AsyncClient, secret: str) -> None:
    answer = await ask(client, secret, TEN)

    assert answer.headers["X-RateLimit-Limit"] == "50000"


async def test_every_answer_of_a_limited_door_tells_how_the_key_stands(
    client: httpx2.AsyncClient, secret: str, practice: Practice
) -> None:
    rest = await client.get("/v1/patients", headers=bearer(secret))
    graph = await ask(client, secret, TEN)
    now = int(practice.now.timestamp())

    assert [rest.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")] == [
        "200",
        "199",
        str(now + 1),
    ]
    assert (graph.headers["X-RateLimit-Remaining"], graph.headers["X-RateLimit-Reset"]) == ("49990", str(now + 1))
    assert "Retry-After" not in rest.headers


@pytest.mark.parametrize(("rate", "statuses"), [(1, [200, 429]), (0, [200, 200])])
async def test_a_key_may_have_a_limit_of_its_own(
    client_of: ClientOf, practice: Practice, rate: int, statuses: list[int]
) -> None:
    issued = await issue_key(
        practice.store,
        account=practice.account.id,
        scopes=["read"],
        now=practice.now,
        ids=practice.ids,
        rate_limit=rate,
    )
    async with client_of(rate_limit=1) as client:
        answers = [await client.get("/v1/patients", headers=bearer(issued.secret)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == statuses


async def test_a_key_may_have_a_budget_of_its_own(client_of: ClientOf, practice: Practice, secret: str) -> None:
    issued = await issue_key(
        practice.store,
        account=practice.account.id,
        scopes=["read"],
        now=practice.now,
        ids=practice.ids,
        cost_budget=1000,
    )
    async with client_of(cost_budget=5) as client:
        own, others = await ask(client, issued.secret, TEN), await ask(client, secret, TEN)

    assert own.headers["X-RateLimit-Remaining"] == "990"
    assert others.json()["errors"]


async def test_operations_of_a_socket_are_paid_from_the_same_budget(practice: Practice, secret: str) -> None:
    app: Any = create_app(practice.store, clock=lambda: practice.now, ids=practice.ids, cost_budget=15)
    async with Wire(app) as socket:
        await socket.welcomed(secret)
        socket.subscribe(TEN["query"], "1")
        assert [(await socket.get())["type"] for _ in range(2)] == ["next", "complete"]
        socket.subscribe(TEN["query"], "2")

        refused = await socket.get()
        assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "THROTTLED")


async def test_a_stream_that_can_not_be_paid_is_refused_with_when_to_come_back(practice: Practice, secret: str) -> None:
    app: Any = create_app(practice.store, clock=lambda: practice.now, ids=practice.ids, cost_budget=1)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://practice.example") as client:
        await ask(client, secret, NONE)
    async with Listening(app, WATCH, secret=secret) as stream:
        status, headers = await stream.head()

    assert (status, headers["retry-after"]) == (429, "60")


async def test_each_event_costs_what_its_operation_does(practice: Practice, secret: str) -> None:
    app: Any = create_app(practice.store, clock=lambda: practice.now, ids=practice.ids, cost_budget=100)
    async with Listening(app, WATCH, secret=secret) as stream:
        assert (await stream.head())[0] == 200
        for _ in range(3):
            await booking.create(practice.desk, creation(practice))
            assert await stream.event()
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://practice.example") as client:
            answer = await ask(client, secret, NONE)

    assert answer.headers["X-RateLimit-Remaining"] == str(100 - 1 - 3 - 1)


async def test_an_event_waits_until_it_can_be_paid_and_none_is_lost(practice: Practice, secret: str) -> None:
    budget = 1200
    app: Any = create_app(practice.store, clock=lambda: datetime.now(UTC), ids=practice.ids, cost_budget=budget)
    dear = {"query": "{ patients(first: 98) { nodes { id } } }"}
    async with Listening(app, WATCH, secret=secret) as stream:
        assert (await stream.head())[0] == 200
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://practice.example") as client:
            while (await ask(client, secret, dear)).status_code == 200:
                pass
            while (await ask(client, secret, NONE)).status_code == 200:
                pass
            for _ in range(4):
                await booking.create(practice.desk, creation(practice))
            told = [await stream.event() for _ in range(4)]

    assert [event[1] for event in told if event] == ["next"] * 4


async def test_a_page_that_asks_for_the_schema_may_be_opened_again_and_again(client_of: ClientOf, secret: str) -> None:
    schema = {"query": get_introspection_query()}
    with_records = {"query": schema["query"].replace("__schema", "practitioners { nodes { id } } __schema", 1)}
    async with client_of() as client:
        answers = [await ask(client, secret, schema) for _ in range(5)]
        mixed = [await ask(client, secret, with_records) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert mixed[-1].status_code == 429
