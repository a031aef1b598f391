"""Those who want to write in one account share a transaction, and each is told the truth about their own work."""

import asyncio
from collections import Counter

import asyncpg
import pytest
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import text

from every_await import at_await
from gappt_graphql.observing import Observer
from gappt_graphql.practice import attendance, auditing
from gappt_graphql.practice.attendance import BookAttendees
from gappt_graphql.practice.bounds import Bounds, OutOfTime
from gappt_graphql.practice.desk import Decision
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.store import Edit
from gappt_graphql.store.postgres.lines import Line
from gappt_graphql.store.postgres.terms import Terms
from gappt_graphql.store.statements import Statement
from gappt_graphql.store.unavailable import OutcomeUnknown
from past import wrong
from postgres_faults import failing_store, faults, says
from reception import book
from samples import a_journal, stored

pytestmark = pytest.mark.usefixtures("database")

COUNT = 8
MOST_SECONDS = 20
"""After which nobody will be told any more."""


class Commits(Observer):
    def __init__(self):
        super().__init__()
        self.units = []
        self.told = []

    def committed(self, units, seconds):
        self.units.append(units)

    def commanded(self, name, outcome, *, codes=(), seats=0):
        self.told.append((name, outcome, seats))


class Way:
    """The way of every statement to the database: each that begins with a word goes by what stands here for it."""

    def __init__(self):
        self.by = {}
        self.asked = Counter()

    async def __call__(self, connection, query, statement):
        word = query.split(" ")[0].strip(";")
        self.asked[word] += 1
        return await self.by.get(word, plainly)(connection, statement)


async def plainly(_connection, statement):
    return await statement()


@pytest.fixture
async def way(practice, database):
    """The way of the practice's statements; `way.commits` tells of its commits."""
    way, sound = Way(), practice.store
    way.commits = Commits()
    practice.store = await failing_store(
        database.url, way, observer=way.commits, terms=Terms(connect_seconds=2, connections=4)
    )
    yield way
    way.by.clear()
    await practice.store.close()
    practice.store = sound


def saving(practice, group, runs=None, *, before=None, after=None):
    """Return a work that writes an appointment and an entry in the journal, and does something before or after."""

    async def work(open_book):
        if runs is not None:
            runs.append(group.id)
        if before is not None:
            await before(open_book)
        await open_book.save([Edit(None, group)])
        await open_book.journal(*a_journal(practice, group))
        if after is not None:
            await after(open_book)
        return group.id

    return work


async def all_at_once(practice, works):
    """Let everybody want to write, the first a moment before the others, and return what they are told."""
    writing = [asyncio.create_task(practice.store.write(practice.account.id, work)) for work in works]
    return await told_to(writing)


async def told_to(writing):
    """Return what everybody is told. Who is told nothing is ended in the end, and whoever waits for them."""
    await asyncio.wait(writing, timeout=MOST_SECONDS)
    if not all(each.done() for each in writing):
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
    return await asyncio.gather(*writing, return_exceptions=True)


async def is_sound(practice, database, past, *groups):
    """Tell whether these are in the book, each once, the journal is whole, and no connection is in use."""
    verified = await auditing.verify(practice.store, account=practice.account.id)
    assert verified.broken_at is None
    assert verified.rows == len(groups)
    assert faults(database) == []
    assert wrong(past) == {}
    [(count,)] = past.rows("SELECT count(*) FROM group_appointments")
    async with asyncio.timeout(5):
        while practice.store.figures().in_use:  # noqa: ASYNC110  # the bell, which nobody is told of
            await asyncio.sleep(0.001)
    return count == len(groups) and (not groups or all(await stored(practice, *groups)))


async def test_those_who_wait_share_one_transaction(practice, way, database, past):
    groups = [practice.new_group() for _ in range(COUNT)]

    told = await all_at_once(practice, [saving(practice, group) for group in groups])

    assert told == [group.id for group in groups]
    assert way.commits.units == [COUNT]
    assert way.asked["BEGIN"] == way.asked["COMMIT"] == 1
    assert await is_sound(practice, database, past, *groups)


async def test_accounts_share_nothing(practice, other_practice, way):
    other = other_practice.new_group()
    ours = practice.new_group()

    await asyncio.gather(
        practice.store.write(practice.account.id, saving(practice, ours)),
        practice.store.write(other_practice.account.id, saving(other_practice, other)),
    )

    assert way.commits.units == [1, 1]


async def test_nobody_is_answered_before_the_commit_not_even_who_is_refused(practice, way, database, past):
    groups = [practice.new_group() for _ in range(3)]
    committing, go_on = asyncio.Event(), asyncio.Event()

    async def waiting(_connection, statement):
        committing.set()
        await go_on.wait()
        return await statement()

    async def refuse(open_book):
        assert await open_book.find(type(groups[0]), [groups[0].id])
        raise LookupError("refused for what another has written")

    way.by["COMMIT"] = waiting
    works = [*(saving(practice, group) for group in groups), refuse]
    writing = [asyncio.create_task(practice.store.write(practice.account.id, work)) for work in works]
    await committing.wait()
    await asyncio.sleep(0.01)
    assert not any(each.done() for each in writing)
    go_on.set()
    told = await asyncio.gather(*writing, return_exceptions=True)

    assert told[:3] == [group.id for group in groups]
    assert isinstance(told[3], LookupError)
    assert way.commits.units == [3]
    assert await is_sound(practice, database, past, *groups)


