"""The server as people run it: a process of its own, on a port of its own."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gappt_graphql.cli.server import listening, make_room
from gappt_graphql.settings import given, settings_of

COMMAND = [sys.executable, "-m", "gappt_graphql"]
QUERY = {"query": "{ groupAppointments(first: 1) { totalCount nodes { practitioner { label } } } }"}


class Running:
    """A server that has been started, and takes requests."""

    def __init__(self, url: str, *flags: str, port: int) -> None:
        self.url, self.address = url, f"http://127.0.0.1:{port}"
        arguments = [*COMMAND, "serve", "--database-url", url, "--port", str(port), *flags]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                pytest.fail(f"The server ended: {self.process.communicate()[1]}")
            with suppress(httpx2.TransportError):
                if httpx2.get(f"{self.address}/livez", timeout=1).status_code == 200:
                    return
            time.sleep(0.05)
        pytest.fail("The server took no request within a minute")

    def end(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Ask the server to end. Return its exit code, and what it printed."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        printed = self.process.communicate(timeout=30)
        return self.process.returncode, *printed


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'book.db'}"


@pytest.fixture
def serve(url: str) -> Iterator[Callable[..., Running]]:
    """Start servers on the test's store, which end with the test."""
    started: list[Running] = []

    def start(*flags: str) -> Running:
        started.append(Running(url, *flags, port=free_port()))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.end()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GAPPT_")}
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=60, env=environment
    )


def new_key(url: str) -> str:
    made = run("key", "create", "--account", "Riverside", "--json", "--database-url", url)
    return str(json.loads(made.stdout)["key"])


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_server_ends_cleanly_when_it_is_told_to(serve: Callable[..., Running], how: signal.Signals) -> None:
    code, printed, complaints = serve().end(how)

    assert code == 0
    assert "Serving" in printed
    assert complaints == ""


def test_a_key_made_beside_the_server_works_at_once_and_a_plain_server_has_no_records(
    serve: Callable[..., Running],
) -> None:
    running = serve()

    key = new_key(running.url)
    answer = httpx2.post(f"{running.address}/graphql", json=QUERY, headers={"Authorization": f"Bearer {key}"})

    assert answer.json() == {"data": {"groupAppointments": {"totalCount": 0, "nodes": []}}}


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="the system does not tell what a process has loaded")
def test_a_server_runs_on_the_quick_loop(serve: Callable[..., Running]) -> None:
    pytest.importorskip("uvloop")

    loaded = Path(f"/proc/{serve().process.pid}/maps").read_text()

    assert "uvloop" in loaded


def test_a_server_does_not_look_for_garbage_in_what_it_was_started_with(url: str) -> None:
    told = "import atexit, gc; from gappt_graphql.cli import main; "
    told += "atexit.register(lambda: print(gc.get_freeze_count(), 'stay')); main()"
    arguments = [sys.executable, "-c", told, "serve", "--database-url", url, "--port", str(free_port())]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line.startswith("Ctrl-C") for line in process.stdout)
        process.terminate()

        said = process.communicate(timeout=30)[0]

    assert int(said.split()[0]) > 50_000


