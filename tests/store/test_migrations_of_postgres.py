"""A PostgreSQL database is brought up to date once, by whoever comes first and owns it, with all that is in it."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from click.testing import CliRunner, Result
from sqlalchemy import pool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

import postgres_server
from earlier_books import A_BOOK, KEPT_AS_THEY_ARE
from gappt_graphql.cli import main
from gappt_graphql.practice import auditing
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import StoreBehind, StoreError, StoreInUse, StoreTooNew, UnsupportedStore, migrations, tables
from gappt_graphql.store.migrations import HEAD, REVISIONS, grant, is_behind, migrate
from gappt_graphql.store.opening import open_store

# As the text of a book has them.
MICROSECONDS = """
CREATE FUNCTION since_1970(bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
    AS $$ SELECT timestamptz 'epoch' + $1 * interval '1 microsecond' $$;
CREATE FUNCTION since_1970(integer) RETURNS timestamptz LANGUAGE sql IMMUTABLE
    AS $$ SELECT since_1970($1::bigint) $$;
CREATE CAST (bigint AS timestamptz) WITH FUNCTION since_1970(bigint) AS ASSIGNMENT;
CREATE CAST (integer AS timestamptz) WITH FUNCTION since_1970(integer) AS ASSIGNMENT;
"""


@pytest.fixture
def empty(database) -> Iterator[postgres_server.Database]:
    """A database in which nobody has made a table."""
    with postgres_server.database(database.superuser_url, migrated=False) as empty:
        yield empty


def migrate_to(url: str, revision: str, *, also: Path | None = None) -> None:
    """Make a database as an older program left it, or migrate it with a revision that this program does not have."""
    config = Config()
    folder = Path(migrations.__file__).parent
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(str, filter(None, (folder / "versions", also)))))
    asyncio.run(_migrate(url, config, revision))


async def _migrate(url: str, config: Config, revision: str) -> None:
    def upgrade(connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=pool.NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(upgrade)


@pytest.mark.parametrize("revision", REVISIONS[:-1])
async def test_a_database_of_an_earlier_version_keeps_its_records_and_its_audit_is_chained(empty, revision):
    await asyncio.to_thread(migrate_to, empty.owner_url, min(revision, "0002"))
    empty.execute(MICROSECONDS + A_BOOK)
    before = {table: empty.fetch(f"SELECT * FROM {table} ORDER BY 1, 2") for table in KEPT_AS_THEY_ARE}
    await asyncio.to_thread(migrate_to, empty.owner_url, revision)

    await asyncio.to_thread(migrate, empty.owner_url)

    assert {table: empty.fetch(f"SELECT * FROM {table} ORDER BY 1, 2") for table in KEPT_AS_THEY_ARE} == before
    await asyncio.to_thread(grant, empty.owner_url, empty.role)
    store = await open_store(empty.url)
    found = [await auditing.verify(store, account=account) for account in (7, 8)]
    appointments = await store.read(7, lambda book: book.find(GroupAppointment, [1]))
    await store.close()
    assert [(each.rows, each.reason) for each in found] == [(3, None), (0, None)]
    assert appointments[1].active_attendees == 1


async def test_seats_are_counted_anew(empty):
    await asyncio.to_thread(migrate_to, empty.owner_url, "0002")
    empty.execute(MICROSECONDS + A_BOOK.replace("0, 2, 1, NULL", "0, 2, 0, NULL"))

    await asyncio.to_thread(migrate, empty.owner_url)

    assert [tuple(row) for row in empty.fetch("SELECT active_attendees FROM group_appointments")] == [(1,)]


def test_the_migrations_make_what_the_program_describes(empty, database):
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(empty.owner_url), poolclass=pool.NullPool
    )

    async def create() -> None:
        async with engine.begin() as connection:
            await connection.run_sync(tables.metadata.create_all)

    asyncio.run(create())

    assert described(database) == described(empty)


def described(database: postgres_server.Database) -> list[tuple[str, str, str]]:
    """Return the columns, constraints and indexes of a database."""
    found = database.fetch("""
        SELECT attrelid::regclass::text, attname::text, format_type(atttypid, atttypmod) || ' '
            || coalesce(pg_get_expr(adbin, adrelid), '') || ' ' || attnotnull || ' ' || attcollation::regcollation
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relkind = 'r' AND attnum > 0 AND relnamespace = 'public'::regnamespace
        UNION ALL SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    """)
    return sorted(tuple(row) for row in found if row[0] != "alembic_version")


@pytest.mark.parametrize("revision", ["", *REVISIONS[: REVISIONS.index("0008")]])  # which makes that function
def test_a_migration_that_fails_at_its_end_leaves_the_database_as_it_was(empty, revision):
    if revision:
        migrate_to(empty.owner_url, revision)
    empty.execute("CREATE FUNCTION gappt_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'")
    before = described(empty)

    with pytest.raises(StoreError, match="stays as it was: PostgreSQL's error 42723"):
        migrate(empty.owner_url)

    assert described(empty) == before
    assert is_behind(empty.owner_url)


@pytest.mark.parametrize("revision", ["", "0005", "0007"])
@pytest.mark.parametrize("processes", [2, 8])
def test_processes_that_start_at_once_migrate_once(empty, revision, processes):
    if revision:
        migrate_to(empty.owner_url, revision)
    program = f"from gappt_graphql.store.migrations import migrate; migrate({empty.owner_url!r})"
    running = [
        subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) for _ in range(processes)
    ]

    ends = [(process.communicate(timeout=120)[1], process.returncode) for process in running]

    assert ends == [("", 0)] * processes
    assert [tuple(row) for row in empty.fetch("SELECT version_num FROM alembic_version")] == [(HEAD,)]


async def test_a_table_that_others_use_is_waited_for(empty):
    await asyncio.to_thread(migrate_to, empty.owner_url, "0007")
    reader = await asyncpg.connect(empty.superuser_url)
    await reader.execute("BEGIN; SELECT * FROM patients")
    migrating = asyncio.create_task(asyncio.to_thread(migrate, empty.owner_url))
    await asyncio.sleep(2.5)  # longer than it waits for a lock

    assert not migrating.done()
    await reader.execute("ROLLBACK")
    await migrating
    await reader.close()
    assert not is_behind(empty.owner_url)


async def test_a_table_that_others_keep_is_not_waited_for_for_ever(empty, monkeypatch):
    monkeypatch.setattr(migrations, "_SECONDS_TO_MIGRATE", 0)
    await asyncio.to_thread(migrate_to, empty.owner_url, "0007")
    reader = await asyncpg.connect(empty.superuser_url)
    await reader.execute("BEGIN; SELECT * FROM patients")

    with pytest.raises(StoreInUse, match="Try again"):
        await asyncio.to_thread(migrate, empty.owner_url)
    await reader.close()


def test_a_newer_database_is_refused(empty):
    migrate(empty.owner_url)
    empty.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreTooNew, match="newer version"):
        migrate(empty.owner_url)


@pytest.mark.parametrize("revision", ["", "0005"])
def test_a_role_that_may_not_migrate_is_told_who_has_to(empty, revision):
    if revision:
        migrate_to(empty.owner_url, revision)
        empty.execute(f"GRANT SELECT ON alembic_version TO {empty.role}")

    with pytest.raises(StoreBehind, match="gappt-graphql migrate with the address of the role that owns"):
        migrate(empty.url)


def test_a_role_that_may_not_even_look_is_told_what_to_do(empty):
    migrate(empty.owner_url)

    with pytest.raises(StoreBehind, match="gappt-graphql migrate --role NAME"):
        is_behind(empty.url)


def test_a_role_that_serves_sees_that_nothing_is_behind(database):
    assert not is_behind(database.url)
    migrate(database.url)


@pytest.mark.parametrize("name", ["nobody", 'no"body', "no'body; DROP TABLE patients"])
def test_a_role_that_is_not_there_is_given_nothing(database, name):
    with pytest.raises(UnsupportedStore, match="has no role"):
        grant(database.owner_url, name)


def test_who_owns_no_tables_gives_nobody_rights_and_is_told_so(database):
    with pytest.raises(StoreBehind, match="owns the tables"):
        grant(database.url, database.role)


def test_a_role_that_sees_no_schema_is_told_what_to_do(empty):
    empty.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")

    with pytest.raises(StoreBehind, match="gappt-graphql migrate"):
        migrate(empty.url)


def test_a_store_without_roles_gives_none(tmp_path):
    with pytest.raises(UnsupportedStore, match="Only a PostgreSQL database"):
        grant(f"sqlite:///{tmp_path}/book.db", "nobody")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:top%40secret@127.0.0.1:1/book",
        "postgresql://me:top@secret:x@127.0.0.1/book",
        "postgresql://me:topsecret@127.0.0.1:99999/book",
        "postgresql://me:topsecret@/book?host=/nowhere",
    ],
)
def test_a_database_that_is_not_there_is_a_sentence_without_the_password(url):
    with pytest.raises(StoreError, match=r"The (database|address of the database) can't be re") as told:
        is_behind(url)

    assert "secret" not in str(told.value)


FORGETFUL = """
from alembic import op

revision, down_revision = "9999", "{head}"


def upgrade():
    op.execute("UPDATE patients SET last_name = 'Changed'")
"""
MINDFUL = """
from alembic import op
from gappt_graphql.store.migrations.every_row import every_row

revision, down_revision = "9999", "{head}"


def upgrade():
    with every_row("patients"):
        op.execute("UPDATE patients SET last_name = 'Changed'")
"""


async def test_a_migration_that_forgets_the_policies_is_refused_rather_than_passing_over_rows(
    store, practice, database, tmp_path
):
    (tmp_path / "9999.py").write_text(FORGETFUL.format(head=HEAD))

    with pytest.raises(DBAPIError, match="row-level security"):
        await asyncio.to_thread(migrate_to, database.owner_url, "9999", also=tmp_path)


async def test_a_migration_may_change_every_row_and_leaves_the_policies_as_they_were(empty, tmp_path):
    await asyncio.to_thread(migrate_to, empty.owner_url, "0002")
    empty.execute(MICROSECONDS + A_BOOK)
    empty.execute("INSERT INTO patients VALUES (8, 1, 'Ann', 'Ng', NULL, NULL, 'ng', 'ann ng', 1, 1, NULL)")
    (tmp_path / "9999.py").write_text(MINDFUL.format(head=HEAD))

    await asyncio.to_thread(migrate_to, empty.owner_url, "9999", also=tmp_path)

    assert {row[0] for row in empty.fetch("SELECT last_name FROM patients")} == {"Changed"}
    assert all(row[0] for row in empty.fetch("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'patients'"))


def test_the_command_migrates_and_lets_a_role_serve(empty):
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["migrate", *arguments])

    given = run("--database-url", empty.owner_url, "--role", empty.role)
    refused = run("--database-url", empty.owner_url, "--role", "nobody")

    assert given.stdout.endswith(f" is up to date.\nThe role {empty.role} may serve it.\n")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "Error: The database has no role 'nobody'. Make it first, with CREATE ROLE.\n",
    )
    assert not is_behind(empty.url)


def test_a_role_that_has_more_rights_than_serving_needs_loses_them(empty):
    migrate(empty.owner_url)
    empty.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {empty.role}")

    grant(empty.owner_url, empty.role)

    found = empty.fetch(
        "SELECT table_name, string_agg(privilege_type, ' ' ORDER BY 1) FROM information_schema.role_table_grants"
        " WHERE grantee = $1 GROUP BY 1",
        empty.role,
    )
    usual = dict.fromkeys(tables.metadata.tables, "INSERT SELECT UPDATE")
    fewer = {"audit": "INSERT SELECT", "changes": "INSERT SELECT", "alembic_version": "SELECT"}
    assert {row[0]: " ".join(sorted(row[1].split())) for row in found} == (
        usual | fewer | dict.fromkeys(("idempotency_keys", "webhook_deliveries"), "DELETE INSERT SELECT UPDATE")
    )
