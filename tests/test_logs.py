"""The log of a real server: a line for each request, and nothing in it that anybody wrote."""

import asyncio
import gzip
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

COMMAND = [sys.executable, "-m", "gappt_graphql"]
MARK = "Zzyzx4711"
PATIENT = """mutation %s($input: CreatePatientInput!) {
    %s: createPatient(input: $input) { patient { id } userErrors { message } } }"""


class Running:
    """A server on a book of its own, whose standard error is a file."""

    def __init__(self, folder: Path, *flags: str, **environment: str) -> None:
        self.book, self.log = folder / "book.db", folder / "log"
        url = f"sqlite:///{self.book}"
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            with socket.create_server(("127.0.0.1", 0)) as another:
                self.metrics_port = another.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        with self.log.open("w") as log:
            settings = ["--port", str(self.port), "--database-url", url, "--metrics-port", str(self.metrics_port)]
            self.process = subprocess.Popen(
                [*COMMAND, "serve", *settings, "--log-level", "info", *flags],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **environment},
            )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("Ctrl-C"):
                break
        else:
            pytest.fail(f"The server ended: {self.log.read_text()}")
        command = [*COMMAND, "key", "create", "--account", "Riverside", "--database-url", url]
        self.key = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
        self.client = httpx2.Client(base_url=self.address, headers={"Authorization": f"Bearer {self.key}"}, timeout=30)

    def ask(self, query: str, **more: Any) -> httpx2.Response:
        return self.client.post("/graphql", json={"query": query, **more})

    def end(self) -> str:
        """End the server, and return what it has logged."""
        self.client.close()
        if self.process.poll() is None:
            self.process.terminate()
            self.process.communicate(timeout=30)
        return self.log.read_text()

    def lines(self) -> list[dict[str, Any]]:
        """End the server, and return what it has logged, line by line."""
        return [json.loads(line) for line in self.end().splitlines()]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*flags: str, **environment: str) -> Running:
        started.append(Running(tmp_path, *flags, **environment))
        return started[-1]

    yield start
    for running in started:
        running.end()


def write_everywhere(running: Running) -> None:
    """Write the marker wherever a client can, and into what breaks inside."""
    text = {"input": {"firstName": MARK, "lastName": MARK, "email": f"{MARK}@practice.example", "notes": MARK}}
    name = {"input": {"firstName": MARK, "lastName": MARK}}
    made = running.ask(PATIENT % (MARK, MARK), variables=name, operationName=MARK).json()
    assert made["data"][MARK]["patient"]["id"], made
    running.ask(PATIENT % (MARK, MARK), variables=text)
    running.ask(f'query {MARK} {{ {MARK}: patients(filter: {{search: "{MARK}"}}) {{ nodes {{ label }} }} }}')
    running.ask(f'{{ patients(after: "{MARK}") {{ {MARK} }} }} # {MARK}')
    running.ask("{ __typename }", operationName=MARK, extensions={MARK: MARK}, variables={MARK: MARK})
    running.ask("{ __typename }", extensions={"persistedQuery": {"version": 1, "sha256Hash": MARK}})
    running.client.post("/graphql", content=f'{{"query": "{MARK}'.encode(), headers={"Content-Type": MARK})
    running.client.get("/graphql", params={"query": f'{{ patient(id: "{MARK}") {{ label }} }}', MARK: MARK})
    running.client.get("/v1/patients", params={"q[]": f"last_name:={MARK}", MARK: MARK})
    running.client.get(f"/v1/patients/{MARK}")
    running.client.get(f"/{MARK}/{MARK}", params={MARK: MARK})
    running.client.request(MARK, "/graphql")
    headers = {
        "Idempotency-Key": MARK,
        "X-Request-Id": f"{MARK} {MARK}",
        "User-Agent": MARK,
        "Cookie": f"{MARK}={MARK}",
        "Referer": f"https://{MARK}.example/{MARK}",
        "traceparent": f"00-{MARK}-{MARK}-01",
        MARK: MARK,
    }
    running.client.post("/v1/attendees", json={MARK: MARK, "patient_ids": [MARK]}, headers=headers)
    running.client.get("/livez", headers=headers | {"Authorization": f"Basic {MARK}"})
    running.client.get("/v1/patients", headers={"Authorization": f"Bearer {MARK}"})


def break_inside(running: Running) -> None:
    """Let the store raise an exception that quotes the marker."""
    with closing(sqlite3.connect(running.book)) as book, book:
        book.execute("UPDATE patients SET date_of_birth = ?", [MARK])
    broken = running.ask("{ patients { nodes { label } } }").json()
    assert [error["extensions"]["code"] for error in broken["errors"]] == ["INTERNAL"]
    assert running.client.get("/v1/patients").status_code == 500


