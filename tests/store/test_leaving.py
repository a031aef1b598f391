"""Whoever leaves, at whatever moment, leaves all or nothing, and nothing that others would wait for."""

import asyncio
import gc
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from sqlalchemy import text

from at_the_desk import creation
from every_await import at_await
from gappt_graphql.practice import booking
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.store.migrations import HEAD
from gappt_graphql.store.sqlite.invariants import faults
from gappt_graphql.store.statements import Statement

pytestmark = pytest.mark.sqlite("awaits of the connection to a file")

DATES, PATIENTS = 18, 3
MOST_AWAITS = 200
COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT count(*) FROM n"
A_LONG_ONE = Statement(text(COUNTING.format(5_000)), long=True)


def a_series(practice, key):
    """Return a write of so many seats that some of it is run in a thread."""
    patients = tuple(patient.id for patient in practice.patients[:PATIENTS])
    rule = RepeatRule(RepeatType.DAILY, 1, DATES - 1)
    command = creation(practice, patient_ids=patients, copy_attendees=True, repeat_rule=rule, idempotency_key=key)
    return booking.create(practice.desk, command)


class Told:
    """What became of three at each await: for how many series somebody was told that they were made, or left."""

    def __init__(self) -> None:
        self.awaits, self.made, self.left = 0, 0, 0

    async def three(self, practice, leave: Callable[[list[asyncio.Task]], None]) -> bool:
        """Make three series at once while somebody leaves at the next await, and tell whether there was one."""
        self.awaits += 1
        callers: list[asyncio.Task] = []
        with at_await(self.awaits, lambda: leave(callers)) as left:
            for n in range(3):
                callers.append(asyncio.create_task(a_series(practice, f"{self.awaits} {n}")))
            answers = await asyncio.gather(*callers, return_exceptions=True)
        gone = [answer for answer in answers if isinstance(answer, asyncio.CancelledError)]
        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        self.left += len(gone)
        self.made += 3 - len(gone)
        assert self.awaits < MOST_AWAITS
        return bool(left)


def check_the_book(folder, told):
    """Find the book sound, each series whole, and as many as somebody was told of."""
    with closing(sqlite3.connect(folder / "book.db")) as book:
        assert list(faults(book, revision=HEAD)) == []
        [series] = book.execute("SELECT count(*) FROM idempotency_keys").fetchone()
        assert told.made <= series <= told.made + told.left
        assert book.execute("SELECT count(*) FROM group_appointments").fetchone() == (series * DATES,)
        assert book.execute("SELECT count(*) FROM attendees").fetchone() == (series * DATES * PATIENTS,)
        assert book.execute("SELECT count(*) FROM changes").fetchone() == (series * DATES,)
    gc.collect()  # what was never awaited is told of


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_one_who_leaves_at_any_await_of_a_group_leaves_all_or_nothing(practice, tmp_path, place):
    told = Told()
    while await told.three(practice, lambda callers: callers[place].cancel()):
        pass

    assert told.left > 5
    assert told.made > 2 * told.left
    check_the_book(tmp_path, told)


async def test_a_program_that_cancels_everything_at_any_await_leaves_all_or_nothing_and_can_write(practice, tmp_path):
    told, test = Told(), asyncio.current_task()

    def leave(_):
        for task in asyncio.all_tasks() - {test}:
            task.cancel()

    async with asyncio.timeout(20):
        while await told.three(practice, leave):
            await practice.save(practice.new_patients(1)[0])

    assert told.left > 15
    check_the_book(tmp_path, told)


async def test_a_reader_who_leaves_at_any_await_gives_its_connection_back(practice):
    async def work(book):
        await book.fetch(A_LONG_ONE, {})
        return await book.fetch(A_LONG_ONE, {})

    awaits, left = 0, [0]
    while left:
        awaits += 1
        readers: list[asyncio.Task] = []
        with at_await(awaits, lambda readers=readers: readers[0].cancel()) as left:
            readers += [asyncio.create_task(practice.store.read(practice.account.id, work)) for _ in range(6)]
            answers = await asyncio.gather(*readers, return_exceptions=True)

        assert answers[1:] == [[(5_000,)]] * 5
        assert practice.store.figures().in_use == 0
        assert awaits < MOST_AWAITS
    gc.collect()
    assert awaits > 10
