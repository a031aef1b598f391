"""The loaders of an operation, one for each question that it asks of the book."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from gappt_graphql.graph.loading import Batch, Loader
from gappt_graphql.practice import access
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.calendars import CalendarFeed
from gappt_graphql.scheduling.conflicts import Conflict, ConflictKind
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.webhooks import Webhook
from gappt_graphql.store import ApiKey, Book, Record

V = TypeVar("V")
R = TypeVar("R", bound=Record)
# Any: each kind of record has a type of id of its own, and a loader takes what it is given.
Ask = Callable[[Book, Any], Awaitable[Mapping[Any, V]]]
Opened = tuple["BookLoader[Any]", Batch[Any]]
Gathered = list[tuple[Loader[int, Any], Batch[int]]]


class BookLoader(Loader[int, V]):
    """A loader that asks the book, alone or together with others."""

    def __init__(self, loaders: Loaders, ask: Ask[V]) -> None:
        super().__init__(lambda ids: loaders.alone(self, ids), loaders.opened)
        self.ask = ask


class Loaders:
    """
    The loaders of one operation, for the records of one account.

    Each is made when it is first asked, since most operations ask few of them, and keeps what it has read. A mutation
    starts with fresh ones, so that its payload says what is true after it.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._made: dict[Hashable, Loader[int, Any]] = {}
        self._all: list[Loader[int, Any]] = []
        self.gathered: Gathered | None = None
        """Batches that whoever runs the operation is going to read; None where each is read by itself."""

    def stop(self) -> None:
        """Stop what is being read, for an operation that has been cancelled."""
        for loader in self._all:
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
    def webhooks(self) -> Loader[int, Webhook]:
        return self._records(Webhook)

    @cached_property
    def calendar_feeds(self) -> Loader[int, CalendarFeed]:
        return self._records(CalendarFeed)

    @cached_property
    def keys(self) -> Loader[int, ApiKey]:
        return Loader(self._keys, self.opened)

    @cached_property
    def active_attendees(self) -> Loader[int, Sequence[Attendee]]:
        return self._asking(lambda book, ids: book.attendees_of(ids))

    @cached_property
    def all_attendees(self) -> Loader[int, Sequence[Attendee]]:
        return self._asking(lambda book, ids: book.attendees_of(ids, include_cancelled=True))

    @cached_property
    def patients_of(self) -> Loader[int, Sequence[Patient]]:
        return self._asking(lambda book, ids: book.patients_of(ids))

    @cached_property
    def waitlists(self) -> Loader[int, Sequence[WaitlistEntry]]:
        return self._asking(lambda book, ids: book.waitlists_of(ids))

    def conflicts(self, kinds: frozenset[ConflictKind]) -> Loader[int, Sequence[Conflict]]:
        """Return the loader of stored appointments' conflicts of these kinds."""
        return self.asking(
            ("conflicts", kinds),
            lambda book, ids: book.conflicts_of(ids, kinds),
        )

    def conflicting(self, kinds: frozenset[ConflictKind]) -> Loader[int, bool]:
        """Return the loader of whether stored appointments have conflicts of these kinds."""

        async def ask(book: Book, ids: Collection[int]) -> Mapping[int, bool]:
            return dict.fromkeys(await book.conflicting(ids, kinds), True)  # type: ignore[arg-type]  # as in Ask

        return self.asking(("conflicting", kinds), ask)

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

    def opened(self, loader: Any, batch: Batch[int]) -> bool:
        """Take a batch that was opened, if such are gathered."""
        if self.gathered is None:
            return False
        self.gathered.append((loader, batch))
        return True

    async def read(self, book: Book, opened: Sequence[Opened]) -> None:
        """
        Read batches in a book that is open.

        What the book raises is raised, and none of them is filled: then they are to be read each by itself.
        """
        for loader, batch in opened:
            loader.close(batch)
        found = [await self._asked(loader, book, batch.keys) for loader, batch in opened]
        for (loader, batch), values in zip(opened, found, strict=True):
            loader.fill(batch, values)
            loader.forget(batch)

    def unread(self, batches: Iterable[Opened]) -> None:
        """Take back what was found of these batches, and that they were opened."""
        for loader, batch in batches:
            loader.unread(batch)

    async def read_each(self, opened: Sequence[Opened]) -> None:
        """Read batches each by itself, so that what fails fails only those that have to."""
        for loader, batch in opened:
            await loader.read(batch)

    async def read_together(self, opened: Sequence[Opened]) -> None:
        """Read batches as of one moment; where that fails, each by itself."""
        try:
            await self._desk.read(lambda book: self.read(book, opened))
        except Exception:
            await self.read_each(opened)

    async def alone(self, loader: BookLoader[V], ids: Collection[int]) -> Mapping[int, V]:
        """Answer the question of one loader."""
        return await self._desk.read(lambda book: self._asked(loader, book, ids))

    async def _asked(self, loader: BookLoader[V], book: Book, ids: Collection[int]) -> Mapping[int, V]:
        observer = self._desk.observer
        observer.loaded(len(ids))
        with observer.spans.step("batch"):
            return await loader.ask(book, ids)

    def _records(self, kind: type[R]) -> Loader[int, R]:
        return self._asking(lambda book, ids: book.find(kind, ids))

    def _asking(self, ask: Ask[V]) -> Loader[int, V]:
        loader = BookLoader(self, ask)
        self._all.append(loader)
        return loader
