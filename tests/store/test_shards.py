"""An account fits on one machine of many: every key and every statement names it, and nothing else is needed."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import asyncpg
import pytest
from msgspec.structs import replace
from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from builders import A_MONDAY
from gappt_graphql import store as store_package
from gappt_graphql.observing import NOBODY
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Slice
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.calendars import CalendarFeed, Whose, window_at
from gappt_graphql.scheduling.conflicts import Claim, ConflictKind
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.spans import Span
from gappt_graphql.scheduling.webhooks import Webhook, WebhookDelivery
from gappt_graphql.store import ApiKey, Edit, KeptOutcome, access, by_key, calendars, tables, webhooks
from gappt_graphql.store.book import WritableBook
from gappt_graphql.store.postgres.connections import begin, prepare
from gappt_graphql.store.postgres.units import Unit
from gappt_graphql.store.statements import Row, Statement
from samples import a_journal, one_of_each

NAMES = {"accounts": "uq_accounts_name"}
"""The one table that every machine has whole, and its key that does not begin with the account."""
PLAIN = {"ix_api_keys_digest", "ix_calendar_feeds_digest"}
"""Indexes for what is asked before the account is known; they keep nothing unique."""
BEFORE_THE_ACCOUNT_IS_KNOWN = {
    by_key.ACCOUNTS,
    by_key.ACCOUNT_NAMED,
    by_key.KEY_BY_DIGEST,
    calendars.FEED_BY_DIGEST,
    webhooks.AT_WORK,
    webhooks.FIGURES,
}
KINDS = [
    AppointmentType,
    Attendee,
    Business,
    CalendarFeed,
    GroupAppointment,
    Patient,
    Practitioner,
    UnavailableBlock,
    WaitlistEntry,
    Webhook,
    WebhookDelivery,
]
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
TABLES = sorted(tables.metadata.tables)


@pytest.mark.parametrize("name", TABLES)
def test_every_key_of_a_table_begins_with_the_account(name):
    table = tables.metadata.tables[name]
    keys = {
        str(each.name): [column.name for column in each.columns]
        for each in (table.primary_key, *table.indexes, *table.foreign_key_constraints, *table.constraints)
        if isinstance(each, (UniqueConstraint, Index)) or (hasattr(each, "columns") and each.columns)
        if not str(each.name).startswith("ck_") and on_postgres(each)
    }

    assert {key for key, columns in keys.items() if columns[0] != "account_id"} <= PLAIN | {NAMES.get(name)}


def on_postgres(item: object) -> bool:
    """Tell whether PostgreSQL has what may be the other database's alone."""
    condition = getattr(item, "_ddl_if", None)
    return condition is None or condition.dialect == "postgresql"


@pytest.mark.parametrize("name", TABLES)
def test_no_table_needs_what_distributed_databases_lack(name):
    table = tables.metadata.tables[name]
    made = [CreateTable(table), *map(CreateIndex, table.indexes)]

    for text in (str(each.compile(dialect=DIALECT)) for each in made):
        assert (
            re.search(r"SERIAL|IDENTITY|nextval|SEQUENCE|EXCLUDE|GENERATED|USING (?!btree)|DEFERR", text, re.I) is None
        )


def test_the_database_itself_has_no_other_keys(database):
    unique = database.fetch("""
        SELECT index.relname, attname FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid
        JOIN pg_class AS held ON held.oid = indrelid
        JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
        WHERE held.relnamespace = 'public'::regnamespace AND indisunique AND held.relname <> 'alembic_version'
    """)
    references = database.fetch("""
        SELECT conname, here.attname, there.attname FROM pg_constraint
        JOIN pg_attribute AS here ON here.attrelid = conrelid AND here.attnum = conkey[1]
        JOIN pg_attribute AS there ON there.attrelid = confrelid AND there.attnum = confkey[1]
        WHERE contype = 'f'
    """)

    assert {row[0] for row in unique if row[1] != "account_id"} == set(NAMES.values())
    assert len(unique) >= len(TABLES)
    assert {tuple(row)[1:] for row in references} == {("account_id", "account_id")}


def test_the_database_itself_has_no_sequence_and_no_exclusion(database):
    found = database.fetch("""
        SELECT relname FROM pg_class WHERE relkind = 'S'
        UNION ALL SELECT conname FROM pg_constraint WHERE contype = 'x'
        UNION ALL SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'
    """)

    assert found == []


def test_nothing_rests_on_a_trigger(database):
    # All of them call the function that refuses: without them nothing that the program does is other than with them.
    triggers = database.fetch("SELECT tgname, tgfoid::regproc::text AS calls FROM pg_trigger WHERE NOT tgisinternal")

    assert {row["calls"] for row in triggers} == {"gappt_refuse"}


