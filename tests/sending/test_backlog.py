"""A webhook that has fallen far behind: read in pages, whatever lies ahead of it."""

import os
import tracemalloc

from a_receiver import a_receiver
from gappt_graphql.practice import delivering as rounds
from gappt_graphql.practice.delivering import AT_ONCE, Done
from gappt_graphql.scheduling.webhooks import Attempt
from gappt_graphql.store import Change
from hooked import Clock, caught_up, delivering, hook, stored, until

CHANGES = int(os.environ.get("GAPPT_TEST_BACKLOG", "5000"))
"""With 100,000 it takes half a minute."""


async def write(practice, count):
    for first in range(0, count, 1000):
        changes = [
            Change(
                kind="UPDATED",
                group_appointment_id=(first + n) % 400 + 1,
                practitioner_id=practice.practitioner.id,
                business_id=practice.business.id,
                changed_fields=("notes",),
                at=practice.now,
            )
            for n in range(min(1000, count - first))
        ]
        await practice.store.write(practice.account.id, lambda book, changes=changes: book.journal(changes, []))


async def walked(practice, issued, clock, attempt):
    """Take a round after the other without sending anything, and return how many, and the most bytes at once."""
    clock.forward(seconds=1)
    count, most = 0, 0
    while await practice.store.webhooks_at_work(now=clock.now, limit=1):
        tracemalloc.start()
        begun = await rounds.begin(
            practice.store,
            account=practice.account.id,
            webhook=issued.webhook_id,
            by="us",
            now=clock.now,
            ids=practice.ids,
        )
        tried = [one for line in begun.lines for one in line]
        assert len(tried) + len(begun.held) <= 2 * AT_ONCE
        done = {one.id: Done(attempt, clock.now) for one in tried}
        await rounds.end(practice.store, begun, done, by="us", now=clock.now, jitter=lambda: 0.5)
        most = max(most, tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        count += 1
    return count, most


async def test_a_backlog_is_read_in_pages(practice):
    clock = Clock(practice.now)
    async with a_receiver() as receiver:
        issued = await hook(practice, receiver.url)
        await write(practice, CHANGES)

        count, most = await walked(practice, issued, clock, Attempt(204))

    assert count == CHANGES // AT_ONCE
    assert most < 4_000_000
    assert await caught_up(practice, issued.webhook_id)


async def test_a_backlog_of_which_nothing_succeeds_is_left_where_it_is(practice):
    clock = Clock(practice.now)
    async with a_receiver() as receiver:
        issued = await hook(practice, receiver.url)
        await write(practice, CHANGES)

        await walked(practice, issued, clock, Attempt(500))
        webhook = await stored(practice, issued.webhook_id)

        assert webhook.stalled
        assert webhook.waiting <= AT_ONCE
        assert webhook.position <= AT_ONCE + 1  # the first number is that of the webhook's own audit


async def test_a_backlog_is_delivered_in_order(practice):
    clock = Clock(practice.now)
    async with a_receiver() as receiver:
        issued = await hook(practice, receiver.url)
        await write(practice, 1000)
        async with delivering(practice.store, clock):
            await until(lambda: len(receiver.received) == 1000, 60)
            await until(lambda: caught_up(practice, issued.webhook_id))

    assert len(set(receiver.numbers())) == 1000
    assert all(receiver.numbers(id) == sorted(receiver.numbers(id)) for id in range(1, 401))
    assert receiver.connections <= 4 * 10 + 4  # a round keeps its connections
