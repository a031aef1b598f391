"""Transactions are all or nothing, readers see one moment, and processes queue."""

import asyncio
import gc
import shutil
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import delete, text

from gappt_graphql.scheduling.attendance import WaitlistEntry
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.problems import Code, Refused
from gappt_graphql.store import Edit, StoreError, tables
from gappt_graphql.store.opening import open_store
from gappt_graphql.store.sqlite.locks import FileLock
from gappt_graphql.store.sqlite.store import SqliteStore
from gappt_graphql.store.statements import Statement
from samples import finding, stored

pytestmark = pytest.mark.sqlite("how one process keeps a file")

COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT count(*) FROM n"
A_LONG_ONE = Statement(text(COUNTING.format(1_000_000)), long=True)
AN_ENDLESS_ONE = Statement(text(COUNTING.format(10**12)), long=True)


def writing(*records):
    """Return a work that writes each record by a save of its own."""

    async def work(book):
        for record in records:
            await book.save([Edit(None, record)])

    return work


async def test_a_unit_of_work_that_fails_leaves_nothing(practice):
    first, second = practice.new_group(), practice.new_group()

    async def work(book):
        await book.save([Edit(None, first)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await practice.store.write(practice.account.id, work)
    await practice.save(second)

    assert await stored(practice, first, second) == [False, True]


@pytest.mark.parametrize("steps", range(0, 60, 3))
async def test_a_caller_who_leaves_leaves_all_or_nothing(practice, steps):
    first, second, later = (practice.new_group() for _ in range(3))
    caller = asyncio.create_task(practice.store.write(practice.account.id, writing(first, second)))
    for _ in range(steps):
        await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait([caller])

    await practice.save(later)

    assert len(set(await stored(practice, first, second))) == 1
    assert await stored(practice, later) == [True]


@pytest.mark.parametrize("milliseconds", [0, 1, 2, 3, 5])
async def test_a_program_that_cancels_everything_leaves_no_transaction_open(practice, milliseconds):
    first, second, later = (practice.new_group() for _ in range(3))
    caller = asyncio.create_task(practice.store.write(practice.account.id, writing(first, second)))
    await asyncio.sleep(milliseconds / 1000)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.wait([caller])

    async with asyncio.timeout(5):
        await practice.save(later)

    assert len(set(await stored(practice, first, second))) == 1
    assert await stored(practice, later) == [True]


async def test_a_caller_who_leaves_does_not_stop_a_commit_that_has_begun(practice):
    begun, group = asyncio.Event(), practice.new_group()

    async def work(book):
        begun.set()
        await book.save([Edit(None, group)])

    caller = asyncio.create_task(practice.store.write(practice.account.id, work))
    await begun.wait()
    caller.cancel()
    await asyncio.wait([caller])
    await practice.save(practice.new_group())

    assert caller.cancelled()
    assert await stored(practice, group) == [True]


async def test_a_caller_who_leaves_stops_a_unit_of_work_before_its_next_statement(practice):
    begun, first, second = asyncio.Event(), practice.new_group(), practice.new_group()
    ended = []

    async def work(book):
        await book.save([Edit(None, first)])
        begun.set()
        await asyncio.sleep(0.01)
        try:
            await book.save([Edit(None, second)])
        except Exception as error:
            ended.append(type(error).__name__)
            raise

    caller = asyncio.create_task(practice.store.write(practice.account.id, work))
    await begun.wait()
    caller.cancel()
    await asyncio.wait([caller])
    await practice.save(practice.new_group())

    assert ended == ["Abandoned"]
    assert await stored(practice, first, second) == [False, False]


@pytest.mark.parametrize(("failure", "told"), [(Refused.one(Code.CAPACITY_FULL, "Full."), 0), (ZeroDivisionError(), 1)])
async def test_the_log_hears_of_failures_whose_caller_has_gone_but_not_of_refusals(practice, failure, told):
    heard = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context["exception"]))
    begun = asyncio.Event()

    async def work(book):
        begun.set()
        await asyncio.sleep(0.01)
        raise failure

    caller = asyncio.create_task(practice.store.write(practice.account.id, work))
    await begun.wait()
    caller.cancel()
    await asyncio.wait([caller])
    await practice.save(practice.new_group())
    gc.collect()

    assert heard == [failure] * told


