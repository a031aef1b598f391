"""The embedded store, as its users have it: one writing connection, and readers beside it that never wait for it."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from gappt_graphql.observing import NOBODY, Observer
from gappt_graphql.scheduling.calendars import CalendarFeed
from gappt_graphql.scheduling.ids import AccountId, WebhookId
from gappt_graphql.store import (
    Account,
    ApiKey,
    AuditRow,
    Book,
    Fault,
    Figures,
    NameTaken,
    StoreError,
    WebhookFigures,
    WritableBook,
    access,
    book,
    calendars,
    webhooks,
)
from gappt_graphql.store.growth import Growth
from gappt_graphql.store.sqlite import checking
from gappt_graphql.store.sqlite.connections import Connection
from gappt_graphql.store.sqlite.files import size_of
from gappt_graphql.store.sqlite.group_commit import Writers
from gappt_graphql.store.sqlite.keys import KnownKeys
from gappt_graphql.store.sqlite.locks import FileLock, WritersQueue
from gappt_graphql.store.sqlite.readers import Reader, Readers
from gappt_graphql.store.sqlite.writer import Writer

T = TypeVar("T")

_PRAGMAS = (
    "busy_timeout=10000",
    "journal_mode=WAL",
    # Each commit is on the disk before it is acknowledged.
    "synchronous=FULL",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "mmap_size=0",
    # What a savepoint would restore holds patients' data. It stays out of /var/tmp, which may be full or unencrypted.
    "temp_store=MEMORY",
)
# Two connections that commit and checkpoint at once can corrupt a file with SQLite before 3.51.3
# (https://sqlite.org/wal.html#walresetbug), so the serving process alone checkpoints while it runs.
_PRAGMAS_BESIDE_A_SERVER = (*_PRAGMAS, "wal_autocheckpoint=0")


class SqliteStore:
    """A store in one file. Open it with `open_store`."""

    def __init__(
        self,
        path: Path,
        connection: Connection,
        *,
        present: FileLock,
        serving: FileLock | None,
        observer: Observer = NOBODY,
    ) -> None:
        self._path = path
        self._connection = connection
        self._present = present
        self._serving = serving
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="writers-queue")
        self._readers = Readers(path, observer.spans)
        self._keys = KnownKeys(path, lambda digest: self._reading(lambda reader: access.key_by_digest(reader, digest)))
        self._queue = WritersQueue(path, self._executor)
        self._writers = Writers(connection, self._queue, observer)
        self._growth = Growth(lambda account: self.read(account, lambda book: book.last_number()))
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls, path: Path, *, present: FileLock, serving: FileLock | None, observer: Observer = NOBODY
    ) -> "SqliteStore":
        """
        Open the file, to serve it if the lock of the serving process is given.

        `present` is the lock that each who has the file open shares. The store lets go of both.

        :raises StoreError: if the file can't be opened for writing
        """
        pragmas = _PRAGMAS if serving is not None else _PRAGMAS_BESIDE_A_SERVER
        try:
            connection = await Connection.open(str(path), pragmas=pragmas, interruptible=False)
        except sqlite3.OperationalError as error:
            raise StoreError(f"The store {path} can't be opened for writing: {error}.") from None
        return cls(path, connection, present=present, serving=serving, observer=observer)

    async def read(self, account: AccountId, work: Callable[[Book], Awaitable[T]]) -> T:
        return await self._reading(lambda reader: work(book.ReadableBook(account, reader)))

    async def write(self, account: AccountId, work: Callable[[WritableBook], Awaitable[T]]) -> T:
        opened: list[book.WritableBook] = []

        def in_book(writer: Writer) -> Awaitable[T]:
            opened.append(book.WritableBook(account, writer))
            return work(opened[-1])

        return await self._writing(in_book, lambda: self._growth.reached(account, opened[-1].journalled_to))

    async def wait_for_changes(self, account: AccountId, *, after: int, look_every: float) -> None:
        self._check_open()
        await self._growth.past(account, after, look_every=look_every)

    async def accounts(self) -> Sequence[Account]:
        return await self._reading(access.accounts)

    async def account_named(self, name: str) -> Account | None:
        return await self._reading(lambda reader: access.account_named(reader, name))

    async def add_account(self, account: Account, audit: Sequence[AuditRow] = ()) -> None:
        async def work(writer: Writer) -> None:
            await access.add_account(writer, account)
            await book.WritableBook(account.id, writer).journal([], audit)

        try:
            await self._writing(work)
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
                raise NameTaken from None
            raise

    async def key_by_digest(self, digest: str, *, as_stored: bool = False) -> ApiKey | None:
        self._check_open()
        return await self._keys.by_digest(digest)

    async def calendar_feed_by_digest(self, digest: str) -> tuple[AccountId, CalendarFeed] | None:
        return await self._reading(lambda reader: calendars.feed_by_digest(reader, digest))

    async def webhooks_at_work(self, *, now: datetime, limit: int) -> Sequence[tuple[AccountId, WebhookId]]:
        return await self._reading(lambda reader: webhooks.at_work(reader, now=now, limit=limit))

    async def webhook_figures(self) -> WebhookFigures:
        return await self._reading(webhooks.figures)

    async def keys(self, account: AccountId) -> Sequence[ApiKey]:
        return await self._reading(lambda reader: access.keys(reader, account))

    async def save_key(self, key: ApiKey, audit: Sequence[AuditRow] = ()) -> None:
        async def work(writer: Writer) -> None:
            await access.save_key(writer, key)
            await book.WritableBook(key.account_id, writer).journal([], audit)

        await self._writing(work)

    def figures(self) -> Figures:
        log = self._path.with_name(f"{self._path.name}-wal")
        return Figures(in_use=self._readers.in_use, bytes=size_of(self._path), log_bytes=size_of(log))

    async def fault(self) -> Fault | None:
        if not self._writers.doubted:
            return await self._writing(lambda writer: checking.fault(writer, self._path))
        return await self._writing(lambda writer: checking.fault(writer, self._path, prove=True), self._writers.trust)

    async def close(self) -> None:
        """Wait for the writes and reads that have begun, and let go of the file. Closing twice is the same as once."""
        if self._closing is None:
            # A task of its own: whoever gives up waiting for it leaves nothing half closed.
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self._growth.fail(RuntimeError("The store has been closed."))
        await self._writers.finish()
        await self._readers.close()
        self._keys.close()
        await self._connection.close()
        self._executor.shutdown()
        self._queue.close()
        self._present.close()
        if self._serving is not None:
            self._serving.close()

    async def _reading(self, work: Callable[[Reader], Awaitable[T]]) -> T:
        self._check_open()
        return await self._readers.run(work)

    async def _writing(self, work: Callable[[Writer], Awaitable[T]], committed: Callable[[], None] = lambda: None) -> T:
        """Run the work with others in one transaction; `committed` is called when others can see what it wrote."""
        self._check_open()
        return await self._writers.write(work, committed)

    def _check_open(self) -> None:
        if self._closing is not None:
            raise RuntimeError("The store is closed.")
