"""One process hears of what another commits, and where it hears nothing it looks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.ids import AccountId
from gappt_graphql.store import Change, Store
from gappt_graphql.store.opening import open_store
from gappt_graphql.store.postgres.terms import Terms
from gappt_graphql.store.postgres.wakeups import Bell
from postgres_server import Database

NEVER = 3600.0
LISTENING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"


@asynccontextmanager
async def another(database: Database) -> AsyncIterator[Store]:
    """What a second process has open."""
    store = await open_store(database.url)
    try:
        yield store
    finally:
        await store.close()


async def a_change(practice: Practice) -> int:
    """Write a change, and return its number."""

    async def work(book) -> int:  # type: ignore[no-untyped-def]
        change = Change(
            kind="UPDATED",
            group_appointment_id=1,  # type: ignore[arg-type]
            practitioner_id=practice.practitioner.id,
            business_id=practice.business.id,
            changed_fields=("notes",),
            at=A_MONDAY,
        )
        await book.journal([change], [])
        return await book.last_number()  # type: ignore[no-any-return]

    return await practice.store.write(practice.account.id, work)


async def has_listener(database: Database, *, other_than: int | None = None) -> int:
    """Wait until a connection listens, and return its process."""
    for _ in range(500):
        for row in database.fetch(LISTENING):
            if row["pid"] != other_than:
                return int(row["pid"])
        await asyncio.sleep(0.02)
    raise AssertionError("nobody listens")


async def ends(waiting: Awaitable[None]) -> None:
    await asyncio.wait_for(waiting, 20)


async def test_a_commit_here_wakes_who_waits_in_another_process(database: Database, practice: Practice) -> None:
    async with another(database) as other:
        waiting = asyncio.ensure_future(other.wait_for_changes(practice.account.id, after=0, look_every=NEVER))
        await has_listener(database)
        await a_change(practice)
        await ends(waiting)


async def test_what_was_committed_just_before_one_waits_is_not_waited_for(
    database: Database, practice: Practice
) -> None:
    async with another(database) as other:
        first = asyncio.ensure_future(other.wait_for_changes(practice.account.id, after=0, look_every=NEVER))
        await has_listener(database)
        last = await a_change(practice)
        await ends(first)
        following = await a_change(practice)
        await asyncio.sleep(0.3)  # the hint comes while nobody waits

        await ends(other.wait_for_changes(practice.account.id, after=last, look_every=NEVER))
        assert following == last + 1


async def test_nothing_is_missed_while_the_listening_connection_is_away(database: Database, practice: Practice) -> None:
    async with another(database) as other:
        waiting = asyncio.ensure_future(other.wait_for_changes(practice.account.id, after=0, look_every=NEVER))
        gone = await has_listener(database)
        database.execute("SELECT pg_terminate_backend($1)", gone)
        await a_change(practice)

        await ends(waiting)


async def test_a_listener_that_was_cut_off_listens_again(database: Database, practice: Practice) -> None:
    async with another(database) as other:
        waiting = asyncio.ensure_future(other.wait_for_changes(practice.account.id, after=0, look_every=NEVER))
        gone = await has_listener(database)
        database.execute("SELECT pg_terminate_backend($1)", gone)
        await has_listener(database, other_than=gone)
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await a_change(practice)

        await ends(waiting)


async def test_a_false_hint_wakes_nobody(database: Database, practice: Practice) -> None:
    async with another(database) as other:
        waiting = asyncio.ensure_future(other.wait_for_changes(practice.account.id, after=0, look_every=NEVER))
        await has_listener(database)
        for text in (f"{practice.account.id}:99", "nonsense", "1:2:3 :: ²:1", ""):
            database.execute("SELECT pg_notify('gappt_changes', $1)", text)
        await asyncio.sleep(0.3)
        assert not waiting.done()

        waiting.cancel()


async def test_a_number_that_is_too_long_is_passed_over(
    database: Database, practice: Practice, caplog: pytest.LogCaptureFixture
) -> None:
    async with another(database) as other:
        waiting = asyncio.ensure_future(other.wait_for_changes(practice.account.id, after=0, look_every=NEVER))
        await has_listener(database)
        database.execute("SELECT pg_notify('gappt_changes', $1)", f"{practice.account.id}:{'9' * 6000}")
        await a_change(practice)
        await ends(waiting)

        assert caplog.records == []


async def test_who_hears_nothing_looks(database: Database, practice: Practice) -> None:
    async with another(database) as other:
        waiting = asyncio.ensure_future(other.wait_for_changes(practice.account.id, after=0, look_every=0.05))
        table = "UPDATE accounts SET last_number = last_number + 1 WHERE account_id = $1"
        database.execute(table, practice.account.id)  # which rings no bell

        await ends(waiting)


async def test_a_hundred_commits_ring_a_few_times() -> None:
    sent: list[str] = []

    async def send(channel: str, text: str) -> None:
        sent.append(text)
        await asyncio.sleep(0.01)

    bell = Bell(send)
    for number in range(1, 101):
        bell.ring(AccountId(7), number)
        if number % 50 == 0:
            await asyncio.sleep(0)
    await bell.rest()

    assert len(sent) < 5
    assert sent[-1] == "7:100"


async def test_a_bell_that_failed_rings_for_the_next_commit() -> None:
    sent: list[str] = []

    async def send(channel: str, text: str) -> None:
        sent.append(text)
        if len(sent) == 1:
            raise OSError("gone")

    bell = Bell(send)
    for number in (1, 2):
        bell.ring(AccountId(7), number)
        await bell.rest()

    assert sent == ["7:1", "7:2"]


async def test_behind_a_pooler_nobody_listens_but_on_the_address_past_it(
    database: Database, practice: Practice
) -> None:
    last = await a_change(practice)
    for direct in (None, database.url):
        other = await open_store(database.url, terms=Terms(pooler=True, direct_url=direct))
        waiting = asyncio.ensure_future(other.wait_for_changes(practice.account.id, after=last, look_every=0.2))
        if direct is None:
            await asyncio.sleep(0.5)  # as long as it takes to begin, and more
            assert database.fetch(LISTENING) == []
        else:
            await has_listener(database)
        assert not waiting.done()
        last = await a_change(practice)

        await ends(waiting)
        await other.close()
