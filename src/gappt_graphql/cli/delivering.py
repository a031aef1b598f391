"""Webhooks, delivered beside the requests of the serving process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from random import random

from gappt_graphql.cli.moment import now
from gappt_graphql.observing import Observer
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.scheduling.receivers import Receivers
from gappt_graphql.sending.rounds import Deliveries
from gappt_graphql.settings import Settings
from gappt_graphql.store import Store


def receivers_of(settings: Settings) -> Receivers:
    """Return where the settings let webhooks be sent to."""
    networks = settings.webhook_networks.split(",") if settings.webhook_networks else ()
    return Receivers(plain=settings.webhook_plain, networks=tuple(map(ip_network, networks)))


@asynccontextmanager
async def delivering(
    settings: Settings, store: Store, *, ids: Ids, observer: Observer
) -> AsyncIterator[Callable[[], None]]:
    """
    Deliver webhooks as long as this lasts, if this process shall, and note at the end what became of the last.

    Yields what to call when the server is about to end: from then on nothing more is begun.
    """
    if not settings.webhooks:
        yield lambda: None
        return
    deliveries = Deliveries(
        store, clock=now, ids=ids, jitter=random, receivers=receivers_of(settings), observer=observer
    )
    running = asyncio.create_task(deliveries.run())
    try:
        yield deliveries.leave
    finally:
        deliveries.leave()
        await running
