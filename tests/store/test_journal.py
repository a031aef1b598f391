"""The journal is numbered in the order of commits; what a key did is kept."""

import asyncio
from itertools import groupby

import msgspec
import pytest

from gappt_graphql.store import AuditRow, Change, KeptOutcome


def an_audit_row(practice, name="test"):
    return AuditRow(
        at=practice.now,
        key_id=None,
        actor=None,
        request_id=name,
        operation="Test",
        record_kind="Patient",
        record_id=1,
        before=None,
        after="{}",
    )


async def twenty_at_once(practice, past):
    """Let twenty units write from one to three rows each, and return the rows in the order of their numbers."""

    async def write(unit, rows):
        async def work(book):
            await book.journal([], [an_audit_row(practice, unit)] * rows)

        await practice.store.write(practice.account.id, work)

    await asyncio.gather(*(write(str(unit), unit % 3 + 1) for unit in range(20)))

    return past.rows("SELECT number, request_id FROM audit ORDER BY number")


async def test_concurrent_writers_number_the_journal_without_gaps(practice, past):
    rows = await twenty_at_once(practice, past)

    assert [number for number, _ in rows] == list(range(1, sum(unit % 3 + 1 for unit in range(20)) + 1))
    assert len([unit for unit, _ in groupby(unit for _, unit in rows)]) == 20  # each unit's rows are together


@pytest.mark.sqlite("whose writers take turns: PostgreSQL lets two of an account race for its row")
async def test_writers_of_one_process_are_numbered_in_the_order_of_their_arrival(practice, past):
    units = [int(unit) for _, unit in await twenty_at_once(practice, past)]

    assert units == sorted(units)


async def test_numbers_rise_in_the_order_of_commits_whatever_fails_between(practice, past):
    async def fail(book):
        await book.journal([], [an_audit_row(practice, "failed")])
        raise ZeroDivisionError

    async def succeed(book):
        await book.journal([], [an_audit_row(practice, "kept")])

    await practice.store.write(practice.account.id, succeed)
    with pytest.raises(ZeroDivisionError):
        await practice.store.write(practice.account.id, fail)
    await practice.store.write(practice.account.id, succeed)

    assert past.rows("SELECT number, request_id FROM audit") == [(1, "kept"), (2, "kept")]


async def test_each_account_counts_for_itself(practice, other_practice, past):
    for each in (practice, other_practice):

        async def work(book, each=each):
            await book.journal([], [an_audit_row(each)])

        await each.store.write(each.account.id, work)

    assert past.rows("SELECT number FROM audit") == [(1,), (1,)]


async def test_changes_are_read_as_they_were_written_after_a_number(practice):
    changes = [
        Change(
            kind=kind,
            group_appointment_id=1,
            practitioner_id=2,
            business_id=3,
            changed_fields=("starts_at", "notes"),
            at=practice.now,
        )
        for kind in ("CREATED", "UPDATED", "ARCHIVED")
    ]

    async def work(book):
        await book.journal(changes, [an_audit_row(practice)])
        await book.journal([], [an_audit_row(practice)])
        return await book.changes(after=1, limit=10, ids=None, practitioners=None, businesses=None)

    assert await practice.store.write(practice.account.id, work) == [
        msgspec.structs.replace(change, number=number) for number, change in enumerate(changes, 1) if number > 1
    ]


async def test_what_an_idempotency_key_did_is_kept_for_its_account(practice, other_practice):
    kept = KeptOutcome(key="a", fingerprint="f", outcome="{}", at=practice.now)
    later = msgspec.structs.replace(kept, fingerprint="g")

    async def keep(book, outcome=kept):
        await book.keep_outcome(outcome)
        return await book.kept_outcome("a"), await book.kept_outcome("b")

    async def ask(book):
        return await book.kept_outcome("a")

    assert await practice.store.write(practice.account.id, keep) == (kept, None)
    assert await practice.store.write(other_practice.account.id, ask) is None
    assert await practice.store.write(practice.account.id, lambda book: keep(book, later)) == (later, None)