def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_first_part() -> None:
    settings = settings_of(given({"port": str(free_port())}, {}))

    with listening(settings) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_clients_that_hang_up_leave_whole_series_and_a_server_that_answers(serve: Callable[..., Running]) -> None:
    running = serve()
    headers = {"Authorization": f"Bearer {new_key(running.url)}"}

    def ask(query: str, **variables: Any) -> Any:
        body = {"query": query, "variables": variables}
        return httpx2.post(f"{running.address}/graphql", json=body, headers=headers).json()["data"]

    made = ask("""mutation {
        createPractitioner(input: {lastName: "Hale"}) { practitioner { id } }
        createBusiness(input: {name: "North", timeZone: "Australia/Sydney"}) { business { id } }
        createAppointmentType(input: {name: "Yoga", durationInMinutes: 30, maxAttendees: 5}) { appointmentType { id } }
    }""")
    input = {
        "practitionerId": made["createPractitioner"]["practitioner"]["id"],
        "businessId": made["createBusiness"]["business"]["id"],
        "appointmentTypeId": made["createAppointmentType"]["appointmentType"]["id"],
        "repeatRule": {"repeatType": "DAILY", "numberOfRepeats": 20},
        "startsAt": "2027-03-02T22:00:00Z",
    }
    create = """mutation ($input: CreateGroupAppointmentInput!) {
        createGroupAppointment(input: $input) { repeats { practitioner { label } } } }"""
    for milliseconds in range(20):
        with suppress(httpx2.TimeoutException):
            httpx2.post(
                f"{running.address}/graphql",
                json={"query": create, "variables": {"input": input}},
                headers=headers,
                timeout=httpx2.Timeout(5, read=milliseconds / 1000 + 0.0001),
            )
    roots = ask("{ groupAppointments(filter: {isRepeat: false}, first: 100) { nodes { repeats { totalCount } } } }")
    code, _, complaints = running.end()

    assert {node["repeats"]["totalCount"] for node in roots["groupAppointments"]["nodes"]} == {20}
    assert (code, complaints) == (0, "")


def test_a_stranger_is_asked_for_a_bearer_key(serve: Callable[..., Running]) -> None:
    running = serve()

    without = httpx2.post(f"{running.address}/graphql", json=QUERY)
    wrong = httpx2.post(f"{running.address}/graphql", json=QUERY, headers={"Authorization": "Bearer gappt_guess"})

    assert (without.status_code, wrong.status_code) == (401, 401)
    assert without.headers["WWW-Authenticate"].startswith("Bearer ")
    assert "Server" not in without.headers


def test_the_rate_limit_holds_for_each_door(serve: Callable[..., Running]) -> None:
    running = serve("--rate-limit", "1")
    key = {"Authorization": f"Bearer {new_key(running.url)}"}

    rest = [httpx2.get(f"{running.address}/v1/patients", headers=key) for _ in range(2)]
    graph = [httpx2.post(f"{running.address}/graphql", json=QUERY, headers=key) for _ in range(2)]

    assert [answer.status_code for answer in rest + graph] == [200, 429, 200, 429]


def test_a_body_too_large_and_an_unknown_address_are_refused_in_json(serve: Callable[..., Running]) -> None:
    running = serve()

    large = httpx2.post(f"{running.address}/graphql", content=b" " * 200_000)
    nowhere = httpx2.get(f"{running.address}/nowhere")

    assert large.status_code == 413
    assert large.json()["errors"]
    assert nowhere.status_code == 404
    assert nowhere.json()["message"]


def test_a_head_too_large_is_refused_in_json(serve: Callable[..., Running]) -> None:
    answer = httpx2.get(f"{serve().address}/livez", headers={"X-Large": "a" * 40_000})

    assert answer.status_code == 431
    assert answer.json()["message"]


def test_the_server_may_hold_more_connections_than_a_usual_shell_lets_it() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        make_room(300)

        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 300
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_second_server_on_the_same_store_is_refused(serve: Callable[..., Running]) -> None:
    running = serve()

    second = run("serve", "--database-url", running.url, "--port", str(free_port()))

    assert second.returncode == 1
    assert "Another process holds the store" in second.stderr
    assert second.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["demo", "import", "migrate"])
def test_what_needs_the_store_alone_is_refused_while_a_server_holds_it(
    serve: Callable[..., Running], command: str, tmp_path: Path
) -> None:
    running = serve()
    (tmp_path / "records.jsonl").write_text("")
    arguments = {
        "demo": ["demo", "--account", "Riverside"],
        "import": ["import", str(tmp_path / "records.jsonl"), "--account", "Riverside"],
        "migrate": ["migrate"],
    }[command]

    refused = run(*arguments, "--database-url", running.url)

    assert refused.returncode == 1
    assert "Another process holds the store" in refused.stderr


