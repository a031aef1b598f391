"""How much each may ask for: a bucket of tokens for everybody, which fills evenly."""

from collections.abc import Callable, Hashable
from datetime import datetime

from msgspec import Struct


class Standing(Struct, frozen=True, kw_only=True):
    """
    How somebody stands with a limit after a request.

    `wait` is in seconds: until what was refused can be had, or 0 where it was given. `resets_at` is that moment, or the
    one when the bucket is full again.
    """

    most: int
    left: int
    wait: float
    resets_at: float
    """In UNIX seconds."""


class Allowances:
    """
    The buckets of one limit; a full one holds a minute's worth.

    They live in one process, which is all that an embedded store has. The one that was not used for longest is
    forgotten when there are more than `remembered`.
    """

    def __init__(self, per_minute: int, clock: Callable[[], datetime], *, remembered: int = 100_000) -> None:
        """`per_minute` is what one gets for whom nothing else is said; 0 is no limit."""
        self.per_minute, self._clock, self._remembered = per_minute, clock, remembered
        self._buckets: dict[Hashable, tuple[float, float]] = {}

    def take(self, owner: Hashable, amount: int = 1, *, per_minute: int | None = None) -> Standing | None:
        """Take so much, or nothing where there is less. None where there is no limit, for all or for this one."""
        most = self.per_minute if per_minute is None else per_minute
        if not most:
            return None
        now, a_second = self._clock().timestamp(), most / 60
        left, since = self._buckets.pop(owner, (float(most), now))
        # A clock that is set back adds nothing, and takes nothing away.
        left = min(most, left + max(0.0, now - since) * a_second)
        wait = 0.0
        if left < amount:
            wait = (amount - left) / a_second
        else:
            left -= amount
        self._buckets[owner] = (left, now)
        if len(self._buckets) > self._remembered:
            del self._buckets[next(iter(self._buckets))]
        return Standing(most=most, left=int(left), wait=wait, resets_at=now + (wait or (most - left) / a_second))
