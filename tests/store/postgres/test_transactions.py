"""Units of work on PostgreSQL: run again where the database asks for it, committed once, and told of honestly."""

import asyncio
import gc
import traceback

import asyncpg
import pytest
from sqlalchemy import text

from at_the_desk import creation
from every_await import at_await
from gappt_graphql.observing import Observer
from gappt_graphql.practice import booking
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.store import Edit
from gappt_graphql.store.opening import open_store
from gappt_graphql.store.postgres.terms import Terms
from gappt_graphql.store.statements import Statement
from gappt_graphql.store.unavailable import OutcomeUnknown, Unavailable
from postgres_faults import failing_store, faults, says
from samples import stored

pytestmark = pytest.mark.usefixtures("database")

MARKER = "Marker-of-Rowan"
CUT = Statement(text("SELECT pg_terminate_backend(pg_backend_pid())"))


class Counting(Observer):
    def __init__(self):
        super().__init__()
        self.commits, self.waits = 0, 0

    def committed(self, units, seconds):
        self.commits += units

    def waited(self, seconds):
        self.waits += 1


def saving(record, runs):
    async def work(open_book):
        runs.append(record.id)
        await open_book.save([Edit(None, record)])
        return record.id

    return work


async def none_in_use(practice):
    """Wait for the bell, which rings on a connection too, and not for ever."""
    async with asyncio.timeout(5):
        while practice.store.figures().in_use:  # noqa: ASYNC110  # nobody is told of it
            await asyncio.sleep(0.001)


async def run(_connection, _query, statement):
    return await statement()


@pytest.fixture
async def fail(practice, database):
    """Let the practice work in a store whose statements go by way of `fail.by`."""

    class Way:
        by = staticmethod(run)

    way = Way()
    way.observer = Counting()
    sound = practice.store
    practice.store = await failing_store(
        database.url, lambda *asked: way.by(*asked), observer=way.observer, terms=Terms(connect_seconds=2)
    )
    yield way
    way.by = run
    await practice.store.close()
    practice.store = sound


def once(state, on, *, after=False):
    """Fail the first time that a statement of this beginning is run."""
    left = [True]

    async def by(_connection, query, statement):
        if query.startswith(on) and left:
            left.clear()
            if after:
                await statement()
            raise says(state, "restart transaction: TransactionRetryError" if state == "XXUUU" else "no")
        return await statement()

    return by


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03", "XXUUU"])
@pytest.mark.parametrize("on", ["BEGIN", "INSERT", "COMMIT"])
async def test_a_unit_that_others_are_in_the_way_of_is_run_again_from_its_start_and_told_of_once(
    practice, fail, state, on
):
    group, runs = practice.new_group(), []
    fail.by = once(state, on)

    assert await practice.store.write(practice.account.id, saving(group, runs)) == group.id
    assert len(runs) == (1 if on == "BEGIN" else 2)
    assert await stored(practice, group) == [True]
    assert fail.observer.commits == 1


async def test_when_others_are_always_in_the_way_nothing_is_written_and_that_is_said(practice, fail):
    group, runs = practice.new_group(), []

    async def never(_connection, query, statement):
        if query == "COMMIT":
            raise says("40001")
        return await statement()

    fail.by = never
    with pytest.raises(Unavailable, match="Nothing was written"):
        await practice.store.write(practice.account.id, saving(group, runs))
    fail.by = run

    assert len(runs) == 8
    assert await stored(practice, group) == [False]


async def test_a_unit_whose_connection_is_cut_before_its_commit_is_run_again_on_another(practice, fail):
    group, runs = practice.new_group(), []

    async def cut_once(open_book):
        await saving(group, runs)(open_book)
        if len(runs) == 1:
            await open_book.fetch(CUT, {})

    await practice.store.write(practice.account.id, cut_once)

    assert len(runs) == 2
    assert await stored(practice, group) == [True]


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_commit_whose_connection_is_cut_is_unknown_and_neither_done_nor_undone(practice, fail, arrives):
    group, runs = practice.new_group(), []

    async def cut(connection, query, statement):
        if query != "COMMIT":
            return await statement()
        if arrives:
            await statement()
        connection.terminate()
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    fail.by = cut
    with pytest.raises(OutcomeUnknown, match="same idempotency key"):
        await practice.store.write(practice.account.id, saving(group, runs))
    fail.by = run

    assert len(runs) == 1
    assert await stored(practice, group) == [arrives]


