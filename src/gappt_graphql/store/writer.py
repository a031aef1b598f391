"""The writing connection of an embedded store, as a unit of work has it."""

from collections.abc import Mapping, Sequence

from gappt_graphql.store.readers import Reader
from gappt_graphql.store.statements import Statement

_A_FEW = 50
"""Rows that are written here and now. Each takes some twenty microseconds; a hop to a thread takes longer."""


class Writer(Reader):
    """
    The connection in a writing transaction, which is alone in the store.

    Short statements do not change threads: while the event loop is busy, each change takes milliseconds, and everybody
    who wants to write waits for them.
    """

    async def run(self, statement: Statement, each: Sequence[Mapping[str, object]]) -> int:
        """Run the statement with each of these parameters, plain values all, and return how many rows it touched."""
        if not each:
            return 0
        async with self._turn:
            self._check_open()
            return await self._connection.run(statement.sqlite, each, long=len(each) > _A_FEW)
