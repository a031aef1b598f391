"""
The line of those who want to write in one account.

Who comes to its head leads: begins a transaction, does their own work in it, and then lets those who wait do theirs in
the same transaction, one after the other, before it is committed for all. Nobody is answered before, not even with a
refusal: what somebody was refused for may be what another has written.

There are no savepoints, each of which would be a way to the database and back. Where somebody fails who has written
already, all of it is undone, and each does their work again in a transaction of their own.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any

from gappt_graphql.store.unavailable import OutcomeUnknown

_MOST = 64
"""Units of work in a transaction."""
_LONGEST = 0.05
"""Seconds after which nobody else is let into a transaction: its first waits for its last."""


class Again(Exception):
    """What was done in a shared transaction has come to nothing, and is to be done in one of its own."""


class Shared:
    """A transaction under way, and those who have come into it after the one who leads."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.places: list[Place] = []
        self.journal_end: tuple[int, int, str] | None = None
        self.still_runs = False
        """Somebody has left a statement behind that still runs."""

    async def invite(self, line: "Line") -> None:
        """
        Let those who wait do their work here, one after the other.

        :raises Again: if one has failed, and what was done here has to be undone
        """
        until = monotonic() + _LONGEST
        while len(self.places) < _MOST - 1 and monotonic() < until and (place := line.next_to_share()):
            self.places.append(place)
            place.turn.set_result(self)
            if not await place.left:
                raise Again

    def answer(self, outcome: bool | OutcomeUnknown) -> None:
        """Tell those who wait whether it is committed: True, False where it was undone, or that nobody knows."""
        for place in self.places:
            if place.outcome.done():
                continue
            if isinstance(outcome, bool):
                place.outcome.set_result(outcome)
            elif place.committed is not None:
                place.outcome.set_exception(outcome)
            else:
                place.outcome.set_result(False)


class Place:
    """Somebody's place in the line."""

    def __init__(self, *, alone: bool) -> None:
        loop = asyncio.get_running_loop()
        self.alone = alone
        self.turn: asyncio.Future[Shared | None] = loop.create_future()
        """What to do: to share this transaction, or to lead one."""
        self.left: asyncio.Future[bool] = loop.create_future()
        """Whether the transaction is still whole after the work that was done in it."""
        self.outcome: asyncio.Future[bool] = loop.create_future()
        """Whether the shared transaction was committed."""
        self.committed: Callable[[], None] | None = None
        """What to call then, if the work was done."""


class Line:
    """Those who want to write in one account, first come first served."""

    def __init__(self) -> None:
        self._waiting: deque[Place] = deque()
        self._led = False

    async def come(self, *, alone: bool = False) -> Place | None:
        """
        Wait for one's turn; return the place where it is to share a transaction, and None where it is to lead.

        Who comes to be `alone` comes before all who share, and shares none.
        """
        if not self._led:
            self._led = True
            return None
        place = Place(alone=alone)
        self._waiting.insert(sum(each.alone for each in self._waiting) if alone else len(self._waiting), place)
        try:
            return None if await place.turn is None else place
        except asyncio.CancelledError:
            if not place.turn.cancelled():  # It had come already.
                if place.turn.result() is None:
                    self.go()
                else:
                    place.left.set_result(True)
            raise

    def next_to_share(self) -> Place | None:
        """Return who comes next, if they may share a transaction."""
        while self._waiting and self._waiting[0].turn.done():
            self._waiting.popleft()
        return self._waiting.popleft() if self._waiting and not self._waiting[0].alone else None

    def go(self) -> None:
        """Lead no longer: let the next one."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.turn.done():
                place.turn.set_result(None)
                return
        self._led = False
