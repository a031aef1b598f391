"""Calendar feeds as a use case: a unit of work that is run again makes one feed, and shows only its own secret."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from msgspec.structs import replace

from builders import Practice
from gappt_graphql.practice import calendars
from gappt_graphql.practice.calendars import CreateCalendarFeed
from gappt_graphql.store import Store

T = TypeVar("T")


class _Undone(Exception):
    """What was done is undone."""


class RunsAgain:
    """A store that runs each unit of work, undoes it, lets somebody else go first, and runs it again."""

    def __init__(self, store: Store, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._store, self._meanwhile = store, meanwhile

    async def write(self, account: Any, work: Callable[[Any], Awaitable[T]]) -> T:
        async def undone(book: Any) -> None:
            await work(book)
            raise _Undone

        try:
            await self._store.write(account, undone)
        except _Undone:
            await self._meanwhile()
        return await self._store.write(account, work)


async def test_a_unit_of_work_that_is_run_again_makes_one_feed_that_its_secret_opens(practice: Practice) -> None:
    async def nothing() -> None:
        pass

    desk = replace(practice.desk, store=RunsAgain(practice.store, nothing))
    issued = await calendars.create(desk, CreateCalendarFeed(business_id=practice.business.id))

    assert issued.path
    [feed] = await calendars.feeds(practice.desk)
    opened = await calendars.opened_by(practice.store, issued.path.partition("token=")[2])
    assert opened == (practice.account.id, feed)
    assert feed.id == issued.id


async def test_who_finds_the_same_retry_done_meanwhile_shows_no_secret_that_opens_nothing(practice: Practice) -> None:
    command = CreateCalendarFeed(business_id=practice.business.id, idempotency_key="k")
    first: list[calendars.IssuedFeed] = []

    async def the_same() -> None:
        first.append(await calendars.create(practice.desk, command))

    desk = replace(practice.desk, store=RunsAgain(practice.store, the_same))
    second = await calendars.create(desk, command)

    assert first[0].path
    assert (second.id, second.path) == (first[0].id, None)


async def test_all_feeds_are_listed_however_many(practice: Practice) -> None:
    made = [
        (await calendars.create(practice.desk, CreateCalendarFeed(business_id=practice.business.id))).id
        for _ in range(101)
    ]

    assert [feed.id for feed in await calendars.feeds(practice.desk)] == made
