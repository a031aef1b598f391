"""How long an operation may take, what is left when it takes longer, and how many run at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from at_the_desk import creation
from builders import Practice
from gappt_graphql.practice import booking
from gappt_graphql.practice.bounds import Bounds, OutOfTime, Overloaded
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.asking import Listing
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store.statements import Statement
from past import Past

COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e12) SELECT count(*) FROM n"
AN_ENDLESS_ONE = Statement(text(COUNTING), long=True)


def desk_of(practice: Practice, **seconds: float) -> Desk:
    return replace(practice.desk, bounds=Bounds(**seconds))  # type: ignore[arg-type]


def endless(book: Any) -> Awaitable[Any]:
    return book.fetch(AN_ENDLESS_ONE, {})  # type: ignore[no-any-return]


async def appointments(practice: Practice) -> int:
    return await practice.desk.read(lambda book: book.count(GroupAppointment, Listing()))


async def test_a_read_that_takes_too_long_is_stopped_and_its_connection_is_usable_again(practice: Practice) -> None:
    desk = desk_of(practice, read_seconds=0.05)
    for _ in range(6):  # more than there are connections
        with pytest.raises(OutOfTime):
            await desk.begun().read(endless)

    assert await appointments(practice) == 0


async def test_the_reads_of_an_operation_share_its_time(practice: Practice) -> None:
    desk = desk_of(practice, read_seconds=0.05).begun()
    await desk.read(lambda book: book.last_number())
    await asyncio.sleep(0.06)

    with pytest.raises(OutOfTime):
        await desk.read(lambda book: book.last_number())


async def test_a_read_outside_of_an_operation_has_its_time_alone(practice: Practice) -> None:
    desk = desk_of(practice, read_seconds=0.05)
    await asyncio.sleep(0.06)

    assert await desk.read(lambda book: book.last_number()) == 0
    with pytest.raises(OutOfTime):
        await desk.read(endless)


async def test_what_was_written_can_be_read_again_although_that_took_long(practice: Practice) -> None:
    desk = desk_of(practice, read_seconds=5, write_seconds=0.05).begun(writes=True)
    await asyncio.sleep(0.06)

    assert await desk.read(lambda book: book.last_number()) == 0


async def test_a_write_whose_turn_does_not_come_leaves_nothing_even_when_it_comes_later(
    practice: Practice, past: Past
) -> None:
    with past.writing(), pytest.raises(OutOfTime, match="nothing was written"):
        await booking.create(desk_of(practice, write_seconds=0.1).begun(writes=True), creation(practice))
    await practice.group()

    assert await appointments(practice) == 1


async def test_a_write_that_takes_too_long_to_decide_leaves_nothing(practice: Practice) -> None:
    desk = desk_of(practice, write_seconds=0.1).begun(writes=True)
    command = creation(practice)

    async def decide(book: Any) -> Any:
        await asyncio.sleep(0.3)
        raise AssertionError("unreachable: the unit of work has ended")

    with pytest.raises(OutOfTime):
        await desk.carry_out(command, decide, booking.Created)
    await practice.group()

    assert await appointments(practice) == 1


class SlowToCommit:
    """The store, which takes its time once everything is decided."""

    def __init__(self, store: Any) -> None:
        self._store = store

    async def write(self, account: Any, work: Callable[[Any], Awaitable[Any]]) -> Any:
        done = await self._store.write(account, work)
        await asyncio.sleep(0.3)
        return done


async def test_a_commit_that_has_begun_is_waited_for(practice: Practice) -> None:
    desk = replace(desk_of(practice, write_seconds=0.1), store=SlowToCommit(practice.store))

    await booking.create(desk.begun(writes=True), creation(practice))

    assert await appointments(practice) == 1


async def test_a_caller_who_goes_before_the_end_is_no_failure(practice: Practice) -> None:
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    for steps in range(0, 60, 3):
        desk = desk_of(practice).begun(writes=True)
        caller = asyncio.create_task(booking.create(desk, creation(practice)))
        for _ in range(steps):
            await asyncio.sleep(0)
        caller.cancel()
        await asyncio.wait([caller])
        await practice.desk.read(lambda book: book.last_number())

    assert complaints == []


def test_one_too_many_is_refused_and_the_next_one_runs_when_another_has_ended() -> None:
    bounds = Bounds(most=1)
    with bounds.running():
        with pytest.raises(Overloaded), bounds.running():
            pass
        assert bounds.count == 1
    with bounds.running():
        assert bounds.count == 1
    assert bounds.count == 0
