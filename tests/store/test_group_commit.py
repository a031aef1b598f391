"""Writers share transactions and their commits; what becomes of one is its own affair, until the disk is at stake."""

import asyncio
import sqlite3
import sys
from contextvars import ContextVar
from functools import partial

import msgspec
import pytest
from sqlalchemy import text

from builders import A_MONDAY
from gappt_graphql.observing import Observer
from gappt_graphql.practice import attendance
from gappt_graphql.practice.attendance import BookAttendees
from gappt_graphql.scheduling.problems import Code, Refused
from gappt_graphql.store import Edit
from gappt_graphql.store.book import WritableBook
from gappt_graphql.store.statements import Statement
from samples import stored

pytestmark = pytest.mark.sqlite("several units of work share one transaction of the file")

REFUSED = Refused.one(Code.CAPACITY_FULL, "Full.")


@pytest.fixture
def traced(practice):
    """What the writing connection ran, as SQLite tells it."""
    told: list[str] = []
    practice.store._connection._here.set_trace_callback(told.append)
    return told


def saving(record, *, then=None):
    """Return a work that writes a record, and raises what is given then."""

    async def work(book):
        await book.save([Edit(None, record)])
        if then is not None:
            raise then
        return record.id

    return work


def running(*statements):
    """Return a work that runs raw SQL."""

    async def work(book):
        for statement in statements:
            await book.fetch(Statement(text(statement)), {})

    return work


async def together(practice, *works):
    """Let these works wait for one transaction, and return what came of each."""
    return await asyncio.gather(
        *(practice.store.write(practice.account.id, work) for work in works), return_exceptions=True
    )


async def test_sixty_four_clients_share_a_commit_among_five_bookings_at_least(practice, traced):
    groups = [await practice.group(max_attendees=64) for _ in range(5)]
    patients = practice.new_patients(64)
    await practice.save(*patients)
    traced.clear()

    async def client(patient):
        for group in groups:
            await attendance.book(
                practice.desk, BookAttendees(group_appointment_id=group.id, patient_ids=(patient.id,))
            )

    await asyncio.gather(*map(client, patients))

    assert [(await practice.reload(group)).active_attendees for group in groups] == [64] * 5
    assert 0 < traced.count("COMMIT") <= 64 * 5 / 5


async def test_a_lone_writer_pays_for_no_savepoint(practice, traced):
    await practice.save(practice.new_group())

    assert traced[0] == "BEGIN IMMEDIATE"
    assert traced[-1] == "COMMIT"
    assert not any("unit" in statement for statement in traced)


@pytest.mark.parametrize("failure", [REFUSED, RuntimeError("a bug")])
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_refusal_or_a_fault_undoes_only_its_own_unit(practice, traced, failure, place):
    groups = [practice.new_group() for _ in range(3)]
    works = [saving(group, then=failure if n == place else None) for n, group in enumerate(groups)]

    answers = await together(practice, *works)

    assert answers == [failure if n == place else group.id for n, group in enumerate(groups)]
    assert await stored(practice, *groups) == [n != place for n in range(3)]
    assert traced.count("COMMIT") == 1


async def test_a_constraint_undoes_only_the_unit_that_it_refuses(practice):
    group = await practice.group(patients=practice.patients[:1])
    one, other = (practice.new_attendee(group, patient) for patient in practice.patients[1:3])
    twice = practice.new_attendee(group, practice.patients[0])

    answers = await together(practice, saving(one), saving(twice), saving(other))

    assert isinstance(answers[1], sqlite3.IntegrityError)
    assert await stored(practice, one, twice, other) == [True, False, True]


async def test_a_group_of_refusals_commits_nothing(practice, traced):
    answers = await together(practice, *(saving(practice.new_group(), then=REFUSED) for _ in range(3)))

    assert answers == [REFUSED] * 3
    assert "COMMIT" not in traced


async def test_a_clash_of_ids_runs_only_its_own_unit_again(practice):
    taken, free, *others = (practice.new_group() for _ in range(4))
    await practice.save(taken)
    ids, runs = [taken.id, free.id], []

    def counted(record):
        async def work(book):
            runs.append(record.id)
            await book.save([Edit(None, record)])

        return work

    async def clashing(book):
        await book.save([Edit(None, msgspec.structs.replace(free, id=ids.pop(0)))])

    await together(practice, counted(others[0]), clashing, counted(others[1]))

    assert runs == [other.id for other in others]
    assert await stored(practice, free, *others) == [True] * 3


