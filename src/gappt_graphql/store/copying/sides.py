"""A database that is copied from or to, whichever it is: an account and a slice of its rows at a time."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlalchemy import Table

from gappt_graphql.store.statements import Row, Statement


class Reading(Protocol):
    """A transaction in which the rows of any account are read, as they are at one moment."""

    async def see(self, account: int) -> None:
        """Let the rows of this account be seen, and of no other."""

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        """Run the statement and return its rows."""

    def slices(self, statement: Statement, parameters: Mapping[str, object], size: int) -> AsyncIterator[list[Row]]:
        """Run the statement and give its rows, so many of them in memory at a time."""


class Writing(Reading, Protocol):
    """A transaction in which rows of one account are written; nobody else who copies writes to it meanwhile."""

    async def run(self, statement: Statement, parameters: Mapping[str, object]) -> None:
        """Run the statement."""

    async def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """
        Write rows of all the table's columns, in this order.

        :raises NotTaken: if the database does not take one of them
        """


class Side(Protocol):
    """A database that is copied from or to."""

    @property
    def name(self) -> str:
        """What the database is called, without a password."""

    @property
    def keeps_counts(self) -> bool:
        """Whether the database counts the seats taken by itself."""

    async def revision(self) -> str | None:
        """Return the revision that the database has been migrated to, None if it never has."""

    def reading(self) -> AbstractAsyncContextManager[Reading]:
        """Begin to read."""

    def writing(self, account: int) -> AbstractAsyncContextManager[Writing]:
        """Begin to write to an account, and commit at the end."""


class NotTaken(Exception):
    """The database does not take a row; the message says why, without a value."""
