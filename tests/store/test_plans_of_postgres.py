"""Hot statements walk indexes in PostgreSQL too, as the role that serves, whatever plan it settles for."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

import postgres_server
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Slice
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.calendars import window_at
from gappt_graphql.scheduling.conflicts import Claim, ConflictKind
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import AccountId
from gappt_graphql.scheduling.spans import Span
from gappt_graphql.store import calendars
from gappt_graphql.store.book import ReadableBook
from postgres_server import Database
from watched_postgres import Plan, WatchedPostgres, steps

DAY = timedelta(days=1)
APPOINTMENTS = 20_000
MANY = ("group_appointments", "attendees", "unavailable_blocks", "patients", "changes", "audit", "waitlist_entries")
FEW = 2000
"""Rows that a page of 50 and what belongs to it may visit, where the tables have 20,000 and 80,000."""

# Forty appointments a day of 20 practitioners, each with four of 2,000 patients; another account has as much again.
DIARY = f"""
SET session_replication_role = replica;
INSERT INTO accounts (account_id, name, created_at)
    SELECT a, 'Practice ' || a, '2020-01-01Z' FROM generate_series(1, 2) AS a;
INSERT INTO businesses (account_id, id, name, time_zone, sort_name, created_at, updated_at)
    SELECT a, 1, 'North', 'Australia/Sydney', 'north', now(), now() FROM generate_series(1, 2) AS a;
INSERT INTO practitioners (account_id, id, last_name, active, sort_name, search_name, created_at, updated_at)
    SELECT a, n, 'Hale', 1, 'hale', 'hale', now(), now() FROM generate_series(1, 2) AS a, generate_series(1, 20) AS n;
INSERT INTO appointment_types (account_id, id, name, duration_in_minutes, max_attendees, telehealth_enabled, sort_name,
        created_at, updated_at)
    SELECT a, 1, 'Pilates', 60, 4, 0, 'pilates', now(), now() FROM generate_series(1, 2) AS a;
INSERT INTO patients (account_id, id, last_name, sort_name, search_name, created_at, updated_at)
    SELECT a, n, 'Lee ' || n, 'lee ' || n, 'lee ' || n, '2020-01-01Z'::timestamptz + n * interval '1 minute', now()
    FROM generate_series(1, 2) AS a, generate_series(1, 2000) AS n;
INSERT INTO group_appointments (account_id, id, starts_at, ends_at, is_long, max_attendees, active_attendees,
        appointment_type_id, business_id, practitioner_id, repeated_from_id, version, created_at, updated_at)
    SELECT a, n, t, t + interval '1 hour', 0, 4, 4, 1, 1, n * 7 % 20 + 1, CASE WHEN n % 10 > 1 THEN n - n % 10 + 1 END,
        1, t, t
    FROM generate_series(1, 2) AS a, generate_series(1, {APPOINTMENTS}) AS n,
        LATERAL (SELECT '2026-03-02 22:00Z'::timestamptz + n / 40 * interval '24 hours'
            + n * 13 % 20 * interval '30 minutes' AS t) AS start;
INSERT INTO attendees (account_id, id, group_appointment_id, patient_id, starts_at, ends_at, is_long, is_busy,
        created_at, updated_at)
    SELECT account_id, id * 4 + p, id, (id * 31 + p * 500) % 2000 + 1, starts_at, ends_at, 0, 1, created_at, created_at
    FROM group_appointments, generate_series(0, 3) AS p;
INSERT INTO unavailable_blocks (account_id, id, practitioner_id, starts_at, ends_at, is_long, created_at, updated_at)
    SELECT account_id, id, practitioner_id, starts_at + interval '3 hours', ends_at + interval '3 hours', 0,
        created_at, created_at FROM group_appointments WHERE id % 10 = 0;
INSERT INTO waitlist_entries (account_id, id, group_appointment_id, patient_id, created_at)
    SELECT account_id, id, id, id % 2000 + 1, created_at FROM group_appointments;
INSERT INTO changes (account_id, number, kind, group_appointment_id, practitioner_id, business_id, changed_fields, at)
    SELECT account_id, id, 'CREATED', id, practitioner_id, 1, '[]', created_at FROM group_appointments;
