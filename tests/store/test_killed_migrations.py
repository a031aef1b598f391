"""A migration that is killed in the middle of its writing is none, and the next start does all of it."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gappt_graphql.store.migrations import HEAD, migrate
from gappt_graphql.store.migrations.upgrading import upgrade

FORMER = "0002"
ROWS = 3_000
# Python ignores the signal that ends who writes past a limit; here it is the moment of the kill.
KILLED_AT_BYTE = """
import resource, signal, sys
from gappt_graphql.store.migrations import migrate, upgrading
sys.dont_write_bytecode = True
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
migrate(sys.argv[1])
"""
STOPS_AT_STATEMENT = """
import signal, sys
from sqlalchemy import Engine, event
from gappt_graphql.store.migrations import migrate

@event.listens_for(Engine, "after_cursor_execute")
def stop(connection, cursor, statement, *_):
    if sys.argv[2] in statement:
        print("here", flush=True)
        signal.pause()

migrate(sys.argv[1])
"""
WAITS_FOR_NO_LOCK_OF_SQLITE = """
import sys
from sqlalchemy import Engine, event
from gappt_graphql.store.migrations import migrate

@event.listens_for(Engine, "connect")
def wait_not(connection, record):
    connection.execute("PRAGMA busy_timeout=0")

migrate(sys.argv[1])
"""
pytestmark = pytest.mark.sqlite("one transaction of the file holds every migration")

MOMENTS = {
    "when a column has come": "ALTER TABLE audit",
    "when the chain is made": "UPDATE accounts SET audit_number",
    "between the triggers": "CREATE TRIGGER seats_go",
    "between two versions": "UPDATE alembic_version SET version_num='0003'",
    "at its last": f"UPDATE alembic_version SET version_num='{HEAD}'",
}


@pytest.fixture(params=["WAL", "DELETE"])
def book(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A book of an earlier version, which a server has had open or not, with more in it than SQLite keeps in memory."""
    path = tmp_path / "book.db"
    upgrade(path, FORMER)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA journal_mode={request.param}")
        connection.execute("INSERT INTO accounts (account_id, name, last_number, created_at) VALUES (7, 'R', 3000, 0)")
        columns = "account_id, number, at, request_id, operation, record_kind, record_id, after"
        rows = [(7, number, number, "r", "Test", "Patient", 1, "x" * 1_000) for number in range(1, ROWS + 1)]
        connection.executemany(f"INSERT INTO audit ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    return path


@pytest.fixture
def before(book: Path) -> list[str]:
    """What the book holds."""
    return dump(book)


@pytest.fixture
def migrated(book: Path) -> list[str]:
    """What the book holds after a migration that nobody disturbs."""
    undisturbed = book.with_name("undisturbed.db")
    undisturbed.write_bytes(book.read_bytes())
    migrate(f"sqlite:///{undisturbed}")
    return dump(undisturbed)


def dump(path: Path) -> list[str]:
    """Return all that the file holds, as text."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return list(connection.iterdump())


def start(program: str, book: Path, when: str | int = "") -> "subprocess.Popen[str]":
    arguments = [sys.executable, "-c", program, f"sqlite:///{book}", str(when)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def stopped(book: Path, before: list[str], request: pytest.FixtureRequest) -> Iterator["subprocess.Popen[str]"]:
    """A process that has come so far in migrating the book and goes no further."""
    with start(STOPS_AT_STATEMENT, book, request.param) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        yield process
        process.kill()


@pytest.mark.parametrize("size", [64 * 1024, 1_500_000, 3_000_000])
def test_a_migration_that_is_killed_while_it_writes_pages_is_done_at_the_next_start(
    book: Path, before: list[str], migrated: list[str], size: int
) -> None:
    with start(KILLED_AT_BYTE, book, size) as process:
        assert process.wait(60) == -signal.SIGXFSZ
    left = sorted(each.name for each in book.parent.glob("book.db-*al"))

    after = dump(book)
    migrate(f"sqlite:///{book}")

    assert left != [], "It was not killed while it wrote."
    assert after == before
    assert dump(book) == migrated


@pytest.mark.parametrize("stopped", MOMENTS.values(), ids=MOMENTS, indirect=True)
def test_a_migration_that_is_killed_between_two_statements_is_done_at_the_next_start(
    book: Path, before: list[str], migrated: list[str], stopped: "subprocess.Popen[str]"
) -> None:
    stopped.kill()
    stopped.wait(60)

    assert dump(book) == before
    migrate(f"sqlite:///{book}")

    assert dump(book) == migrated


@pytest.mark.parametrize(("book", "stopped"), [("WAL", MOMENTS["when the chain is made"])], indirect=True, ids=str)
def test_who_waits_for_a_migration_that_is_killed_does_it(
    book: Path, migrated: list[str], stopped: "subprocess.Popen[str]"
) -> None:
    with start(WAITS_FOR_NO_LOCK_OF_SQLITE, book) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1)
        stopped.kill()
        assert waiting.wait(60) == 0

    assert dump(book) == migrated
