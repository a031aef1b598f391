"""A server that is killed has lost nothing that it acknowledged, whatever ran beside it."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from a_server import AServer, booked
from gappt_graphql.practice import auditing
from gappt_graphql.practice.access import issue_key

pytestmark = pytest.mark.sqlite("a server whose file is looked at")

MUTATION = """mutation { createBusiness(input: {name: "North", timeZone: "Europe/London"}) { business { id } } }"""
WRITES, CLIENTS = 500, 32
SECONDS_TO_RECOVER = 5
"""From its start to its first answer after a crash. Time at work: what else the machine does is not the server's."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'book.db'}"


@pytest.fixture
def start(url: str) -> Iterator[Callable[..., AServer]]:
    """Start servers of the store, which are killed at the end of the test at the latest."""
    started: list[AServer] = []

    def start(key: str = "") -> AServer:
        started.append(AServer(url, key=key))
        started[-1].wait_until_it_answers()
        return started[-1]

    yield start
    for server in started:
        server.kill()


def new_key(url: str) -> str:
    command = [sys.executable, "-m", "gappt_graphql", "key", "create", "--account", "Riverside", "--json"]
    made = subprocess.run([*command, "--database-url", url], capture_output=True, check=True, timeout=60)
    return str(json.loads(made.stdout)["key"])


def test_a_kill_loses_nothing_that_was_acknowledged_though_commands_ran_beside(
    start: Callable[..., AServer], url: str, tmp_path: Path
) -> None:
    acknowledged = []
    for _ in range(2):
        server = start()
        headers = {"Authorization": f"Bearer {new_key(url)}"}
        for _ in range(3):
            answer = httpx2.post(f"{server.address}/graphql", json={"query": MUTATION}, headers=headers).json()
            acknowledged.append(int(answer["data"]["createBusiness"]["business"]["id"]))
        assert os.stat(tmp_path / "book.db-wal").st_size > 0  # what SQLite writes to: no command took it away
        server.kill()

    with closing(sqlite3.connect(tmp_path / "book.db")) as connection:
        kept = [id for (id,) in connection.execute("SELECT id FROM businesses ORDER BY id")]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert kept == sorted(acknowledged)


async def test_a_kill_in_a_storm_of_writes_leaves_whole_bookings_and_each_that_was_acknowledged(
    practice, start: Callable[..., AServer], tmp_path: Path
) -> None:
    patients = practice.new_patients(WRITES // 5)
    await practice.save(*patients)
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
    )
    acknowledged: dict[str, int] = {}

    for round in range(5):
        if round:
            practice = await reopened(practice, tmp_path)
        groups = [await practice.group(max_attendees=100) for _ in range(5)]
        await practice.store.close()
        server = start(issued.secret)
        unknown = await storm(server, groups, patients, acknowledged, kill_after=40 + 90 * round)
        check_the_book(tmp_path, acknowledged)

        # Who never heard of it asks once more, with the same key, whether or not it was done.
        server = start(issued.secret)
        assert server.seconds_at_work() < SECONDS_TO_RECOVER
        async with server.client() as client:
            for group, patient, key in unknown[:20]:
                acknowledged[key] = await booked(client, group.id, patient.id, key)
                assert acknowledged[key] == await booked(client, group.id, patient.id, key)
        server.kill()
        check_the_book(tmp_path, acknowledged)


async def storm(server, groups, patients, acknowledged, *, kill_after):
    """Book every patient everywhere, until the server is killed; return the bookings of which nobody heard."""
    waiting = [(group, patient, f"{group.id} {patient.id}") for patient in patients for group in groups]
    assert len(waiting) == WRITES
    unknown, before = [], len(acknowledged)

    async def one_client(client):
        while waiting and server.process.returncode is None:
            group, patient, key = booking = waiting.pop()
            try:
                acknowledged[key] = await booked(client, group.id, patient.id, key)
            except httpx2.TransportError:
                unknown.append(booking)
            if len(acknowledged) - before == kill_after:
                server.kill()

    async with server.client() as client:
        await asyncio.gather(*(one_client(client) for _ in range(CLIENTS)))
    assert unknown, "The server was killed too late to leave anybody in doubt."
    return unknown


def check_the_book(folder, acknowledged):
    """Find the book sound, each booking whole, and each that was acknowledged there."""
    with closing(sqlite3.connect(folder / "book.db")) as book:
        assert book.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert book.execute("PRAGMA foreign_key_check").fetchall() == []
        attendees = {id for (id,) in book.execute("SELECT id FROM attendees")}
        assert set(acknowledged.values()) <= attendees
        told = book.execute("SELECT record_id FROM audit WHERE record_kind = 'Attendee'").fetchall()
        assert sorted(told) == sorted((id,) for id in attendees)
        kept = book.execute("SELECT outcome FROM idempotency_keys").fetchall()
        assert {outcome["attendee_id"] for (text,) in kept for outcome in json.loads(text)["outcomes"]} == attendees
        assert book.execute("SELECT count(*) FROM changes").fetchone() == (len(attendees),)
        seats = "SELECT count(*) FROM attendees WHERE group_appointment_id = groups.id"
        wrong = f"SELECT id FROM group_appointments AS groups WHERE active_attendees != ({seats})"
        assert book.execute(wrong).fetchall() == []


async def reopened(practice, folder):
    """Return the practice with its store opened again."""
    from gappt_graphql.store.opening import open_store

    practice.store = await open_store(f"sqlite:///{folder / 'book.db'}")
    verified = await auditing.verify(practice.store, account=practice.account.id)
    assert verified.rows > 0
    assert verified.reason is None
    return practice
