"""Bring a PostgreSQL database to the tables that this program expects."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
from sqlalchemy.exc import DBAPIError

from gappt_graphql.store import StoreBehind, StoreError
from gappt_graphql.store.postgres.opening import told_without_values
from gappt_graphql.store.postgres.roles import let_serve

T = TypeVar("T")

_SECONDS_TO_CONNECT = 10
_IN_THE_WAY = frozenset(
    error.sqlstate
    for error in (
        asyncpg.DuplicateTableError,  # another process has made the first table
        asyncpg.UniqueViolationError,  # or is making it
        asyncpg.LockNotAvailableError,
        asyncpg.DeadlockDetectedError,
        asyncpg.SerializationError,
    )
)
_NOT_ALLOWED = frozenset(
    error.sqlstate
    for error in (
        asyncpg.InsufficientPrivilegeError,
        asyncpg.InvalidSchemaNameError,  # there is no schema that the role may see
    )
)


def revision_of(url: str) -> str | None:
    """
    Return the revision that the database has been migrated to, None if it never has.

    :raises StoreError: if the database can't be reached, or its role may not look
    """
    return _run(_revision(url))


def upgrade(url: str) -> bool:
    """
    Migrate the database to the newest revision, all or nothing. Return whether nobody was in the way.

    :raises StoreBehind: if the role may not migrate it
    :raises StoreError: if the database fails at it
    """
    from gappt_graphql.store.migrations.upgrading import upgrade_postgres  # it imports Alembic

    try:
        _run(upgrade_postgres(url))
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state in _NOT_ALLOWED:
            raise StoreBehind(
                "The database is not up to date, and its role may not change that. Run gappt-graphql migrate with the"
                " address of the role that owns the tables."
            ) from None
        if state not in _IN_THE_WAY:
            # Its own words may quote a row.
            raise StoreError(
                f"The database could not be migrated, and stays as it was: PostgreSQL's error {state}."
                " Its log says more."
            ) from None
        return False
    return True


def grant(url: str, role: str) -> None:
    """
    Let the role serve: give it the rights that the program needs in the tables, and no others.

    :raises UnsupportedStore: if there is no such role
    :raises StoreBehind: if this role does not own the tables
    """
    _run(_grant(url, role))


async def _grant(url: str, role: str) -> None:
    async with _connected(url) as connection, connection.transaction():
        await let_serve(connection, role)


async def _revision(url: str) -> str | None:
    async with _connected(url) as connection:
        try:
            if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
                return None
            found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        except asyncpg.InsufficientPrivilegeError:
            raise StoreBehind(
                "The role of this address may not read the tables. Let the role that owns them give it the rights to"
                " serve: gappt-graphql migrate --role NAME"
            ) from None
        return found


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    with told_without_values():
        connection = await asyncpg.connect(url, timeout=_SECONDS_TO_CONNECT, statement_cache_size=0)
    try:
        yield connection
    finally:
        await connection.close()


def _run(work: Coroutine[Any, Any, T]) -> T:
    # In a thread of its own: the caller may be in an event loop.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
