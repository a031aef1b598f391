"""A backup of a book that many write to at once, restored, is a whole book with all that was acknowledged before it."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from a_server import AServer, booked
from gappt_graphql.practice.access import issue_key
from gappt_graphql.store.migrations import HEAD
from gappt_graphql.store.sqlite.invariants import faults

pytestmark = pytest.mark.sqlite("backups of a file: a database has tools of its own for that")

CLIENTS = 16
BEFORE = 100
"""Bookings that are acknowledged before the backup begins."""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., AServer]]:
    """Start servers of a store, which are killed at the end of the test at the latest."""
    started: list[AServer] = []

    def start(path: Path, key: str) -> AServer:
        started.append(AServer(f"sqlite:///{path}", key=key))
        started[-1].wait_until_it_answers()
        return started[-1]

    yield start
    for server in started:
        server.kill()


async def gappt(*arguments: str | Path) -> dict[str, object]:
    """Run a command that prints JSON, as a process of its own."""
    command = [sys.executable, "-m", "gappt_graphql", *(str(each) for each in arguments), "--json"]
    running = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    printed, _ = await asyncio.wait_for(running.communicate(), timeout=120)
    assert running.returncode == 0
    return json.loads(printed)


async def test_a_backup_in_a_storm_restores_to_a_book_with_all_that_was_acknowledged_before(
    practice, start: Callable[..., AServer], tmp_path: Path
) -> None:
    # Wide enough that the copy takes several steps while others write.
    patients = practice.new_patients(3000)
    await practice.save(*patients)
    groups = [await practice.group(max_attendees=100) for _ in range(30)]
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
    )
    await practice.store.close()
    book, kept, elsewhere = tmp_path / "book.db", tmp_path / "kept.db", tmp_path / "elsewhere.db"
    server = start(book, issued.secret)
    waiting = [(group, patient) for group in groups for patient in patients[:90]]
    acknowledged: dict[str, int] = {}
    enough, over = asyncio.Event(), asyncio.Event()

    async def one_client(client):
        while waiting and not over.is_set():
            group, patient = waiting.pop()
            key = f"{group.id} {patient.id}"
            acknowledged[key] = await booked(client, group.id, patient.id, key)
            if len(acknowledged) >= BEFORE:
                enough.set()

    async with server.client() as client:
        storm = asyncio.gather(*(one_client(client) for _ in range(CLIENTS)))
        await asyncio.wait_for(enough.wait(), timeout=60)
        before = dict(acknowledged)
        told = await gappt("backup", kept, "--database-url", f"sqlite:///{book}")
        after = len(acknowledged)
        assert waiting, "The storm was over before the backup was."
        over.set()
        await storm
    server.kill()

    assert after > len(before)
    await gappt("restore", kept, "--verify", "--database-url", f"sqlite:///{elsewhere}")
    await gappt("restore", kept, "--verify", "--database-url", f"sqlite:///{book}")
    for path in (elsewhere, book):
        with closing(sqlite3.connect(path)) as connection:
            assert [*faults(connection, revision=HEAD)] == []
            there = {id for (id,) in connection.execute("SELECT id FROM attendees")}
            assert told["attendees"] == len(there)
            assert set(before.values()) <= there
            told_of = connection.execute("SELECT record_id FROM audit WHERE record_kind = 'Attendee'")
            assert sorted(told_of) == sorted((id,) for id in there)

    # The restored book serves. A retry of what it has finds it; what came after the backup can be booked again.
    again = start(book, issued.secret)
    old = next(key for key in before)
    lost = next(key for key, id in acknowledged.items() if id not in there)
    async with again.client() as client:
        assert await booked(client, *map(int, old.split()), old) == before[old]
        fresh = await booked(client, *map(int, lost.split()), lost)
    assert fresh not in there
    again.kill()
    with closing(sqlite3.connect(book)) as connection:
        assert connection.execute("SELECT count(*) FROM attendees WHERE id = ?", [fresh]).fetchone() == (1,)
        assert [*faults(connection, revision=HEAD)] == []


async def test_a_backup_ends_though_another_never_stops_writing(
    practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's backup begins anew whenever another connection writes, unless its own transaction holds one moment."""
    from gappt_graphql.store.sqlite import backups

    await practice.save(*practice.new_patients(1000))
    monkeypatch.setattr(backups, "_STEP", 8)
    done: list[int] = []
    with closing(sqlite3.connect(tmp_path / "book.db", isolation_level=None)) as other:

        def write_and_look(copied: int, total: int) -> None:
            other.execute("UPDATE accounts SET last_number = last_number + 1")
            done.append(copied)
            assert len(done) < 100, "The backup begins anew and anew."

        backups.back_up(tmp_path / "book.db", tmp_path / "kept.db", progress=write_and_look)

    assert len(done) > 5
    assert done == sorted(done)