async def test_a_commit_that_undoes_because_the_unit_hid_a_failure_is_not_taken_for_one(practice, fail):
    group = practice.new_group()

    async def hiding(open_book):
        await open_book.save([Edit(None, group)])
        with pytest.raises(asyncpg.PostgresError):
            await open_book.fetch(Statement(text("SELECT 1 / 0")), {})

    with pytest.raises(RuntimeError, match="undone"):
        await practice.store.write(practice.account.id, hiding)
    assert await stored(practice, group) == [False]


@pytest.mark.parametrize("failure", [OSError, TimeoutError, ConnectionResetError])
async def test_a_fault_of_a_units_own_is_not_taken_for_a_lost_connection(practice, failure):
    group, runs = practice.new_group(), []

    async def failing(_book):
        runs.append(1)
        raise failure("of its own")

    async def failing_late(open_book):
        await open_book.save([Edit(None, group)])
        await failing(open_book)

    with pytest.raises(failure, match="of its own"):
        await practice.store.read(practice.account.id, failing)
    with pytest.raises(failure, match="of its own"):
        await practice.store.write(practice.account.id, failing_late)

    assert len(runs) == 2
    assert await stored(practice, group) == [False]


@pytest.mark.parametrize("failure", [OSError, TimeoutError, ConnectionResetError])
@pytest.mark.parametrize("on", ["BEGIN", "INSERT"])
async def test_a_fault_of_the_drivers_is_one(practice, fail, failure, on):
    group, runs, left = practice.new_group(), [], [True]

    async def once(_connection, query, statement):
        if query.startswith(on) and left:
            left.clear()
            raise failure
        return await statement()

    fail.by = once

    await practice.store.write(practice.account.id, saving(group, runs))
    assert len(runs) == (1 if on == "BEGIN" else 2)
    assert await stored(practice, group) == [True]


async def test_a_read_whose_connection_is_cut_is_done_once_more_on_another(practice, fail):
    reads = []

    async def cut_once(open_book):
        reads.append(1)
        if len(reads) == 1:
            await open_book.fetch(CUT, {})
        return await open_book.last_number()

    assert await practice.store.read(practice.account.id, cut_once) == 0
    assert len(reads) == 2


async def test_connections_that_died_while_they_idled_are_not_noticed_by_readers(practice, database):
    await asyncio.gather(*(practice.reload(practice.business) for _ in range(8)))
    database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gappt-graphql'")

    assert await asyncio.gather(*(practice.reload(practice.business) for _ in range(8))) == [practice.business] * 8


async def test_a_clash_of_ids_is_decided_anew(practice, fail):
    taken, free = practice.new_group(), practice.new_group()
    await practice.save(taken)
    ids = [taken, free]

    async def clashing(open_book):
        await open_book.save([Edit(None, ids.pop(0))])

    await practice.store.write(practice.account.id, clashing)

    assert await stored(practice, free) == [True]


async def test_what_the_database_quotes_of_rows_and_parameters_is_in_no_error(practice, fail):
    patient = practice.new_patients(1)[0]
    quoting = [
        text("SELECT CAST(:value AS text)::int"),
        text(
            "INSERT INTO accounts (account_id, name, demo, last_number, created_at) SELECT 1, name, 0, 0, created_at"
            " FROM accounts WHERE :value = :value"
        ),
        text("SELECT CAST(:value AS integer)"),
    ]
    for statement in quoting:

        async def failing(open_book, statement=statement):
            await open_book.save([Edit(None, patient)])
            await open_book.fetch(Statement(statement), {"value": MARKER})

        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)) as caught:
            await practice.store.write(practice.account.id, failing)
        error = caught.value
        told = f"{error} {error!r} {vars(error)} {''.join(traceback.format_exception(error, limit=0))}"
        assert MARKER not in told
        assert "Riverside" not in told


async def test_a_unit_that_writes_cannot_start_another(practice):
    async def nested(_book):
        await practice.save(practice.new_group())

    with pytest.raises(RuntimeError, match="wait for itself"):
        await practice.store.write(practice.account.id, nested)


async def test_a_book_that_has_outlived_its_unit_is_closed(practice):
    async def leave(open_book):
        return open_book

    for left in (
        await practice.store.write(practice.account.id, leave),
        await practice.store.read(practice.account.id, leave),
    ):
        with pytest.raises(RuntimeError, match="closed"):
            await left.last_number()


