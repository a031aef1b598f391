"""Half-open spans of time: the start belongs to a span, its end does not."""

from datetime import datetime

from msgspec import Struct

FIRST_YEAR = 1900
LAST_YEAR = 2200
"""The years that the book holds, in UTC."""


class Span(Struct, frozen=True):
    """From `starts_at` up to, but not with, `ends_at`; both in UTC."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: "Span") -> bool:
        """Tell whether the two share a moment; spans that only touch do not."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at

    def overlap(self, other: "Span") -> "Span":
        """Return what two overlapping spans share."""
        return Span(max(self.starts_at, other.starts_at), min(self.ends_at, other.ends_at))


def in_years(moment: datetime) -> bool:
    """Tell whether the book holds this moment's year."""
    return FIRST_YEAR <= moment.year <= LAST_YEAR
