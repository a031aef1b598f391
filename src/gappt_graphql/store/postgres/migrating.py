"""Bring a PostgreSQL database to the tables that this program expects."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import asyncpg

T = TypeVar("T")


def revision_of(url: str) -> str | None:
    """Return the revision that the database has been migrated to, None if it never has."""
    return _run(_revision(url))


def upgrade(url: str) -> None:
    """Migrate the database to the newest revision."""
    from gappt_graphql.store.migrations.upgrading import upgrade_postgres  # it imports Alembic

    _run(upgrade_postgres(url))


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
