"""What is going on in the event loop."""

import asyncio
from typing import Any


def tasks() -> set[asyncio.Task[Any]]:
    """Return the tasks that run, but those of a PostgreSQL store, which listens as long as it is open."""
    return {task for task in asyncio.all_tasks() if not str(task.get_coro()).startswith(_OF_THE_STORE)}


_OF_THE_STORE = ("<coroutine object Listener.", "<coroutine object Bell.")
