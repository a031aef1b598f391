"""A store is made and brought up to date once, by whoever comes first, and never by an older program."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from gappt_graphql.store import ApiKey, StoreBehind, StoreTooNew, UnsupportedStore, migrations
from gappt_graphql.store.migrations import HEAD, REVISIONS, is_behind, migrate
from gappt_graphql.store.opening import open_store
from gappt_graphql.store.tables import metadata


def schema_of(path: Path) -> dict[str, list[str]]:
    """
    Return the text of everything in the schema, its lines sorted and without the spaces that say nothing.

    SQLite adds a column to the line of the one before it, so a line ends before a column too.
    """
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {
        name: sorted(re.sub(r"\s+", " ", line).strip(" ,") for line in re.split(r"\n|, (?=\w+ [A-Z])", sql))
        for name, sql in rows
        if name != "alembic_version"
    }


def migrate_to(path: Path, revision: str) -> None:
    """Make a store as an older program left it."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


async def keys_of(url: str, account_name: str) -> Sequence[ApiKey]:
    store = await open_store(url)
    try:
        account = await store.account_named(account_name)
        return await store.keys(account.id)
    finally:
        await store.close()


def revision_of(path: Path) -> list[tuple[str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT version_num FROM alembic_version").fetchall()


def set_revision(path: Path, revision: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [revision])


def test_the_program_expects_the_newest_revision():
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]

    assert [*reversed(known)] == [*REVISIONS]
    assert known[0] == HEAD


def test_the_migrations_make_the_tables_that_the_program_describes(tmp_path):
    migrate(f"sqlite:///{tmp_path}/migrated.db")
    engine = create_engine(f"sqlite:///{tmp_path}/described.db")
    metadata.create_all(engine)
    engine.dispose()

    assert schema_of(tmp_path / "migrated.db") == schema_of(tmp_path / "described.db")


def test_keys_from_before_there_was_a_mark_are_for_servers_and_keep_all_else(tmp_path):
    url = f"sqlite:///{tmp_path}/book.db"
    migrate_to(tmp_path / "book.db", "0001")
    secret = "gappt_" + "k" * 43
    digest = sha256(secret.encode()).hexdigest()
    with closing(sqlite3.connect(tmp_path / "book.db")) as connection, connection:
        connection.execute("INSERT INTO accounts (account_id, name, created_at) VALUES (7, 'Riverside', 0)")
        connection.execute("INSERT INTO api_keys VALUES (7, 8, ?, 'kkkk', 'read write', 0, NULL)", [digest])

    migrate(url)

    [key] = asyncio.run(keys_of(url, "Riverside"))
    assert (key.id, key.digest, key.scopes, key.revoked_at, key.browser) == (8, digest, ("read", "write"), None, False)


def test_a_file_that_does_not_exist_is_behind_and_is_not_made_by_asking(tmp_path):
    assert is_behind(f"sqlite:///{tmp_path}/book.db")
    assert not (tmp_path / "book.db").exists()


def test_migrating_twice_changes_nothing(tmp_path):
    url = f"sqlite:///{tmp_path}/book.db"
    migrate(url)
    before = (tmp_path / "book.db").read_bytes()

    migrate(url)

    assert not is_behind(url)
    assert (tmp_path / "book.db").read_bytes() == before


def test_two_processes_that_start_at_once_migrate_once(tmp_path):
    url = f"sqlite:///{tmp_path}/book.db"
    program = f"from gappt_graphql.store.migrations import migrate; migrate({url!r})"
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]

    assert [each.wait(timeout=60) for each in running] == [0, 0]
    assert revision_of(tmp_path / "book.db") == [(HEAD,)]


def test_alembic_is_not_imported_when_nothing_is_behind(tmp_path):
    url = f"sqlite:///{tmp_path}/book.db"
    migrate(url)
    program = f"""
import sys
from gappt_graphql.store.migrations import migrate
from gappt_graphql.store.opening import open_store
migrate({url!r})
print([name for name in sys.modules if name.partition(".")[0] in ("alembic", "mako")])
"""
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path):
    with closing(sqlite3.connect(tmp_path / "book.db")) as connection:
        connection.execute("CREATE TABLE patients (id)")

    with pytest.raises(Exception, match="patients"):
        migrate(f"sqlite:///{tmp_path}/book.db")

    assert list(schema_of(tmp_path / "book.db")) == ["patients"]


def test_a_store_that_is_newer_than_the_program_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path}/book.db"
    migrate(url)
    set_revision(tmp_path / "book.db", "9999")

    with pytest.raises(StoreTooNew, match="newer version"):
        migrate(url)
    with pytest.raises(StoreTooNew, match="newer version"):
        asyncio.run(open_store(url))


def test_a_store_that_was_not_migrated_is_not_opened(tmp_path):
    with pytest.raises(StoreBehind, match="gappt-graphql migrate"):
        asyncio.run(open_store(f"sqlite:///{tmp_path}/book.db"))


def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear patient,\n" * 100)

    with pytest.raises(UnsupportedStore, match=r"letter\.txt"):
        migrate(f"sqlite:///{tmp_path}/letter.txt")

    assert (tmp_path / "letter.txt").read_text() == "Dear patient,\n" * 100


def test_a_store_in_a_directory_that_does_not_exist_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(UnsupportedStore, match="no directory"):
        migrate(f"sqlite:///{tmp_path}/nowhere/book.db")
