"""Dates as a place's clocks show them: a day may have 23, 24 or 25 hours, or not exist at all."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from gappt_graphql.scheduling.spans import Span

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@lru_cache(maxsize=512)
def local_day(day: date, time_zone: str) -> Sequence[Span]:
    """
    Return when the clocks of this zone show this date, in UTC.

    Usually that is one span. Apia skipped 30 December 2011, so it has none; where clocks were set back a minute
    after midnight, the date began twice and has two. Dates far outside of the years of appointments have none.
    """
    if not 1900 <= day.year <= 2201:
        return ()
    midnight = datetime.combine(day, time(), UTC)
    spans: list[Span] = []
    for starts_at, ends_at, offset in _stretches(midnight - _DAY, midnight + 2 * _DAY, ZoneInfo(time_zone)):
        first, last = max(starts_at, midnight - offset), min(ends_at, midnight - offset + _DAY)
        if first >= last:
            continue
        if spans and spans[-1].ends_at == first:
            first = spans.pop().starts_at
        spans.append(Span(first, last))
    return tuple(spans)


def _stretches(first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Give the times between which the zone's offset from UTC stays the same, and that offset."""
    start, hour = first, first
    while hour < last:
        if _offset(hour, zone) != _offset(hour + _HOUR, zone):
            change = _change(hour, hour + _HOUR, zone)
            yield start, change, _offset(start, zone)
            start = change
        hour += _HOUR
    yield start, last, _offset(start, zone)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the second from which the offset is another; zones change on whole seconds."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        before, after = (middle, after) if _offset(middle, zone) == _offset(before, zone) else (before, middle)
    return after


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
