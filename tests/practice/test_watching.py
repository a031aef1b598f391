"""The change feed is followed as it grows: all that is committed, in order, once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from at_the_desk import WEEKLY, a_series, creation, refusal
from builders import A_MONDAY, Practice
from gappt_graphql.practice import archiving, booking
from gappt_graphql.practice.archiving import ArchiveGroupAppointment
from gappt_graphql.practice.watching import AT_ONCE, last_number, watch
from gappt_graphql.scheduling.ids import AccountId
from gappt_graphql.store import Change
from gappt_graphql.store.growth import Growth

NEVER = 3600.0


async def next_of(parts: AsyncIterator[Sequence[Change]]) -> Sequence[Change]:
    return await asyncio.wait_for(anext(parts), 10)


async def is_waiting(parts: asyncio.Task[Any]) -> bool:
    """Tell whether the task waits although everything else has had its turns."""
    for _ in range(50):
        await asyncio.sleep(0)
    return not parts.done()


async def ended(waiting: asyncio.Task[Any]) -> None:
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def watching(practice: Practice, after: int = 0, **following: Any) -> Any:
    return aclosing(watch(practice.desk, after=after, look_every=NEVER, **following))  # type: ignore[type-var]


async def test_what_happened_before_comes_first_and_then_what_happens(practice: Practice) -> None:
    await booking.create(practice.desk, creation(practice))

    async with watching(practice) as parts:
        before = await next_of(parts)
        waiting = asyncio.ensure_future(next_of(parts))
        assert await is_waiting(waiting)
        made = await booking.create(practice.desk, creation(practice))
        after = await waiting

    assert [change.kind for change in before] == ["CREATED"]
    assert [change.group_appointment_id for change in after] == [made.group_appointment_id]


async def test_a_series_is_one_change_for_each_occurrence_in_order(practice: Practice) -> None:
    start = await last_number(practice.desk)
    made = await a_series(practice)

    async with watching(practice, start) as parts:
        told = await next_of(parts)

    assert [change.group_appointment_id for change in told] == [one.id for one in made]


async def test_a_reader_is_woken_by_a_commit_and_not_before_it(practice: Practice) -> None:
    async with watching(practice, await last_number(practice.desk)) as parts:
        waiting = asyncio.ensure_future(next_of(parts))

        async def work(book: Any) -> None:
            change = Change(
                kind="UPDATED",
                group_appointment_id=1,  # type: ignore[arg-type]
                practitioner_id=practice.practitioner.id,
                business_id=practice.business.id,
                changed_fields=(),
                at=A_MONDAY,
            )
            await book.journal([change], [])
            assert await is_waiting(waiting)

        await practice.store.write(practice.account.id, work)

        assert len(await waiting) == 1


async def test_a_refused_command_wakes_nobody(practice: Practice) -> None:
    async with watching(practice) as parts:
        waiting = asyncio.ensure_future(next_of(parts))
        await refusal(booking.create(practice.desk, creation(practice, practitioner_id=1)))

        assert await is_waiting(waiting)
        await ended(waiting)


async def test_a_commit_whose_caller_has_gone_is_told_of(practice: Practice) -> None:
    begun = asyncio.Event()
    change = Change(
        kind="CREATED", group_appointment_id=1, practitioner_id=1, business_id=1, changed_fields=(), at=practice.now
    )

    async def work(book: Any) -> None:
        await book.journal([change], [])
        begun.set()

    async with watching(practice) as parts:
        waiting = asyncio.ensure_future(next_of(parts))
        writing = asyncio.ensure_future(practice.store.write(practice.account.id, work))
        await begun.wait()
        writing.cancel()

        assert len(await waiting) == 1


async def test_what_is_committed_between_a_read_and_the_wait_after_it_is_not_slept_through(practice: Practice) -> None:
    at = await last_number(practice.desk)
    await booking.create(practice.desk, creation(practice))

    await asyncio.wait_for(practice.store.wait_for_changes(practice.account.id, after=at, look_every=NEVER), 10)


async def test_what_another_process_writes_is_found_by_looking(practice: Practice) -> None:
    at = await last_number(practice.desk)
    await booking.create(practice.desk, creation(practice))
    practice.store._growth._reached.clear()  # type: ignore[attr-defined]  # as if nobody here had written it

    await asyncio.wait_for(practice.store.wait_for_changes(practice.account.id, after=at, look_every=0.01), 10)


async def test_a_hundred_who_wait_look_once(practice: Practice) -> None:
    looks: list[int] = []
    looked = asyncio.Event()
    growth = practice.store._growth  # type: ignore[attr-defined]
    head = growth._head

    async def counted(account: Any) -> Any:
        looks.append(account)
        looked.set()
        return await head(account)

    growth._head = counted
    at = await last_number(practice.desk)
    waits = [
        asyncio.ensure_future(practice.store.wait_for_changes(practice.account.id, after=at, look_every=0.01))
        for _ in range(100)
    ]
    await looked.wait()
    await booking.create(practice.desk, creation(practice))
    await asyncio.gather(*waits)

    assert len(looks) < 50
    assert growth._waiting == {}
    assert growth._looking == {}


async def test_who_begins_to_wait_just_as_a_look_fails_is_looked_for_too() -> None:
    others: list[asyncio.Future[None]] = []

    async def head(account: AccountId) -> int:
        if others:
            return 2
        others.append(asyncio.ensure_future(growth.past(account, 1, look_every=0)))
        raise OSError("no answer")

    growth = Growth(head)
    with pytest.raises(OSError, match="no answer"):
        await growth.past(AccountId(1), 1, look_every=0)

    await asyncio.wait_for(others[0], 10)
    assert growth._looking == {}


async def test_what_does_not_match_is_passed_over_and_never_read_again(practice: Practice) -> None:
    mine = await booking.create(practice.desk, creation(practice))
    await a_series(practice)

    async with watching(practice, ids=[mine.group_appointment_id]) as parts:
        assert len(await next_of(parts)) == 1
        waiting = asyncio.ensure_future(next_of(parts))
        await booking.create(practice.desk, creation(practice))
        assert await is_waiting(waiting)
        command = ArchiveGroupAppointment(id=mine.group_appointment_id)
        await archiving.archive(practice.desk, command)

        assert [change.kind for change in await waiting] == ["ARCHIVED"]


async def test_a_long_past_comes_in_parts(practice: Practice) -> None:
    await booking.create(
        practice.desk, creation(practice, repeat_rule=WEEKLY.__class__(WEEKLY.repeat_type, 1, AT_ONCE + 20))
    )

    async with watching(practice) as parts:
        sizes = [len(await next_of(parts)), len(await next_of(parts))]

    assert sizes == [AT_ONCE, 21]


async def test_a_change_of_another_account_wakes_nobody(practice: Practice, other_practice: Practice) -> None:
    async with watching(practice) as parts:
        waiting = asyncio.ensure_future(next_of(parts))
        await booking.create(other_practice.desk, creation(other_practice))

        assert await is_waiting(waiting)
        await ended(waiting)


async def test_who_stops_watching_leaves_nothing_behind(practice: Practice) -> None:
    async with watching(practice) as parts:
        waiting = asyncio.ensure_future(next_of(parts))
        await is_waiting(waiting)
        await ended(waiting)

    growth = practice.store._growth  # type: ignore[attr-defined]
    assert (growth._waiting, growth._looking) == ({}, {})


async def test_closing_the_store_ends_every_wait(practice: Practice) -> None:
    waiting = asyncio.ensure_future(practice.store.wait_for_changes(practice.account.id, after=10**9, look_every=NEVER))
    assert await is_waiting(waiting)
    await practice.store.close()

    with pytest.raises(RuntimeError, match="closed"):
        await waiting


async def test_hints_that_somebody_makes_up_fill_no_memory() -> None:
    async def head(account: AccountId) -> int:
        return 0

    growth = Growth(head)
    for account in range(25_000):
        growth.hint(AccountId(account), 1)

    assert len(growth._hinted) <= 10_000
