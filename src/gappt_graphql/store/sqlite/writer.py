"""The writing connection of an embedded store, as a unit of work has it."""

from collections.abc import Callable, Mapping, Sequence

from gappt_graphql.observing import Spans
from gappt_graphql.store.sqlite.connections import Connection
from gappt_graphql.store.sqlite.readers import Reader
from gappt_graphql.store.statements import Statement

_A_FEW = 50
"""Rows that are written here and now. Each takes some twenty microseconds; a hop to a thread takes longer."""


class Abandoned(Exception):
    """Nobody waits for the unit of work any more."""


class Writer(Reader):
    """
    The connection in a writing transaction, which is alone in the store.

    Short statements do not change threads: while the event loop is busy, each change takes milliseconds, and everybody
    who wants to write waits for them. No statement is interrupted; between two it is asked whether to go on.
    """

    keeps_counts = True

    def __init__(self, connection: Connection, spans: Spans, *, abandoned: Callable[[], bool]) -> None:
        super().__init__(connection, spans)
        self._abandoned = abandoned
        self.journal_end: tuple[int, int, str] | None = None

    async def run(self, statement: Statement, each: Sequence[Mapping[str, object]]) -> int:
        """Run the statement with each of these parameters, plain values all, and return how many rows it touched."""
        if not each:
            return 0
        async with self._turn:
            self._check_open()
            with self._spans.step("statement", statement.sqlite):
                return await self._connection.run(statement.sqlite, each, long=len(each) > _A_FEW)

    async def run_together(self, all: Sequence[tuple[Statement, Sequence[Mapping[str, object]]]]) -> Sequence[int]:
        """Run the statements one after the other: nothing is on the way to a file."""
        return [await self.run(statement, each) for statement, each in all]

    def _check_open(self) -> None:
        if self._abandoned():
            raise Abandoned
        super()._check_open()
