"""Reading connections of an embedded store: a few, each for one unit of work at a time, none of them able to write."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from gappt_graphql.store.locks import hurried, in_thread
from gappt_graphql.store.statements import Row, Statement

COUNT = 4
_CACHED_STATEMENTS = 512


class Reader:
    """A connection in a reading transaction, which sees one moment of the store."""

    def __init__(self, connection: sqlite3.Connection, executor: Executor) -> None:
        self._connection = connection
        self._executor = executor
        self._turn = asyncio.Lock()
        self._closed = False

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        """Run the statement here and now: it takes some ten microseconds. A long one gets a thread."""
        async with self._turn:
            if self._closed:
                raise RuntimeError("The book is closed: its unit of work has ended.")
            text, values = statement.sqlite, statement.sqlite_parameters(parameters)
            if not statement.long:
                return self._connection.execute(text, values).fetchall()
            return await in_thread(
                self._executor,
                lambda: self._connection.execute(text, values).fetchall(),
                interrupt=self._connection.interrupt,
            )

    async def end(self) -> None:
        """Let nothing more be asked, and stop the thread that may still run for a unit of work that failed."""
        self._closed = True
        if self._turn.locked():
            await hurried(asyncio.ensure_future(self._turn.acquire()), self._connection.interrupt)


class Readers:
    """The reading connections. They are opened when they are first needed, and kept."""

    def __init__(self, path: Path, executor: Executor) -> None:
        self._path = path
        self._executor = executor
        self._free = asyncio.Semaphore(COUNT)
        self._idle: list[sqlite3.Connection] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Reader]:
        """Wait for a connection, and have it in a transaction of its own."""
        async with self._free:
            connection = self._idle.pop() if self._idle else self._open()
            reader = Reader(connection, self._executor)
            try:
                connection.execute("BEGIN")
                yield reader
            finally:
                try:
                    await reader.end()
                finally:
                    connection.rollback()
                    self._idle.append(connection)

    async def close(self) -> None:
        """Wait until every connection is free, and close them."""
        for _ in range(COUNT):
            await self._free.acquire()
        while self._idle:
            self._idle.pop().close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self._path.absolute()))}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_CACHED_STATEMENTS,
        )
        for pragma in ("query_only=ON", "busy_timeout=10000", "trusted_schema=OFF", "mmap_size=0"):
            connection.execute(f"PRAGMA {pragma}")
        return connection