def test_a_port_that_is_taken_is_one_sentence(url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        refused = run("serve", "--database-url", url, "--port", str(port))

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Error: Another process listens on 127.0.0.1, port {port} already")
    assert refused.stderr.count("\n") == 1


def test_two_workers_on_an_embedded_store_are_refused_with_the_reason_and_the_way_out(url: str) -> None:
    refused = run("serve", "--workers", "2", "--database-url", url)

    assert refused.returncode == 2
    assert "written by one process" in refused.stderr
    assert "postgresql://" in refused.stderr


def test_a_bad_setting_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    refused = run("serve", "--port", "http", "--database-url", f"sqlite:///{tmp_path}/book.db")

    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: GAPPT_PORT can't be 'http'")
    assert not list(tmp_path.iterdir())


def test_trusted_documents_that_cannot_be_served_refuse_to_start_and_make_nothing(tmp_path: Path, url: str) -> None:
    (tmp_path / "documents.json").write_text('{"Week": "{ __typename }"}')

    refused = run("serve", "--database-url", url, "--trusted-documents", str(tmp_path / "documents.json"))

    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: The entry 'Week' of the trusted documents in ")
    assert refused.stderr.count("\n") == 1
    assert not (tmp_path / "book.db").exists()


def test_a_server_runs_the_trusted_documents_of_its_file(serve: Callable[..., Running], tmp_path: Path) -> None:
    hash = sha256(QUERY["query"].encode()).hexdigest()
    (tmp_path / "documents.json").write_text(json.dumps({hash: QUERY["query"]}))
    server = serve("--trusted-documents", str(tmp_path / "documents.json"))
    made = run("key", "create", "--account", "Riverside", "--for", "browser", "--database-url", server.url)
    headers = {"Authorization": f"Bearer {made.stdout.strip()}"}

    trusted = httpx2.post(f"{server.address}/graphql", json={"documentId": f"sha256:{hash}"}, headers=headers)
    text = httpx2.post(f"{server.address}/graphql", json=QUERY, headers=headers)

    assert trusted.json() == {"data": {"groupAppointments": {"totalCount": 0, "nodes": []}}}
    assert text.status_code == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "practice.example", "::"])
def test_the_demo_is_served_to_this_machine_only(url: str, host: str) -> None:
    refused = run("serve", "--demo", "--host", host, "--database-url", url)

    assert refused.returncode == 2
    assert "this machine only" in refused.stderr


def test_the_demo_leaves_a_real_book_alone(url: str) -> None:
    new_key(url)

    refused = run("serve", "--demo", "--port", str(free_port()), "--database-url", url)

    assert refused.returncode == 1
    assert "'Riverside'" in refused.stderr


def test_the_demo_prints_an_address_a_key_and_a_query_that_work(serve: Callable[..., Running]) -> None:
    running = serve("--demo")
    code, printed, _ = running.end(signal.SIGINT)
    key = next(line.split()[-1] for line in printed.splitlines() if line.startswith("API key:"))
    query = printed[printed.index("{") : printed.rindex("}") + 1]

    again = serve()
    answer = httpx2.post(f"{again.address}/graphql", json={"query": query}, headers={"Authorization": f"Bearer {key}"})

    assert code == 0
    assert f"{running.address}/" in printed
    assert "errors" not in answer.json()
    assert answer.json()["data"]["groupAppointments"]["totalCount"] > 0


def test_a_second_run_of_the_demo_keeps_the_records_and_revokes_the_last_key(serve: Callable[..., Running]) -> None:
    first = serve("--demo").end()[1]
    second = serve("--demo").end()[1]
    keys = [text.partition("API key:")[2].split()[0] for text in (first, second)]

    running = serve()
    answers = [
        httpx2.post(f"{running.address}/graphql", json=QUERY, headers={"Authorization": f"Bearer {key}"})
        for key in keys
    ]

    assert [answer.status_code for answer in answers] == [401, 200]
