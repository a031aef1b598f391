"""What a store holds, looked at and changed past the program: alike for both databases."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from gappt_graphql.store import tables
from gappt_graphql.store.sqlite.files import beside
from gappt_graphql.store.sqlite.locks import FileLock
from postgres_server import Database

REFUSALS = (sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)
"""What a database raises for what its tables refuse."""


class Past(Protocol):
    """Statements have `?` for their parameters; instants are microseconds since 1970."""

    def rows(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows that a statement finds."""

    def change(self, text: str, *values: Any) -> None:
        """Run a statement and commit it."""

    def unguarded(self, text: str, *values: Any) -> None:
        """Run a statement where no trigger looks, and commit it."""

    def writing(self) -> AbstractContextManager[None]:
        """Write in every account's book, and let nobody else do so meanwhile."""


def everything(past: Past) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table."""
    return {
        table.name: [
            dict(zip(table.columns.keys(), row, strict=True))
            for row in past.rows(f"SELECT {', '.join(table.columns.keys())} FROM {table.name} ORDER BY 1, 2")
        ]
        for table in tables.metadata.sorted_tables
    }


_TAKEN = """(SELECT count(*) FROM attendees AS a WHERE a.account_id = g.account_id AND a.group_appointment_id = g.id
    AND a.cancelled_at IS NULL AND a.archived_at IS NULL)"""
_WRONG = {
    "seats": f"SELECT id FROM group_appointments AS g WHERE active_attendees <> {_TAKEN} OR {_TAKEN} > max_attendees",
    "copies": """SELECT a.id FROM attendees AS a JOIN group_appointments AS g
        ON g.account_id = a.account_id AND g.id = a.group_appointment_id
        WHERE a.starts_at <> g.starts_at OR a.ends_at <> g.ends_at OR a.is_long <> g.is_long OR a.is_busy <>
        CASE WHEN a.cancelled_at IS NULL AND a.archived_at IS NULL AND g.archived_at IS NULL THEN 1 ELSE 0 END""",
    "places": """SELECT max(id) FROM attendees WHERE cancelled_at IS NULL AND archived_at IS NULL
        GROUP BY account_id, group_appointment_id, patient_id HAVING count(*) > 1""",
    "numbers": """SELECT account_id FROM accounts AS held LEFT JOIN
        (SELECT account_id AS of_account, count(*) AS written, min(number) AS first, max(number) AS last FROM
            (SELECT account_id, number FROM changes UNION SELECT account_id, number FROM audit) AS numbered
            GROUP BY account_id) AS journal
        ON of_account = account_id
        WHERE coalesce(written, 0) <> last_number OR written > 0 AND (first <> 1 OR last <> last_number)""",
}


def wrong(past: Past) -> dict[str, list[tuple[Any, ...]]]:
    """Return what is not as it must be in every book."""
    return {what: rows for what, text in _WRONG.items() if (rows := past.rows(text))}


class PastSqlite:
    """The file, as any other program opens it. References are checked."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._path)) as connection:
            return connection.execute(text, values).fetchall()

    def change(self, text: str, *values: Any) -> None:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(text, values)

    def unguarded(self, text: str, *values: Any) -> None:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute(text, values)
            for _, trigger in triggers:
                connection.execute(trigger)

    @contextmanager
    def writing(self) -> Iterator[None]:
        with closing(FileLock(beside(self._path, "writing"))) as lock:
            lock.take()
            yield


class PastPostgres:
    """The database, as its superuser has it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._database.fetch(_numbered(text), *values)]

    def change(self, text: str, *values: Any) -> None:
        self._database.execute(_numbered(text), *values)

    def unguarded(self, text: str, *values: Any) -> None:
        self._database.execute("SET session_replication_role = replica")
        try:
            self._database.execute(_numbered(text), *values)
        finally:
            self._database.execute("SET session_replication_role = DEFAULT")

    @contextmanager
    def writing(self) -> Iterator[None]:
        self._database.execute("BEGIN; SELECT FROM accounts FOR UPDATE")
        try:
            yield
        finally:
            self._database.execute("ROLLBACK")


def _numbered(text: str) -> str:
    first, *others = text.split("?")
    return first + "".join(f"${number}{other}" for number, other in enumerate(others, 1))
