"""Filters and orders follow the indexes: seen in SQLite's own plans."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Slice
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.calendars import CalendarFeed, window_at
from gappt_graphql.scheduling.directory import Business, Patient, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import Record, asking, by_key, calendars, paging
from gappt_graphql.store.statements import Statement
from watched_rows import WatchedRows

pytestmark = pytest.mark.sqlite("SQLite's plans and steps; PostgreSQL's are in test_plans_of_postgres.py")

DAY = timedelta(days=1)


async def test_values_are_no_part_of_a_statement(rows: WatchedRows) -> None:
    for value in (101, 202):
        listing = Listing(
            (Condition("id", Operator.IN, (value, value + 1)), Condition("starts_at", Operator.LESS, (A_MONDAY,)))
        )
        await paging.page(rows, GroupAppointment, listing, Slice(value))

    assert len(set(rows.statements)) == 1
    assert "101" not in rows.statements[0]


LIVE = Condition("archived_at", Operator.IS_NOT_SET)
FROM = Condition("starts_at", Operator.GREATER_OR_EQUAL, (A_MONDAY,))
TO = Condition("starts_at", Operator.LESS, (A_MONDAY + DAY,))


@pytest.mark.parametrize(
    ("where", "order", "step"),
    [
        ((LIVE,), "starts_at", "USING INDEX ix_group_appointments_start (account_id=?)"),
        ((LIVE, FROM, TO), "starts_at", "ix_group_appointments_start (account_id=? AND starts_at>? AND starts_at<?)"),
        ((LIVE,), "ends_at", "USING INDEX ix_group_appointments_end (account_id=?)"),
        ((LIVE,), "created_at", "USING INDEX ix_group_appointments_created (account_id=?)"),
        ((LIVE,), "updated_at", "USING INDEX ix_group_appointments_updated (account_id=?)"),
        (
            (LIVE, Condition("practitioner_id", Operator.IN, (1,)), FROM),
            "starts_at",
            "ix_group_appointments_practitioner (account_id=? AND practitioner_id=? AND starts_at>?)",
        ),
        (
            (LIVE, Condition("repeated_from_id", Operator.IN, (1,))),
            "starts_at",
            "ix_group_appointments_series (account_id=? AND repeated_from_id=?)",
        ),
    ],
)
async def test_a_list_is_walked_in_order_along_an_index(
    rows: WatchedRows, where: tuple[Condition, ...], order: str, step: str
) -> None:
    await paging.page(rows, GroupAppointment, Listing(where, (Order(order),)), Slice(50))

    (plan,) = rows.plans
    assert len(plan) == 1, plan
    assert step in plan[0]


@pytest.mark.parametrize(
    ("kind", "index"),
    [
        (Attendee, "ix_attendees_created"),
        (Patient, "ix_patients_created"),
        (UnavailableBlock, "ix_unavailable_blocks_created"),
        (CalendarFeed, "ix_calendar_feeds_created"),
    ],
)
async def test_a_list_in_order_of_creation_is_walked_along_an_index(
    rows: WatchedRows, kind: type[Record], index: str
) -> None:
    where = () if kind is CalendarFeed else (LIVE,)
    await paging.page(rows, kind, Listing(where, (Order("created_at"),)), Slice(50))

    ((step,),) = rows.plans
    assert f"USING INDEX {index} (account_id=?)" in step
    assert rows.long == [False]


@pytest.mark.parametrize("order", ["starts_at", "created_at", "archived_at"])
async def test_what_was_archived_when_is_found_along_the_index_of_the_archived(rows: WatchedRows, order: str) -> None:
    since = Condition("archived_at", Operator.GREATER_OR_EQUAL, (A_MONDAY,))
    await paging.page(rows, GroupAppointment, Listing((since,), (Order(order),)), Slice(50))

    assert "ix_group_appointments_archived (account_id=? AND archived_at>?)" in rows.plans[0][0]


UPDATED = Condition("updated_at", Operator.GREATER_OR_EQUAL, (A_MONDAY,))
OF_ONE = Condition("practitioner_id", Operator.IN, (1,))


@pytest.mark.parametrize(
    ("where", "order", "long"),
    [
        ((LIVE,), "starts_at", False),
        ((LIVE, FROM, TO), "starts_at", False),
        ((LIVE, UPDATED), "updated_at", False),
        ((LIVE, OF_ONE, FROM), "starts_at", False),
        ((Condition("id", Operator.IN, (1, 2)), UPDATED), "starts_at", False),
        ((LIVE, OF_ONE), "created_at", True),
        ((LIVE, Condition("practitioner_id", Operator.IN, (1, 2))), "starts_at", True),
        ((LIVE, UPDATED), "starts_at", True),
        ((LIVE, Condition("has_available_seats", Operator.IN, (True,))), "starts_at", True),
        ((Condition("archived_at", Operator.IS_SET),), "starts_at", True),
    ],
)
async def test_a_list_that_may_be_walked_far_for_a_few_rows_keeps_nobody_else_waiting(
    rows: WatchedRows, where: tuple[Condition, ...], order: str, long: bool
) -> None:
    await paging.page(rows, GroupAppointment, Listing(where, (Order(order),)), Slice(50))

    assert rows.long == [long]


@pytest.mark.parametrize(
    ("statement", "step"),
    [
        (by_key.ACTIVE_ATTENDEES_OF, "ix_attendees_appointment (account_id=? AND group_appointment_id=?)"),
        (by_key.ATTENDEES_OF, "ix_attendees_appointment (account_id=? AND group_appointment_id=?)"),
        (by_key.PATIENTS_OF, "ix_attendees_appointment (account_id=? AND group_appointment_id=?)"),
        (by_key.PATIENTS_OF, "autoindex_patients_1 (account_id=? AND id=?)"),
        (by_key.WAITLISTS_OF, "uq_waitlist_entries_waiting (account_id=? AND group_appointment_id=?)"),
        (by_key.REPEATS_OF, "ix_group_appointments_series (account_id=? AND repeated_from_id=?)"),
        (by_key.HISTORY_OF, "ix_attendees_appointment (account_id=? AND group_appointment_id=?)"),
        (by_key.HISTORY_OF, "ix_waitlist_entries_appointment (account_id=? AND group_appointment_id=?)"),
        (by_key.HISTORY_OF, "ix_audit_record (account_id=? AND record_kind=? AND record_id=? AND number<?)"),
    ],
)
async def test_what_belongs_to_appointments_is_found_along_an_index(
    rows: WatchedRows, statement: Statement, step: str
) -> None:
    await rows.fetch(statement, {"account": rows.account, "ids": (1, 2, 3), "limit": 5, "before": 9})

    assert any(step in each for each in rows.plans[0]), rows.plans[0]


@pytest.mark.parametrize("statement", [by_key.ACTIVE_ATTENDEES_OF, by_key.ATTENDEES_OF, by_key.PATIENTS_OF])
async def test_attendees_come_in_their_order_without_being_sorted(rows: WatchedRows, statement: Statement) -> None:
    await rows.fetch(statement, {"account": rows.account, "ids": (3, 1, 2)})

    assert not any("TEMP B-TREE" in step for step in rows.plans[0]), rows.plans[0]


@pytest.mark.parametrize("column", ["practitioner_id", "business_id"])
async def test_a_calendar_is_found_along_the_index_of_whose_it_is(rows: WatchedRows, column: str) -> None:
    window = window_at(A_MONDAY)
    times = {"first": window.first, "today": window.today, "last": window.last}
    whose = {"account": rows.account, "whose": 1, "most_past": 10, "most_ahead": 10}
    await rows.fetch(calendars.entries_of(column), whose | times)

    index = f"ix_group_appointments_{column.removesuffix('_id')}"
    walked = f"{index} (account_id=? AND {column}=? AND starts_at>? AND starts_at<?)"
    steps = rows.plans[0]
    assert sum(walked in step for step in steps) == 2, steps
    assert not any("TEMP B-TREE" in step for step in steps), steps
    assert sum("(account_id=? AND id=?)" in step for step in steps) == 6, steps
    assert rows.long == [True]


async def test_a_calendar_feed_is_found_by_its_digest(rows: WatchedRows) -> None:
    await rows.fetch(calendars.FEED_BY_DIGEST, {"digest": "x"})

    assert rows.plans[0] == ["SEARCH calendar_feeds USING INDEX sqlite_autoindex_calendar_feeds_2 (digest=?)"]


async def test_old_idempotency_keys_are_found_by_their_age(rows: WatchedRows) -> None:
    await rows.fetch(by_key.FORGET_OUTCOMES, {"account": rows.account, "before": A_MONDAY, "at_most": 20})

    assert any("ix_idempotency_keys_age (account_id=? AND at<?)" in step for step in rows.plans[0]), rows.plans[0]


@pytest.mark.parametrize(
    "named",
    [
        Condition("id", Operator.IN, (1, 2, 3)),
        Condition("patient_ids", Operator.CONTAINS, (1, 2, 3)),
        Condition("starts_at", Operator.ON_DATE, (date(2026, 3, 3),)),
    ],
)
async def test_appointments_that_are_named_are_looked_up_and_not_searched_for(
    rows: WatchedRows, named: Condition
) -> None:
    await paging.page(rows, GroupAppointment, Listing((LIVE, FROM, TO, named), (Order("created_at"),)), Slice(50))

    assert (
        "group_appointments USING INDEX sqlite_autoindex_group_appointments_1 (account_id=? AND id=?)"
        in rows.plans[-1][0]
    )


async def test_a_local_date_is_found_along_the_index_of_each_business(rows: WatchedRows) -> None:
    where = (Condition("starts_at", Operator.ON_DATE, (date(2026, 3, 3),)),)
    await paging.page(rows, GroupAppointment, Listing(where, (Order("starts_at"),)), Slice(50))

    expected = "ix_group_appointments_business (account_id=? AND business_id=? AND starts_at>? AND starts_at<?)"
    assert any(expected in step for step in rows.plans[-1])
    assert len(rows.statements) == 2


async def test_a_local_date_is_looked_for_at_those_businesses_alone_that_are_asked_for(
    practice: Practice, rows: WatchedRows
) -> None:
    other = practice.new(Business, name="Elsewhere", time_zone="Asia/Tokyo")
    await practice.save(other)
    named = Condition("business_id", Operator.IN, (other.id,))
    found = await asking.asked(rows, (Condition("starts_at", Operator.ON_DATE, (date(2026, 3, 3),)), named))

    assert [row[0] for row in msgspec.json.decode(str(found.parameters["c0"]))] == [other.id]


async def test_a_local_date_bounds_the_order_of_time_by_when_it_is_that_day_anywhere(
    practice: Practice, rows: WatchedRows
) -> None:
    await practice.save(practice.new(Business, name="Elsewhere", time_zone="America/New_York"))
    found = await asking.asked(rows, (Condition("starts_at", Operator.ON_DATE, (date(2026, 3, 3),)),))

    in_sydney, in_new_york = datetime(2026, 3, 2, 13, tzinfo=UTC), datetime(2026, 3, 4, 5, tzinfo=UTC)
    assert (found.parameters["c0_from"], found.parameters["c0_to"]) == (in_sydney, in_new_york)
