"""What Prometheus is told: how much there was of what, in words of this program."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from builders import A_MONDAY, Practice
from conftest import NOW
from gappt_graphql.graph.options import Options
from gappt_graphql.practice.access import issue_key
from gappt_graphql.store.opening import open_store
from gappt_graphql.web.app import create_app
from gappt_graphql.web.metrics import Metrics, metrics_app
from wire import Wire

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
BOOK = """mutation ($input: BookAttendeesInput!) {
    bookAttendees(input: $input) { userErrors { code } } }"""


class Watched:
    """A practice whose server counts, with a client that has a key."""

    def __init__(self, practice: Practice, metrics: Metrics, app: Any, secret: str) -> None:
        self.practice, self.metrics, self.app, self.secret = practice, metrics, app, secret
        self.client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app),
            base_url="http://practice.example",
            headers={"Authorization": f"Bearer {secret}"},
        )

    async def ask(self, query: str, **variables: Any) -> Any:
        return (await self.client.post("/graphql", json={"query": query, "variables": variables})).json()

    async def series(self) -> dict[str, float]:
        """Return every series with its labels in the order of the alphabet, and its value."""
        told: dict[str, float] = {}
        for family in text_string_to_metric_families((await self.metrics.text()).decode()):
            for sample in family.samples:
                labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
                told[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
        return told


@pytest.fixture
async def watched(store_url: str) -> AsyncIterator[Watched]:
    metrics = Metrics()
    store = await open_store(store_url, observer=metrics)
    practice = await Practice.open(store, name="Riverside", now=NOW)
    issued = await issue_key(
        store, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
    )
    app = create_app(
        store,
        clock=lambda: practice.now,
        ids=practice.ids,
        observer=metrics,
        cost_budget=0,
        options=Options(names=frozenset({"Week"})),
    )
    metrics.watch(store, app.state.watchers, app.state.bounds)
    watched = Watched(practice, metrics, app, issued.secret)
    yield watched
    await watched.client.aclose()
    await store.close()


async def test_requests_are_counted_by_door_and_status(watched: Watched) -> None:
    await watched.ask("{ __typename }")
    await watched.client.get("/v1/patients")
    await watched.client.get("/v1/patients/0")
    await watched.client.get("/nothing")

    told = await watched.series()
    assert told["gappt_requests_total{door=graphql,status=200}"] == 1
    assert told["gappt_requests_total{door=rest,status=200}"] == 1
    assert told["gappt_requests_total{door=rest,status=404}"] == 1
    assert told["gappt_requests_total{door=other,status=404}"] == 1
    assert told["gappt_request_seconds_count{door=rest}"] == 2
    assert told["gappt_requests_running{door=graphql}"] == 0


async def test_operations_are_counted_by_a_name_that_may_be_told_and_by_what_came_of_them(watched: Watched) -> None:
    await watched.ask("query Week { __typename }")
    await watched.ask("query Ada { __typename }")
    await watched.ask("{ __typename }")
    await watched.ask("query Week { nothing }")

    told = await watched.series()
    counted = {name: told[name] for name in told if name.startswith("gappt_operations_total")}
    assert counted == {
        "gappt_operations_total{door=graphql,kind=query,operation=Week,outcome=ok}": 1,
        "gappt_operations_total{door=graphql,kind=query,operation=Week,outcome=refused}": 1,
        "gappt_operations_total{door=graphql,kind=query,operation=anonymous,outcome=ok}": 1,
        "gappt_operations_total{door=graphql,kind=query,operation=other,outcome=ok}": 1,
    }
    assert told["gappt_errors_total{code=GRAPHQL_VALIDATION_FAILED}"] == 1
    assert told["gappt_operation_seconds_count{operation=Week}"] == 2


async def test_bookings_replays_and_refusals_are_counted(watched: Watched) -> None:
    practice = watched.practice
    group = await practice.group(A_MONDAY, max_attendees=1)
    first, second = practice.patients[:2]
    booking = {"groupAppointmentId": str(group.id), "patientIds": [str(first.id)], "idempotencyKey": "k"}
    for input in (booking, booking, {**booking, "patientIds": [str(second.id)], "idempotencyKey": None}):
        answer = await watched.ask(BOOK, input=input)
        assert "errors" not in answer, answer

    told = await watched.series()
    commands = {name: told[name] for name in told if name.startswith("gappt_commands_total")}
    assert sorted(name.partition("outcome=")[2] for name in commands) == ["done}", "refused}", "replayed}"]
    assert set(commands.values()) == {1}
    assert told["gappt_seats_given_total"] == 1
    assert told["gappt_refusals_total{code=CAPACITY_FULL}"] == 1


@pytest.mark.sqlite("several units of work share one transaction of the file")
async def test_writers_are_counted_with_the_group_that_they_are_committed_in(watched: Watched) -> None:
    create = 'mutation { createBusiness(input: {name: "x", timeZone: "Europe/London"}) { business { id } } }'
    before = await watched.series()
    await asyncio.gather(*(watched.ask(create) for _ in range(20)))
    after = await watched.series()

    grown = {name: after[name] - before[name] for name in after if name.startswith("gappt_") and name in before}
    assert grown["gappt_commit_units_sum"] == 20
    assert 1 <= grown["gappt_commit_units_count"] < 20
    assert grown["gappt_write_wait_seconds_count"] == 20
    assert grown["gappt_commit_seconds_count"] == grown["gappt_commit_units_count"]


async def test_batches_are_counted_by_their_keys(watched: Watched) -> None:
    for _ in range(3):
        await watched.practice.group(A_MONDAY)
    await watched.ask("{ groupAppointments { nodes { attendees { id } } } }")

    told = await watched.series()
    assert told["gappt_batch_keys_count"] == 2, "the page, and the attendees of its three"
    assert told["gappt_batch_keys_sum"] == 1 + 3


@pytest.mark.sqlite("the bytes of the file and of its log")
async def test_what_is_open_is_told_and_what_the_store_takes_up(watched: Watched) -> None:
    async with Wire(watched.app) as socket:
        await socket.welcomed(watched.secret)
        socket.subscribe("subscription { groupAppointmentChanged { kind } }")
        assert await socket.is_quiet()
        told = await watched.series()

    assert told["gappt_open{what=connections}"] == 1
    assert told["gappt_open{what=subscriptions}"] == 1
    assert (await watched.series())["gappt_open{what=connections}"] == 0
    assert told["gappt_readers_in_use"] == 0
    assert "gappt_connections_in_use" not in told
    assert told["gappt_operations_running"] == 0
    assert told["gappt_store_bytes{file=book}"] > 0
    assert told["gappt_store_bytes{file=log}"] > 0
    assert told["process_resident_memory_bytes"] > 0


async def test_of_a_database_its_connections_are_told_and_no_readers_and_no_bytes_of_a_file(
    watched: Watched, database: object
) -> None:
    told = await watched.series()

    assert told["gappt_connections_in_use"] == 0
    assert not [name for name in told if name.startswith(("gappt_readers", "gappt_store_bytes"))]


async def test_clients_cannot_make_series(watched: Watched) -> None:
    async def flood(round: str) -> None:
        for number in range(30):
            mark = f"{round}{number}"
            await watched.ask(f"query Q{mark} {{ a{mark}: __typename }}")
            await watched.client.request(f"M{mark}", f"/p{mark}")
            await watched.client.get(f"/v1/r{mark}", headers={"User-Agent": mark})
        async with Wire(watched.app) as socket:
            await socket.welcomed(watched.secret)
            socket.subscribe(f"query S{round} {{ __typename }}")
            await socket.get()

    await flood("first")
    once = await watched.series()
    await flood("second")

    assert (await watched.series()).keys() == once.keys()
    assert not [name for name in once if "first" in name]


async def test_prometheus_gets_its_format_and_nothing_else_is_there(watched: Watched) -> None:
    transport = httpx2.ASGITransport(metrics_app(watched.metrics))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as prometheus:
        answer = await prometheus.get("/metrics")
        elsewhere = await prometheus.get("/graphql")

    assert (answer.status_code, elsewhere.status_code) == (200, 404)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert list(text_string_to_metric_families(answer.text))


async def test_the_service_itself_answers_no_metrics(client_of: Callable[..., httpx2.AsyncClient]) -> None:
    async with client_of(observer=Metrics()) as client:
        assert (await client.get("/metrics")).status_code == 404


def test_the_page_lists_every_metric_with_its_labels() -> None:
    rows = re.findall(r"^\| `(gappt_\w+)` \| (\w+) \|([^|]*)\|", PAGE.read_text(), re.MULTILINE)
    listed = {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}

    suffix = {"Tally": "_total"}
    counted = {
        f"{one.name}{suffix.get(type(one).__name__, '')}": (
            {"Tally": "counter", "Spread": "histogram", "Gauge": "gauge"}[type(one).__name__],
            one.labels,
        )
        for one in Metrics().all
    }
    assert listed == counted
