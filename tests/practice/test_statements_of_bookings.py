"""A booking asks little: each statement is a way to the database and back."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, nullcontext

import pytest

from builders import Practice
from conftest import NOW
from gappt_graphql.observing import Observer, Spans
from gappt_graphql.scheduling.conflicts import OnConflict
from gappt_graphql.store.opening import open_store
from reception import DAY, book, cancel, refusal, roster


class Told(Spans):
    """The texts of the statements that were run, but those that begin and end transactions."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def step(self, name: str, text: str | None = None) -> AbstractContextManager[None]:
        if text is not None:
            self.statements.append(text)
        return nullcontext()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def watched(store_url, told) -> AsyncIterator[Practice]:
    store = await open_store(store_url, observer=Observer(told))
    yield await Practice.open(store, name="Riverside", now=NOW)
    await store.close()


@pytest.fixture
def most(request) -> int:
    """What is read, and one statement that writes; SQLite, which is no way off, runs its parts one by one."""
    return 3 if request.config.getoption("store") == "postgres" else 7


async def statements_of(watched: Practice, told: Told, *patients: int, **fields: object) -> int:
    group = await watched.group()
    watched.now += DAY
    told.statements.clear()
    await book(watched, group, *(watched.patients[n] for n in patients), **fields)
    return len(told.statements)


async def test_a_booking_reads_once_and_writes_once(watched, told, most):
    assert await statements_of(watched, told, 0) == most


async def test_a_second_patient_costs_no_statement(watched, told, most):
    assert await statements_of(watched, told, 0, 1) == most


async def test_a_retry_can_be_told_apart_for_one_statement_more_and_where_it_writes_alone_two(watched, told, most):
    watched.now += DAY / 86_400_000_000  # when nothing is swept
    alone = 0 if most == 3 else 1

    assert await statements_of(watched, told, 0, idempotency_key="once") == most + 1 + alone


async def test_conflicts_are_one_statement_more(watched, told, most):
    assert await statements_of(watched, told, 0, on_conflict=OnConflict.REJECT) == most + 1


async def test_what_is_in_the_way_is_looked_at_closer(watched, told):
    ada, ben, *_ = watched.patients
    group = await watched.group(patients=[ada], max_attendees=1)
    await book(watched, group, ben, waitlist_if_full=True)
    [attendee] = (await watched.store.read(watched.account.id, lambda b: b.attendees_of([group.id])))[group.id]
    told.statements.clear()

    assert [code for code, _ in await refusal(book(watched, group, ada))] == ["ALREADY_BOOKED"]

    assert len(told.statements) == 6
    await cancel(watched, attendee)
    assert await roster(watched, group) == [ben.id]
