"""A connection to an embedded store, with two ways to run a statement: at once, or in a thread."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Mapping, Sequence
from itertools import count
from typing import Any, TypeVar

import aiosqlite

from gappt_graphql.store import Unreadable
from gappt_graphql.store.shielding import to_the_end
from gappt_graphql.store.statements import Row

T = TypeVar("T")

_CACHED_STATEMENTS = 512
_STEPS_HERE = 25_000
"""Steps of SQLite's machine, of some 60 ns each, after which a long statement goes to the thread, or twice as many."""


_STRAIGHT = 10
"""How often a long statement goes straight to the thread after it did not end here: else it would be begun twice."""


class Connection:
    """
    One connection, for one unit of work at a time, which awaits each statement before the next.

    The thread is aiosqlite's. What takes some ten microseconds is run past it, here and now: a change of threads takes
    longer, and while the event loop is busy it takes milliseconds. What may be long often is not, so it is begun here
    where it may be interrupted, and begun again in the thread if it has not ended after two milliseconds. The next few
    times it goes there at once.
    """

    def __init__(self, here: sqlite3.Connection, threaded: aiosqlite.Connection, *, interruptible: bool) -> None:
        self._here = here
        self._threaded = threaded
        self._straight: dict[str, int] = {}
        self.interrupt = here.interrupt if interruptible else None
        """Stops the statement that runs in the thread, where that may be done."""

    @classmethod
    async def open(cls, database: str, *, pragmas: Sequence[str], interruptible: bool) -> "Connection":
        """
        Open the database, a path or a `file:` URI.

        One that writes must not be interruptible: a change that is interrupted takes the whole transaction with it,
        and with it what others have written there.
        """
        opened: list[sqlite3.Connection] = []

        def connect() -> sqlite3.Connection:
            opened.append(
                sqlite3.connect(
                    database,
                    uri=database.startswith("file:"),
                    isolation_level=None,
                    check_same_thread=False,
                    cached_statements=_CACHED_STATEMENTS,
                )
            )
            return opened[0]

        async def begin() -> aiosqlite.Connection:
            threaded = aiosqlite.Connection(connect, iter_chunk_size=64)
            # A program that ends without closing its store would wait for this thread for ever.
            threaded._thread.daemon = True
            return await threaded

        beginning = asyncio.ensure_future(begin())
        try:
            connection = cls(threaded=await to_the_end(beginning), here=opened[0], interruptible=interruptible)
        except asyncio.CancelledError:
            if not beginning.cancelled() and beginning.exception() is None:
                await beginning.result().close()
            raise
        try:
            for pragma in pragmas:
                await connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            await connection.close()
            raise
        return connection

    @property
    def in_transaction(self) -> bool:
        return self._here.in_transaction

    async def execute(self, text: str) -> None:
        """Run a statement that may wait, for another program or for the disk; it is never left half done."""
        await to_the_end(asyncio.ensure_future(self._threaded.execute_fetchall(text)))

    async def idle(self) -> None:
        """Wait until the thread has done what it was asked to, though nobody waits for that any more."""
        await self.execute("SELECT 1")

    def execute_here(self, text: str) -> None:
        """Run a statement that waits for nobody and nothing."""
        self._here.execute(text)

    def rollback(self) -> None:
        """End the transaction, if there is one, without its effects."""
        self._here.rollback()

    async def fetch(self, text: str, parameters: Mapping[str, Any], *, long: bool) -> list[Row]:
        """
        Run a statement and return its rows.

        :raises Unreadable: if a text among them is not UTF-8
        """
        if not long:
            return self.fetch_here(text, parameters)
        if self.interrupt is not None and not self._lasts(text):
            found = self._soon(text, parameters)
            if found is not None:
                return found
        try:
            rows = await self._interruptible(self._threaded.execute_fetchall(text, parameters))
        except sqlite3.OperationalError as error:
            raise _readable(error) from None
        return list(rows)  # type: ignore[arg-type]  # aiosqlite promises rows, but gives the tuples of its connection

    def fetch_here(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        """
        Run a short statement and return its rows.

        :raises Unreadable: if a text among them is not UTF-8
        """
        try:
            return self._here.execute(text, parameters).fetchall()
        except sqlite3.OperationalError as error:
            raise _readable(error) from None

    async def run(self, text: str, each: Sequence[Mapping[str, Any]], *, long: bool) -> int:
        """Run a statement with each of these parameters and return how many rows it touched."""
        if not long:
            return self._here.executemany(text, each).rowcount
        cursor = await self._interruptible(self._run_in_thread(text, each))
        return cursor.rowcount

    async def close(self) -> None:
        await self._threaded.close()

    def _lasts(self, text: str) -> bool:
        """Tell whether a statement did not end here lately. Each time that this is asked counts."""
        left = self._straight.pop(text, 0)
        if left > 1:
            self._straight[text] = left - 1
        return left > 0

    def _soon(self, text: str, parameters: Mapping[str, Any]) -> list[Row] | None:
        """Return the rows of a statement that is not long after all, or None."""
        # SQLite asks whether to go on at some step of the first so many, and then each time after so many: at first 0
        # is told, which lets it, then 1.
        self._here.set_progress_handler(count().__next__, _STEPS_HERE)
        try:
            return self.fetch_here(text, parameters)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
                raise
            if len(self._straight) >= _CACHED_STATEMENTS:
                self._straight.clear()
            self._straight[text] = _STRAIGHT
            return None
        finally:
            self._here.set_progress_handler(None, 0)

    async def _run_in_thread(self, text: str, each: Sequence[Mapping[str, Any]]) -> aiosqlite.Cursor:
        return await self._threaded.executemany(text, each)

    async def _interruptible(self, running: Awaitable[T]) -> T:
        return await to_the_end(asyncio.ensure_future(running), interrupt=self.interrupt)


def _readable(error: sqlite3.OperationalError) -> Exception:
    """Return the error, or another one in its place if its message holds what the driver could not read."""
    return Unreadable() if str(error).startswith("Could not decode") else error