async def test_when_the_commit_fails_nobody_is_told_that_it_worked_or_why_it_was_refused(practice):
    groups = [practice.new_group() for _ in range(3)]
    dangling = f"""INSERT INTO waitlist_entries (account_id, id, group_appointment_id, patient_id, created_at)
        VALUES ({practice.account.id}, 1, 1, 1, 0)"""

    answers = await together(
        practice,
        saving(groups[0]),
        running("PRAGMA defer_foreign_keys=ON", "DROP TRIGGER waitlist_entries_refer_insert", dangling),
        saving(groups[1], then=REFUSED),
        saving(groups[2]),
    )

    assert [str(answer) for answer in answers] == ["FOREIGN KEY constraint failed"] * 4
    assert await stored(practice, *groups) == [False] * 3
    assert await together(practice, saving(groups[0])) == [groups[0].id]


async def test_when_sqlite_ends_the_transaction_all_of_its_writers_hear_of_it_and_the_next_go_on(practice):
    first, second, third = (practice.new_group() for _ in range(3))
    taken = f"INSERT OR ROLLBACK INTO accounts (account_id, name, created_at) VALUES ({practice.account.id}, '', 0)"

    answers = await together(practice, saving(first), saving(second, then=REFUSED), running(taken), saving(third))

    assert [type(answer) for answer in answers] == [sqlite3.IntegrityError] * 3 + [int]
    assert await stored(practice, first, second, third) == [False, False, True]


async def test_a_unit_that_hides_the_end_of_the_transaction_takes_its_group_with_it_all_the_same(practice):
    first, later = practice.new_group(), practice.new_group()
    taken = f"INSERT OR ROLLBACK INTO accounts (account_id, name, created_at) VALUES ({practice.account.id}, '', 0)"

    async def hiding(book):
        with pytest.raises(sqlite3.IntegrityError):
            await running(taken)(book)

    answers = await together(practice, saving(first), hiding, saving(later))

    assert [type(answer) for answer in answers] == [RuntimeError, RuntimeError, int]
    assert await stored(practice, first, later) == [False, True]


async def test_on_a_full_disk_what_is_acknowledged_is_there_and_nothing_else(practice):
    groups = [practice.new_group(notes="n" * 4000) for _ in range(40)]
    later = practice.new_group()

    async def fill_the_disk(book):
        [(pages,)] = await book.fetch(Statement(text("PRAGMA page_count")), {})
        await book.fetch(Statement(text(f"PRAGMA max_page_count = {pages + 5}")), {})

    answers = await together(practice, fill_the_disk, *map(saving, groups))

    assert any(isinstance(answer, sqlite3.OperationalError) for answer in answers)
    assert await stored(practice, *groups) == [isinstance(answer, int) for answer in answers[1:]]
    await together(practice, running("PRAGMA max_page_count = 1000000"))
    assert await together(practice, saving(later)) == [later.id]


async def test_a_transaction_that_cannot_begin_fails_all_who_wait_for_it(practice, raw):
    groups = [practice.new_group() for _ in range(3)]
    await together(practice, running("PRAGMA busy_timeout=0"))
    raw.execute("BEGIN IMMEDIATE")

    answers = await together(practice, *map(saving, groups))
    raw.execute("ROLLBACK")

    assert [str(answer) for answer in answers] == ["database is locked"] * 3
    assert await together(practice, saving(groups[0])) == [groups[0].id]


async def test_one_who_leaves_before_its_turn_is_passed_over(practice):
    groups = [practice.new_group() for _ in range(3)]
    callers = [asyncio.create_task(practice.store.write(practice.account.id, saving(group))) for group in groups]
    await asyncio.sleep(0)
    callers[1].cancel()
    await asyncio.wait(callers)

    assert await stored(practice, *groups) == [True, False, True]


async def test_one_who_leaves_in_its_turn_takes_nothing_of_the_others_along(practice):
    groups, begun = [practice.new_group() for _ in range(3)], asyncio.Event()

    async def slow(book):
        await book.save([Edit(None, groups[1])])
        begun.set()
        await asyncio.sleep(0.01)

    works = [saving(groups[0]), slow, saving(groups[2])]
    callers = [asyncio.create_task(practice.store.write(practice.account.id, work)) for work in works]
    await begun.wait()
    callers[1].cancel()
    await asyncio.wait(callers)

    assert await stored(practice, *groups) == [True, False, True]


