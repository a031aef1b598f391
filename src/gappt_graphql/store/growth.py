"""Waiting for the feed of an account to grow, however many wait."""

import asyncio
from collections.abc import Awaitable, Callable

from gappt_graphql.scheduling.ids import AccountId

Head = Callable[[AccountId], Awaitable[int]]


class Growth:
    """
    Wake those who wait for an account's feed to grow past a number.

    Who commits here tells of it. For what others may have written one task an account looks while somebody waits, so
    that a hundred who wait cost as much as one.
    """

    def __init__(self, head: Head) -> None:
        """`head` reads the number that an account's feed has reached."""
        self._head = head
        self._reached: dict[AccountId, int] = {}
        self._waiting: dict[AccountId, dict[asyncio.Future[None], int]] = {}
        self._looking: dict[AccountId, asyncio.Task[None]] = {}

    def reached(self, account: AccountId, number: int) -> None:
        """Tell that the feed has reached this number: a transaction that wrote it has been committed."""
        if number <= self._reached.get(account, 0):
            return
        # Kept for who has read the feed just before this, and begins to wait just after.
        self._reached[account] = number
        for waiter, after in self._waiting.get(account, {}).items():
            if after < number and not waiter.done():
                waiter.set_result(None)

    async def past(self, account: AccountId, number: int, *, look_every: float) -> None:
        """Return when the feed has grown past the number. The first who waits says how often to look, in seconds."""
        if self._reached.get(account, 0) > number:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(account, {})[waiter] = number
        if account not in self._looking:
            self._looking[account] = asyncio.create_task(self._look(account, look_every))
        try:
            await waiter
        finally:
            waiting = self._waiting[account]
            del waiting[waiter]
            if not waiting:
                del self._waiting[account]
                if looking := self._looking.pop(account, None):
                    looking.cancel()

    def fail(self, failure: Exception) -> None:
        """Let nobody wait any longer."""
        for waiting in self._waiting.values():
            _fail(waiting, failure)

    async def _look(self, account: AccountId, every: float) -> None:
        try:
            while True:
                await asyncio.sleep(every)
                self.reached(account, await self._head(account))
        except Exception as failure:
            if self._looking.get(account) is asyncio.current_task():
                del self._looking[account]  # who begins to wait from here on is looked for anew
                _fail(self._waiting[account], failure)


def _fail(waiting: dict[asyncio.Future[None], int], failure: Exception) -> None:
    for waiter in waiting:
        if not waiter.done():
            waiter.set_exception(failure)
