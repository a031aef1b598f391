"""Who watches: how many sockets, streams and subscriptions each key has open."""

import asyncio
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from gappt_graphql.graph.options import USUAL, Streams


class TooMany(Exception):
    """There are as many open as may be at once."""


class Open:
    """What is open, by whom it belongs to, and how much of it each may have at once."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: Counter[Hashable] = Counter()

    @property
    def count(self) -> int:
        """How much is open, of all owners together."""
        return self._open.total()

    def check(self, owner: Hashable) -> None:
        """
        Pass if the owner may open one more.

        :raises TooMany: else
        """
        if self._open[owner] >= self.most:
            raise TooMany

    @contextmanager
    def one(self, owner: Hashable) -> Iterator[None]:
        """
        Count one more as long as this lasts.

        :raises TooMany: if that is one too many
        """
        self.check(owner)
        self._open[owner] += 1
        try:
            yield
        finally:
            self._open[owner] -= 1
            if not self._open[owner]:
                del self._open[owner]


class Watchers:
    """Everything that is open at one server."""

    def __init__(self, streams: Streams = USUAL.streams) -> None:
        self.connections = Open(streams.connections)
        self.subscriptions = Open(streams.subscriptions)
        self.strangers = Open(streams.strangers)
        self.leaving = asyncio.Event()
        """Set when the server is about to end: streams end, and clients come back to the next one."""