async def test_a_unit_of_work_is_alone_from_its_first_question_on(practice, raw, tmp_path):
    raw.execute("PRAGMA busy_timeout=0")

    async def work(book):
        await book.find(GroupAppointment, [1])
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            raw.execute("DELETE FROM waitlist_entries")
        lock = FileLock(tmp_path / "book.db-writing")
        taken = lock.take_at_once()
        lock.close()
        return taken

    assert await practice.store.write(practice.account.id, work) is False


async def test_closing_waits_for_the_writes_that_have_begun(practice, tmp_path):
    groups = [practice.new_group() for _ in range(5)]
    writes = [asyncio.create_task(practice.save(group)) for group in groups]
    await asyncio.sleep(0)

    await practice.store.close()
    await practice.store.close()

    assert all(write.done() for write in writes)
    with closing(sqlite3.connect(tmp_path / "book.db")) as connection:
        assert connection.execute("SELECT count(*) FROM group_appointments").fetchone() == (5,)


async def test_a_closed_store_says_so(practice):
    await practice.store.close()

    with pytest.raises(RuntimeError, match="closed"):
        await practice.store.accounts()


async def test_a_unit_of_work_whose_id_is_taken_runs_again(practice):
    taken, free = practice.new_group(), practice.new_group()
    await practice.save(taken)
    ids = [taken.id, free.id]

    async def work(book):
        await book.save([Edit(None, practice.new(WaitlistEntry, group_appointment_id=taken.id, patient_id=patient.id))])
        await book.save([Edit(None, msgspec.structs.replace(free, id=ids.pop(0)))])

    patient = practice.patients[0]
    await practice.store.write(practice.account.id, work)

    waiting = await practice.store.read(practice.account.id, lambda book: book.waitlists_of([taken.id]))
    assert await stored(practice, free) == [True]
    assert len(waiting[taken.id]) == 1


async def test_an_id_that_stays_taken_is_a_bug_and_not_an_endless_loop(practice):
    taken = practice.new_group()
    await practice.save(taken)
    runs = []

    async def work(book):
        runs.append(True)
        await book.save([Edit(None, taken)])

    with pytest.raises(sqlite3.IntegrityError):
        await practice.store.write(practice.account.id, work)

    assert len(runs) == 5


async def test_a_commit_is_on_the_disk_before_it_is_acknowledged(practice):
    settings = []

    async def work(book):
        for name in ("synchronous", "foreign_keys", "journal_mode", "wal_autocheckpoint"):
            settings.extend(await book.fetch(Statement(text(f"PRAGMA {name}")), {}))

    await practice.store.write(practice.account.id, work)

    assert settings == [(2,), (1,), ("wal",), (0,)]


async def test_a_unit_of_work_sees_one_moment(practice):
    before, meanwhile = practice.new_group(), practice.new_group()
    await practice.save(before)
    ids = [before.id, meanwhile.id]

    async def work(book):
        first = await book.find(GroupAppointment, ids)
        await practice.save(meanwhile)
        return first, await book.find(GroupAppointment, ids)

    first, second = await practice.store.read(practice.account.id, work)

    assert first == second == {before.id: before}
    assert await stored(practice, before, meanwhile) == [True, True]


async def test_a_reader_cannot_write(practice):
    everything = Statement(delete(tables.patients))

    async def work(book):
        await book.fetch(everything, {})

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await practice.store.read(practice.account.id, work)

    assert await stored(practice, practice.patients[0]) == [True]


async def test_what_a_failed_unit_of_work_left_running_writes_nothing_any_more(practice):
    group = practice.new_group()
    left_running = []

    async def later(book):
        await asyncio.sleep(0)
        await book.save([Edit(None, group)])

    async def work(book):
        left_running.append(asyncio.create_task(later(book)))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await practice.store.write(practice.account.id, work)

    with pytest.raises(RuntimeError, match="closed"):
        await left_running[0]
    assert await stored(practice, group) == [False]


async def test_what_a_unit_of_work_left_running_writes_nothing_in_the_next_one(practice):
    mine, theirs = practice.new_group(), practice.new_group()
    books, begun = [], asyncio.Event()

    async def keep(book):
        books.append(book)

    async def work(book):
        begun.set()
        await asyncio.sleep(0.01)
        await book.save([Edit(None, mine)])

    await practice.store.write(practice.account.id, keep)
    writing_mine = asyncio.create_task(practice.store.write(practice.account.id, work))
    await begun.wait()
    with pytest.raises(RuntimeError, match="closed"):
        await books[0].save([Edit(None, theirs)])
    await writing_mine

    assert await stored(practice, mine, theirs) == [True, False]


