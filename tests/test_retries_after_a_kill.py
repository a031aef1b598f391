"""Retries at a server that was killed and started again: what was done is answered, what was not is done, once."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

COMMAND = [sys.executable, "-m", "gappt_graphql"]
CREATE = """mutation ($name: String!) {
    createPatient(input: {lastName: $name, idempotencyKey: $name}) { patient { id } userErrors { code } } }"""

CLIENTS, OF_EACH, KILLED_AFTER = 8, 40, 100


class Server:
    """A server as people run it, on a port of its own."""

    def __init__(self, url: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        arguments = ["serve", "--rate-limit", "0", "--port", str(port), "--database-url", url]
        self.process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert "Serving" in self.process.stdout.readline()
        self.address = ("127.0.0.1", port)
        self.graphql = f"http://127.0.0.1:{port}/graphql"

    def kill(self) -> None:
        """Kill it as the kernel would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


Start = Callable[[], Server]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'book.db'}"


@pytest.fixture
def start(url: str) -> Iterator[Start]:
    """Start servers of the store, which are killed at the end of the test at the latest."""
    started: list[Server] = []

    def one() -> Server:
        started.append(Server(url))
        return started[-1]

    yield one
    for server in started:
        if server.process.returncode is None:
            server.kill()


@pytest.fixture
def headers(url: str) -> dict[str, str]:
    made = subprocess.run(
        [*COMMAND, "key", "create", "--account", "Riverside", "--json", "--database-url", url],
        capture_output=True,
        check=True,
        timeout=60,
    )
    return {"Authorization": f"Bearer {json.loads(made.stdout)['key']}", "Content-Type": "application/json"}


def body_of(name: str) -> bytes:
    return json.dumps({"query": CREATE, "variables": {"name": name}}).encode()


def create(client: httpx2.Client, server: Server, name: str) -> str:
    """Create a patient by an idempotency key that is its name, and return the id that is acknowledged."""
    answer = client.post(server.graphql, content=body_of(name)).json()
    assert "errors" not in answer, answer
    return str(answer["data"]["createPatient"]["patient"]["id"])


def kept(url: str) -> dict[str, list[str]]:
    """Return the ids of the patients in the book, by name."""
    found: dict[str, list[str]] = {}
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as book:
        for id, name in book.execute("SELECT id, last_name FROM patients"):
            found.setdefault(name, []).append(str(id))
    return found


def test_a_retry_of_what_was_acknowledged_before_the_kill_answers_it_again(
    start: Start, url: str, headers: dict[str, str]
) -> None:
    with httpx2.Client(headers=headers) as client:
        first = start()
        id = create(client, first, "Ada")
        first.kill()
        again = create(client, start(), "Ada")

    assert again == id
    assert kept(url) == {"Ada": [id]}


def test_a_retry_of_what_was_done_but_never_answered_does_not_do_it_twice(
    start: Start, url: str, headers: dict[str, str]
) -> None:
    first = start()
    body = body_of("Ada")
    lines = ["POST /graphql HTTP/1.1", "Host: practice.example", f"Content-Length: {len(body)}"]
    head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items())])
    with socket.create_connection(first.address) as connection:
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        for _ in range(1000):
            if kept(url):
                break
            time.sleep(0.01)
        first.kill()  # nobody has looked at the answer

    [id] = kept(url)["Ada"]
    with httpx2.Client(headers=headers) as client:
        assert create(client, start(), "Ada") == id
    assert kept(url) == {"Ada": [id]}


def test_after_a_kill_in_a_storm_every_retry_finds_or_makes_one_record(
    start: Start, url: str, headers: dict[str, str]
) -> None:
    first = start()
    acknowledged: dict[str, str] = {}
    enough = threading.Event()

    def write(names: list[str]) -> None:
        with httpx2.Client(headers=headers, timeout=30) as client:
            for name in names:
                try:
                    acknowledged[name] = create(client, first, name)
                except httpx2.TransportError:
                    return  # unknown, as everything behind it
                if len(acknowledged) >= KILLED_AFTER:
                    enough.set()

    names = [[f"P{client}-{n}" for n in range(OF_EACH)] for client in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        storm = [pool.submit(write, some) for some in names]
        assert enough.wait(60)
        first.kill()
        for one in storm:
            one.result()

    second = start()
    before = kept(url)
    with httpx2.Client(headers=headers) as client:
        retried = {name: create(client, second, name) for some in names for name in some}

    assert KILLED_AFTER <= len(acknowledged) < CLIENTS * OF_EACH  # it was in the middle of it
    assert {name: [id] for name, id in acknowledged.items()}.items() <= before.items()
    assert acknowledged.items() <= retried.items()
    assert kept(url) == {name: [id] for name, id in retried.items()}
    assert Counter(map(len, before.values())) == {1: len(before)}
