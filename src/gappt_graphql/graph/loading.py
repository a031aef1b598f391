"""Loading many things as one: what is asked for in one turn of the event loop costs one question to the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Generator, Hashable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Load = Callable[[Collection[K]], Awaitable[Mapping[K, V]]]


class Batch(Generic[K]):
    """Keys to be loaded together, and the one future that everybody who wants one of them waits for."""

    __slots__ = ("done", "keys")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.keys: dict[K, None] = {}
        self.done: asyncio.Future[None] = loop.create_future()


class Coming:
    """
    A value that is there when some batches are done. `finish` then gives it, or raises why it is not there, or gives
    what has to come after them.

    It may be awaited. Who has many of them waits for the batches, each once, and asks each to finish.
    """

    __slots__ = ("batches", "finish")

    def __init__(self, batches: Collection[Batch[Any]], finish: Callable[[], Any]) -> None:
        self.batches, self.finish = batches, finish

    def __await__(self) -> Generator[Any, None, Any]:
        return self._wait().__await__()

    async def _wait(self) -> Any:
        coming = self
        while True:
            for batch in coming.batches:
                await wait_for(batch)
            value = coming.finish()
            if not isinstance(value, Coming):
                return value
            coming = value


class Loader(Generic[K, V]):
    """
    Load values by key, each once, all keys of one turn of the event loop by one call.

    A key without a value gives None. A failure is everybody's who waits for the batch, and is not kept. Strawberry's
    DataLoader keeps it, and has what is known awaited like what is not.
    """

    def __init__(self, load: Load[K, V], opened: Callable[[Loader[K, V], Batch[K]], bool] | None = None) -> None:
        """`opened` is told of every batch, and says whether it sees to it that the batch is read."""
        self._load, self._told = load, opened
        self._values: dict[K, V | None] = {}
        self._under_way: dict[K, Batch[K]] = {}
        self._open: Batch[K] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def load(self, key: K, then: Callable[[V | None], Any] | None = None) -> Any:
        """Return the value where it is known, or what to await for it; `then` makes something of it first."""
        if key in self._values:
            value = self._values[key]
            return value if then is None else then(value)
        batch = self._batch_of(key)

        def finish() -> Any:
            batch.done.result()
            value = self._values[key]
            return value if then is None else then(value)

        return Coming((batch,), finish)

    def load_all(self, keys: Sequence[K], then: Callable[[list[V | None]], Any] | None = None) -> Any:
        """Return the values of the keys, in their order, where all are known, or what to await for them."""
        values = self._values

        def found() -> list[V | None]:
            return [values[key] for key in keys]

        batches = self.begin(keys)

        def finish() -> Any:
            for batch in batches:
                batch.done.result()
            return found() if then is None else then(found())

        return Coming(batches, finish) if batches else finish()

    async def get(self, key: K) -> V | None:
        """Return the value of a key."""
        return (await self.load_many([key]))[0]

    async def load_many(self, keys: Sequence[K]) -> list[V | None]:
        """Return the values of the keys, in their order."""
        found = self.load_all(keys)
        return await found if isinstance(found, Coming) else found  # type: ignore[no-any-return]

    def stop(self) -> None:
        """Stop what is being read: nobody waits for it any more."""
        for task in self._tasks:
            task.cancel()

    def begin(self, keys: Iterable[K]) -> Collection[Batch[K]]:
        """Have the keys loaded that are not known, and return the batches to wait for."""
        values, under_way = self._values, self._under_way
        missing = dict.fromkeys([key for key in keys if key not in values])
        if not missing:
            return ()
        if len(under_way) == (0 if self._open is None else len(self._open.keys)):
            # No other batch is under way than the open one, if there is one: all go in together.
            batch = self._open or self._opened()
            batch.keys |= missing
            under_way.update(dict.fromkeys(missing, batch))
            return (batch,)
        return {id(batch): batch for batch in map(self._batch_of, missing)}.values()

    def outcomes(self, keys: Iterable[K], batches: Collection[Batch[K]]) -> list[V | Exception | None]:
        """Return the value of each key, or what its batch failed of; the batches are done."""
        failed = [batch for batch in batches if batch.done.exception()]
        if not failed:
            return [self._values[key] for key in keys]
        failures = {key: batch.done.exception() for batch in failed for key in batch.keys}
        return [self._values[key] if key in self._values else failures[key] for key in keys]  # type: ignore[misc]

    async def read(self, batch: Batch[K], load: Load[K, V] | None = None) -> None:
        """Load a batch that was opened, and wake everybody who waits for it."""
        self.close(batch)
        try:
            self.fill(batch, await (load or self._load)(batch.keys))
        except Exception as failure:
            batch.done.set_exception(failure)
            batch.done.exception()  # looked at: everybody who waited may be gone
        finally:
            self.forget(batch)

    def close(self, batch: Batch[K]) -> None:
        """Let no more keys into a batch."""
        if self._open is batch:
            self._open = None

    def fill(self, batch: Batch[K], found: Mapping[K, V]) -> None:
        """Keep what was found of a batch, and wake everybody who waits for it."""
        for key in batch.keys:
            self._values[key] = found.get(key)
        batch.done.set_result(None)

    def unread(self, batch: Batch[K]) -> None:
        """Take back what was found of a batch, as if nobody had asked for it; who did may have it read again."""
        self.close(batch)
        self.forget(batch)
        for key in batch.keys:
            self._values.pop(key, None)
        batch.done = asyncio.get_running_loop().create_future()

    def forget(self, batch: Batch[K]) -> None:
        """Let go of a batch that has been read, or won't be any more."""
        if not batch.done.done():
            batch.done.cancel()
        for key in batch.keys:
            if self._under_way.get(key) is batch:
                del self._under_way[key]

    def _batch_of(self, key: K) -> Batch[K]:
        batch = self._under_way.get(key)
        if batch is None:
            batch = self._open or self._opened()
            batch.keys[key] = None
            self._under_way[key] = batch
        return batch

    def _opened(self) -> Batch[K]:
        loop = asyncio.get_running_loop()
        batch = self._open = Batch(loop)
        if self._told is None or not self._told(self, batch):
            loop.call_soon(self._start, batch)
        return batch

    def _start(self, batch: Batch[K]) -> None:
        self.close(batch)
        # A task of its own: it must outlive every one of those that wait for it. The set keeps it from being collected.
        task = asyncio.ensure_future(self.read(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def wait_for(batch: Batch[Any]) -> None:
    """Wait until a batch is done. Who is cancelled meanwhile takes nothing from the others who wait."""
    # A task that is cancelled cancels what it awaits. The batch belongs to others too, so that each waits at a
    # future of its own.
    done = batch.done
    if not done.done():
        waiter: asyncio.Future[None] = done.get_loop().create_future()

        def wake(_: asyncio.Future[None]) -> None:
            if not waiter.done():
                waiter.set_result(None)

        done.add_done_callback(wake)
        try:
            await waiter
        finally:
            done.remove_done_callback(wake)
