"""
Telling other processes that feeds have grown, and being told.

What is told is a hint: the feed is right by looking alone, and a hint that gets lost costs no more than the wait for
the next look. So NOTIFY stands outside of the transactions, which would queue for it across all accounts, and many
commits share one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import uniform
from typing import Any

import asyncpg

from gappt_graphql.scheduling.ids import AccountId
from gappt_graphql.store.postgres.connections import LOST

_CHANNEL = "gappt_changes"
_MOST = 150
"""Accounts in a notification, which takes less than 8,000 bytes."""
_LONGEST_PART = 39
"""Two numbers of 63 bits and a colon."""

_LONGEST_WAIT = 30.0
"""Seconds between two tries to listen again, at most."""

Reached = Callable[[AccountId, int], None]


class Bell:
    """Rings for what this process has committed: once for all commits since it rang last."""

    def __init__(self, send: Callable[[str, str], Awaitable[object]]) -> None:
        """`send` notifies a channel of a text."""
        self._send = send
        self._due: dict[AccountId, int] = {}
        self._ringing: asyncio.Task[None] | None = None

    def ring(self, account: AccountId, number: int) -> None:
        """Tell everybody, soon, that the account's feed has reached this number."""
        self._due[account] = max(number, self._due.get(account, 0))
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.get_running_loop().create_task(self._ring())

    async def rest(self) -> None:
        """Wait until what is due has been told."""
        if self._ringing is not None:
            await asyncio.wait([self._ringing])

    async def _ring(self) -> None:
        while self._due:
            told = [(account, self._due.pop(account)) for account in list(self._due)[:_MOST]]
            try:
                await self._send(_CHANNEL, " ".join(f"{account}:{number}" for account, number in told))
            except (asyncpg.PostgresError, *LOST):
                return  # others find it when they look, and this process finds the fault when it is asked something


class Listener:
    """A connection that is told of what other processes commit, as long as it is there."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], reached: Reached, came_back: Callable[[], None]) -> None:
        """`reached` is called with what is told; `came_back` when something may have been told in its absence."""
        self._connect, self._reached, self._came_back = connect, reached, came_back
        self._at_work: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Listen from here on."""
        if self._at_work is None:
            self._at_work = asyncio.get_running_loop().create_task(self._work())

    async def end(self) -> None:
        """Listen no longer."""
        if self._at_work is not None:
            self._at_work.cancel()
            await asyncio.wait([self._at_work])

    async def _work(self) -> None:
        wait = 0.1
        while True:
            try:
                if await self._listen():
                    wait = 0.1
            except (asyncpg.PostgresError, *LOST):
                pass  # who waits still looks
            await asyncio.sleep(uniform(wait / 2, wait))
            wait = min(2 * wait, _LONGEST_WAIT)

    async def _listen(self) -> bool:
        """Listen until the connection breaks; tell whether there was one."""
        connection = await self._connect()
        gone = asyncio.Event()
        connection.add_termination_listener(lambda _: gone.set())
        try:
            await connection.add_listener(_CHANNEL, lambda *told: self._told(told[3]))
            self._came_back()
            await gone.wait()
            return True
        finally:
            connection.terminate()

    def _told(self, payload: str) -> None:
        for part in payload.split():
            account, _, number = part.partition(":")
            # Whoever may connect may notify: what is no number of this database is passed over.
            if account.isdecimal() and number.isdecimal() and len(part) <= _LONGEST_PART:
                self._reached(AccountId(int(account)), int(number))
