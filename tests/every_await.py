"""Do something at one await of whatever runs in an event loop: at the first, at the second, and so on."""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def at_await(number: int, act: Callable[[], object]) -> Iterator[list[int]]:
    """Act once, when the tasks that begin in here have waited so many times. The list has an item from then on."""
    acted: list[int] = []
    left = number

    def waits() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            acted.append(number)
            act()

    def make(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        return asyncio.Task(_Watched(work, waits), loop=loop, **options)

    loop = asyncio.get_running_loop()
    loop.set_task_factory(make)
    try:
        yield acted
    finally:
        loop.set_task_factory(None)


class _Watched(Coroutine[Any, Any, Any]):
    def __init__(self, work: Coroutine[Any, Any, Any], waits: Callable[[], None]) -> None:
        self._work, self._waits = work, waits

    def send(self, value: Any) -> Any:
        awaited = self._work.send(value)
        self._waits()
        return awaited

    def throw(self, *raised: Any) -> Any:
        awaited = self._work.throw(*raised)
        self._waits()
        return awaited

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._work.__await__()
