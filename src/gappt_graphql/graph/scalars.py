"""Scalars: instants, dates and web addresses, as strict as the book that keeps them."""

from collections.abc import Callable
from datetime import date, datetime
from typing import NewType, TypeVar

import strawberry
from strawberry.types.scalar import ScalarDefinition

from gappt_graphql.graph.errors import bad_user_input
from gappt_graphql.scheduling.instants import read_date, read_instant, spell_instant
from gappt_graphql.scheduling.problems import Problem
from gappt_graphql.scheduling.text import checked_url

Url = NewType("Url", str)

T = TypeVar("T")


def _parsed(read: Callable[[str], T | None], expectation: str) -> Callable[[object], T]:
    """Return a parser that refuses what can't be read, without repeating it: it may be somebody's data."""

    def parse(value: object) -> T:
        found = read(value) if isinstance(value, str) else None
        if found is None:
            raise bad_user_input(expectation)
        return found

    return parse


def _read_url(text: str) -> str | None:
    problems: list[Problem] = []
    address = checked_url(text, "url", problems)
    return None if problems else address


# Strawberry's DateTime takes weeks, days without a time, and times without an offset, and repeats what it refuses.
SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="Instant as RFC 3339 has it, with seconds and an offset; answers are in UTC: 2026-03-02T22:00:00Z",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=spell_instant,
        parse_value=_parsed(read_instant, "A DateTime is RFC 3339 with seconds and an offset: 2026-03-02T22:00:00Z."),
    ),
    date: strawberry.scalar(
        name="Date",
        description="Date of the calendar, written YYYY-MM-DD: 2026-03-02",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date",
        serialize=date.isoformat,
        parse_value=_parsed(read_date, "A Date is a day that exists, written YYYY-MM-DD: 2026-03-02."),
    ),
    Url: strawberry.scalar(
        name="URL",
        description="Absolute http or https address of at most 2,000 characters",
        specified_by_url="https://url.spec.whatwg.org/",
        serialize=str,
        parse_value=_parsed(_read_url, "A URL is a whole http or https address of at most 2,000 characters."),
    ),
}
