"""What becomes of a group that can't end as it should, and of those who look at it or close the store meanwhile."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text

from gappt_graphql.practice import attendance
from gappt_graphql.practice.attendance import BookAttendees, CancelAttendee, JoinWaitlist
from gappt_graphql.scheduling.attendance import CancellationReason
from gappt_graphql.scheduling.problems import Code, Refused
from gappt_graphql.store import Edit
from gappt_graphql.store.statements import Statement
from samples import stored

pytestmark = pytest.mark.sqlite("several units of work share one transaction of the file")

REFUSED = Refused.one(Code.CAPACITY_FULL, "Full.")


def saving(record, *statements, then=None):
    """Return a work that writes a record, runs raw SQL, and raises what is given then."""

    async def work(book):
        await book.save([Edit(None, record)])
        for statement in statements:
            await book.fetch(Statement(text(statement)), {})
        if then is not None:
            raise then
        return record.id

    return work


async def together(practice, *works):
    writes = (practice.store.write(practice.account.id, work) for work in works)
    return await asyncio.gather(*writes, return_exceptions=True)


async def test_when_a_savepoint_can_not_be_released_all_of_the_group_hear_of_it_and_nothing_is_there(practice):
    groups = [practice.new_group() for _ in range(3)]

    answers = await together(practice, saving(groups[0]), saving(groups[1], "RELEASE unit"), saving(groups[2]))

    assert [type(answer) for answer in answers] == [sqlite3.OperationalError] * 2 + [int]
    assert await stored(practice, *groups) == [False, False, True]


async def test_when_a_unit_can_not_be_undone_all_of_the_group_hear_of_it_and_nothing_is_there(practice):
    groups = [practice.new_group() for _ in range(3)]
    stuck = saving(groups[1], "RELEASE unit", then=REFUSED)

    answers = await together(practice, saving(groups[0]), stuck, saving(groups[2]))

    assert [type(answer) for answer in answers] == [sqlite3.OperationalError] * 2 + [int]
    assert await stored(practice, *groups) == [False, False, True]


async def test_nobody_is_told_the_refusal_of_another_who_hid_that_sqlite_ended_the_transaction(practice):
    first, second = practice.new_group(), practice.new_group()

    answers = await together(practice, saving(first), saving(second, "ROLLBACK", then=REFUSED))

    assert [type(answer) for answer in answers] == [RuntimeError] * 2
    assert await stored(practice, first, second) == [False, False]


async def test_a_retry_in_the_group_that_undid_the_first_try_does_the_work(practice):
    group = await practice.group()
    command = BookAttendees(
        group_appointment_id=group.id, patient_ids=(practice.patients[0].id,), idempotency_key="a key"
    )
    first = asyncio.create_task(attendance.book(practice.desk, command))
    writes = [first, *(asyncio.create_task(attendance.book(practice.desk, command)) for _ in range(2))]

    async def leaving(book):
        first.cancel()

    beside = asyncio.create_task(practice.store.write(practice.account.id, leaving))
    answers = await asyncio.gather(*writes, beside, return_exceptions=True)

    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1] == answers[2]
    assert (await practice.reload(group)).active_attendees == 1


async def test_who_waits_moves_up_once_where_two_places_are_freed_and_one_is_taken_in_one_group(practice):
    group = await practice.group(max_attendees=2, patients=practice.patients[:2])
    attendees = (await practice.store.read(practice.account.id, lambda book: book.attendees_of([group.id])))[group.id]
    waiting, late = practice.patients[2].id, practice.patients[3].id
    await attendance.join_waitlist(practice.desk, JoinWaitlist(group_appointment_id=group.id, patient_id=waiting))

    await asyncio.gather(
        *(
            attendance.cancel(practice.desk, CancelAttendee(id=attendee.id, reason=CancellationReason.SICK))
            for attendee in attendees
        ),
        attendance.book(practice.desk, BookAttendees(group_appointment_id=group.id, patient_ids=(late,))),
    )

    found = (await practice.store.read(practice.account.id, lambda book: book.attendees_of([group.id])))[group.id]
    assert [attendee.patient_id for attendee in found] == [waiting, late]


async def test_numbers_of_two_accounts_go_on_each_by_itself_in_one_group(practice, other_practice, raw):
    practices = [practice, other_practice]
    groups = [await each.group(max_attendees=12) for each in practices]

    await asyncio.gather(
        *(
            attendance.book(each.desk, BookAttendees(group_appointment_id=group.id, patient_ids=(each.patients[n].id,)))
            for n in range(6)
            for each, group in zip(practices, groups, strict=True)
        )
    )

    for each in practices:
        numbers = raw.execute(f"SELECT number FROM audit WHERE account_id = {each.account.id}").fetchall()
        assert numbers == [(n,) for n in range(1, 13)]


async def test_readers_see_nothing_of_a_group_before_its_commit(practice):
    groups = [practice.new_group() for _ in range(3)]
    seen = []

    async def looking(book):
        await saving(groups[2])(book)
        seen.extend(await asyncio.gather(*(stored(practice, *groups) for _ in range(4))))

    await together(practice, saving(groups[0]), saving(groups[1]), looking)

    assert seen == [[False] * 3] * 4
    assert await stored(practice, *groups) == [True] * 3


async def test_closing_in_the_middle_of_a_group_waits_for_all_who_were_there(practice, tmp_path):
    groups, begun = [practice.new_group() for _ in range(70)], asyncio.Event()

    async def slow(book):
        begun.set()
        await asyncio.sleep(0.06)  # what comes after it is a group of its own

    writing = asyncio.create_task(together(practice, slow, *map(saving, groups)))
    await begun.wait()
    await practice.store.close()

    assert (await writing)[1:] == [group.id for group in groups]
    with closing(sqlite3.connect(tmp_path / "book.db")) as book:
        assert book.execute("SELECT count(*) FROM group_appointments").fetchone() == (70,)


async def test_closing_that_is_given_up_can_be_done_again(practice):
    begun = asyncio.Event()

    async def slow(book):
        begun.set()
        await asyncio.sleep(0.05)

    writing = asyncio.create_task(practice.store.write(practice.account.id, slow))
    await begun.wait()
    closing_it = asyncio.create_task(practice.store.close())
    await asyncio.sleep(0)
    closing_it.cancel()
    await asyncio.wait([closing_it])
    await practice.store.close()

    assert writing.done()
    assert practice.store._connection._threaded._connection is None