async def talk(running: Running) -> None:
    """Say the marker over a socket."""
    address = f"ws://127.0.0.1:{running.port}/graphql?{MARK}={MARK}"
    protocol = Subprotocol("graphql-transport-ws")
    async with connect(address, subprotocols=[protocol], additional_headers={MARK: MARK}) as socket:
        init = {"Authorization": f"Bearer {running.key}", MARK: MARK}
        await socket.send(json.dumps({"type": "connection_init", "payload": init}))
        await socket.recv()
        for query in (f'query {MARK} {{ {MARK}: patients(filter: {{search: "{MARK}"}}) {{ totalCount }} }}', MARK):
            payload = {"query": query, "operationName": MARK, "variables": {MARK: MARK}}
            await socket.send(json.dumps({"type": "subscribe", "id": MARK, "payload": payload}))
            while json.loads(await socket.recv())["type"] not in ("complete", "error"):
                pass
        with suppress(ConnectionClosed):
            await socket.send(MARK)
            await socket.recv()


@pytest.mark.parametrize("format", ["json", "text"])
def test_nothing_that_anybody_wrote_is_in_the_log_or_in_the_metrics(serve: Callable[..., Running], format: str) -> None:
    running = serve("--log-level", "debug", "--log-format", format)

    write_everywhere(running)
    asyncio.run(talk(running))
    break_inside(running)
    metrics = httpx2.get(f"http://127.0.0.1:{running.metrics_port}/metrics").text
    log = running.end()

    assert "ValueError" in log
    assert 'gappt_errors_total{code="INTERNAL"} 1.0' in metrics
    assert MARK.lower() not in metrics.lower()
    assert MARK.lower() not in log.lower()
    assert running.key not in log
    assert running.key[-10:] not in log


def test_every_line_is_a_json_object_with_a_time_a_level_and_a_message(serve: Callable[..., Running]) -> None:
    running = serve()
    running.ask("{ __typename }")
    break_inside_with_nobody = running.client.get("/nothing")

    lines = running.lines()

    assert break_inside_with_nobody.status_code == 404
    assert len(lines) == 2
    assert all({"time", "level", "message", "request_id"} <= line.keys() for line in lines)


def test_the_line_of_a_request_tells_what_came_of_it(serve: Callable[..., Running]) -> None:
    running = serve("--operation-names", "Week")
    text = "query Week { patients(first: 5) { totalCount nodes { nothing } } }"
    refused = running.ask(text)
    ran = running.ask("query Week { patients(first: 5) { totalCount } }")

    first, second = running.lines()

    assert first["request_id"] == refused.headers["X-Request-Id"]
    assert (
        first.items()
        >= {
            "message": "request",
            "door": "graphql",
            "method": "POST",
            "status": 200,
            "kind": "query",
            "operation": "Week",
            "document": sha256(text.encode()).hexdigest()[:16],
            "outcome": "refused",
            "codes": ["GRAPHQL_VALIDATION_FAILED"],
        }.items()
    )
    assert second.items() >= {"outcome": "ok", "bytes": len(ran.content)}.items()
    assert second["cost"] > 0
    assert second["key"].isdigit()
    assert second["account"].isdigit()
    assert second["key"] not in running.key


def test_a_socket_has_a_line_when_it_opens_one_for_each_operation_and_one_when_it_closes(
    serve: Callable[..., Running],
) -> None:
    running = serve()
    asyncio.run(talk(running))

    opened, first, second, closed = running.lines()

    assert (opened["message"], closed["message"], closed["code"]) == ("socket opened", "socket closed", 4400)
    assert [one["outcome"] for one in (first, second)] == ["ok", "refused"]
    assert {first["connection"], second["connection"], closed["request_id"]} == {opened["request_id"]}
    assert first["key"] == closed["key"]


def test_probes_have_lines_only_for_who_looks_for_them(serve: Callable[..., Running]) -> None:
    running = serve()
    for _ in range(3):
        running.client.get("/livez")
        running.client.get("/readyz")

    assert running.lines() == []


def test_a_line_is_written_while_the_server_runs(serve: Callable[..., Running]) -> None:
    running = serve()
    running.ask("{ __typename }")

    deadline = time.monotonic() + 10
    while not running.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)

    assert json.loads(running.log.read_text())["message"] == "request"


class Collector:
    """Takes traces, as OpenTelemetry sends them."""

    def __init__(self) -> None:
        taken = self.taken = []  # type: list[tuple[str, bytes]]

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self._thread.start()

    def __enter__(self) -> "Collector":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


def test_traces_go_to_the_collector_and_hold_nothing_that_anybody_wrote(serve: Callable[..., Running]) -> None:
    with Collector() as collector:
        running = serve(OTEL_EXPORTER_OTLP_ENDPOINT=collector.address)
        write_everywhere(running)
        asyncio.run(talk(running))
        break_inside(running)
        log = running.end()

    sent = b"".join(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body for _, body in collector.taken)
    assert {path for path, _ in collector.taken} == {"/v1/traces"}
    assert b"graphql.operation.type" in sent
    assert MARK.lower().encode() not in sent.lower()
    assert running.key.encode() not in sent
    assert MARK.lower() not in log.lower()


def test_a_collector_that_is_not_there_keeps_nobody_waiting(serve: Callable[..., Running]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    running = serve(OTEL_EXPORTER_OTLP_ENDPOINT=nobody)
    assert running.ask("{ __typename }").json() == {"data": {"__typename": "Query"}}

    began = time.monotonic()
    running.end()

    assert running.process.returncode == 0
    assert time.monotonic() - began < 15
