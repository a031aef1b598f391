"""Loading many things as one: what is asked for in one turn of the event loop costs one question to the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from gappt_graphql.practice import access
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.conflicts import Conflict, ConflictKind
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import ApiKey, Book, Record

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
R = TypeVar("R", bound=Record)
Load = Callable[[Collection[K]], Awaitable[Mapping[K, V]]]
# Any: each kind of record has a type of id of its own, and a loader takes what it is given.
Ask = Callable[[Book, Any], Awaitable[Mapping[Any, V]]]


class Batch(Generic[K]):
    """Keys to be loaded together, and the one future that everybody who wants one of them waits for."""

    __slots__ = ("done", "keys")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.keys: dict[K, None] = {}
        self.done: asyncio.Future[None] = loop.create_future()


class Loader(Generic[K, V]):
    """
    Load values by key, each once, all keys of one turn of the event loop by one call.

    A key without a value gives None. A failure is everybody's who waits for the batch, and is not kept. Strawberry's
    DataLoader keeps it, and has what is known awaited like what is not.
    """

    def __init__(self, load: Load[K, V]) -> None:
        self._load = load
        self._values: dict[K, V | None] = {}
        self._under_way: dict[K, Batch[K]] = {}
        self._open: Batch[K] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def load(self, key: K) -> V | Awaitable[V | None] | None:
        """Return the value where it is known, or what to await for it."""
        if key in self._values:
            return self._values[key]
        return self._value_of(key, self._batch_of(key))

    async def get(self, key: K) -> V | None:
        """Return the value of a key."""
        return (await self.load_many([key]))[0]

    async def load_many(self, keys: Sequence[K]) -> list[V | None]:
        """Return the values of the keys, in their order."""
        values = self._values
        for batch in {id(batch): batch for batch in [self._batch_of(k) for k in keys if k not in values]}.values():
            await _wait(batch.done)
        return [values[key] for key in keys]

    def stop(self) -> None:
        """Stop what is being read: nobody waits for it any more."""
        for task in self._tasks:
            task.cancel()

    def _batch_of(self, key: K) -> Batch[K]:
        batch = self._under_way.get(key)
        if batch is None:
            batch = self._open
            if batch is None:
                loop = asyncio.get_running_loop()
                batch = self._open = Batch(loop)
                loop.call_soon(self._start, batch)
            batch.keys[key] = None
            self._under_way[key] = batch
        return batch

    async def _value_of(self, key: K, batch: Batch[K]) -> V | None:
        await _wait(batch.done)
        return self._values[key]

    def _start(self, batch: Batch[K]) -> None:
        self._open = None
        # A task of its own: it must outlive every one of those that wait for it. The set keeps it from being collected.
        task = asyncio.ensure_future(self._run(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, batch: Batch[K]) -> None:
        try:
            found = await self._load(batch.keys)
        except Exception as failure:
            batch.done.set_exception(failure)
            batch.done.exception()  # looked at: everybody who waited may be gone
        else:
            for key in batch.keys:
                self._values[key] = found.get(key)
            batch.done.set_result(None)
        finally:
            if not batch.done.done():
                batch.done.cancel()
            for key in batch.keys:
                del self._under_way[key]


async def _wait(done: asyncio.Future[None]) -> None:
    # A task that is cancelled cancels what it awaits. The batch belongs to others too, so that each waits at a
    # future of its own.
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
    done.result()


class Loaders:
    """
    The loaders of one operation, for the records of one account.

    Each is made when it is first asked, since most operations ask few of them, and keeps what it has read. A mutation
    starts with fresh ones, so that its payload says what is true after it.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._made: dict[Hashable, Loader[int, Any]] = {}

    def stop(self) -> None:
        """Stop what is being read, for an operation that has been cancelled."""
        for loader in self._made.values():
            loader.stop()

    @cached_property
    def group_appointments(self) -> Loader[int, GroupAppointment]:
        return self._records(GroupAppointment)

    @cached_property
    def attendees(self) -> Loader[int, Attendee]:
        return self._records(Attendee)

    @cached_property
    def waitlist_entries(self) -> Loader[int, WaitlistEntry]:
        return self._records(WaitlistEntry)

    @cached_property
    def practitioners(self) -> Loader[int, Practitioner]:
        return self._records(Practitioner)

    @cached_property
    def patients(self) -> Loader[int, Patient]:
        return self._records(Patient)

    @cached_property
    def businesses(self) -> Loader[int, Business]:
        return self._records(Business)

    @cached_property
    def appointment_types(self) -> Loader[int, AppointmentType]:
        return self._records(AppointmentType)

    @cached_property
    def unavailable_blocks(self) -> Loader[int, UnavailableBlock]:
        return self._records(UnavailableBlock)

    @cached_property
    def keys(self) -> Loader[int, ApiKey]:
        return Loader(self._keys)

    @cached_property
    def active_attendees(self) -> Loader[int, Sequence[Attendee]]:
        return self._asking(lambda book, ids: book.attendees_of(ids))

    @cached_property
    def all_attendees(self) -> Loader[int, Sequence[Attendee]]:
        return self._asking(lambda book, ids: book.attendees_of(ids, include_cancelled=True))

    @cached_property
    def waitlists(self) -> Loader[int, Sequence[WaitlistEntry]]:
        return self._asking(lambda book, ids: book.waitlists_of(ids))

    def conflicts(self, kinds: frozenset[ConflictKind]) -> Loader[int, Sequence[Conflict]]:
        """Return the loader of stored appointments' conflicts of these kinds."""
        return self.asking(
            ("conflicts", kinds),
            lambda book, ids: book.conflicts_of(ids, kinds),
        )

    def asking(self, question: Hashable, ask: Ask[V]) -> Loader[int, V]:
        """Return the loader of a question with arguments: one for each distinct question."""
        loader = self._made.get(question)
        if loader is None:
            loader = self._made[question] = self._asking(ask)
        return loader

    async def _keys(self, _: Collection[int]) -> Mapping[int, ApiKey]:
        # All of them: an account has few.
        keys = await access.keys(self._desk.store, account=self._desk.account)
        return {key.id: key for key in keys}

    def _records(self, kind: type[R]) -> Loader[int, R]:
        return self._asking(lambda book, ids: book.find(kind, ids))

    def _asking(self, ask: Ask[V]) -> Loader[int, V]:
        return Loader(lambda ids: self._answer(ask, ids))

    async def _answer(self, ask: Ask[V], ids: Collection[int]) -> Mapping[int, V]:
        observer = self._desk.observer
        observer.loaded(len(ids))
        with observer.spans.step("batch"):
            return await self._desk.read(lambda book: ask(book, ids))
