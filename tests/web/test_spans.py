"""Traces: spans for an operation and its steps, with nothing in them that a client wrote."""

import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from builders import A_MONDAY, Practice
from conftest import NOW
from gappt_graphql.graph.options import Options
from gappt_graphql.practice import calendars
from gappt_graphql.practice.access import issue_key
from gappt_graphql.practice.calendars import CreateCalendarFeed
from gappt_graphql.store.opening import open_store
from gappt_graphql.web.app import create_app
from gappt_graphql.web.observe import Logging
from gappt_graphql.web.spans import Traced
from past import Past
from wire import Wire

MARK = "Zzyzx4711"
WEEK = "query Week { groupAppointments { nodes { id startsAt attendees { id notes patient { label } } } } }"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Tracing:
    """A practice whose server traces into memory."""

    def __init__(self, practice: Practice, app: Any, secret: str, exporter: InMemorySpanExporter) -> None:
        self.practice, self.app, self.secret, self._exporter = practice, app, secret, exporter
        self.client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app),
            base_url="http://practice.example",
            headers={"Authorization": f"Bearer {secret}"},
        )

    async def ask(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
        body = {"query": query, "variables": variables}
        return (await self.client.post("/graphql", json=body, headers=headers or {})).json()

    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def tree(self) -> list[str]:
        """Return the path of each span, by names, in the order of the alphabet; alike ones once."""
        spans = {span.context.span_id: span for span in self.spans() if span.context}

        def path(span: ReadableSpan) -> str:
            parent = spans.get(span.parent.span_id) if span.parent else None
            return f"{path(parent)} > {span.name}" if parent else span.name

        return sorted({path(span) for span in spans.values()})


@pytest.fixture
async def tracing(store_url: str) -> AsyncIterator[Tracing]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    observer = Logging(spans=Traced(provider))
    store = await open_store(store_url, observer=observer)
    practice = await Practice.open(store, name="Riverside", now=NOW)
    issued = await issue_key(
        store, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
    )
    app = create_app(
        store,
        clock=lambda: practice.now,
        ids=practice.ids,
        observer=observer,
        options=Options(names=frozenset({"Week"})),
    )
    tracing = Tracing(practice, app, issued.secret, exporter)
    yield tracing
    await tracing.client.aclose()
    await store.close()
    provider.shutdown()


async def test_an_operation_has_spans_for_its_steps_and_none_for_its_fields(tracing: Tracing) -> None:
    for _ in range(5):
        await tracing.practice.group(A_MONDAY)
    assert "errors" not in await tracing.ask(WEEK)

    assert tracing.tree() == [
        "query Week",
        "query Week > batch",
        "query Week > batch > statement",
        "query Week > parse",
        "query Week > validate",
    ]
    assert len(tracing.spans()) < 12


async def test_a_mutation_has_its_statements_although_others_share_its_transaction(tracing: Tracing) -> None:
    create = 'mutation { createBusiness(input: {name: "x", timeZone: "Europe/London"}) { business { id } } }'
    assert "errors" not in await tracing.ask(create)

    assert "mutation > statement" in tracing.tree()


async def test_a_calendar_has_a_span_by_its_route_without_its_secret(tracing: Tracing) -> None:
    practice = tracing.practice
    made = await calendars.create(practice.desk, CreateCalendarFeed(practitioner_id=practice.practitioner.id))
    assert made.path
    token = made.path.partition("token=")[2]

    for path in (made.path, made.path.replace("practitioners", "businesses")):
        await tracing.client.get(path, headers={"Referer": made.path})

    route = "calendar GET /practitioners/{id}.ics"
    assert tracing.tree() == [route, f"{route} > statement"]
    assert token not in "".join(span.to_json() for span in tracing.spans())


async def test_a_request_of_rest_has_a_span_by_its_route(tracing: Tracing) -> None:
    await tracing.client.get(f"/v1/patients/{tracing.practice.patients[0].id}")

    assert tracing.tree() == ["rest GET /patients/{id}", "rest GET /patients/{id} > statement"]


async def test_the_trace_of_the_caller_goes_on(tracing: Tracing) -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "tracestate": f"x={MARK}"}
    await tracing.ask("{ __typename }", headers)

    spans = tracing.spans()
    assert {f"{span.context.trace_id:032x}" for span in spans if span.context} == {TRACE}
    assert MARK not in str([span.context for span in spans])


@pytest.mark.parametrize("traceparent", ["", MARK, f"00-{'0' * 32}-{'0' * 16}-01", "00-x-y-01", "é" * 1000])
async def test_a_caller_that_is_no_trace_begins_one(tracing: Tracing, traceparent: str) -> None:
    headers = {"traceparent": traceparent.encode()}
    assert await tracing.ask("{ __typename }", headers) == {"data": {"__typename": "Query"}}  # type: ignore[arg-type]

    [operation] = [span for span in tracing.spans() if span.name == "query"]
    assert operation.parent is None


async def test_nothing_that_a_client_wrote_is_in_a_trace(tracing: Tracing) -> None:
    await tracing.ask(f'query {MARK} {{ {MARK}: patients(filter: {{search: "{MARK}"}}) {{ totalCount }} }}')
    await tracing.ask("query ($c: String) { patients(after: $c) { totalCount } }", c=MARK)
    await tracing.ask(f"{{ {MARK} }}")
    input = {"lastName": MARK, "firstName": MARK}
    create = "mutation ($i: CreatePatientInput!) { createPatient(input: $i) { patient { label } } }"
    assert (await tracing.ask(create, i=input))["data"]["createPatient"]["patient"]
    await tracing.client.get("/v1/patients", params={"q[]": f"last_name:={MARK}"})
    await tracing.client.get(f"/v1/patients/{MARK}")

    told = "".join(span.to_json() for span in tracing.spans())
    assert "db.query.text" in told
    assert MARK not in told


async def test_what_breaks_is_an_error_without_its_message(tracing: Tracing, past: Past) -> None:
    past.unguarded("UPDATE patients SET date_of_birth = ?", MARK)
    await tracing.ask("query ($id: ID!) { patient(id: $id) { label } }", id=str(tracing.practice.patients[0].id))

    [operation] = [span for span in tracing.spans() if span.parent is None]
    assert operation.status.status_code.name == "ERROR"
    assert operation.attributes
    assert operation.attributes["gappt.error_codes"] == ("INTERNAL",)
    assert "statement" in [span.name for span in tracing.spans()]
    assert MARK not in "".join(span.to_json() for span in tracing.spans())


async def test_to_follow_the_feed_makes_no_traces(tracing: Tracing) -> None:
    async with Wire(tracing.app) as socket:
        await socket.welcomed(tracing.secret)
        socket.subscribe("subscription { groupAppointmentChanged { kind } }")
        assert await socket.is_quiet()
        await tracing.practice.group(A_MONDAY)
        assert await socket.is_quiet()

    assert tracing.tree() == ["operation", "operation > parse"], "it stands; the rest would be a trace without an end"


def test_without_tracing_its_library_is_not_even_imported() -> None:
    look = "import gappt_graphql.cli.server, sys; print([name for name in sys.modules if 'opentelemetry' in name])"
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60)

    assert found.stdout.strip() == "[]"