@pytest.mark.parametrize("place", range(4))
async def test_who_fails_after_writing_leaves_nothing_and_takes_nobody_along(practice, way, database, past, place):
    groups, runs = [practice.new_group() for _ in range(4)], []

    async def fail(_book):
        raise ZeroDivisionError

    works = [saving(practice, group, runs, after=fail if n == place else None) for n, group in enumerate(groups)]
    told = await all_at_once(practice, works)

    others = [group for n, group in enumerate(groups) if n != place]
    assert [answer for answer in told if not isinstance(answer, Exception)] == [group.id for group in others]
    assert isinstance(told[place], ZeroDivisionError)
    assert max(Counter(runs).values()) <= 2
    assert await is_sound(practice, database, past, *others)


async def test_those_who_do_their_work_again_come_in_the_order_in_which_they_came(practice, way):
    groups, runs = [practice.new_group() for _ in range(5)], []

    async def fail(_book):
        raise ZeroDivisionError

    works = [saving(practice, group, runs, after=fail if n == 4 else None) for n, group in enumerate(groups)]
    await all_at_once(practice, works)

    first, again = runs[:5], [id for id in runs[5:] if id != groups[4].id]
    assert first == [group.id for group in groups]
    assert again == first[:4]


@pytest.mark.parametrize("place", range(3))
async def test_who_hides_that_a_statement_failed_is_told_so_alone(practice, way, database, past, place):
    groups, runs = [practice.new_group() for _ in range(3)], []

    async def hide(open_book):
        with pytest.raises(asyncpg.PostgresError):
            await open_book.fetch(Statement(text("SELECT 1 / 0")), {})

    works = [saving(practice, group, runs, after=hide if n == place else None) for n, group in enumerate(groups)]
    told = await all_at_once(practice, works)

    others = [group for n, group in enumerate(groups) if n != place]
    assert isinstance(told[place], RuntimeError)
    assert place > 0 or len(runs) == 3  # into a transaction that will come to nothing nobody is let
    assert [answer for answer in told if not isinstance(answer, Exception)] == [group.id for group in others]
    assert await is_sound(practice, database, past, *others)


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_where_the_commit_is_refused_each_is_run_again(practice, way, database, past, state):
    groups, runs, left = [practice.new_group() for _ in range(4)], [], [True]

    async def once(_connection, statement):
        if left:
            left.clear()
            raise says(state)
        return await statement()

    way.by["COMMIT"] = once
    told = await all_at_once(practice, [saving(practice, group, runs) for group in groups])

    assert told == [group.id for group in groups]
    assert set(Counter(runs).values()) == {2}
    assert await is_sound(practice, database, past, *groups)


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_commit_of_which_nothing_is_known_is_unknown_to_all_who_wrote(practice, way, database, past, arrives):
    groups, refusals = [practice.new_group() for _ in range(3)], []

    async def cut(connection, statement):
        way.by.clear()
        if arrives:
            await statement()
        connection.terminate()
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    async def refuse(_book):
        refusals.append(1)
        raise LookupError("refused")

    way.by["COMMIT"] = cut
    told = await all_at_once(practice, [*(saving(practice, group) for group in groups), refuse])

    assert [type(answer) for answer in told] == [OutcomeUnknown] * 3 + [LookupError]
    assert len(refusals) == 2  # what it was refused for may not have been written
    assert await is_sound(practice, database, past, *(groups if arrives else []))


async def test_where_the_connection_is_cut_each_is_run_again_on_another(practice, way, database, past):
    groups, cuts = [practice.new_group() for _ in range(4)], []

    async def cut_once(open_book):
        if not cuts:
            cuts.append(1)
            await open_book.fetch(Statement(text("SELECT pg_terminate_backend(pg_backend_pid())")), {})

    works = [saving(practice, group, before=cut_once if n == 2 else None) for n, group in enumerate(groups)]

    assert await all_at_once(practice, works) == [group.id for group in groups]
    assert await is_sound(practice, database, past, *groups)


async def test_a_connection_that_is_lost_before_the_commit_leaves_nobody_in_doubt(practice, way, database, past):
    groups = [practice.new_group() for _ in range(4)]

    async def lost_after(connection, statement):
        done = await statement()
        if way.asked["WITH"] == len(groups):
            connection.terminate()
        return done

    way.by["WITH"] = lost_after

    assert await all_at_once(practice, [saving(practice, group) for group in groups]) == [group.id for group in groups]
    assert await is_sound(practice, database, past, *groups)


