"""The service behind nginx with the configuration of compose.yaml, as far as one book in SQLite can show it."""

import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from a_server import AServer
from behind_nginx import CONFIGURATION, Nginx, free_port, needs_nginx

pytestmark = needs_nginx

COMMAND = [sys.executable, "-m", "gappt_graphql"]
PROTOCOL = Subprotocol("graphql-transport-ws")
QUERY = {"query": "{ __typename }"}
WATCH = "subscription { groupAppointmentChanged { kind } }"
MARKER = "Patient-Zero"
PREPARE = """mutation {
  createPractitioner(input: {lastName: "Hale"}) { practitioner { id } }
  createBusiness(input: {name: "North", timeZone: "Australia/Sydney"}) { business { id } }
  createAppointmentType(input: {name: "Yoga", durationInMinutes: 30, maxAttendees: 5}) { appointmentType { id } }
}"""
CREATE = "mutation ($i: CreateGroupAppointmentInput!) { createGroupAppointment(input: $i) { groupAppointment { id } } }"


class Book:
    """A server, nginx before it, and what to write through both."""

    def __init__(self, server: AServer, nginx: Nginx, key: str, metrics: int) -> None:
        self.server, self.nginx, self.metrics_port = server, nginx, metrics
        self.headers = {"Authorization": f"Bearer {key}"}
        made = self.ask({"query": PREPARE})["data"]
        self.ids = {
            "practitionerId": made["createPractitioner"]["practitioner"]["id"],
            "businessId": made["createBusiness"]["business"]["id"],
            "appointmentTypeId": made["createAppointmentType"]["appointmentType"]["id"],
        }

    def ask(self, body: dict[str, Any]) -> Any:
        return httpx2.post(f"{self.nginx.address}/graphql", json=body, headers=self.headers, timeout=60).json()

    def create(self) -> str:
        made = self.ask({"query": CREATE, "variables": {"i": self.ids | {"startsAt": "2027-03-02T22:00:00Z"}}})
        return str(made["data"]["createGroupAppointment"]["groupAppointment"]["id"])

    def running(self) -> str:
        """Return what the service says of requests to /graphql that have not ended."""
        text = httpx2.get(f"http://127.0.0.1:{self.metrics_port}/metrics").text
        return next(line for line in text.splitlines() if line.startswith('gappt_requests_running{door="graphql"}'))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A book with an account, and a key for it."""
    path = tmp_path_factory.mktemp("empty") / "book.db"
    make = [*COMMAND, "key", "create", "--account", "Riverside", "--json", "--database-url", f"sqlite:///{path}"]
    return path, json.loads(subprocess.check_output(make))["key"]


@pytest.fixture(scope="module")
def book(empty: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    folder, metrics = tmp_path_factory.mktemp("behind"), free_port()
    shutil.copy(empty[0], folder / "book.db")
    environment = {"GAPPT_TRUSTED_PROXIES": "127.0.0.1", "GAPPT_METRICS_PORT": str(metrics)}
    server = AServer(f"sqlite:///{folder / 'book.db'}", key=empty[1], environment=environment)
    nginx = Nginx(folder, [_port(server)])
    try:
        server.wait_until_it_answers()
        yield Book(server, nginx.start(), empty[1], metrics)
    finally:
        nginx.end()
        server.kill()


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Callable[..., Nginx]]:
    """Start nginx before servers of the test's choice."""
    started: list[Nginx] = []

    def start(*ports: int, more: str = "") -> Nginx:
        started.append(Nginx(tmp_path, ports, more=more))
        return started[-1].start()

    yield start
    for one in started:
        one.end()


def test_nginx_takes_the_configuration_and_has_nothing_to_say(tmp_path: Path) -> None:
    said = Nginx(tmp_path, [free_port(), free_port()]).check()

    assert "test is successful" in said
    assert "[warn]" not in said


def test_a_write_is_told_to_a_stream_at_once(book: Book) -> None:
    headers = book.headers | {"Accept": "text/event-stream"}
    with httpx2.stream(
        "POST", f"{book.nginx.address}/graphql", json={"query": WATCH}, headers=headers, timeout=60
    ) as stream:
        lines = stream.iter_lines()
        assert next(lines) == ":"
        book.create()

        assert next(line for line in lines if line.startswith("data:")).endswith('{"kind":"CREATED"}}}')


