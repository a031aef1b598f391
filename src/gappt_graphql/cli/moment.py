"""The clock and the ids: asked at the door, and passed in."""

from datetime import UTC, datetime
from secrets import randbelow

from gappt_graphql.scheduling.ids import Ids


def now() -> datetime:
    """Return the time by this machine's clock, in UTC."""
    return datetime.now(UTC)


def new_ids() -> Ids:
    """Return a source of ids whose counter starts at random, so that two processes rarely make the same."""
    return Ids(counter=randbelow(1 << 21))
