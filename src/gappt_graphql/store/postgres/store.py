"""The store of many processes, as its users have it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

import asyncpg

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
    WebhookFigures,
    WritableBook,
    access,
    book,
    calendars,
    webhooks,
)
from gappt_graphql.store.growth import Growth
from gappt_graphql.store.postgres import checking
from gappt_graphql.store.postgres.keys import KnownKeys
from gappt_graphql.store.postgres.terms import USUAL, Terms
from gappt_graphql.store.postgres.transactions import Transactions
from gappt_graphql.store.postgres.units import Unit
from gappt_graphql.store.postgres.wakeups import Bell, Listener

T = TypeVar("T")

_NO_ACCOUNT = AccountId(0)
_ALL: Mapping[str, str] = {"accounts": "all"}


class PostgresStore:
    """A store in a PostgreSQL database. Open it with `open_store`. It closes the pool."""

    def __init__(self, pool: asyncpg.Pool, url: str, terms: Terms = USUAL, observer: Observer = NOBODY) -> None:
        self._pool = pool
        self._transactions = Transactions(pool, terms, observer)
        self._growth = Growth(lambda account: self.read(account, lambda book: book.last_number()))
        self._keys = KnownKeys(self._look_up_key)
        self._bell = Bell(lambda channel, text: pool.execute("SELECT pg_notify($1, $2)", channel, text))
        connect = partial(asyncpg.connect, terms.direct_url or url, timeout=terms.connect_seconds)
        self._listener = Listener(connect, self._growth.hint, self._growth.look)
        # A pooler would keep LISTEN on a connection that is anybody's; feeds are right by looking alone.
        self._listens = terms.direct_url is not None or not terms.pooler
        self._closed = False

    async def read(self, account: AccountId, work: Callable[[Book], Awaitable[T]]) -> T:
        return await self._reading(account, lambda unit: work(book.ReadableBook(account, unit)))

    async def write(self, account: AccountId, work: Callable[[WritableBook], Awaitable[T]]) -> T:
        opened: list[book.WritableBook] = []

        def in_book(unit: Unit) -> Awaitable[T]:
            opened.append(book.WritableBook(account, unit))
            return work(opened[-1])

        def committed() -> None:
            if reached := opened[-1].journalled_to:
                self._growth.reached(account, reached)
                self._bell.ring(account, reached)

        return await self._writing(account, in_book, committed)

    async def wait_for_changes(self, account: AccountId, *, after: int, look_every: float) -> None:
        self._check_open()
        if self._listens:
            self._listener.begin()
        await self._growth.past(account, after, look_every=look_every)

    async def accounts(self) -> Sequence[Account]:
        return await self._reading(_NO_ACCOUNT, access.accounts, asking=_ALL)

    async def account_named(self, name: str) -> Account | None:
        return await self._reading(_NO_ACCOUNT, lambda unit: access.account_named(unit, name), asking=_ALL)

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

    async def key_by_digest(self, digest: str, *, as_stored: bool = False) -> ApiKey | None:
        self._check_open()
        return await self._keys.by_digest(digest, as_stored=as_stored)

    async def calendar_feed_by_digest(self, digest: str) -> tuple[AccountId, CalendarFeed] | None:
        work = partial(calendars.feed_by_digest, digest=digest)
        return await self._reading(_NO_ACCOUNT, work, asking={"digest": digest})

    async def webhooks_at_work(self, *, now: datetime, limit: int) -> Sequence[tuple[AccountId, WebhookId]]:
        return await self._reading(_NO_ACCOUNT, lambda unit: webhooks.at_work(unit, now=now, limit=limit), asking=_ALL)

    async def webhook_figures(self) -> WebhookFigures:
        return await self._reading(_NO_ACCOUNT, webhooks.figures, asking=_ALL)

    async def keys(self, account: AccountId) -> Sequence[ApiKey]:
        return await self._reading(account, lambda unit: access.keys(unit, account))

    async def save_key(self, key: ApiKey, audit: Sequence[AuditRow] = ()) -> None:
        async def work(unit: Unit) -> None:
            await access.save_key(unit, key)
            await book.WritableBook(key.account_id, unit).journal([], audit)

        try:
            await self._writing(key.account_id, work)
        finally:  # it may have been committed though nobody has heard of that
            self._keys.changed(key.digest)

    def figures(self) -> Figures:
        return Figures(in_use=self._transactions.in_use)

    async def fault(self) -> Fault | None:
        return await self._reading(_NO_ACCOUNT, checking.fault)

    async def close(self) -> None:
        """Wait for the units of work that have begun, and let go of the database. Twice is the same as once."""
        if self._closed:
            return
        self._closed = True
        self._growth.fail(RuntimeError("The store has been closed."))
        await self._listener.end()
        await self._transactions.finish()
        await self._bell.rest()
        await self._pool.close()

    async def _look_up_key(self, digest: str) -> ApiKey | None:
        work = partial(access.key_by_digest, digest=digest)
        return await self._reading(_NO_ACCOUNT, work, asking={"digest": digest})

    async def _reading(
        self, account: AccountId, work: Callable[[Unit], Awaitable[T]], *, asking: Mapping[str, str] | None = None
    ) -> T:
        self._check_open()
        return await self._transactions.read(account, work, asking=asking)

    async def _writing(
        self, account: AccountId, work: Callable[[Unit], Awaitable[T]], committed: Callable[[], None] = lambda: None
    ) -> T:
        self._check_open()
        return await self._transactions.write(account, work, committed)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("The store is closed.")