def test_a_write_is_told_to_a_socket(book: Book) -> None:
    address = book.nginx.address.replace("http", "ws") + "/graphql"
    with connect(address, subprotocols=[PROTOCOL], origin=book.nginx.address) as wire:  # type: ignore[arg-type]
        wire.send(json.dumps({"type": "connection_init", "payload": book.headers}))
        assert json.loads(wire.recv(60))["type"] == "connection_ack"
        wire.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": WATCH}}))
        wire.send(json.dumps({"id": "2", "type": "subscribe", "payload": QUERY}))
        while json.loads(wire.recv(60)) != {"id": "2", "type": "complete"}:
            pass  # by its end the subscription before it stands
        book.create()

        assert json.loads(wire.recv(60))["payload"] == {"data": {"groupAppointmentChanged": {"kind": "CREATED"}}}


def test_a_page_of_another_origin_opens_no_socket(book: Book) -> None:
    head = (
        f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{book.nginx.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Origin: http://elsewhere.example\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )

    assert _exchanged(book.nginx.port, head.encode()).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(("bytes_", "status"), [(131_072, 200), (131_073, 413)])
def test_a_body_may_be_as_large_as_the_service_takes_it(book: Book, bytes_: int, status: int) -> None:
    body = json.dumps(QUERY).encode().ljust(bytes_)
    headers = book.headers | {"Content-Type": "application/json"}
    answer = httpx2.post(f"{book.nginx.address}/graphql", content=body, headers=headers, timeout=60)

    assert answer.status_code == status
    if status == 413:
        assert answer.json()["errors"][0]["extensions"] == {"code": "OPERATION_TOO_LARGE"}
        assert answer.json()["message"]


def test_a_body_without_a_length_that_is_too_large_is_refused_too(book: Book) -> None:
    headers = book.headers | {"Content-Type": "application/json"}
    parts = (b" " * 10_000 for _ in range(14))
    answer = httpx2.post(f"{book.nginx.address}/graphql", content=parts, headers=headers, timeout=60)

    assert answer.status_code == 413


def test_an_address_that_is_too_long_is_refused_in_the_words_of_the_service(book: Book) -> None:
    answer = httpx2.get(f"{book.nginx.address}/graphql?query={'a' * 9_000}", headers=book.headers)

    assert answer.status_code == 414
    assert answer.json()["errors"][0]["extensions"] == {"code": "OPERATION_TOO_LARGE"}


def test_strangers_are_counted_by_their_own_addresses_whatever_they_write(book: Book) -> None:
    def statuses(address: str, count: int) -> set[int]:
        with httpx2.Client(transport=httpx2.HTTPTransport(local_address=address)) as client:
            return {
                client.post(
                    f"{book.nginx.address}/graphql", json=QUERY, headers={"X-Forwarded-For": f"192.0.2.{number}"}
                ).status_code
                for number in range(count)
            }

    assert statuses("127.0.0.2", 40) == {401, 429}
    assert statuses("127.0.0.3", 1) == {401}


def test_a_request_that_arrives_slowly_keeps_nginx_busy_and_not_the_service(book: Book) -> None:
    body = json.dumps(QUERY).encode().ljust(5_000)
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: practice.example\r\nAuthorization: {book.headers['Authorization']}\r\n"
        f"Content-Type: application/json\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", book.nginx.port), timeout=60) as slow:
        slow.sendall(head.encode() + body[:4_000])
        assert book.ask(QUERY) == {"data": {"__typename": "Query"}}
        assert book.running().endswith(" 0.0")

        slow.sendall(body[4_000:])
        assert _all_of(slow).startswith(b"HTTP/1.1 200 ")


def test_the_metrics_are_not_to_be_had_from_outside(book: Book) -> None:
    assert httpx2.get(f"http://127.0.0.1:{book.metrics_port}/metrics").status_code == 200
    assert httpx2.get(f"{book.nginx.address}/metrics", headers=book.headers).status_code == 404


def test_what_a_client_sends_is_in_no_line_of_nginx(book: Book, nginx: Callable[..., Nginx]) -> None:
    query = {"query": f'{{ patients(after: "{MARKER}") {{ totalCount }} }}'}
    dead = nginx(free_port())
    for one in (book.nginx, dead):
        httpx2.get(f"{one.address}/graphql", params=query, headers=book.headers | {"User-Agent": MARKER})
        httpx2.get(f"{one.address}/v1/patients/{MARKER}", headers=book.headers | {"Referer": f"http://{MARKER}"})
        httpx2.request(f"{MARKER.upper()}", f"{one.address}/graphql", headers=book.headers)

        lines = [json.loads(line) for line in (one.folder / "access.log").read_text().splitlines()]
        assert {line["method"] for line in lines} >= {"GET", "OTHER"}
        assert MARKER.lower() not in one.log().lower()
        assert book.headers["Authorization"].split()[1] not in one.log()
        assert "127.0.0.1:" not in "".join(json.dumps(line | {"process": ""}) for line in lines)