async def test_a_statement_that_still_runs_when_its_unit_fails_leaves_no_connection_to_others(practice):
    left = []

    async def failing(open_book):
        left.append(asyncio.create_task(open_book.fetch(Statement(text("SELECT pg_sleep(20)")), {})))
        await asyncio.sleep(0.05)
        raise LookupError

    with pytest.raises(LookupError):
        await practice.store.write(practice.account.id, failing)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await left[0]

    assert practice.store.figures().in_use == 0
    assert await practice.reload(practice.business) == practice.business


async def test_readers_and_other_accounts_find_connections_while_writers_wait_for_an_account(
    practice, other_practice, database
):
    raw = await asyncpg.connect(database.superuser_url)
    await raw.execute(f"BEGIN; SELECT 1 FROM accounts WHERE account_id = {practice.account.id} FOR NO KEY UPDATE")
    groups = [practice.new_group() for _ in range(30)]
    waiting = [asyncio.create_task(practice.save(group)) for group in groups]
    await asyncio.sleep(0.1)

    async with asyncio.timeout(5):
        assert (
            await asyncio.gather(*(practice.reload(practice.business) for _ in range(20))) == [practice.business] * 20
        )
        await other_practice.save(other_practice.new_group())
    assert [one.exception() for one in waiting if one.done()] == []
    await raw.execute("ROLLBACK")
    await raw.close()
    await asyncio.gather(*waiting)
    assert await stored(practice, *groups) == [True] * 30


async def test_a_store_is_closed_when_what_has_begun_is_done(practice, database):
    store = await open_store(database.url)
    group, going_on = practice.new_group(), asyncio.Event()

    async def slow(open_book):
        going_on.set()
        await asyncio.sleep(0.1)
        await open_book.save([Edit(None, group)])

    writing = asyncio.create_task(store.write(practice.account.id, slow))
    await going_on.wait()
    await store.close()

    await writing
    assert await stored(practice, group) == [True]
    with pytest.raises(RuntimeError, match="closed"):
        await store.accounts()


async def test_one_who_leaves_at_any_await_leaves_all_or_nothing_and_no_connection(practice, database):
    patients = tuple(patient.id for patient in practice.patients[:3])
    rule = RepeatRule(RepeatType.DAILY, 1, 3)
    awaits, made, left = 0, 0, [0]
    while left:
        awaits += 1
        command = creation(
            practice, patient_ids=patients, copy_attendees=True, repeat_rule=rule, idempotency_key=f"{awaits}"
        )
        task: list[asyncio.Task] = []
        with at_await(awaits, lambda task=task: task[0].cancel()) as left:
            task.append(asyncio.create_task(booking.create(practice.desk, command)))
            [answer] = await asyncio.gather(*task, return_exceptions=True)
        if not isinstance(answer, asyncio.CancelledError):
            made += 1
            assert not isinstance(answer, BaseException)
        await none_in_use(practice)
        assert awaits < 200
    gc.collect()
    [(series, groups, attendees)] = database.fetch(
        "SELECT (SELECT count(*) FROM idempotency_keys), (SELECT count(*) FROM group_appointments),"
        " (SELECT count(*) FROM attendees)"
    )
    assert awaits > 10
    assert made <= series <= awaits
    assert (groups, attendees) == (4 * series, 12 * series)
    assert faults(database) == []


async def test_a_reader_who_leaves_at_any_await_gives_its_connection_back(practice):
    awaits, left = 0, [0]
    while left:
        awaits += 1
        readers: list[asyncio.Task] = []
        with at_await(awaits, lambda readers=readers: readers[0].cancel()) as left:
            readers += [asyncio.create_task(practice.reload(practice.business)) for _ in range(6)]
            answers = await asyncio.gather(*readers, return_exceptions=True)
        assert answers[1:] == [practice.business] * 5
        await none_in_use(practice)
        assert awaits < 200
    assert awaits > 10


async def test_a_guarded_counter_and_a_check_alone_let_nobody_be_booked_over_the_seats(practice, database):
    """Without the account's lock, and without what was decided before: the seat statement of two connections."""
    group = await practice.group(max_attendees=10)
    seat = (
        "UPDATE group_appointments SET active_attendees = active_attendees + 1 WHERE account_id = $1 AND id = $2"
        " AND active_attendees + 1 BETWEEN 0 AND max_attendees"
    )

    async def take(times):
        connection = await asyncpg.connect(database.superuser_url)
        taken = [await connection.execute(seat, practice.account.id, group.id) for _ in range(times)]
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(seat.partition(" AND active")[0], practice.account.id, group.id)
        await connection.close()
        return taken.count("UPDATE 1")

    assert sum(await asyncio.gather(take(20), take(20))) == 10
    assert (await practice.reload(group)).active_attendees == 10
