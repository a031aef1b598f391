"""A local date holds exactly the moments at which the clocks there show it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gappt_graphql.scheduling.local_days import local_day

HOUR = timedelta(hours=1)
ZONES = [
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Europe/London",
    "America/New_York",
    "America/Havana",
    "Asia/Beirut",
]
ODD_ZONES = [*ZONES, "America/St_Johns", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca"]


@given(
    moment=st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(ODD_ZONES),
    days=st.integers(-1, 1),
)
def test_a_moment_is_in_a_date_if_the_clocks_show_it(moment: datetime, zone: str, days: int) -> None:
    shown = moment.astimezone(ZoneInfo(zone)).date()
    day = shown + timedelta(days=days)

    held = any(span.starts_at <= moment < span.ends_at for span in local_day(day, zone))

    assert held == (day == shown)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Australia/Sydney", date(2026, 4, 5), 25),
        ("Australia/Sydney", date(2026, 10, 4), 23),
        ("Europe/London", date(2026, 3, 29), 23),
        ("Europe/London", date(2026, 10, 25), 25),
        ("America/Havana", date(2025, 11, 2), 25),
        ("Asia/Beirut", date(2026, 3, 29), 23),
        ("Asia/Kolkata", date(2026, 3, 29), 24),
        ("Pacific/Apia", date(2011, 12, 30), 0),
    ],
)
def test_a_date_lasts_as_long_as_its_clocks_say(zone: str, day: date, hours: int) -> None:
    assert sum((span.ends_at - span.starts_at for span in local_day(day, zone)), timedelta(0)) == hours * HOUR


def test_a_date_that_began_twice_has_two_spans() -> None:
    before, after = local_day(date(2006, 10, 29), "America/St_Johns")

    assert before.ends_at - before.starts_at == timedelta(minutes=1)
    assert after.starts_at - before.ends_at == timedelta(minutes=59)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_dates_at_the_end_of_the_calendar_hold_nothing(day: date) -> None:
    assert local_day(day, "Australia/Sydney") == ()
