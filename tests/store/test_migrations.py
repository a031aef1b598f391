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

from earlier_books import A_BOOK, KEPT_AS_THEY_ARE
from gappt_graphql.practice import auditing
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import ApiKey, StoreBehind, StoreTooNew, UnsupportedStore, migrations
from gappt_graphql.store.migrations import HEAD, REVISIONS, is_behind, migrate
from gappt_graphql.store.opening import open_store
from gappt_graphql.store.tables import metadata

pytestmark = pytest.mark.sqlite("how a file comes to its tables; for a database: test_migrations_of_postgres.py")


def schema_of(path: Path) -> dict[str, list[str]]:
    """
    Return the text of everything in the schema, its lines sorted and without the spaces that say nothing.

    SQLite adds a column to the line of the one before it, so a line ends before a column too.
    """
    with closing(sqlite3.connect(path)) as connection:
        what = "type IN ('table', 'index') AND sql IS NOT NULL"
        rows = connection.execute(f"SELECT name, sql FROM sqlite_master WHERE {what}").fetchall()
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
    assert (key.rate_limit, key.cost_budget) == (None, None)


def test_attendees_whose_appointment_was_replaced_have_its_times_again(tmp_path):
    path = tmp_path / "book.db"
    migrate_to(path, "0002")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(A_BOOK)
    migrate_to(path, "0005")
    with closing(sqlite3.connect(path)) as connection, connection:
        columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(group_appointments)")]
        given = ", ".join({"starts_at": "3", "archived_at": "4"}.get(name, name) for name in columns)
        connection.execute(f"INSERT OR REPLACE INTO group_appointments SELECT {given} FROM group_appointments")

    migrate(f"sqlite:///{path}")

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT DISTINCT starts_at, is_busy FROM attendees").fetchall() == [(3, 0)]


@pytest.mark.parametrize("revision", REVISIONS[:-1])
async def test_a_book_of_an_earlier_version_keeps_its_records_and_its_audit_is_chained(tmp_path, revision):
    path, url = tmp_path / "book.db", f"sqlite:///{tmp_path}/book.db"
    await asyncio.to_thread(migrate_to, path, min(revision, "0002"))  # a later audit is written with its chain
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(A_BOOK)
        before = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in KEPT_AS_THEY_ARE}
    await asyncio.to_thread(migrate_to, path, revision)

    await asyncio.to_thread(migrate, url)

    with closing(sqlite3.connect(path)) as connection:
        assert {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in KEPT_AS_THEY_ARE} == before
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    store = await open_store(url)
    found = [await auditing.verify(store, account=account) for account in (7, 8)]
    appointments = await store.read(7, lambda book: book.find(GroupAppointment, [1]))
    await store.close()
    assert [(each.rows, each.reason) for each in found] == [(3, None), (0, None)]
    assert appointments[1].active_attendees == 1


async def test_a_long_audit_is_chained_slice_by_slice(tmp_path):
    await asyncio.to_thread(migrate_to, tmp_path / "book.db", "0002")
    with closing(sqlite3.connect(tmp_path / "book.db")) as connection, connection:
        connection.execute("INSERT INTO accounts (account_id, name, created_at) VALUES (7, 'Riverside', 0)")
        rows = [(7, number, number, "r", "Test", "Patient", 1, "{}") for number in range(1, 2502)]
        columns = "account_id, number, at, request_id, operation, record_kind, record_id, after"
        connection.executemany(f"INSERT INTO audit ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    await asyncio.to_thread(migrate, f"sqlite:///{tmp_path}/book.db")

    store = await open_store(f"sqlite:///{tmp_path}/book.db")
    found = await auditing.verify(store, account=7)
    await store.close()
    assert (found.rows, found.reason) == (2501, None)


def test_a_migration_that_fails_in_its_middle_leaves_the_book_as_it_was(tmp_path):
    path = tmp_path / "book.db"
    migrate_to(path, "0002")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(A_BOOK)
        # The columns are there and the chain is made by the time that its name is found to be taken.
        connection.execute("CREATE TRIGGER audit_grows AFTER INSERT ON audit BEGIN SELECT 1; END")
        before = list(connection.iterdump())

    with pytest.raises(Exception, match="audit_grows"):
        migrate(f"sqlite:///{path}")

    with closing(sqlite3.connect(path)) as connection:
        assert list(connection.iterdump()) == before
    assert revision_of(path) == [("0002",)]


def test_there_is_no_way_back_to_an_earlier_version():
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")

    assert not any(
        hasattr(script.module, "downgrade") for script in ScriptDirectory.from_config(config).walk_revisions()
    )


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
