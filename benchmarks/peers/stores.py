"""The databases: one of its own for each server, filled with the same rows."""

import asyncio
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from benchmarks.peers.interchange import write_interchange
from benchmarks.peers.postgres import Server
from benchmarks.peers.rows import Rows

HERE = Path(__file__).parent
ACCOUNT = "Peers"
_STAMP = datetime(2025, 1, 1)


class Databases:
    """Makes databases, and forgets those that it made on a PostgreSQL that goes on."""

    def __init__(self, folder: Path, rows: Rows, product: Path, postgres: Server | None) -> None:
        self._folder, self._rows, self._product, self._postgres = folder, rows, product, postgres
        self._made: list[str] = []
        self._prefix = f"gappt_peers_{secrets.token_hex(4)}"  # the server may have others' databases
        self._seed = folder / "seed.jsonl"
        write_interchange(rows, self._seed)

    def close(self) -> None:
        """Take away what is on a server that isn't ours."""
        for name in self._made:
            self.run(f"drop database {self._name(name)} with (force)")
        if self._made:
            self.run(f"drop role if exists {self._prefix}")

    def ours(self, store: str, name: str) -> tuple[str, str]:
        """Make a book by what users have, and return its address and an API key."""
        if store == "sqlite":
            url = f"sqlite:///{self._folder / f'{name}.db'}"
        else:
            # An ordinary role, as the manual has it: row-level security holds for it.
            self.run(f"create role {self._prefix} login password 'secret'")
            url = self._create(name, owner=self._prefix)
        self._command(url, "import", str(self._seed))
        # High, not off: what limits cost is paid, and nothing is refused.
        high = ["--rate-limit", "1000000", "--cost-budget", "100000000"]
        made = json.loads(self._command(url, "key", "create", "--json", *high))
        return url, str(made["key"])

    def peers(self, store: str, name: str) -> str:
        """Copy the peers' tables, and return the copy's address."""
        if store == "sqlite":
            filled, copy = self._folder / "peers.db", self._folder / f"{name}.db"
            if not filled.exists():
                _fill_sqlite(filled, self._rows)
            shutil.copyfile(filled, copy)
            return str(copy)
        if "filled" not in self._made:
            asyncio.run(_fill_postgres(self._create("filled"), self._rows))
        return self._create(name, template="filled")

    def settle(self) -> None:
        """Let PostgreSQL count what it has, as it does by itself after some minutes."""
        for name in self._made:
            self.run("vacuum analyze", self._superuser(self._name(name)))

    def run(self, text: str, url: str | None = None) -> list[tuple[int, int]]:
        """Run a statement on PostgreSQL."""
        assert self._postgres is not None
        return asyncio.run(_run(url or self._postgres.url, text))

    def booked(self, url: str, *, ours: bool) -> list[tuple[int, int]]:
        """Return the appointment and the patient of all that was booked since."""
        since = len(self._rows.attendees)
        text = f"select group_appointment_id, patient_id from attendees where id > {since}"
        if ours:
            text += " and cancelled_at is null"
        if url.startswith("postgres"):
            return self.run(text, self._superuser(urlsplit(url).path[1:]))
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20)
        try:
            return connection.execute(text).fetchall()
        finally:
            connection.close()

    def _create(self, name: str, *, owner: str | None = None, template: str | None = None) -> str:
        assert self._postgres is not None
        options = [f"owner {owner}"] * bool(owner) + ([f"template {self._name(template)}"] if template else [])
        self.run(f"create database {self._name(name)} {' '.join(options)}")
        self._made.append(name)
        return _named(self._postgres.url, self._name(name), owner)

    def _name(self, name: str) -> str:
        return f"{self._prefix}_{name.replace('-', '_')}"

    def _superuser(self, name: str) -> str:
        assert self._postgres is not None
        return _named(self._postgres.url, name)

    def _command(self, url: str, *arguments: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GAPPT_")}
        command = [str(self._product), *arguments, "--account", ACCOUNT, "--database-url", url]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            raise RuntimeError(f"gappt-graphql {arguments[0]} failed: {done.stderr[-2000:]}")
        return done.stdout


def _named(url: str, database: str, user: str | None = None) -> str:
    parts = urlsplit(url)
    place = f"{user}:secret@{parts.netloc.rpartition('@')[2]}" if user else parts.netloc
    return urlunsplit(parts._replace(netloc=place, path=f"/{database}"))


async def _run(url: str, text: str) -> list[tuple[int, int]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(text)]
    finally:
        await connection.close()


def _tables(rows: Rows, of_postgres: bool) -> Iterator[tuple[str, list[str], list[tuple[object, ...]]]]:
    def stored(value: object) -> object:
        if isinstance(value, datetime):
            return value.replace(tzinfo=UTC) if of_postgres else f"{value:%Y-%m-%d %H:%M:%S.%f}"
        return value

    stamps = (stored(_STAMP), stored(_STAMP))
    for table, records in rows._asdict().items():
        columns = [*type(records[0])._fields, "created_at", "updated_at"]
        yield table, columns, [(*map(stored, record), *stamps) for record in records]


def _fill_sqlite(path: Path, rows: Rows) -> None:
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode = wal")
    connection.executescript((HERE / "schema/sqlite.sql").read_text())
    for table, columns, records in _tables(rows, of_postgres=False):
        places = ", ".join("?" * len(columns))
        connection.executemany(f"insert into {table} ({', '.join(columns)}) values ({places})", records)
    connection.commit()
    connection.executescript((HERE / "schema/indexes.sql").read_text() + "analyze;")
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()


async def _fill_postgres(url: str, rows: Rows) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute((HERE / "schema/postgres.sql").read_text())
    for table, columns, records in _tables(rows, of_postgres=True):
        await connection.copy_records_to_table(table, columns=columns, records=records)
    await connection.execute((HERE / "schema/indexes.sql").read_text())
    await connection.execute((HERE / "schema/postgraphile.sql").read_text())
    await connection.execute(
        "select setval(pg_get_serial_sequence('attendees', 'id'), (select max(id) from attendees))"
    )
    await connection.execute("vacuum analyze")
    await connection.close()
