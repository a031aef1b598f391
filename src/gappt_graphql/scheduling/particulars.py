"""What the fields of the directory's records may hold."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import available_timezones

from gappt_graphql.scheduling.problems import Code, Problem
from gappt_graphql.scheduling.spans import FIRST_YEAR, LAST_YEAR, in_years
from gappt_graphql.scheduling.text import LONGEST_NAME, LONGEST_NOTES, checked

Value = str | int | date | None
"""What a field holds; a bool is an int to Python, and a datetime is a date."""

_REQUIRED = frozenset(
    {
        "last_name",
        "active",
        "name",
        "time_zone",
        "duration_in_minutes",
        "max_attendees",
        "telehealth_enabled",
        "practitioner_id",
        "starts_at",
        "ends_at",
    }
)
_LARGEST = {"duration_in_minutes": 24 * 60, "max_attendees": 100}
_LONG = frozenset({"description", "notes"})
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def checked_fields(fields: Mapping[str, Value], *, now: datetime, problems: list[Problem]) -> dict[str, Value]:
    """
    Return the fields as they are stored, and add to the problems what is wrong with them.

    A field means the same in every record that has it: no name of a person or of a place is blank.
    """
    return {field: _checked(field, value, now, problems) for field, value in fields.items()}


def _checked(field: str, value: Value, now: datetime, problems: list[Problem]) -> Value:
    if value is None and field in _REQUIRED:
        problems.append(Problem(Code.REQUIRED, "This can't be empty.", (field,)))
    elif isinstance(value, str):
        return _checked_text(field, value, problems)
    elif isinstance(value, datetime):
        return _checked_moment(field, value, problems)
    elif isinstance(value, date):
        _check_date_of_birth(field, value, now, problems)
    elif value is not None and field in _LARGEST and not 0 <= value <= _LARGEST[field]:
        problems.append(Problem(Code.OUT_OF_RANGE, f"This takes a number from 0 to {_LARGEST[field]:,}.", (field,)))
    return value


def _checked_text(field: str, value: str, problems: list[Problem]) -> str:
    found = len(problems)
    long = field in _LONG
    text = checked(value, field, LONGEST_NOTES if long else LONGEST_NAME, problems, multiline=long)
    if len(problems) > found:
        return text
    if field in _REQUIRED and not text.strip():
        problems.append(Problem(Code.REQUIRED, "This can't be blank.", (field,)))
    elif field == "email" and not _EMAIL.fullmatch(text):
        problems.append(Problem(Code.INVALID, "This takes an e-mail address, such as robin@example.org.", (field,)))
    elif field == "time_zone" and text not in _time_zones():
        message = "This takes the name of an IANA time zone, such as Australia/Sydney."
        problems.append(Problem(Code.INVALID, message, (field,)))
    return text


def _checked_moment(field: str, moment: datetime, problems: list[Problem]) -> datetime:
    if not in_years(moment):
        problems.append(Problem(Code.OUT_OF_RANGE, f"The year must be {FIRST_YEAR} to {LAST_YEAR}.", (field,)))
        return moment
    return moment.astimezone(UTC)


def _check_date_of_birth(field: str, born: date, now: datetime, problems: list[Problem]) -> None:
    # Somewhere it may be tomorrow already.
    latest = now.date() + timedelta(days=1)
    if not date(FIRST_YEAR, 1, 1) <= born <= latest:
        message = f"A date of birth lies between {FIRST_YEAR} and today."
        problems.append(Problem(Code.OUT_OF_RANGE, message, (field,)))


@cache
def _time_zones() -> frozenset[str]:
    # "localtime" means another zone on every machine.
    return frozenset(available_timezones() - {"localtime"})
