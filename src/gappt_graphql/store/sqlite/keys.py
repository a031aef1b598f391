"""Keys that were looked up in an embedded store. They are known until somebody commits something, whoever that is."""

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

from gappt_graphql.store import ApiKey

MOST = 1_000
"""Keys that are known. Of more, the one that is known for longest is forgotten."""
_PRAGMAS = ("query_only=ON", "busy_timeout=10000", "trusted_schema=OFF", "mmap_size=0")


class KnownKeys:
    """
    The keys of a file, each looked up once between two commits of others and of ours.

    Whether there was one is asked each time, of a connection that does nothing else: SQLite tells it in two
    microseconds, also of another process's. So a key that is revoked is refused from the next request on.
    """

    def __init__(self, path: Path, look_up: Callable[[str], Awaitable[ApiKey | None]]) -> None:
        self._path, self._look_up = path, look_up
        self._connection: sqlite3.Connection | None = None
        self._known: dict[str, ApiKey] = {}
        self._version = 0

    async def by_digest(self, digest: str) -> ApiKey | None:
        """Return the key with this digest as it is stored now."""
        version = self._committed()
        if version != self._version:
            self._known.clear()
            self._version = version
        known = self._known.get(digest)
        if known is not None:
            return known
        key = await self._look_up(digest)
        # Somebody may have committed meanwhile, and another who asked have heard of it.
        if key is not None and version == self._version:
            self._known[digest] = key
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]
        return key

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()

    def _committed(self) -> int:
        """Return a number that is another one after each commit."""
        if self._connection is None:
            self._connection = self._opened()
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self._path.absolute()))}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection
