"""How often a key may ask: a bucket of tokens for each, filled evenly."""

from datetime import datetime

from gappt_graphql.scheduling.ids import KeyId


class RateLimit:
    """
    Count the requests of each key; a full bucket holds a minute's worth.

    It lives in one process, which is all that an embedded store has. Only keys that exist get a bucket, so
    strangers can't fill the memory.
    """

    def __init__(self, per_minute: int) -> None:
        """`per_minute` is in requests; 0 is no limit."""
        self.per_minute = per_minute
        self._buckets: dict[KeyId, tuple[float, datetime]] = {}

    def take(self, key: KeyId, now: datetime) -> float:
        """Take a token. Return 0 where there was one, else the seconds until there is."""
        if not self.per_minute:
            return 0
        tokens, since = self._buckets.get(key, (float(self.per_minute), now))
        a_second = self.per_minute / 60
        # A clock that is set back adds nothing, and takes nothing away.
        tokens = min(self.per_minute, tokens + max(0.0, (now - since).total_seconds()) * a_second)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            return (1 - tokens) / a_second
        self._buckets[key] = (tokens - 1, now)
        return 0