async def test_a_change_of_one_who_has_failed_is_not_interrupted_and_takes_nothing_of_the_others_along(practice):
    groups = [practice.new_group() for _ in range(2)]
    count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n"
    change = Statement(text(f"UPDATE patients SET email = ({count})"), long=True)
    begun = []

    async def hasty(book):
        begun.append(asyncio.create_task(book.fetch(change, {})))
        await asyncio.sleep(0.01)
        raise REFUSED

    answers = await together(practice, saving(groups[0]), hasty, saving(groups[1]))
    await begun[0]

    assert answers == [groups[0].id, REFUSED, groups[1].id]


async def test_units_run_in_the_order_in_which_they_came(practice):
    order = []

    def numbered(n):
        async def work(book):
            order.append(n)

        return work

    await together(practice, *map(numbered, range(200)))

    assert order == [*range(200)]


async def test_a_group_has_an_end_however_many_wait(practice, traced):
    answers = await together(practice, *(saving(practice.new_group()) for _ in range(200)))

    sizes = [part.count("SAVEPOINT unit") for part in "\n".join(traced).split("COMMIT")]
    assert len([answer for answer in answers if isinstance(answer, int)]) == 200
    assert max(sizes) <= 64


async def test_a_group_takes_nobody_any_more_after_a_long_unit(practice, traced):
    async def slow(book):
        await book.save([Edit(None, practice.new_group())])
        await asyncio.sleep(0.06)

    await together(practice, slow, saving(practice.new_group()))

    assert traced.count("COMMIT") == 2


async def test_a_unit_runs_in_the_context_of_its_caller(practice):
    who: ContextVar[str] = ContextVar("who")
    heard = []

    async def work(book):
        await asyncio.sleep(0)
        heard.append(who.get())
        who.set("somebody else")

    async def caller(name):
        who.set(name)
        await practice.store.write(practice.account.id, work)
        heard.append(who.get())

    await asyncio.gather(caller("one"), caller("other"))

    assert heard == ["one", "other", "one", "other"]


WRITER = """
import asyncio, sys
from gappt_graphql.store.opening import open_store

async def main(url, account):
    store = await open_store(url)
    for _ in range(20):
        await store.write(account, lambda book: book.forget_outcomes(before=datetime.now(UTC), at_most=1))
    await store.close()

from datetime import UTC, datetime
asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_another_process_has_its_turn_between_two_groups(practice, tmp_path):
    arguments = [sys.executable, "-c", WRITER, f"sqlite:///{tmp_path}/book.db", str(practice.account.id)]
    other = await asyncio.create_subprocess_exec(*arguments)
    ended = asyncio.create_task(other.wait())

    async def write_until_it_ends():
        while not ended.done():
            await practice.save(practice.new_group(A_MONDAY))

    await asyncio.gather(*(write_until_it_ends() for _ in range(16)))

    assert await ended == 0


async def test_who_comes_while_a_program_cancels_everything_is_served(practice):
    begun, group = asyncio.Event(), practice.new_group()

    async def slow(book):
        begun.set()
        await asyncio.sleep(0.01)

    writing = asyncio.create_task(practice.store.write(practice.account.id, slow))
    await begun.wait()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()

    assert await together(practice, saving(group)) == [group.id]
    await asyncio.wait([writing])
    assert await stored(practice, group) == [True]


async def test_what_is_committed_is_acknowledged_to_all_though_telling_of_it_fails(practice):
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
    groups = [practice.new_group() for _ in range(3)]

    async def work(writer, group):
        return await saving(group)(WritableBook(practice.account.id, writer))

    def failing():
        raise RuntimeError

    async with asyncio.timeout(5):
        answers = await asyncio.gather(
            *(practice.store._writers.write(partial(work, group=group), failing) for group in groups)
        )

    assert answers == [group.id for group in groups]
    assert told == ["What is committed was not told of"] * 3


class Failing(Observer):
    def committed(self, units, seconds):
        raise RuntimeError


async def test_what_is_committed_is_acknowledged_though_counting_it_fails(practice):
    # The task that ends with what was raised is nobody's.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    practice.store._writers._observer = Failing()
    group, later = practice.new_group(), practice.new_group()

    async with asyncio.timeout(5):
        assert await together(practice, saving(group)) == [group.id]
        assert await together(practice, saving(later)) == [later.id]
    assert await stored(practice, group, later) == [True] * 2
