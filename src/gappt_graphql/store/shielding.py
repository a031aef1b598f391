"""Waiting for what must not be left half done, though the one who waits is cancelled."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

_PATIENCE = 0.02
"""Seconds between two interrupts of the same thread."""


async def in_thread(executor: Executor, call: Callable[[], T], *, interrupt: Callable[[], None] | None = None) -> T:
    """Run the call in a thread and return what it returns; when cancelled, leave only after the thread is done."""
    return await to_the_end(asyncio.get_running_loop().run_in_executor(executor, call), interrupt=interrupt)


async def to_the_end(running: asyncio.Future[T], *, interrupt: Callable[[], None] | None = None) -> T:
    """
    Wait for what is running, and go on waiting when cancelled; only then be cancelled.

    `interrupt` hurries it up in that case.
    """
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        with suppress(asyncio.CancelledError):
            await hurried(running, interrupt)
        if not running.cancelled():
            running.exception()  # seen: the cancellation is what the caller is told
        raise


async def hurried(running: asyncio.Future[T], interrupt: Callable[[], None] | None) -> None:
    """Interrupt what is running until it is done, whatever it returns or raises."""
    cancelled = None
    while not running.done():
        if interrupt is not None:
            interrupt()
        try:
            # An interrupt that comes before the thread has begun is lost, so there may have to be another.
            await asyncio.wait([running], timeout=None if interrupt is None else _PATIENCE)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
