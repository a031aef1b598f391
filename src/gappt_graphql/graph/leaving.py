"""Clients that go away while their query runs: nobody needs the answer any more."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any, Generic, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

T = TypeVar("T")

PATIENCE = 0.05
"""Seconds after which a client is looked at: most operations are done by then, and cost nothing more."""


async def while_there(receive: Receive, work: Coroutine[Any, Any, T], *, stops: Callable[[], bool]) -> T:
    """
    Return what the work returns. If the client goes meanwhile and `stops` says so, stop it.

    :raises ClientDisconnect: if it was stopped
    """
    try:
        awaited = work.send(None)
    except StopIteration as done:  # short reads of an embedded store wait for nothing
        return done.value  # type: ignore[no-any-return]
    return await _watched(receive, _Begun(work, awaited), stops)


async def _watched(receive: Receive, work: Awaitable[T], stops: Callable[[], bool]) -> T:
    looking: list[asyncio.Task[None]] = []
    worker, loop = asyncio.current_task(), asyncio.get_running_loop()
    gone = False

    async def look() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        if worker is not None and stops():
            gone = True
            worker.cancel()

    begin = loop.call_later(PATIENCE, lambda: looking.append(loop.create_task(look())))
    try:
        return await work
    except asyncio.CancelledError:
        if gone and worker is not None and worker.uncancel() == 0:
            raise ClientDisconnect from None
        raise
    finally:
        begin.cancel()
        for task in looking:
            task.cancel()


class _Begun(Generic[T]):
    """A coroutine that has begun, and what it waits for first."""

    def __init__(self, work: Coroutine[Any, Any, T], awaited: object) -> None:
        self._work, self._awaited = work, awaited

    def __await__(self) -> Generator[Any, Any, T]:
        awaited = self._awaited
        while True:
            step = partial(self._work.send, None)
            try:
                yield awaited
            except BaseException as error:
                step = partial(self._work.throw, error)
            try:
                awaited = step()
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