async def test_a_unit_of_work_that_goes_on_after_sqlite_has_rolled_it_back_writes_nothing(practice):
    first, second, later = (practice.new_group() for _ in range(3))
    taken = f"INSERT OR ROLLBACK INTO accounts (account_id, name, created_at) VALUES ({practice.account.id}, '', 0)"

    async def work(book):
        await book.save([Edit(None, first)])
        with pytest.raises(sqlite3.IntegrityError):
            await book.fetch(Statement(text(taken)), {})
        await book.save([Edit(None, second)])

    with pytest.raises(RuntimeError, match="closed"):
        await practice.store.write(practice.account.id, work)
    await practice.save(later)

    assert await stored(practice, first, second, later) == [False, False, True]


async def test_a_full_disk_is_an_error_and_the_next_write_is_none(practice):
    many = [practice.new_group(notes="n" * 4000) for _ in range(40)]
    later = practice.new_group()

    async def work(book):
        [(pages,)] = await book.fetch(Statement(text("PRAGMA page_count")), {})
        await book.fetch(Statement(text(f"PRAGMA max_page_count = {pages + 5}")), {})
        await book.save([Edit(None, group) for group in many])

    with pytest.raises(sqlite3.OperationalError, match="disk is full"):
        await practice.store.write(practice.account.id, work)
    assert not any(await stored(practice, *many))

    await practice.store.write(
        practice.account.id, lambda book: book.fetch(Statement(text("PRAGMA max_page_count = 1000000")), {})
    )
    await practice.save(later)
    assert await stored(practice, later) == [True]


async def test_a_unit_of_work_that_starts_another_is_told_instead_of_waiting_for_itself(practice):
    async def work(book):
        await practice.save(practice.new_group())

    async with asyncio.timeout(5):
        with pytest.raises(RuntimeError, match="wait for itself"):
            await practice.store.write(practice.account.id, work)


async def test_readers_find_seats_and_attendees_in_step_while_others_book_and_leave(practice):
    group = await practice.group(max_attendees=12)

    async def work(book):
        found = (await book.find(GroupAppointment, [group.id]))[group.id]
        await asyncio.sleep(0)
        return found.active_attendees, len((await book.attendees_of([group.id]))[group.id])

    async def seat(book, patient):
        before = (await book.find(GroupAppointment, [group.id]))[group.id]
        after = msgspec.structs.replace(before, active_attendees=before.active_attendees + 1)
        await book.save([Edit(before, after), Edit(None, practice.new_attendee(group, patient))])

    async def write():
        for turn, patient in enumerate(practice.patients):
            work = partial(seat, patient=patient)
            caller = asyncio.create_task(practice.store.write(practice.account.id, work))
            await asyncio.sleep(0)
            if turn % 3 == 0:
                caller.cancel()
            await asyncio.wait([caller])

    writes = asyncio.create_task(write())
    seen = []
    while not writes.done():
        seen += await asyncio.gather(*(practice.store.read(practice.account.id, work) for _ in range(6)))

    await writes
    assert all(seats == attendees for seats, attendees in seen)


async def test_a_long_read_keeps_nobody_waiting(practice):
    reading = asyncio.create_task(practice.store.read(practice.account.id, lambda book: book.fetch(A_LONG_ONE, {})))
    others = 0
    while not reading.done():
        await stored(practice, practice.patients[0])
        await asyncio.sleep(0)
        others += 1

    assert others > 10
    assert await reading == [(1_000_000,)]


async def test_only_what_takes_long_changes_threads(practice):
    may_be_long = Statement(text(COUNTING.format(100)), long=True)

    async def work(book):
        at_once = []
        for statement in (may_be_long, A_LONG_ONE, may_be_long, A_LONG_ONE):
            asked = asyncio.create_task(book.fetch(statement, {}))
            await asyncio.sleep(0)
            at_once.append(asked.done())
            assert await asked in ([(100,)], [(1_000_000,)])
        return at_once

    assert await practice.store.read(practice.account.id, work) == [True, False, True, False]


async def test_what_took_long_goes_straight_to_a_thread_and_now_and_then_has_another_try(practice):
    counting = Statement(text(COUNTING.format(":many")), long=True)

    async def at_once(book, many):
        asked = asyncio.create_task(book.fetch(counting, {"many": many}))
        await asyncio.sleep(0)
        done = asked.done()
        assert await asked == [(many,)]
        return done

    async def work(book):
        return [await at_once(book, many) for many in (5, 1_000_000, *[5] * 12)]

    assert await practice.store.read(practice.account.id, work) == [True, *[False] * 11, True, True]


