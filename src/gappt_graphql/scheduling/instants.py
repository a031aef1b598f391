"""Instants and dates as text: RFC 3339, the same for every door (docs/decisions/0001-appointments.md)."""

import re
from datetime import UTC, date, datetime

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_instant(text: str) -> datetime | None:
    """
    Return the instant, in UTC, or None where the text is none.

    It has a date, seconds, at most six digits of them after the point, and an offset: a time without one is never
    guessed. Any year that UTC can hold is taken; which ones the book holds is another question.
    """
    # Python reads more than the pattern lets through, and that four times as fast as part by part.
    if _INSTANT.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):  # no such day, or outside the years 1 to 9999
        return None


def spell_instant(moment: datetime) -> str:
    """Return the instant as text: in UTC, ending in Z, without a fraction where it is zero."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def read_date(text: str) -> date | None:
    """Return the date written as YYYY-MM-DD, or None where the text is none."""
    if _DATE.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
