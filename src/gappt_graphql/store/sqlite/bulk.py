"""Whole tables of an embedded store."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import Table

from gappt_graphql.store import StoreError
from gappt_graphql.store.copying.sides import NotTaken
from gappt_graphql.store.statements import Row, Statement

_PRAGMAS = (
    "busy_timeout=2000",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "mmap_size=0",
    "temp_store=MEMORY",
)


class SqliteSide:
    """
    An embedded store that is copied from or to, by a process that has it to itself.

    Its statements run in the caller's thread: nobody else is waited for.
    """

    keeps_counts = True

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection, self.name = connection, name

    async def revision(self) -> str | None:
        with _told(self.name):
            if not self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
                return None
            found = self._connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return None if found is None else str(found[0])

    @asynccontextmanager
    async def reading(self) -> AsyncIterator["Transaction"]:
        async with self._transaction("BEGIN") as transaction:
            yield transaction

    @asynccontextmanager
    async def writing(self, account: int) -> AsyncIterator["Transaction"]:
        async with self._transaction("BEGIN IMMEDIATE") as transaction:
            yield transaction

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator["Transaction"]:
        with _told(self.name):
            self._connection.execute(begin)
            try:
                yield Transaction(self._connection)
                self._connection.execute("COMMIT")
            finally:
                self._connection.rollback()


class Transaction:
    """A transaction in which rows are read or written."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def see(self, account: int) -> None:
        """Do nothing: each statement names its account."""

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        return self._connection.execute(statement.sqlite, statement.sqlite_parameters(parameters)).fetchall()

    async def slices(
        self, statement: Statement, parameters: Mapping[str, object], size: int
    ) -> AsyncIterator[list[Row]]:
        cursor = self._connection.execute(statement.sqlite, statement.sqlite_parameters(parameters))
        while found := cursor.fetchmany(size):
            await asyncio.sleep(0)  # nothing else here waits, and Ctrl-C is heard by who waits
            yield found

    async def run(self, statement: Statement, parameters: Mapping[str, object]) -> None:
        with _refusals():
            self._connection.execute(statement.sqlite, statement.sqlite_parameters(parameters))

    async def insert(self, table: Table, rows: Sequence[Row]) -> None:
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        places = ", ".join("?" for _ in table.columns)
        with _refusals():
            self._connection.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({places})", rows)


@contextmanager
def sqlite_side(path: Path) -> Iterator[SqliteSide]:
    """
    Open a store that the caller has to itself.

    :raises StoreError: if it can't be read
    """
    name = str(path)
    with _told(name):
        connection = sqlite3.connect(path.absolute(), isolation_level=None)
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            yield SqliteSide(connection, name)
        finally:
            connection.close()


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise NotTaken(str(error)) from None  # which names columns, or is a sentence of a trigger
    except OverflowError:
        raise NotTaken("a number is too large") from None


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Tell in a sentence what is wrong with the file."""
    try:
        yield
    except sqlite3.Error as error:
        # The driver's message about a text that is none holds the text.
        what = "a text in it is not UTF-8" if str(error).startswith("Could not decode") else f"SQLite says: {error}"
        raise StoreError(f"{name} can't be used: {what}.") from None