def test_what_no_process_answers_is_told_in_json(nginx: Callable[..., Nginx]) -> None:
    answer = httpx2.post(f"{nginx(free_port(), free_port()).address}/graphql", json=QUERY)

    assert answer.status_code == 502
    assert answer.json()["errors"][0]["extensions"] == {"code": "INTERNAL"}
    assert "idempotency key" in answer.json()["message"]


def test_the_other_process_answers_when_one_has_ended(
    empty: tuple[Path, str], tmp_path: Path, nginx: Callable[..., Nginx]
) -> None:
    servers = []
    try:
        for number in range(2):
            shutil.copy(empty[0], tmp_path / f"book{number}.db")
            servers.append(AServer(f"sqlite:///{tmp_path}/book{number}.db", key=empty[1]))
        for server in servers:
            server.wait_until_it_answers()
        address = nginx(*map(_port, servers)).address

        def statuses() -> list[int]:
            asking = [httpx2.post(f"{address}/graphql", json=QUERY, headers=servers[0].headers) for _ in range(10)]
            return [answer.status_code for answer in asking]

        both = statuses()
        servers[0].process.terminate()
        servers[0].process.wait(timeout=60)

        assert both + statuses() == [200] * 20
    finally:
        for server in servers:
            server.kill()


def test_what_a_process_may_have_begun_to_write_is_not_asked_of_the_other(nginx: Callable[..., Nginx]) -> None:
    with Heard(answers=False) as first, Heard(answers=False) as second:
        address = nginx(first.port, second.port).address
        answer = httpx2.post(f"{address}/graphql", json=QUERY)
        wrote = len(first.heads) + len(second.heads)

    assert (answer.status_code, wrote) == (502, 1)


def test_only_a_socket_may_change_the_protocol(nginx: Callable[..., Nginx]) -> None:
    with Heard() as heard:
        address = nginx(heard.port).address
        httpx2.get(f"{address}/livez", headers={"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"})
        httpx2.get(f"{address}/livez", headers={"Connection": "Upgrade", "Upgrade": "WebSocket"})

    assert "upgrade:" not in heard.heads[0].lower()
    assert "connection:" not in heard.heads[0].lower()
    assert "upgrade: websocket\r\n" in heard.heads[1].lower()


def test_the_service_is_told_the_host_that_was_asked_for_and_by_whom(nginx: Callable[..., Nginx]) -> None:
    with Heard() as heard:
        address = nginx(heard.port).address
        httpx2.get(address, headers={"Host": "practice.example:8443", "X-Forwarded-For": "192.0.2.1"})

    lines = heard.heads[0].split("\r\n")
    assert "Host: practice.example:8443" in lines
    assert "X-Forwarded-For: 192.0.2.1, 127.0.0.1" in lines
    assert "X-Forwarded-Proto: http" in lines


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl to make a certificate with")
def test_with_the_example_for_tls_it_is_https(tmp_path: Path, nginx: Callable[..., Nginx]) -> None:
    make = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem -days 1 -subj /CN=localhost"
    subprocess.run(make.split(), cwd=tmp_path, check=True, capture_output=True)
    port, example = free_port(), (CONFIGURATION.parent / "tls/server.conf.example").read_text()
    with Heard() as heard:
        nginx(heard.port, more=example.replace("/etc/nginx/tls", str(tmp_path)).replace("8443", f"127.0.0.1:{port}"))
        answer = httpx2.get(f"https://127.0.0.1:{port}/livez", verify=False)

    assert answer.headers["Strict-Transport-Security"]
    assert "X-Forwarded-Proto: https\r\n" in heard.heads[0]


class Heard:
    """Something behind nginx that remembers what it is asked, and answers 200 or hangs up."""

    def __init__(self, *, answers: bool = True) -> None:
        self.heads: list[str] = []
        self._answers, self._listener = answers, socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> "Heard":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=60)
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                head = b""
                while b"\r\n\r\n" not in head and (more := connection.recv(65_536)):
                    head += more
                self.heads.append(head.decode())
                if self._answers:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def _port(server: AServer) -> int:
    return int(server.address.rpartition(":")[2])


def _exchanged(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(data)
        return connection.recv(65_536)


def _all_of(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)