@pytest.mark.parametrize("place", [1, 3])
async def test_who_leaves_a_statement_behind_takes_the_connection_along_and_nobodys_work(
    practice, way, database, past, place
):
    groups, left = [practice.new_group() for _ in range(3)], []

    async def leave(open_book):
        left.append(asyncio.create_task(open_book.fetch(Statement(text("SELECT pg_sleep(1)")), {})))
        await asyncio.sleep(0.01)
        raise LookupError

    works = [saving(practice, group) for group in groups]
    works.insert(place, leave)
    told = await all_at_once(practice, works)

    assert isinstance(told.pop(place), LookupError)
    assert told == [group.id for group in groups]
    for each in left:
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await each
    assert await is_sound(practice, database, past, *groups)


async def test_who_comes_while_the_commit_is_under_way_shares_the_next(practice, way, database, past):
    groups = [practice.new_group() for _ in range(5)]
    late = []

    async def slow(_connection, statement):
        if not late:
            late.extend(
                asyncio.create_task(practice.store.write(practice.account.id, saving(practice, group)))
                for group in groups[2:]
            )
            await asyncio.sleep(0.01)
        return await statement()

    way.by["COMMIT"] = slow
    await all_at_once(practice, [saving(practice, group) for group in groups[:2]])
    await asyncio.gather(*late)

    assert way.commits.units == [2, 3]
    assert await is_sound(practice, database, past, *groups)


@pytest.mark.parametrize("who", range(3))
async def test_one_who_leaves_at_any_await_takes_nobody_along(practice, database, past, who):
    awaits, left, kept = 0, [0], []
    while left:
        awaits += 1
        groups = [practice.new_group() for _ in range(3)]
        writing = []
        with at_await(awaits, lambda writing=writing: writing[who].cancel()) as left:
            writing += [
                asyncio.create_task(practice.store.write(practice.account.id, saving(practice, group)))
                for group in groups
            ]
            told = await told_to(writing)
        assert all(told[n] == groups[n].id for n in range(3) if n != who)
        assert told[who] == groups[who].id or isinstance(told[who], asyncio.CancelledError)
        there = await stored(practice, *groups)
        assert there[who] or told[who] != groups[who].id
        kept += [group for group, is_there in zip(groups, there, strict=True) if is_there]
        assert awaits < 300
    assert awaits > 10
    assert await is_sound(practice, database, past, *kept)


async def test_a_crowd_gets_each_seat_once(practice, way, database, past):
    group = await practice.group(max_attendees=6)

    told = await asyncio.gather(
        *(book(practice, group, patient) for patient in practice.patients for _ in range(2)), return_exceptions=True
    )

    assert sum(not isinstance(answer, Exception) for answer in told) == 6
    assert (await practice.reload(group)).active_attendees == 6
    assert (await auditing.verify(practice.store, account=practice.account.id)).broken_at is None
    assert wrong(past) == {}
    assert len(way.commits.units) < 6


async def test_a_retry_that_does_the_work_after_all_is_told_as_done(practice, way):
    group, [ada, *_] = await practice.group(), practice.patients
    committing, go_on = asyncio.Event(), asyncio.Event()

    async def refused(_connection, _statement):
        way.by.clear()
        committing.set()
        await go_on.wait()
        raise says("40001")

    way.by["COMMIT"] = refused
    desk = replace(practice.desk, observer=way.commits)
    command = BookAttendees(group_appointment_id=group.id, patient_ids=(ada.id,), idempotency_key="once")
    gone, stays = (asyncio.create_task(attendance.book(desk, command)) for _ in range(2))
    async with asyncio.timeout(MOST_SECONDS):
        await committing.wait()
    gone.cancel()
    go_on.set()
    await told_to([gone, stays])

    assert gone.cancelled()
    assert way.commits.told == [("BookAttendees", "done", 1)]
    assert (await practice.reload(group)).active_attendees == 1


async def test_who_leaves_when_it_has_just_become_their_turn_to_lead_lets_the_next_one():
    line = Line()
    assert await line.come() is None
    gone, stays = (asyncio.create_task(line.come()) for _ in range(2))
    await asyncio.sleep(0)

    line.go()
    gone.cancel()
    await told_to([gone, stays])

    assert gone.cancelled()
    assert stays.result() is None


async def test_work_that_is_done_again_has_the_time_that_is_left(practice, way):
    group, runs = practice.new_group(), []

    async def refused(_connection, _statement):
        way.by.clear()
        await asyncio.sleep(0.3)
        raise says("40001")

    async def decide(_book):
        runs.append(1)
        return Decision(outcome=Done(), edits=[Edit(None, group)])

    way.by["COMMIT"] = refused
    desk = replace(practice.desk, bounds=Bounds(write_seconds=0.2)).begun(writes=True)

    with pytest.raises(OutOfTime, match="nothing was written"):
        await desk.carry_out(Command(), decide, Done)

    assert len(runs) <= 2
    assert await stored(practice, group) == [False]


class Done(Struct, frozen=True):
    """What a command without an outcome has done."""
