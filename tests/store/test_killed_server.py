"""A server that is killed has lost nothing that it acknowledged, whatever ran beside it."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from a_server import AServer, booked
from gappt_graphql.practice import auditing
from gappt_graphql.practice.access import issue_key
from gappt_graphql.store.opening import open_store
from past import Past, PastSqlite, wrong

MUTATION = """mutation { createBusiness(input: {name: "North", timeZone: "Europe/London"}) { business { id } } }"""
WRITES, CLIENTS = 500, 32
SECONDS_TO_RECOVER = 5
"""From its start to its first answer after a crash. Time at work: what else the machine does is not the server's."""


@pytest.fixture
def start(store_url: str) -> Iterator[Callable[..., AServer]]:
    """Start servers of the store, which are killed at the end of the test at the latest."""
    started: list[AServer] = []

    def start(key: str = "") -> AServer:
        started.append(AServer(store_url, key=key))
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
    start: Callable[..., AServer], store_url: str, past: Past, tmp_path: Path
) -> None:
    acknowledged = []
    for _ in range(2):
        server = start()
        headers = {"Authorization": f"Bearer {new_key(store_url)}"}
        for _ in range(3):
            answer = httpx2.post(f"{server.address}/graphql", json={"query": MUTATION}, headers=headers).json()
            acknowledged.append(int(answer["data"]["createBusiness"]["business"]["id"]))
        if isinstance(past, PastSqlite):
            assert os.stat(tmp_path / "book.db-wal").st_size > 0  # what SQLite writes to: no command took it away
        server.kill()

    kept = [id for (id,) in past.rows("SELECT id FROM businesses ORDER BY id")]
    check_the_file(past)
    assert kept == sorted(acknowledged)


async def test_a_kill_in_a_storm_of_writes_leaves_whole_bookings_and_each_that_was_acknowledged(
    practice, start: Callable[..., AServer], store_url: str, past: Past
) -> None:
    patients = practice.new_patients(WRITES // 5)
    await practice.save(*patients)
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
    )
    acknowledged: dict[str, int] = {}

    for round in range(5):
        if round:
            practice = await reopened(practice, store_url)
        groups = [await practice.group(max_attendees=100) for _ in range(5)]
        await practice.store.close()
        server = start(issued.secret)
        unknown = await storm(server, groups, patients, acknowledged, kill_after=40 + 90 * round)
        await check_the_book(past, acknowledged)

        # Who never heard of it asks once more, with the same key, whether or not it was done.
        server = start(issued.secret)
        assert server.seconds_at_work() < SECONDS_TO_RECOVER
        async with server.client() as client:
            for group, patient, key in unknown[:20]:
                acknowledged[key] = await booked(client, group.id, patient.id, key)
                assert acknowledged[key] == await booked(client, group.id, patient.id, key)
        server.kill()
        await check_the_book(past, acknowledged)


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


async def check_the_book(past, acknowledged):
    """Find the book sound, each booking whole, and each that was acknowledged there."""
    await nobody_is_at_work(past)
    check_the_file(past)
    assert wrong(past) == {}
    attendees = {id for (id,) in past.rows("SELECT id FROM attendees")}
    assert set(acknowledged.values()) <= attendees
    told = past.rows("SELECT record_id FROM audit WHERE record_kind = 'Attendee'")
    assert sorted(told) == sorted((id,) for id in attendees)
    kept = past.rows("SELECT outcome FROM idempotency_keys")
    assert {outcome["attendee_id"] for (text,) in kept for outcome in json.loads(text)["outcomes"]} == attendees
    assert past.rows("SELECT count(*) FROM changes") == [(len(attendees),)]


def check_the_file(past):
    if isinstance(past, PastSqlite):
        assert past.rows("PRAGMA integrity_check") == [("ok",)]
        assert past.rows("PRAGMA foreign_key_check") == []


async def nobody_is_at_work(past):
    """Wait until PostgreSQL, too, has ended what it did for the server that was killed."""
    at_work = (
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'gappt-graphql' AND datname = current_database()"
    )
    async with asyncio.timeout(20):
        while not isinstance(past, PastSqlite) and past.rows(at_work):  # noqa: ASYNC110  # nobody is told of it
            await asyncio.sleep(0.01)


async def reopened(practice, store_url):
    """Return the practice with its store opened again."""
    practice.store = await open_store(store_url)
    verified = await auditing.verify(practice.store, account=practice.account.id)
    assert verified.rows > 0
    assert verified.reason is None
    return practice
