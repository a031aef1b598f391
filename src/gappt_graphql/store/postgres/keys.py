"""Keys that were looked up in a database. They are known for a moment."""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import NamedTuple

from gappt_graphql.store import ApiKey

SECONDS = 1.0
"""For which a key is known: so long one may still be taken that another process has revoked."""
MOST = 1_000
"""Keys that are known. Of more, the one that was looked up the longest time ago is forgotten."""


class _Known(NamedTuple):
    key: ApiKey
    until: float


class KnownKeys:
    """
    The keys of a database, each looked up once a second however often it is used. What is no key is not remembered.

    A busy client's key was a transaction for each of its requests, as long as all else that a small one takes.
    """

    def __init__(
        self, look_up: Callable[[str], Awaitable[ApiKey | None]], clock: Callable[[], float] = monotonic
    ) -> None:
        self._look_up, self._clock = look_up, clock
        self._known: dict[str, _Known] = {}
        self._changes = 0

    async def by_digest(self, digest: str, *, as_stored: bool = False) -> ApiKey | None:
        """Return the key with this digest; `as_stored` looks it up, whatever is known of it."""
        now = self._clock()
        known = self._known.get(digest)
        if known is not None and now < known.until and not as_stored:
            return known.key
        changes = self._changes
        key = await self._look_up(digest)
        if changes == self._changes:  # else what was looked up may be what has just been changed
            self._keep(digest, key, now + SECONDS)
        return key

    def changed(self, digest: str) -> None:
        """Forget a key, which has just been written."""
        self._changes += 1
        self._known.pop(digest, None)

    def _keep(self, digest: str, key: ApiKey | None, until: float) -> None:
        self._known.pop(digest, None)
        if key is not None:
            self._known[digest] = _Known(key, until)
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]