def test_no_statement_asks_for_a_lock_of_the_whole_database():
    folder = Path(store_package.__file__).parent
    text = "\n".join(each.read_text() for each in folder.glob("**/*.py"))

    assert re.search(r"pg_(try_)?advisory|LOCK TABLE|nextval|CREATE SEQUENCE|btree_gist", text, re.I) is None


def test_the_page_spreads_every_table_after_those_that_it_refers_to():
    page = (Path(__file__).parents[2] / "docs" / "scale.md").read_text()
    spread = re.findall(r"^SELECT create_(reference|distributed)_table\('(\w+)'", page, re.M)

    assert [table for how, table in spread if how == "reference"] == ["accounts"]
    assert sorted(table for _, table in spread) == TABLES
    order = [table for _, table in spread]
    for name, table in tables.metadata.tables.items():
        for reference in table.foreign_key_constraints:
            assert order.index(reference.referred_table.name) <= order.index(name)


class Recorder:
    """A unit of work that remembers its statements, each with its parameters."""

    keeps_counts = False
    journal_end = None

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self.asked: list[tuple[Statement, Mapping[str, object]]] = []

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        self.asked.append((statement, parameters))
        return await self._unit.fetch(statement, parameters)

    async def run(self, statement: Statement, each: Sequence[Mapping[str, object]]) -> int:
        self.asked += [(statement, parameters) for parameters in each]
        return await self._unit.run(statement, each)

    async def run_together(self, all: Sequence[tuple[Statement, Sequence[Mapping[str, object]]]]) -> Sequence[int]:
        self.asked += [(statement, parameters) for statement, each in all for parameters in each]
        return await self._unit.run_together(all)


@pytest.fixture
async def records(practice):
    return await one_of_each(practice)


@pytest.fixture
async def recorder(practice, records, database) -> AsyncIterator[Recorder]:
    connection = await asyncpg.connect(database.url)
    await prepare(connection)
    await connection.execute(begin(practice.account.id, writing=True))
    yield Recorder(Unit(connection, NOBODY.spans))
    await connection.execute("ROLLBACK")
    await connection.close()


async def test_every_statement_of_a_book_names_the_account_for_each_table(practice, records, recorder):
    book = WritableBook(practice.account.id, recorder)
    await ask_everything(book, records)
    await write_everything(book, practice, records)
    await access.save_key(recorder, a_key(practice))
    await access.keys(recorder, practice.account.id)

    crossing = [
        statement.postgres
        for statement, parameters in recorder.asked
        if not keeps_to(practice.account.id, statement, parameters)
    ]
    assert crossing == []
    asked = {statement for statement, _ in recorder.asked}
    constants = {
        each
        for module in (by_key, calendars, webhooks)
        for each in vars(module).values()
        if isinstance(each, Statement)
    }
    assert constants - asked == BEFORE_THE_ACCOUNT_IS_KNOWN | {by_key.ADD_ACCOUNT}
    new = {"account_id": 7, "name": "x", "demo": 0, "last_number": 0, "created_at": 0}
    assert keeps_to(7, by_key.ADD_ACCOUNT, new)


def test_what_names_no_account_is_found_to_cross(practice):
    for statement in BEFORE_THE_ACCOUNT_IS_KNOWN:
        assert not keeps_to(practice.account.id, statement, {"name": "x", "digest": "x", "now": 0, "limit": 1})
    assert not keeps_to(2, by_key.LAST_NUMBER, {"account": 1})


_TABLE = re.compile(rf"(?:FROM|JOIN|UPDATE|,)\s+({'|'.join(TABLES)})\b(?!\.)(?: AS \"?(\w+))?")
_BOUND = re.compile(r"(\w+)\"?\.account_id = (?:(?:CAST\()?\$(\d+)|(\w+)\.account_id)")
_INTO = re.compile(r"INSERT INTO \w+ \(account_id, [^)]*\)\s+(?:SELECT|VALUES \()\s*(?:CAST\()?\$(\d+)")


def keeps_to(account: int, statement: Statement, parameters: Mapping[str, object]) -> bool:
    """Tell whether the statement says of each table that it names, each time, that its rows are the account's."""
    text, values = statement.postgres, statement.postgres_parameters(parameters)
    into = _INTO.search(text)
    if text.startswith("INSERT") and (into is None or values[int(into[1]) - 1] != account):
        return False
    named = Counter(alias or table for table, alias in _TABLE.findall(text))
    bound = Counter(
        alias for alias, number, other in _BOUND.findall(text) if other or values[int(number) - 1] == account
    )
    # The account's own row is known by its account alone.
    return bool(named or into) and all(bound[name] >= times for name, times in named.items())


