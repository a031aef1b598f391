"""The store of many processes, as its users have it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from random import uniform
from typing import TypeVar

import asyncpg

from gappt_graphql.observing import NOBODY, Observer
from gappt_graphql.scheduling.ids import AccountId
from gappt_graphql.store import (
    Account,
    ApiKey,
    AuditRow,
    Book,
    Fault,
    Figures,
    NameTaken,
    WritableBook,
    access,
    book,
)
from gappt_graphql.store.growth import Growth
from gappt_graphql.store.postgres.connections import AGAIN, begin, open_pool
from gappt_graphql.store.postgres.units import Unit
from gappt_graphql.store.postgres.wakeups import Bell, Listener
from gappt_graphql.store.seats import Overtaken
from gappt_graphql.store.shielding import to_the_end

T = TypeVar("T")

_ATTEMPTS = 8
_NO_ACCOUNT = AccountId(0)


class PostgresStore:
    """A store in a PostgreSQL database. Open it with `open_store`."""

    def __init__(self, pool: asyncpg.Pool, direct_url: str, observer: Observer = NOBODY) -> None:
        self._pool, self._observer = pool, observer
        self._growth = Growth(lambda account: self.read(account, lambda book: book.last_number()))
        self._bell = Bell(lambda channel, text: pool.execute("SELECT pg_notify($1, $2)", channel, text))
        self._listener = Listener(lambda: asyncpg.connect(direct_url), self._growth.hint, self._growth.look)
        self._closed = False

    @classmethod
    async def open(
        cls, url: str, *, direct_url: str | None = None, most: int = 10, observer: Observer = NOBODY
    ) -> "PostgresStore":
        """
        Open connections to the database.

        `direct_url` is its address past a pooler, for the connection that is told of changes.
        """
        return cls(await open_pool(url, most=most), direct_url or url, observer)

    async def read(self, account: AccountId, work: Callable[[Book], Awaitable[T]]) -> T:
        async with self._unit(account, writing=False) as unit:
            return await work(book.ReadableBook(account, unit))

    async def write(self, account: AccountId, work: Callable[[WritableBook], Awaitable[T]]) -> T:
        opened: list[book.WritableBook] = []

        def in_book(unit: Unit) -> Awaitable[T]:
            opened.append(book.WritableBook(account, unit))
            return work(opened[-1])

        done = await self._writing(account, in_book)
        if reached := opened[-1].journalled_to:
            self._growth.reached(account, reached)
            self._bell.ring(account, reached)
        return done

    async def wait_for_changes(self, account: AccountId, *, after: int, look_every: float) -> None:
        self._check_open()
        self._listener.begin()
        await self._growth.past(account, after, look_every=look_every)

    async def accounts(self) -> Sequence[Account]:
        async with self._unit(_NO_ACCOUNT, writing=False, asking={"accounts": "all"}) as unit:
            return await access.accounts(unit)

    async def account_named(self, name: str) -> Account | None:
        async with self._unit(_NO_ACCOUNT, writing=False, asking={"accounts": "all"}) as unit:
            return await access.account_named(unit, name)

    async def add_account(self, account: Account, audit: Sequence[AuditRow] = ()) -> None:
        async def work(unit: Unit) -> None:
            await access.add_account(unit, account)
            await book.WritableBook(account.id, unit).journal([], audit)

        try:
            await self._writing(account.id, work)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "uq_accounts_name":
                raise NameTaken from None
            raise

    async def key_by_digest(self, digest: str) -> ApiKey | None:
        async with self._unit(_NO_ACCOUNT, writing=False, asking={"digest": digest}) as unit:
            return await access.key_by_digest(unit, digest)

    async def keys(self, account: AccountId) -> Sequence[ApiKey]:
        async with self._unit(account, writing=False) as unit:
            return await access.keys(unit, account)

    async def save_key(self, key: ApiKey, audit: Sequence[AuditRow] = ()) -> None:
        async def work(unit: Unit) -> None:
            await access.save_key(unit, key)
            await book.WritableBook(key.account_id, unit).journal([], audit)

        await self._writing(key.account_id, work)

    def figures(self) -> Figures:
        return Figures(readers_in_use=self._pool.get_size() - self._pool.get_idle_size(), bytes=0, log_bytes=0)

    async def fault(self) -> Fault | None:
        async with self._unit(_NO_ACCOUNT, writing=True):
            return None

    async def close(self) -> None:
        """Wait for the units of work that have begun, and let go of the database. Twice is the same as once."""
        if self._closed:
            return
        self._closed = True
        self._growth.fail(RuntimeError("The store has been closed."))
        await self._listener.end()
        await self._bell.rest()
        await self._pool.close()

    async def _writing(self, account: AccountId, work: Callable[[Unit], Awaitable[T]]) -> T:
        attempt = 1
        while True:
            try:
                async with self._unit(account, writing=True) as unit:
                    return await work(unit)
            except (*AGAIN, Overtaken):
                if attempt == _ATTEMPTS:
                    raise
            except asyncpg.UniqueViolationError as error:
                # Another process made the same id in the same millisecond.
                if attempt == _ATTEMPTS or not str(error.constraint_name).startswith("pk_"):
                    raise
            await asyncio.sleep(uniform(0, min(1.0, 0.01 * 2**attempt)))
            attempt += 1

    @asynccontextmanager
    async def _unit(
        self, account: AccountId, *, writing: bool, asking: Mapping[str, str] | None = None
    ) -> AsyncIterator[Unit]:
        self._check_open()
        async with self._pool.acquire() as connection:
            unit = Unit(connection, self._observer.spans)
            try:
                await connection.execute(begin(account, writing=writing, asking=asking))
                yield unit
                unit.end()
            except BaseException:
                unit.end()
                await to_the_end(asyncio.ensure_future(connection.execute("ROLLBACK")))
                raise
            done = await to_the_end(asyncio.ensure_future(connection.execute("COMMIT")))
            if done != "COMMIT":
                raise RuntimeError("The database has undone the transaction.")

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("The store is closed.")
