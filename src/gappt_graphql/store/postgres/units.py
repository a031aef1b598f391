"""A unit of work on a connection in a transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from gappt_graphql.observing import Spans
from gappt_graphql.store.postgres.failures import of_the_driver
from gappt_graphql.store.statements import Row, Statement


class Unit:
    """The connection as a unit of work has it until its end."""

    keeps_counts = False

    def __init__(self, connection: Any, spans: Spans) -> None:
        self._connection: asyncpg.Connection = connection
        self._spans = spans
        self._turn = asyncio.Lock()
        self._closed = False

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        """Run the statement and return its rows."""
        async with self._turn:
            self._check_open()
            with self._spans.step("statement", statement.postgres):
                values = statement.postgres_parameters(parameters)
                found: list[Row] = await of_the_driver(self._connection.fetch(statement.postgres, *values))
                return found

    async def run(self, statement: Statement, each: Sequence[Mapping[str, object]]) -> int:
        """Run the statement with each of these parameters and return how many rows it touched."""
        if not each:
            return 0
        async with self._turn:
            self._check_open()
            with self._spans.step("statement", statement.postgres):
                parameters = [statement.postgres_parameters(one) for one in each]
                touched = self._connection.fetchmany(f"{statement.postgres} RETURNING 1", parameters)
                return len(await of_the_driver(touched))

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
