"""Bring a PostgreSQL database to the tables that this program expects."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import asyncpg

from gappt_graphql.store import UnsupportedStore
from gappt_graphql.store.tables import metadata

T = TypeVar("T")

_RIGHTS = {
    "changes": "SELECT, INSERT",
    "audit": "SELECT, INSERT",
    "idempotency_keys": "SELECT, INSERT, UPDATE, DELETE",
}
"""What the role that serves may do in tables that are not read, added to and changed."""


def revision_of(url: str) -> str | None:
    """Return the revision that the database has been migrated to, None if it never has."""
    return _run(_revision(url))


def upgrade(url: str) -> None:
    """Migrate the database to the newest revision."""
    from gappt_graphql.store.migrations.upgrading import upgrade_postgres  # it imports Alembic

    _run(upgrade_postgres(url))


def grant(url: str, role: str) -> None:
    """
    Let the role serve: give it the rights that the program needs in the tables, and no others.

    :raises UnsupportedStore: if there is no such role
    """
    _run(_grant(url, role))


async def _grant(url: str, role: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval("SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)", role):
            raise UnsupportedStore(f"There is no role {role!r} in the database. Make it first: CREATE ROLE ... LOGIN")
        to = await connection.fetchval("SELECT quote_ident($1)", role)
        async with connection.transaction():
            schema = await connection.fetchval("SELECT quote_ident(current_schema())")
            await connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {to}")
            await connection.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {to}")
            for table in metadata.tables:
                rights = _RIGHTS.get(table, "SELECT, INSERT, UPDATE")
                await connection.execute(f"GRANT {rights} ON {table} TO {to}")
            await connection.execute(f"GRANT SELECT ON alembic_version TO {to}")
    finally:
        await connection.close()


async def _revision(url: str) -> str | None:
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return found
    finally:
        await connection.close()


def _run(work: Coroutine[Any, Any, T]) -> T:
    # In a thread of its own: the caller may be in an event loop.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
