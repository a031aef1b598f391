"""Reading connections of an embedded store: a few, each for one unit of work at a time, none of them able to write."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from gappt_graphql.observing import Spans
from gappt_graphql.store.shielding import hurried
from gappt_graphql.store.sqlite.connections import Connection
from gappt_graphql.store.statements import Row, Statement

T = TypeVar("T")

COUNT = 4
_PRAGMAS = (
    "query_only=ON",
    "busy_timeout=10000",
    "trusted_schema=OFF",
    "mmap_size=0",
    "temp_store=MEMORY",
    # At most 16 MB, kept until somebody writes: with SQLite's 2 MB a diary of 20,000 appointments is read from the
    # system anew, page by page, by every other question.
    "cache_size=-16000",
)


class Reader:
    """A connection in a transaction, as a unit of work has it until its end: it sees one moment of the store."""

    def __init__(self, connection: Connection, spans: Spans) -> None:
        self._connection, self._spans = connection, spans
        self._turn = asyncio.Lock()
        self._closed = False

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        """Run the statement here and now: it takes some ten microseconds. A long one may get a thread."""
        text, values = statement.sqlite, statement.sqlite_parameters(parameters)
        if not statement.long and not self._turn.locked():
            # Nothing is waited for, so nobody else can come between.
            self._check_open()
            with self._spans.step("statement", text):
                return self._connection.fetch_here(text, values)
        async with self._turn:
            self._check_open()
            with self._spans.step("statement", text):
                return await self._connection.fetch(text, values, long=statement.long)

    async def end(self) -> None:
        """Let nothing more be asked, and wait for the thread that may still run for a unit of work that failed."""
        self._closed = True
        if self._turn.locked():
            await hurried(asyncio.ensure_future(self._turn.acquire()), self._connection.interrupt)

    def _check_open(self) -> None:
        # SQLite ends a transaction by itself after some errors of the disk: what came next would stand alone.
        if self._closed or not self._connection.in_transaction:
            raise RuntimeError("The book is closed: its unit of work has ended.")


class Readers:
    """The reading connections. They are opened when they are first needed, and kept."""

    def __init__(self, path: Path, spans: Spans) -> None:
        self._path, self._spans = path, spans
        self.in_use = 0
        self._free = asyncio.Semaphore(COUNT)
        self._idle: list[Connection] = []

    async def run(self, work: Callable[[Reader], Awaitable[T]]) -> T:
        """Wait for a connection, and run the work with it in a transaction of its own."""
        async with self._free:
            connection = self._idle.pop() if self._idle else await self._open()
            reader = Reader(connection, self._spans)
            self.in_use += 1
            try:
                connection.execute_here("BEGIN")
                return await work(reader)
            finally:
                try:
                    await reader.end()
                finally:
                    connection.rollback()
                    self._idle.append(connection)
                    self.in_use -= 1

    async def close(self) -> None:
        """Wait until every connection is free, and close them."""
        for _ in range(COUNT):
            await self._free.acquire()
        while self._idle:
            await self._idle.pop().close()

    async def _open(self) -> Connection:
        database = f"file:{quote(str(self._path.absolute()))}?mode=ro"
        return await Connection.open(database, pragmas=_PRAGMAS, interruptible=True)
