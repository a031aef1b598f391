"""What is going on in the event loop."""

import asyncio
from typing import Any

from gappt_graphql.store import Store


def tasks() -> set[asyncio.Task[Any]]:
    """Return the tasks that run, but those of a PostgreSQL store, which listens as long as it is open."""
    return {task for task in asyncio.all_tasks() if not str(task.get_coro()).startswith(_OF_THE_STORE)}


async def others_are_told(store: Store) -> None:
    """Wait until a PostgreSQL store has told other processes of what was written, for which it takes a connection."""
    bell = getattr(store, "_bell", None)
    if bell is not None:
        await bell.rest()


_OF_THE_STORE = ("<coroutine object Listener.", "<coroutine object Bell.")
