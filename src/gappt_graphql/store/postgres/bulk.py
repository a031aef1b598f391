"""Whole tables of a PostgreSQL database."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy import BigInteger, Integer, Table, Text

from gappt_graphql.store import StoreError
from gappt_graphql.store.copying.sides import NotTaken
from gappt_graphql.store.postgres.connections import begin, prepare
from gappt_graphql.store.postgres.failures import is_lost, name_of
from gappt_graphql.store.postgres.opening import told_without_values
from gappt_graphql.store.statements import Row, Statement
from gappt_graphql.store.tables import Instant

_REFUSALS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
_KINDS = {BigInteger: "bigint", Integer: "integer", Text: "text", Instant: "timestamptz"}
_PATIENT = {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}
"""A copy may take longer than any request, and one database waits for the other meanwhile."""

_NO_ACCOUNT = 0
_SECONDS_TO_CLOSE = 5


class PostgresSide:
    """A PostgreSQL database that is copied from or to. Nothing is kept in the session: a pooler may be between."""

    keeps_counts = False

    def __init__(self, connection: asyncpg.Connection, name: str) -> None:
        self._connection, self.name = connection, name

    async def revision(self) -> str | None:
        with _told(self.name):
            if await self._connection.fetchval("SELECT to_regclass('alembic_version')") is None:
                return None
            found: str | None = await self._connection.fetchval("SELECT version_num FROM alembic_version")
            return found

    def reading(self) -> AbstractAsyncContextManager["Transaction"]:
        return self._transaction(begin(_NO_ACCOUNT, writing=False, asking={"accounts": "all"}, each=_PATIENT))

    def writing(self, account: int) -> AbstractAsyncContextManager["Transaction"]:
        return self._transaction(begin(account, writing=True, each=_PATIENT))

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator["Transaction"]:
        with _told(self.name):
            try:
                await self._connection.execute(begin)
                yield Transaction(self._connection)
            except BaseException:
                if not self._connection.is_closed():
                    await self._connection.execute("ROLLBACK")
                raise
            await self._connection.execute("COMMIT")


class Transaction:
    """A transaction in which the accounts' rows are read, or one account's are written."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def see(self, account: int) -> None:
        await self._connection.execute(_seen(account))

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        found = await self._connection.fetch(statement.postgres, *statement.postgres_parameters(parameters))
        return [tuple(row) for row in found]

    async def slices(
        self, statement: Statement, parameters: Mapping[str, object], size: int
    ) -> AsyncIterator[list[Row]]:
        cursor = await self._connection.cursor(statement.postgres, *statement.postgres_parameters(parameters))
        while found := await cursor.fetch(size):
            yield [tuple(row) for row in found]

    async def run(self, statement: Statement, parameters: Mapping[str, object]) -> None:
        with _refusals():
            await self._connection.execute(statement.postgres, *statement.postgres_parameters(parameters))

    async def insert(self, table: Table, rows: Sequence[Row]) -> None:
        # COPY would be faster still, but is refused where row-level security holds.
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        arrays = ", ".join(f"${n}::{_KINDS[type(column.type)]}[]" for n, column in enumerate(table.columns, 1))
        text = f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays})"
        with _refusals():
            await self._connection.execute(text, *zip(*rows, strict=True))


@asynccontextmanager
async def postgres_side(url: str) -> AsyncIterator[PostgresSide]:
    """
    Connect to a database.

    :raises StoreError: if that can't be done
    """
    with told_without_values():
        connection = await asyncpg.connect(
            url,
            statement_cache_size=0,  # so that a pooler may be between
            server_settings={"application_name": "gappt-graphql"},
        )
        await prepare(connection)
    try:
        yield PostgresSide(connection, _name_of(url))
    finally:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await connection.close(timeout=_SECONDS_TO_CLOSE)


def _seen(account: int) -> str:
    return f"SET LOCAL gappt.account = '{int(account)}'"


def _name_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except _REFUSALS as error:
        raise NotTaken(error.constraint_name or name_of(error)) from None


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Tell in a sentence what is wrong with the database, without what a message may quote."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        what = "The connection is lost" if isinstance(error, OSError) or is_lost(error) else "It refuses to go on"
        raise StoreError(f"{what}: {name}, {name_of(error)}. The same copy can be begun again.") from None