async def ask_everything(book: WritableBook, records) -> None:
    """Ask every question of a book, of every kind of record."""
    group = records[GroupAppointment].id
    for kind in KINDS:
        await book.find(kind, [records[kind].id])
        await book.page(kind, Listing(), Slice(5))
        await book.page(kind, Listing(order=(Order("id", True),)), Slice(5, after=(group,)))
        await book.count(kind, Listing())
    for where in (
        Condition("patient_ids", Operator.CONTAINS, (1, 2)),
        Condition("starts_at", Operator.ON_DATE, (date(2026, 3, 3),)),
        Condition("has_conflicts", Operator.IN, (True,)),
        Condition("has_available_seats", Operator.IN, (True,)),
        Condition("starts_at", Operator.GREATER, (A_MONDAY,)),
    ):
        for asked in (Listing((where,)), Listing((where,), (Order("starts_at"),))):
            await book.page(GroupAppointment, asked, Slice(5, offset=1))
            await book.count(GroupAppointment, asked)
            for parent, parents in (("practitioner_id", [1, 2]), ("patient_ids", [1, 2]), ("repeated_from_id", [1])):
                await book.pages(GroupAppointment, asked, Slice(5, backward=True), parent=parent, parents=parents)
                await book.counts(GroupAppointment, asked, parent=parent, parents=parents)
    for kind in (Patient, Practitioner):
        await book.page(kind, Listing((Condition("name", Operator.SEARCH, ("lee",)),), (Order("name"),)), Slice(5))
    for include_cancelled in (False, True):
        await book.attendees_of([group], include_cancelled=include_cancelled)
    await book.patients_of([group])
    await book.waitlists_of([group])
    await book.repeats_of([group])
    await book.vacancy(group, [1, 2])
    claim = Claim(key=1, span=Span(A_MONDAY, A_MONDAY.replace(hour=23)), practitioner_id=1, patient_ids=(1,))
    for kinds in ([*ConflictKind], *([kind] for kind in ConflictKind)):
        await book.conflicts_of([group], kinds)
        await book.conflicts_with([claim], kinds, leaving_out=[2])
    for ids in (None, [1]):
        await book.changes(after=0, limit=5, ids=ids, practitioners=ids, businesses=ids)
    for whose in (
        Whose(practitioner_id=records[Practitioner].id),
        Whose(business_id=records[Business].id),
    ):
        assert await book.calendar(whose, window_at(A_MONDAY))
    await book.waiting_deliveries(records[Webhook].id)
    await book.last_number()
    await book.audit(after=0, limit=5)
    await book.audit_end()
    await book.history_of([group], limit=5)
    await book.kept_outcome("k")


async def write_everything(book: WritableBook, practice, records) -> None:
    """Write a new record of every kind and a change of each field of an old one, and all that a book keeps beside."""
    new = {kind: replace(record, id=record.id + 10**6) for kind, record in records.items()}
    new[CalendarFeed] = replace(new[CalendarFeed], digest="another")
    new[Attendee] = replace(new[Attendee], patient_id=practice.patients[5].id)
    new[WaitlistEntry] = replace(new[WaitlistEntry], patient_id=practice.patients[6].id)
    new[GroupAppointment] = replace(new[GroupAppointment], repeated_from_id=None, series_position=None)
    await book.save([Edit(None, record) for record in new.values()])
    await book.save(
        [
            Edit(new[GroupAppointment], replace(new[GroupAppointment], starts_at=A_MONDAY.replace(hour=21), notes="n")),
            Edit(new[Attendee], replace(new[Attendee], cancelled_at=A_MONDAY)),
            Edit(new[Patient], replace(new[Patient], last_name="Ng")),
            Edit(new[WaitlistEntry], replace(new[WaitlistEntry], left_at=A_MONDAY)),
        ]
    )
    await book.keep_outcome(KeptOutcome(key="k", fingerprint="f", outcome="{}", at=A_MONDAY))
    await book.forget_outcomes(before=A_MONDAY, at_most=5)
    hook = new[Webhook]
    assert await book.take_webhook(hook.id, by="us", now=A_MONDAY.replace(year=2027), until=A_MONDAY.replace(year=2028))
    assert await book.settle_webhook(hook, by="us", now=A_MONDAY.replace(year=2027))
    await book.forget_deliveries(before=A_MONDAY.replace(year=2027), at_most=5)
    await book.journal(*a_journal(practice, new[GroupAppointment]))
    booked = replace(new[Attendee], id=new[Attendee].id + 1, patient_id=practice.patients[7].id)
    root = records[GroupAppointment]
    await book.enter(
        [Edit(root, replace(root, active_attendees=1)), Edit(None, replace(booked, group_appointment_id=root.id))],
        *a_journal(practice, root),
    )


def a_key(practice) -> ApiKey:
    return ApiKey(
        id=practice.ids.next(practice.now),
        account_id=practice.account.id,
        digest="digest",
        last_four="four",
        scopes=("read",),
        created_at=practice.now,
    )