async def test_what_is_begun_here_and_goes_to_a_thread_leaves_the_moment_that_is_seen(practice):
    ada = practice.patients[0]

    async def work(book):
        seen = [await book.find(Patient, [ada.id])]
        await practice.revise(ada, email="ada@example.com")
        await book.fetch(A_LONG_ONE, {})
        return [*seen, await book.find(Patient, [ada.id])]

    assert await practice.store.read(practice.account.id, work) == [{ada.id: ada}] * 2


async def test_a_long_read_that_nobody_waits_for_ends_and_gives_its_connection_back(practice):
    async with asyncio.timeout(20):
        for _ in range(6):
            work = practice.store.read(practice.account.id, lambda book: book.fetch(AN_ENDLESS_ONE, {}))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(work, 0.02)

        assert await stored(practice, practice.patients[0]) == [True]


async def test_a_unit_of_work_that_fails_beside_its_own_long_read_gives_its_connection_back(practice):
    async def fail(book):
        await asyncio.sleep(0.01)
        raise ZeroDivisionError

    async def work(book):
        await asyncio.gather(book.fetch(AN_ENDLESS_ONE, {}), fail(book))

    async with asyncio.timeout(20):
        for _ in range(6):
            with pytest.raises(ZeroDivisionError):
                await practice.store.read(practice.account.id, work)
        reads = [practice.store.read(practice.account.id, lambda book: book.fetch(A_LONG_ONE, {})) for _ in range(6)]

        assert await asyncio.gather(*reads) == [[(1_000_000,)]] * 6


async def test_a_book_cannot_be_used_after_its_unit_of_work(practice):
    books = []

    async def work(book):
        books.append(book)

    await practice.store.read(practice.account.id, work)

    with pytest.raises(RuntimeError, match="closed"):
        await books[0].find(GroupAppointment, [1])


async def test_a_read_does_not_wait_for_a_write(practice):
    async def work(book):
        await practice.reload(practice.patients[0])
        await book.save([Edit(None, practice.new_group())])

    async with asyncio.timeout(5):
        await practice.store.write(practice.account.id, work)


WRITER = """
import asyncio, sys
from datetime import datetime, UTC
from gappt_graphql.store import AuditRow
from gappt_graphql.store.opening import open_store

async def main(url, account, count):
    store = await open_store(url)
    async def work(book):
        await book.journal([], [AuditRow(at=datetime.now(UTC), key_id=None, actor=None, request_id=sys.argv[4],
            operation="Test", record_kind="Patient", record_id=1, before=None, after="{}")])
    for _ in range(count):
        await store.write(account, work)
    await store.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


async def test_two_processes_that_write_queue(practice, raw, tmp_path):
    arguments = [sys.executable, "-c", WRITER, f"sqlite:///{tmp_path}/book.db", str(practice.account.id), "40"]
    running = [await asyncio.create_subprocess_exec(*arguments, name) for name in ("one", "other")]
    codes = [await each.wait() for each in running]

    rows = raw.execute("SELECT number, request_id FROM audit ORDER BY number").fetchall()
    assert codes == [0, 0]
    assert [number for number, _ in rows] == list(range(1, 81))


async def test_a_store_that_is_opened_again_has_what_was_written(practice, tmp_path):
    group = await practice.group()
    await practice.store.close()

    again = await open_store(f"sqlite:///{tmp_path}/book.db", serving=True)
    found = await again.read(practice.account.id, finding(GroupAppointment, [group.id]))
    await again.close()

    assert found == {group.id: group}


FORGETFUL = """
import asyncio, sys
from gappt_graphql.store.opening import open_store

async def main():
    global store
    store = await open_store(sys.argv[1])
    await store.accounts()

asyncio.run(main())
"""


async def test_a_program_that_forgets_to_close_its_store_ends_all_the_same(store, tmp_path):
    forgetful = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FORGETFUL, f"sqlite:///{tmp_path / 'book.db'}"
    )
    try:
        assert await asyncio.wait_for(forgetful.wait(), timeout=30) == 0
    finally:
        if forgetful.returncode is None:
            forgetful.kill()


async def test_a_file_that_can_only_be_read_is_refused_in_a_sentence(empty_book: Path, tmp_path: Path) -> None:
    path = tmp_path / "book.db"
    shutil.copy(empty_book, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    present = FileLock(tmp_path / "lock")

    with closing(present), pytest.raises(StoreError, match="can't be opened for writing: attempt to write a readonly"):
        await SqliteStore.open(Path(f"file:{path}?mode=ro"), present=present, serving=None)