INSERT INTO audit (account_id, number, at, request_id, operation, record_kind, record_id, after, hash)
    SELECT account_id, id, created_at, 'r', 'Create', 'GroupAppointment', id, '{{}}', repeat('0', 64)
    FROM group_appointments;
INSERT INTO idempotency_keys (account_id, key, fingerprint, outcome, at)
    SELECT account_id, 'key ' || id, 'f', '{{}}', created_at FROM group_appointments;
SET session_replication_role = DEFAULT;
"""


@pytest.fixture(scope="module")
def diary(database: Database) -> Iterator[Database]:
    """A database with a full diary, about which PostgreSQL has figures."""
    with postgres_server.database(database.superuser_url) as diary:
        diary.execute(DIARY)
        diary.execute("VACUUM ANALYZE")
        yield diary


@pytest.fixture(params=["for these values", "for any values"])
async def rows(diary: Database, request: pytest.FixtureRequest) -> AsyncIterator[WatchedPostgres]:
    watched = await WatchedPostgres.open(diary.url, AccountId(1), generic=request.param == "for any values")
    yield watched
    await watched.close()


LIVE = Condition("archived_at", Operator.IS_NOT_SET)
MIDDLE = datetime(2026, 11, 2, 22, tzinfo=UTC)
FROM = Condition("starts_at", Operator.GREATER_OR_EQUAL, (MIDDLE,))
TO = Condition("starts_at", Operator.LESS, (MIDDLE + 7 * DAY,))
UPDATED = Condition("updated_at", Operator.GREATER_OR_EQUAL, (MIDDLE,))
OF_ONE = Condition("group_appointment_id", Operator.IN, (9_000,))
BY_START = (Order("starts_at"),)
FIFTY = Slice(50)
IDS = tuple(range(9_000, 9_050))
EVERY_KIND = tuple(ConflictKind)
CLAIMS = [
    Claim(
        key=n,
        span=Span(MIDDLE + n * DAY, MIDDLE + n * DAY + timedelta(hours=2)),
        practitioner_id=n % 20 + 1,
        patient_ids=(n * 7 + 1, n * 7 + 2),
    )
    for n in range(50)
]


def page(
    *where: Condition, order: tuple[Order, ...] = BY_START, part: Slice = FIFTY, kind: Any = GroupAppointment
) -> Any:
    return lambda book: book.page(kind, Listing(where, order), part)


def of_each(parent: str, parents: Any, *where: Condition) -> Any:
    return lambda book: book.pages(
        GroupAppointment, Listing((LIVE, *where), BY_START), Slice(10), parent=parent, parents=parents
    )


def changes(**of: Any) -> Any:
    following = {"ids": None, "practitioners": None, "businesses": None} | of
    return lambda book: book.changes(after=19_000, limit=50, **following)


ASKED: dict[str, Callable[[ReadableBook], Awaitable[Any]]] = {
    "find": lambda book: book.find(GroupAppointment, IDS),
    "a page": page(LIVE),
    "a page further on": page(LIVE, part=Slice(50, after=(MIDDLE, 9_000))),
    "the last page": page(LIVE, part=Slice(50, backward=True)),
    "a page back": page(LIVE, part=Slice(50, backward=True, before=(MIDDLE, 9_000))),
    "a week": page(LIVE, FROM, TO),
    "what was updated": page(UPDATED, order=(Order("updated_at"),)),
    "the latest": page(LIVE, order=(Order("created_at", True),)),
    "ids": page(Condition("id", Operator.IN, IDS)),
    "of a practitioner": page(LIVE, Condition("practitioner_id", Operator.IN, (3,)), FROM),
    "of a series": page(LIVE, Condition("repeated_from_id", Operator.IN, (9_001,))),
    "of a patient": page(LIVE, Condition("patient_ids", Operator.CONTAINS, (7,))),
    "a local day": page(LIVE, Condition("starts_at", Operator.ON_DATE, (date(2026, 11, 3),))),
    "with conflicts": page(LIVE, FROM, TO, Condition("has_conflicts", Operator.IN, (True,))),
    "with seats": page(LIVE, FROM, TO, Condition("has_available_seats", Operator.IN, (False,))),
    "patients": page(LIVE, order=(Order("name"),), kind=Patient),
    "patients further on": page(LIVE, order=(Order("name"),), part=Slice(50, after=("lee 5", 5)), kind=Patient),
    "attendees": page(LIVE, order=(Order("created_at"),), kind=Attendee),
    "attendees of one": page(LIVE, OF_ONE, order=(Order("created_at"),), kind=Attendee),
    "pages by practitioner": of_each("practitioner_id", range(1, 21)),
    "pages by practitioner from a day": of_each("practitioner_id", range(1, 21), FROM),
    "pages by patient": of_each("patient_ids", range(1, 51)),
    "pages by patient from a day": of_each("patient_ids", range(1, 51), FROM),
    "pages by series": of_each("repeated_from_id", range(9_001, 9_401, 10)),
    "attendees of fifty": lambda book: book.attendees_of(IDS),
    "patients of fifty": lambda book: book.patients_of(IDS),
    "waitlists of fifty": lambda book: book.waitlists_of(IDS),
    "repeats of fifty": lambda book: book.repeats_of(IDS),
    "conflicts of fifty": lambda book: book.conflicts_of(IDS, EVERY_KIND),
    "conflicts of one": lambda book: book.conflicts_of(IDS[:1], EVERY_KIND),
    "whether fifty conflict": lambda book: book.conflicting(IDS, EVERY_KIND),
    "conflicts with fifty": lambda book: book.conflicts_with(CLAIMS, EVERY_KIND),
    "conflicts with one": lambda book: book.conflicts_with(CLAIMS[:1], EVERY_KIND, leaving_out=[1]),
    "changes": changes(),
    "changes of a practitioner": changes(practitioners=[3]),
    "the end of the feed": lambda book: book.last_number(),
    "audit": lambda book: book.audit(after=9_000, limit=50),
    "history": lambda book: book.history_of(IDS[:5], limit=20),
}  # fmt: skip


def visited(plan: Plan) -> int:
    """Return how many rows of the large tables a statement looked at."""
    found = 0
    for step in steps(plan):
        if step.get("Relation Name") in MANY:
            seen = step["Actual Rows"] + step.get("Rows Removed by Filter", 0)
            found += round((seen + step.get("Rows Removed by Index Recheck", 0)) * step["Actual Loops"])
    return found


def walked(plan: Plan) -> list[str]:
    """Return the large tables that are walked from end to end."""
    return [
        step["Relation Name"]
        for step in steps(plan)
        if step["Node Type"] == "Seq Scan" and step["Relation Name"] in MANY
    ]


def sorted_rows(plan: Plan) -> int:
    """Return how many rows were sorted at once at the most."""
    sorts = [step for step in steps(plan) if step["Node Type"] in ("Sort", "Incremental Sort")]
    return max((round(step["Plans"][0]["Actual Rows"]) for step in sorts), default=0)


@pytest.mark.parametrize("question", ASKED)
async def test_a_hot_statement_walks_indexes_and_visits_few_rows(rows: WatchedPostgres, question: str) -> None:
    await ASKED[question](ReadableBook(AccountId(1), rows))

    plan = rows.plans[-1]
    assert walked(plan) == []
    assert visited(plan) < FEW
    assert sorted_rows(plan) < FEW


@pytest.mark.parametrize("column", ["practitioner_id", "business_id"])
async def test_a_calendar_walks_the_index_of_whose_it_is(rows: WatchedPostgres, column: str) -> None:
    window = window_at(MIDDLE)
    times = {"first": window.first, "today": window.today, "last": window.last}
    whose = {"account": AccountId(1), "whose": 1, "most_past": 100, "most_ahead": 400}
    await rows.fetch(calendars.entries_of(column), whose | times)

    plan = rows.plans[-1]
    assert walked(plan) == []
    assert visited(plan) < FEW
    assert sorted_rows(plan) < FEW
