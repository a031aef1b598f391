"""A server that is killed has lost nothing that it acknowledged, whatever ran beside it."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

MUTATION = """mutation { createBusiness(input: {name: "North", timeZone: "Europe/London"}) { business { id } } }"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'book.db'}"


@pytest.fixture
def start(url: str) -> Iterator[Callable[[], tuple[subprocess.Popen[str], str]]]:
    """Start servers of the store, which are killed at the end of the test at the latest."""
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], str]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = str(listener.getsockname()[1])
        process = subprocess.Popen(command("serve", url, "--port", port), stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert "Serving" in process.stdout.readline()
        return process, f"http://127.0.0.1:{port}/graphql"

    yield start
    for process in started:
        kill(process)


def command(name: str, url: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "gappt_graphql", *name.split(), *arguments, "--database-url", url]


def new_key(url: str) -> str:
    made = subprocess.run(
        command("key create", url, "--account", "Riverside", "--json"), capture_output=True, check=True, timeout=60
    )
    return str(json.loads(made.stdout)["key"])


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_kill_loses_nothing_that_was_acknowledged_though_commands_ran_beside(
    start: Callable[[], tuple[subprocess.Popen[str], str]], url: str, tmp_path: Path
) -> None:
    acknowledged = []
    for _ in range(2):
        process, address = start()
        headers = {"Authorization": f"Bearer {new_key(url)}"}
        for _ in range(3):
            answer = httpx2.post(address, json={"query": MUTATION}, headers=headers).json()
            acknowledged.append(int(answer["data"]["createBusiness"]["business"]["id"]))
        assert os.stat(tmp_path / "book.db-wal").st_size > 0  # what SQLite writes to: no command took it away
        kill(process)

    with closing(sqlite3.connect(tmp_path / "book.db")) as connection:
        kept = [id for (id,) in connection.execute("SELECT id FROM businesses ORDER BY id")]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert kept == sorted(acknowledged)
