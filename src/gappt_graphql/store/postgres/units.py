"""A unit of work on a connection in a transaction."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from typing import Any

import asyncpg

from gappt_graphql.observing import Spans
from gappt_graphql.store.postgres.failures import of_the_driver
from gappt_graphql.store.postgres.lines import Shared
from gappt_graphql.store.statements import Row, Statement

_READS = ("SELECT", "WITH")
_FEW = 12
"""Statements that are sent as one. Each number of them is a text of its own, which the database has to know."""


class Unit:
    """The connection as a unit of work has it until its end."""

    keeps_counts = False

    def __init__(self, connection: Any, spans: Spans, shared: Shared | None = None) -> None:
        self._connection: asyncpg.Connection = connection
        self._spans = spans
        self._shared = shared or Shared(connection)
        self.touched = False
        """It has written, or tried to."""
        self.failed = False
        """A statement has failed, and with it the transaction."""
        self._turn = asyncio.Lock()
        self._closed = False

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        """Run the statement and return its rows."""
        async with self._turn:
            self._check_open()
            with self._spans.step("statement", statement.postgres), self._touching(statement.postgres):
                values = statement.postgres_parameters(parameters)
                found: list[Row] = await of_the_driver(self._connection.fetch(statement.postgres, *values))
                return found

    async def run(self, statement: Statement, each: Sequence[Mapping[str, object]]) -> int:
        """Run the statement with each of these parameters and return how many rows it touched."""
        if not each:
            return 0
        async with self._turn:
            self._check_open()
            with self._spans.step("statement", statement.postgres), self._touching():
                parameters = [statement.postgres_parameters(one) for one in each]
                touched = self._connection.fetchmany(f"{statement.postgres} RETURNING 1", parameters)
                return len(await of_the_driver(touched))

    async def run_together(self, all: Sequence[tuple[Statement, Sequence[Mapping[str, object]]]]) -> Sequence[int]:
        """Run the statements as one where they are few, so that there is one way to the database and back."""
        # Not every database of PostgreSQL's kind lets one statement change a table twice, but for new rows.
        changes_twice = any(len(each) > 1 and not statement.postgres.startswith("INSERT") for statement, each in all)
        if len(all) == 1 or changes_twice or sum(len(each) for _, each in all) > _FEW:
            return [await self.run(statement, each) for statement, each in all]
        text = _as_one(tuple((statement, len(each)) for statement, each in all))
        async with self._turn:
            self._check_open()
            with self._spans.step("statement", text), self._touching():
                values = [
                    value
                    for statement, each in all
                    for parameters in each
                    for value in statement.postgres_parameters(parameters)
                ]
                [counts] = await of_the_driver(self._connection.fetch(text, *values))
        touched = iter(counts)
        return [sum(islice(touched, len(each))) for _, each in all]

    @property
    def journal_end(self) -> tuple[int, int, str] | None:
        """Where the account's journal ends, if somebody has read or written that in this transaction."""
        return self._shared.journal_end

    @journal_end.setter
    def journal_end(self, end: tuple[int, int, str] | None) -> None:
        self._shared.journal_end = end

    @contextmanager
    def _touching(self, text: str = "") -> Iterator[None]:
        self.touched |= not text.startswith(_READS)
        try:
            yield
        except BaseException:
            self.touched = self.failed = True
            raise

    def close(self) -> bool:
        """Let nothing more be asked, and tell whether a statement still runs for somebody who was left behind."""
        self._closed = True
        return self._turn.locked()

    async def end(self) -> None:
        """Let nothing more be asked, and wait for the statement that may still run."""
        if self.close():
            async with self._turn:
                pass

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("The book is closed: its unit of work has ended.")


@lru_cache(256)
def _as_one(all: tuple[tuple[Statement, int], ...]) -> str:
    """Return a statement that runs each of these so many times, and gives how many rows each time touched."""
    parts: list[str] = []
    taken = 0
    for text in (statement.postgres for statement, times in all for _ in range(times)):
        own = re.sub(r"\$(\d+)", lambda place, taken=taken: f"${int(place[1]) + taken}", text)  # type: ignore[misc]
        parts.append(f"part_{len(parts)} AS ({own} RETURNING 1)")
        taken += max(int(number) for number in re.findall(r"\$(\d+)", text))
    counts = ", ".join(f"(SELECT count(*) FROM part_{n})" for n in range(len(parts)))
    return f"WITH {', '.join(parts)} SELECT {counts}"
