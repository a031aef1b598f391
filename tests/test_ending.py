"""The end of a server that is at work: it says so first, finishes what runs, and loses nothing."""

import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx2
import pytest

COMMAND = [sys.executable, "-m", "gappt_graphql"]
CREATE = """mutation ($name: String!) {
    createBusiness(input: {name: $name, timeZone: "Europe/London"}) { business { id } userErrors { code } } }"""


class Running:
    """A server on a book of its own, which takes requests."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.book = folder / "book.db"
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = str(listener.getsockname()[1])
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [*COMMAND, "serve", "--port", port, "--database-url", f"sqlite:///{self.book}", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("Ctrl-C"):
                break
        made = subprocess.run(
            [*COMMAND, "key", "create", "--account", "Riverside", "--database-url", f"sqlite:///{self.book}"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        self.headers = {"Authorization": f"Bearer {made.stdout.strip()}"}

    def ended(self) -> tuple[int, str]:
        """Wait for the end, and return the exit code and the complaints."""
        _, complaints = self.process.communicate(timeout=60)
        return self.process.returncode, complaints

    def reason(self) -> str | None:
        """Return why the server is not ready, or None where it is."""
        reason: str | None = httpx2.get(f"{self.address}/readyz", timeout=5).json().get("reason")
        return reason


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*flags: str) -> Running:
        started.append(Running(tmp_path, *flags))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.ended()


def test_a_server_that_is_told_to_end_in_a_storm_of_writes_has_every_one_that_it_acknowledged(
    serve: Callable[..., Running],
) -> None:
    running = serve()
    acknowledged: list[str] = []
    enough = threading.Event()

    def write(writer: int) -> None:
        with httpx2.Client(headers=running.headers, timeout=30) as client, suppress(httpx2.TransportError):
            for number in range(100_000):
                name = f"{writer}-{number}"
                body = {"query": CREATE, "variables": {"name": name}}
                answer = client.post(f"{running.address}/graphql", json=body)
                if answer.status_code != 200:
                    return
                assert answer.json()["data"]["createBusiness"]["business"]
                acknowledged.append(name)
                if len(acknowledged) >= 60:
                    enough.set()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    assert enough.wait(60)
    told = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    code, complaints = running.ended()
    took = time.monotonic() - told
    for writer in writers:
        writer.join()

    with closing(sqlite3.connect(running.book)) as book:
        kept = {name for (name,) in book.execute("SELECT name FROM businesses")}
        sound = book.execute("PRAGMA integrity_check").fetchone()
    assert set(acknowledged) - kept == set()
    assert sound == ("ok",)
    assert (code, complaints) == (0, "")
    assert took < 20


def test_a_server_says_that_it_is_not_ready_before_it_takes_no_more(serve: Callable[..., Running]) -> None:
    running = serve("--leaving-seconds", "10")
    assert running.reason() is None

    running.process.send_signal(signal.SIGTERM)
    while (reason := running.reason()) is None:
        time.sleep(0.02)
    answer = httpx2.post(
        f"{running.address}/graphql", json={"query": "{ __typename }"}, headers=running.headers, timeout=5
    )
    running.process.send_signal(signal.SIGTERM)  # who asks twice does not want to wait

    assert reason == "leaving"
    assert answer.json() == {"data": {"__typename": "Query"}}
    assert running.ended() == (0, "")
