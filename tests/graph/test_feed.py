"""The change feed as a query: what it goes on behind."""

import pytest

from asking import Client
from at_the_desk import creation
from builders import Practice
from gappt_graphql.graph.changes import feed_of
from gappt_graphql.practice import booking
from gappt_graphql.practice.watching import last_number

FEED = "query ($after: String) { groupAppointmentChanges(after: $after) { nodes { kind } endCursor } }"


def behind(client: Client, number: int) -> dict[str, str]:
    return {"after": feed_of(client.practice.account.id).at(number)}


async def test_the_feed_goes_on_behind_its_last_change(client: Client, practice: Practice) -> None:
    await booking.create(practice.desk, creation(practice))
    reached = await last_number(practice.desk)
    await booking.create(practice.desk, creation(practice))

    feed = (await client.ask(FEED, **behind(client, reached)))["groupAppointmentChanges"]

    assert feed["nodes"] == [{"kind": "CREATED"}]
    assert (await client.ask(FEED, after=feed["endCursor"]))["groupAppointmentChanges"]["nodes"] == []


@pytest.mark.parametrize("far", [1, 1_000])
async def test_a_cursor_ahead_of_the_feed_is_refused(client: Client, practice: Practice, far: int) -> None:
    # Of a book that was restored from an older copy: whoever polled on would miss what it writes up to this number.
    result = await client.send(FEED, **behind(client, await last_number(practice.desk) + far))

    [error] = result.errors or ()
    assert (error.extensions or {})["code"] == "BAD_USER_INPUT"
    assert "ahead of the feed" in error.message
