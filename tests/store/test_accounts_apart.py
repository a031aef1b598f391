"""PostgreSQL itself keeps accounts apart, even where a statement forgets to."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress

import asyncpg
import pytest

from gappt_graphql.practice.access import issue_key
from gappt_graphql.scheduling.calendars import window_at
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.store import KeptOutcome, by_key, calendars, tables
from gappt_graphql.store.opening import open_store
from gappt_graphql.store.postgres.connections import begin, prepare
from samples import a_journal, one_of_each

TABLES = sorted(tables.metadata.tables)


@pytest.fixture
async def serving(practice, other_practice, database) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the role that serves, to a database where each of two accounts has a row in every table."""
    for each in (practice, other_practice):
        await fill(each)
    connection = await asyncpg.connect(database.url)
    await prepare(connection)
    yield connection
    await connection.close()


@pytest.fixture
async def past_the_policies(database) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the superuser, whom no policy holds."""
    connection = await asyncpg.connect(database.superuser_url)
    await prepare(connection)
    yield connection
    await connection.close()


async def fill(practice) -> None:
    await one_of_each(practice)
    group = await practice.group()
    await issue_key(practice.store, account=practice.account.id, scopes=["read"], now=practice.now, ids=practice.ids)

    async def work(book) -> None:
        await book.keep_outcome(KeptOutcome(key="k", fingerprint="f", outcome="{}", at=practice.now))
        await book.journal(*a_journal(practice, group))

    await practice.store.write(practice.account.id, work)


async def accounts_in(connection: asyncpg.Connection, table: str) -> set[int]:
    """Return whose rows a statement finds that asks for all of them."""
    return {row[0] for row in await connection.fetch(f"SELECT account_id FROM {table}")}


@pytest.mark.parametrize("table", TABLES)
async def test_who_names_no_account_sees_no_row(serving, database, table):
    assert len(database.fetch(f"SELECT 1 FROM {table}")) >= 2

    assert await accounts_in(serving, table) == set()


@pytest.mark.parametrize("table", TABLES)
async def test_who_names_an_account_sees_its_rows_alone(serving, practice, table):
    for writing in (False, True):
        await serving.execute(begin(practice.account.id, writing=writing))
        assert await accounts_in(serving, table) == {practice.account.id}
        await serving.execute("ROLLBACK")


@pytest.mark.parametrize("table", TABLES)
async def test_nobody_changes_or_deletes_rows_of_another_account(serving, practice, other_practice, database, table):
    there = database.fetch(f"SELECT * FROM {table} WHERE account_id = $1", other_practice.account.id)
    for statement in (f"UPDATE {table} SET account_id = account_id", f"DELETE FROM {table}"):
        await serving.execute(begin(practice.account.id, writing=True))
        with_condition = f"{statement} WHERE account_id = {other_practice.account.id}"
        with suppress(asyncpg.InsufficientPrivilegeError):
            assert (await serving.execute(with_condition)).split()[-1] == "0"
        await serving.execute("ROLLBACK")

    assert database.fetch(f"SELECT * FROM {table} WHERE account_id = $1", other_practice.account.id) == there


@pytest.mark.parametrize("table", TABLES)
async def test_nobody_writes_a_row_for_another_account(serving, practice, other_practice, table):
    columns = [name for name in tables.metadata.tables[table].columns.keys() if name != "account_id"]  # noqa: SIM118
    await serving.execute(begin(practice.account.id, writing=True))

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await serving.execute(
            f"INSERT INTO {table} (account_id, {', '.join(columns)})"
            f" SELECT {other_practice.account.id}, {', '.join(columns)} FROM {table}"
        )
    await serving.execute("ROLLBACK")


@pytest.mark.parametrize("table", ["attendees", "patients", "group_appointments", "idempotency_keys", "api_keys"])
async def test_nobody_gives_a_row_to_another_account(serving, practice, other_practice, table):
    await serving.execute(begin(practice.account.id, writing=True))

    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.IntegrityConstraintViolationError)):
        await serving.execute(f"UPDATE {table} SET account_id = {other_practice.account.id}")
    await serving.execute("ROLLBACK")


ASKED = {
    "records": (by_key.find(Patient), {}),
    "attendees": (by_key.ATTENDEES_OF, {}),
    "history": (by_key.HISTORY_OF, {"before": 10**9, "limit": 100}),
    "keys": (by_key.KEYS_OF, {}),
    "outcomes": (by_key.KEPT_OUTCOME, {"idempotency_key": "k"}),
    "audit": (by_key.AUDIT, {"after": 0, "limit": 100}),
    "last number": (by_key.LAST_NUMBER, {}),
}


@pytest.mark.parametrize("asked", ASKED)
async def test_a_statement_that_forgets_the_account_sees_nothing_of_others(
    serving, practice, database, past_the_policies, asked
):
    statement, values = ASKED[asked]
    ids = [row[0] for row in database.fetch("SELECT id FROM patients UNION SELECT id FROM group_appointments")]
    values = statement.postgres_parameters({"account": practice.account.id, "ids": ids} | values)
    forgetful = re.sub(r"\w+\.account_id = (\$\d+::BIGINT)", r"\1 IS NOT NULL", statement.postgres)
    await serving.execute(begin(practice.account.id, writing=False))

    found = await serving.fetch(forgetful, *values)

    assert found == await serving.fetch(statement.postgres, *values)
    everybodys = await past_the_policies.fetch(forgetful, *values)
    assert len(everybodys) > len(found) > 0


async def test_a_calendar_that_forgets_the_account_shows_nothing_of_others(
    serving, practice, database, past_the_policies
):
    window, most = window_at(practice.now), {"most_past": 10, "most_ahead": 10}
    whose = {"first": window.first, "today": window.today, "last": window.last} | most
    statement = calendars.entries_of("business_id")
    forgetful = re.sub(r"\w+\.account_id = (\$\d+::BIGINT)", r"\1 IS NOT NULL", statement.postgres)
    forgetful = re.sub(r"\w+\.business_id = (\$\d+::BIGINT)", r"\1 IS NOT NULL", forgetful)
    values = statement.postgres_parameters({"account": practice.account.id, "whose": practice.business.id} | whose)
    await serving.execute(begin(practice.account.id, writing=False))

    found = await serving.fetch(forgetful, *values)

    assert sorted(found) == sorted(await serving.fetch(statement.postgres, *values))
    assert len(await past_the_policies.fetch(forgetful, *values)) > len(found) > 0


async def test_the_account_is_forgotten_when_a_unit_of_work_ends(serving, practice):
    for end in ("COMMIT", "ROLLBACK"):
        await serving.execute(begin(practice.account.id, writing=True, asking={"accounts": "all", "digest": "x"}))
        assert await accounts_in(serving, "patients") == {practice.account.id}
        await serving.execute(end)

        assert await accounts_in(serving, "patients") == await accounts_in(serving, "accounts") == set()
        for name in ("account", "accounts", "digest"):
            assert not await serving.fetchval("SELECT current_setting($1, true)", f"gappt.{name}")


async def test_a_key_is_found_by_its_digest_and_nothing_else_is(serving, practice, database):
    [(digest,)] = database.fetch("SELECT digest FROM api_keys WHERE account_id = $1", practice.account.id)
    await serving.execute(begin(0, writing=False, asking={"digest": digest}))

    found = {table: await accounts_in(serving, table) for table in TABLES}
    assert {table: accounts for table, accounts in found.items() if accounts} == {"api_keys": {practice.account.id}}
    assert [row[0] for row in await serving.fetch("SELECT digest FROM api_keys")] == [digest]


async def test_a_calendar_feed_is_found_by_its_digest_and_nothing_else_is(serving, practice, database):
    [(digest,)] = database.fetch("SELECT digest FROM calendar_feeds WHERE account_id = $1", practice.account.id)
    await serving.execute(begin(0, writing=False, asking={"digest": digest}))

    found = {table: await accounts_in(serving, table) for table in TABLES}
    assert {table: accounts for table, accounts in found.items() if accounts} == {
        "calendar_feeds": {practice.account.id}
    }
    assert [row[0] for row in await serving.fetch("SELECT digest FROM calendar_feeds")] == [digest]


async def test_what_is_asked_before_the_account_is_known_is_only_read(serving, database, practice):
    [(digest,)] = database.fetch("SELECT digest FROM api_keys WHERE account_id = $1", practice.account.id)
    await serving.execute(begin(0, writing=True, asking={"digest": digest, "accounts": "all"}))

    assert await serving.execute("UPDATE api_keys SET revoked_at = NULL") == "UPDATE 0"
    assert await serving.execute("UPDATE accounts SET demo = 1") == "UPDATE 0"


@pytest.mark.parametrize("digest", ["'", "\\'", "\\", "x'; SELECT 1 --", "", "é"])
async def test_a_digest_is_never_taken_for_a_statement(practice, digest):
    assert await practice.store.key_by_digest(digest) is None


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE patients DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE patients NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY of_the_account ON patients",
        "ALTER POLICY of_the_account ON patients USING (true)",
        "CREATE POLICY all_of_them ON patients USING (true)",
        "TRUNCATE patients",
        "DELETE FROM patients",
        "DELETE FROM group_appointments",
        "UPDATE audit SET actor = NULL",
        "UPDATE changes SET kind = 'x'",
        "DELETE FROM audit",
        "DELETE FROM changes",
        "UPDATE alembic_version SET version_num = '0001'",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "CREATE TABLE mine (id int)",
    ],
)
async def test_the_role_that_serves_can_do_no_more_than_serve(serving, practice, statement):
    await serving.execute(begin(practice.account.id, writing=True))

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await serving.execute(statement)


async def test_who_turns_the_policies_off_for_himself_is_refused_every_row(serving):
    await serving.execute("SET row_security = off")

    for table in TABLES:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await serving.fetch(f"SELECT * FROM {table}")


async def test_the_owner_is_held_too(practice, database):
    owner = await asyncpg.connect(database.owner_url)
    try:
        assert await accounts_in(owner, "patients") == set()
    finally:
        await owner.close()


async def test_interleaved_reads_of_two_accounts_see_their_own(practice, other_practice):
    both = [practice, other_practice] * 50

    async def read(one) -> set[int]:
        async def work(book) -> set[int]:
            found = set()
            for each in (practice, other_practice):
                found |= set(await book.find(Patient, [patient.id for patient in each.patients]))
                await asyncio.sleep(0)
            return found

        return await one.store.read(one.account.id, work)

    found = await asyncio.gather(*(read(one) for one in both))

    assert found == [{patient.id for patient in one.patients} for one in both]


def test_every_table_has_its_policies_and_they_are_forced(database):
    rows = database.fetch(
        """SELECT relname, relrowsecurity, relforcerowsecurity,
            array(SELECT polname::text FROM pg_policy WHERE polrelid = pg_class.oid ORDER BY 1) AS policies
        FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')"""
    )
    found = {row["relname"]: tuple(row)[1:] for row in rows if row["relname"] != "alembic_version"}
    asked = {table: ["asked", "of_the_account"] for table in ("accounts", "api_keys", "calendar_feeds", "webhooks")}

    assert found == {table: (True, True, asked.get(table, ["of_the_account"])) for table in TABLES}


async def test_serving_as_a_role_that_no_policy_holds_is_warned_of(practice, database, caplog):
    for url in (database.superuser_url, database.url, database.owner_url):
        await (await open_store(url, serving=True)).close()
    await (await open_store(database.superuser_url)).close()

    [line] = caplog.records
    assert line.levelname == "WARNING"
    assert "row-level security does not keep accounts apart" in line.getMessage()
    assert "gappt-graphql migrate --role" in line.getMessage()
