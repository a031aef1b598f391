"""Instants and dates as text: what is read, what is refused, and how it is written."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import A_MONDAY
from gappt_graphql.scheduling.instants import read_date, read_instant, spell_instant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-03T09:00:00+11:00", datetime(2026, 3, 2, 22, tzinfo=UTC)),
        ("2026-03-02t22:00:00z", datetime(2026, 3, 2, 22, tzinfo=UTC)),
        ("2026-03-02T22:00:00.5Z", datetime(2026, 3, 2, 22, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-03-02T22:00:00.123456-00:30", datetime(2026, 3, 2, 22, 30, 0, 123_456, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_instants_are_read_as_rfc_3339_has_them(text: str, expected: datetime) -> None:
    assert read_instant(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T22:00:00",
        "2026-03-02 22:00:00Z",
        "2026-03-02T22:00Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T22:00:60Z",
        "2026-03-02T22:00:00.1234567Z",
        "2026-03-02T22:00:00.Z",
        "2026-03-02T22:00:00+0100",
        "2026-03-02T22:00:00+24:00",
        "2026-02-30T22:00:00Z",
        "2026-W10-1T22:00:00Z",
        "2026-03-02",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٦-03-02T22:00:00Z",
        "2026-03-02T22:00:00Z\n",
        "",
    ],
)
def test_what_is_no_instant_is_not_guessed(text: str) -> None:
    assert read_instant(text) is None


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_that_was_written_is_read_the_same(moment: datetime) -> None:
    assert read_instant(spell_instant(moment)) == moment


def test_a_fraction_is_written_only_where_there_is_one() -> None:
    assert spell_instant(A_MONDAY) == "2026-03-02T22:00:00Z"
    assert spell_instant(A_MONDAY.replace(microsecond=1)) == "2026-03-02T22:00:00.000001Z"


def test_a_date_is_a_day_of_the_calendar() -> None:
    assert read_date("2028-02-29") == date(2028, 2, 29)
    assert [read_date(text) for text in ("2026-02-29", "20260228", "2026-W10-1", "2026-2-1")] == [None] * 4
