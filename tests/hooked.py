"""A practice with a webhook, and what delivers it, with a clock that tests move."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from msgspec.structs import replace

from builders import Practice
from gappt_graphql.practice import webhooks
from gappt_graphql.practice.desk import Desk
from gappt_graphql.practice.webhooks import CreateWebhook, IssuedSecret
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Slice
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.scheduling.receivers import Receivers
from gappt_graphql.scheduling.webhooks import Webhook, WebhookDelivery
from gappt_graphql.sending.lines import Patience
from gappt_graphql.sending.rounds import Deliveries, Pace
from gappt_graphql.store import Change, Store

LOOPBACK = Receivers(plain=True, networks=(ip_network("127.0.0.0/8"),))
QUICK = Patience(connect=0.5, attempt=1.0)
PACE = Pace(look_seconds=0.01, leaving_seconds=1.0)


async def here(host: str, port: int) -> Any:
    return [ip_address("127.0.0.1")]


class Clock:
    """The time, which tests move."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@asynccontextmanager
async def delivering(store: Store, clock: Clock, **options: Any) -> AsyncIterator[Deliveries]:
    """Deliver as long as this lasts."""
    usual = {"receivers": LOOPBACK, "resolve": here, "patience": QUICK, "pace": PACE, "jitter": lambda: 0.5}
    deliveries = Deliveries(store, clock=clock, ids=Ids(counter=7), **(usual | options))
    running = asyncio.create_task(deliveries.run())
    try:
        yield deliveries
    finally:
        deliveries.leave()
        await running


async def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Wait until this is so, for a while."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.01)


def desk(practice: Practice, now: datetime | None = None) -> Desk:
    return replace(practice.desk, receivers=LOOPBACK, now=now or practice.now)


async def hook(practice: Practice, url: str, **fields: Any) -> IssuedSecret:
    return await webhooks.create(desk(practice), CreateWebhook(url=url, **fields))


async def tell(practice: Practice, *appointments: int, kind: str = "UPDATED", **fields: Any) -> None:
    """Write a change of each of these appointments, in one transaction."""
    usual = {
        "practitioner_id": practice.practitioner.id,
        "business_id": practice.business.id,
        "changed_fields": ("notes",),
        "at": practice.now,
    }
    changes = [Change(kind=kind, group_appointment_id=id, **(usual | fields)) for id in appointments]  # type: ignore[arg-type]

    async def work(book: Any) -> None:
        await book.journal(changes, [])

    await practice.store.write(practice.account.id, work)


async def stored(practice: Practice, id: int) -> Webhook:
    async def work(book: Any) -> Any:
        return (await book.find(Webhook, [id]))[id]

    return await practice.store.read(practice.account.id, work)  # type: ignore[no-any-return]


async def deliveries_of(practice: Practice, id: int) -> list[WebhookDelivery]:
    listing = Listing((Condition("webhook_id", Operator.IN, (id,)),), (Order("created_at"),))

    async def work(book: Any) -> Any:
        return (await book.page(WebhookDelivery, listing, Slice(2000))).records

    return list(await practice.store.read(practice.account.id, work))


async def caught_up(practice: Practice, id: int) -> bool:
    """Tell whether everything that is in the feed has been delivered, or waits."""

    async def work(book: Any) -> Any:
        return (await book.find(Webhook, [id]))[id].position == await book.last_number()

    return await practice.store.read(practice.account.id, work)  # type: ignore[no-any-return]
