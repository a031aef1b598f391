"""Waiting for the feed of an account to grow, however many wait."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from gappt_graphql.scheduling.ids import AccountId
from gappt_graphql.store.unavailable import Unavailable

Head = Callable[[AccountId], Awaitable[int]]

_MOST_HINTS = 10_000
"""Accounts that are remembered: anybody who reaches the database can make them up."""


class Growth:
    """
    Wake those who wait for an account's feed to grow past a number.

    Who commits here tells of it. For what others may have written one task an account looks while somebody waits, so
    that a hundred who wait cost as much as one; a hint that there may be something makes it look at once.
    """

    def __init__(self, head: Head) -> None:
        """`head` reads the number that an account's feed has reached."""
        self._head = head
        self._reached: dict[AccountId, int] = {}
        self._waiting: dict[AccountId, dict[asyncio.Future[None], int]] = {}
        self._looking: dict[AccountId, asyncio.Task[None]] = {}
        self._hinted: dict[AccountId, int] = {}
        self._hints: dict[AccountId, asyncio.Event] = {}

    def reached(self, account: AccountId, number: int) -> None:
        """Tell that the feed has reached this number: a transaction that wrote it has been committed."""
        if number <= self._reached.get(account, 0):
            return
        # Kept for who has read the feed just before this, and begins to wait just after.
        self._reached[account] = number
        for waiter, after in self._waiting.get(account, {}).items():
            if after < number and not waiter.done():
                waiter.set_result(None)

    def hint(self, account: AccountId, number: int) -> None:
        """Say that the feed may have reached this number: somebody else claims to have committed it."""
        if number > self._hinted.get(account, 0):
            # Kept for who begins to wait just after this. What is forgotten costs a wait for the next look.
            if len(self._hinted) >= _MOST_HINTS:
                self._hinted.clear()
            self._hinted[account] = number
        if account in self._hints:
            self._hints[account].set()

    def look(self) -> None:
        """Look at once for all who wait: there may have been something that nobody could hint at."""
        for hint in self._hints.values():
            hint.set()

    async def past(self, account: AccountId, number: int, *, look_every: float) -> None:
        """Return when the feed has grown past the number. The first who waits says how often to look, in seconds."""
        if self._reached.get(account, 0) > number:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(account, {})[waiter] = number
        if account not in self._looking:
            self._hints[account] = asyncio.Event()
            self._looking[account] = asyncio.create_task(self._look(account, look_every))
        if self._hinted.get(account, 0) > number:
            self._hints[account].set()
        try:
            await waiter
        finally:
            waiting = self._waiting[account]
            del waiting[waiter]
            if not waiting:
                del self._waiting[account]
                if looking := self._looking.pop(account, None):
                    del self._hints[account]
                    looking.cancel()

    def fail(self, failure: Exception) -> None:
        """Let nobody wait any longer."""
        for waiting in self._waiting.values():
            _fail(waiting, failure)

    async def _look(self, account: AccountId, every: float) -> None:
        hint = self._hints[account]
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(every):
                        await hint.wait()
                hint.clear()
                self._hinted.pop(account, None)
                with suppress(Unavailable):  # who waits goes on to wait
                    self.reached(account, await self._head(account))
        except Exception as failure:
            if self._looking.get(account) is asyncio.current_task():
                # Who begins to wait from here on is looked for anew.
                del self._looking[account], self._hints[account]
                _fail(self._waiting[account], failure)


def _fail(waiting: dict[asyncio.Future[None], int], failure: Exception) -> None:
    for waiter in waiting:
        if not waiter.done():
            waiter.set_exception(failure)
