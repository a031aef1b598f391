"""The values in a record of a file: each reader takes what JSON holds and refuses what the field can't hold."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import available_timezones

import msgspec

from gappt_graphql.scheduling.attendance import NUMBERS, CancellationReason
from gappt_graphql.scheduling.ids import LARGEST_ID
from gappt_graphql.scheduling.instants import read_date, read_instant
from gappt_graphql.scheduling.problems import Problem
from gappt_graphql.scheduling.repeats import REPEAT_TYPES, Plan, RepeatRule, checked_rule
from gappt_graphql.scheduling.spans import FIRST_YEAR, LAST_YEAR, in_years
from gappt_graphql.scheduling.text import LONGEST_NAME, checked, checked_url

_ID = re.compile(r"[1-9][0-9]{0,18}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_RULE_KEYS = {"number_of_repeats", "repeat_type", "repeating_interval"}
_REASONS = {number: reason for reason, number in NUMBERS.items()}


class Unfit(Exception):
    """Why a value can't be taken: the rest of a sentence that starts with the field. It never holds the value."""


def identifier(value: object) -> int:
    """Read an id: a string of digits, or a number, from 1 to 2^63-1."""
    if isinstance(value, str) and _ID.fullmatch(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST_ID:
        return value
    raise Unfit(f"must be an id, a string of digits from 1 to {LARGEST_ID}")


def identifiers(value: object) -> tuple[int, ...]:
    """Read a list of ids, each once."""
    if not isinstance(value, list):
        raise Unfit("must be a list of ids")
    return tuple(dict.fromkeys(identifier(each) for each in value))


def link(plurals: tuple[str, ...]) -> Callable[[object], int]:
    """Return a reader of a reference: an id, or `{"links": {"self": ".../practitioners/1"}}`, on any host."""
    address = re.compile(rf"(?:.*/)?(?:{'|'.join(plurals)})/([^/?#]+)/?", re.DOTALL)

    def read(value: object) -> int:
        if not isinstance(value, dict):
            return identifier(value)
        links = value.get("links")
        own = links.get("self") if isinstance(links, dict) else None
        found = address.fullmatch(own) if isinstance(own, str) else None
        if found is None:
            raise Unfit(f'must be a link to one of {plurals[0]}: {{"links": {{"self": ".../{plurals[0]}/1"}}}}')
        return identifier(found[1])

    return read


def instant(value: object) -> datetime:
    """Read a time as RFC 3339 writes it, with seconds and an offset."""
    moment = read_instant(value) if isinstance(value, str) else None
    if moment is None:
        raise Unfit("must be a time with seconds and an offset, like 2026-03-02T09:00:00Z, on a day that exists")
    if not in_years(moment):
        raise Unfit(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment


def date_of_birth(value: object) -> date:
    """Read a date of the calendar."""
    day = read_date(value) if isinstance(value, str) else None
    if day is None:
        raise Unfit("must be a date that exists, like 1980-12-31")
    if day.year < FIRST_YEAR:
        raise Unfit(f"must lie after the year {FIRST_YEAR - 1}")
    return day


def boolean(value: object) -> bool:
    """Read true or false."""
    if isinstance(value, bool):
        return value
    raise Unfit("must be true or false")


def whole(smallest: int, largest: int) -> Callable[[object], int]:
    """Return a reader of a whole number in these bounds."""

    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and smallest <= value <= largest:
            return value
        raise Unfit(f"must be a whole number from {smallest} to {largest}")

    return read


def text(longest: int, *, multiline: bool = False, empty: bool = True) -> Callable[[object], str]:
    """Return a reader of a text."""

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise Unfit("must be a text")
        if not empty and not value.strip():
            raise Unfit("can't be empty")
        # Most texts are plain: they need no look at each character.
        if value.isascii() and value.isprintable() and len(value) <= longest:
            return value
        problems: list[Problem] = []
        fit = checked(value, "", longest, problems, multiline)
        _refuse_if_any(problems)
        return fit

    return read


def email(value: object) -> str:
    """Read an e-mail address."""
    read = text(LONGEST_NAME)(value)
    if not _EMAIL.fullmatch(read):
        raise Unfit("must be an e-mail address")
    return read


def color(value: object) -> str:
    """Read a colour's name or number."""
    return text(LONGEST_NAME)(value)


def address(value: object) -> str:
    """Read a web address."""
    if not isinstance(value, str):
        raise Unfit("must be a text")
    problems: list[Problem] = []
    fit = checked_url(value, "", problems)
    _refuse_if_any(problems)
    return fit


def time_zone(value: object) -> str:
    """Read the IANA name of a time zone."""
    if isinstance(value, str) and value in _time_zones():
        return value
    raise Unfit("must be the IANA name of a time zone, like Australia/Sydney")


def rule(value: object) -> RepeatRule | None:
    """Read a rule; `{}` and one with no repeats are none. Without an interval it is 1."""
    if not isinstance(value, dict):
        raise Unfit("must be an object")
    if all(value.get(key) is None for key in _RULE_KEYS):
        return None
    kind, interval = value.get("repeat_type"), value.get("repeating_interval", 1)
    if not isinstance(kind, str) or kind not in REPEAT_TYPES:
        raise Unfit("has a repeat_type other than Daily, Weekly and Monthly")
    numbers = interval, value.get("number_of_repeats")
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
        raise Unfit("must have whole numbers as repeating_interval and number_of_repeats")
    problems: list[Problem] = []
    fit = checked_rule(RepeatRule(REPEAT_TYPES[kind], *numbers), problems)  # type: ignore[arg-type]  # they are int
    _refuse_if_any(problems)
    return fit


def plan(value: object) -> Plan:
    """Read when the rule wants an occurrence to meet: a wall clock's reading, its zone, and a duration."""
    try:
        plan = msgspec.convert(value, Plan)
        fit = plan.local.tzinfo is None and plan.time_zone in _time_zones() and plan.duration > timedelta(0)
        fit = fit and in_years(plan.starts_at) and in_years(plan.starts_at + plan.duration)
    except (msgspec.ValidationError, OverflowError):
        fit = False
    if not fit:
        raise Unfit(
            'must be like {"local": "2026-03-02T09:00:00", "time_zone": "Europe/London", "duration": "PT3600S"}'
        )
    return plan


def plan_shape(plan: Plan | None) -> object:
    """Return a plan as a file holds it."""
    return msgspec.to_builtins(plan)


def cancellation_reason(value: object) -> CancellationReason:
    """Read the number of a reason to cancel."""
    if isinstance(value, int) and not isinstance(value, bool) and value in _REASONS:
        return _REASONS[value]
    raise Unfit(f"must be one of {', '.join(map(str, _REASONS))}")


def reason_number(reason: CancellationReason | None) -> object:
    """Return the number of a reason to cancel."""
    return None if reason is None else NUMBERS[reason]


@cache
def _time_zones() -> frozenset[str]:
    # "localtime" means another zone on every machine.
    return frozenset(available_timezones() - {"localtime"})


def _refuse_if_any(problems: list[Problem]) -> None:
    if problems:
        sentence = problems[0].message.rstrip(".")
        raise Unfit(f"is refused: {sentence[0].lower()}{sentence[1:]}")
