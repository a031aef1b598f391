"""The values of a file's records, read strictly."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gappt_graphql import interchange_values as values
from gappt_graphql.interchange_values import Unfit
from gappt_graphql.scheduling.repeats import Plan, RepeatRule, RepeatType

MOMENTS = st.datetimes(datetime(1901, 1, 1), datetime(2199, 12, 30))


@given(MOMENTS, st.integers(-23 * 60, 23 * 60))
def test_a_time_in_any_zone_is_the_same_moment(moment: datetime, minutes: int) -> None:
    local = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))

    assert values.instant(local.isoformat()) == moment.replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-03-02t09:00:00z", "2026-03-02T09:00:00.0Z", "2026-03-02T11:00:00+02:00"])
def test_a_time_may_be_written_in_small_letters_with_a_fraction_or_an_offset(text: str) -> None:
    assert values.instant(text) == datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "given",
    [
        "2026-03-02T09:00:00",
        "2026-03-02T09:00Z",
        "2026-03-02 09:00:00Z",
        "2026-W10-1T09:00:00Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T09:00:60Z",
        "2026-03-02T09:00:00+0100",
        "2026-03-02T09:00:00+01:60",
        "2026-03-02T09:00:00.1234567Z",
        "2026-02-29T09:00:00Z",
        "1899-12-31T23:59:59Z",
        "2200-12-31T23:59:59-00:01",
        "0001-01-01T00:00:00+14:00",
        "２０２６-03-02T09:00:00Z",
        1772442000,
        None,
        True,
    ],
)
def test_anything_else_is_no_time(given: object) -> None:
    with pytest.raises(Unfit):
        values.instant(given)


@pytest.mark.parametrize(("given", "id"), [("1", 1), (7, 7), ("9223372036854775807", 2**63 - 1)])
def test_an_id_is_a_string_of_digits_or_a_number(given: object, id: int) -> None:
    assert values.identifier(given) == id


@pytest.mark.parametrize("given", ["00", 0, "-1", "01", "+1", "1.0", 1.5, "0x1", " 1", "٣", "", None, True, 2**63])
def test_anything_else_is_no_id(given: object) -> None:
    with pytest.raises(Unfit):
        values.identifier(given)


@pytest.mark.parametrize(
    "url", ["https://api.example.com/v1/patients/5", "/v1/patients/5", "patients/5", "/patients/5/"]
)
def test_a_link_names_a_record_on_any_host(url: str) -> None:
    assert values.link(("patients",))({"links": {"self": url}}) == 5


@pytest.mark.parametrize(
    "given",
    [
        {"links": {"self": "/v1/practitioners/5"}},
        {"links": {"self": "/v1/patients/x"}},
        {"links": {"self": "/v1/patients/5/bookings"}},
        {"links": {"self": "/v1/patients?id=5"}},
        {"links": {"self": None}},
        {"links": []},
        {},
        ["5"],
    ],
)
def test_anything_else_is_no_link(given: object) -> None:
    with pytest.raises(Unfit):
        values.link(("patients",))(given)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({}, None),
        ({"number_of_repeats": 0, "repeat_type": "Daily", "repeating_interval": 0}, None),
        ({"number_of_repeats": None, "repeat_type": None, "repeating_interval": None}, None),
        ({"number_of_repeats": 3, "repeat_type": "Monthly"}, RepeatRule(RepeatType.MONTHLY, 1, 3)),
    ],
)
def test_a_rule_that_repeats_nothing_is_none(given: object, rule: RepeatRule | None) -> None:
    assert values.rule(given) == rule


@pytest.mark.parametrize(
    "given",
    [
        {"number_of_repeats": 3, "repeat_type": "daily", "repeating_interval": 1},
        {"number_of_repeats": 366, "repeat_type": "Daily", "repeating_interval": 1},
        {"number_of_repeats": 3, "repeat_type": "Daily", "repeating_interval": 53},
        {"number_of_repeats": 3, "repeat_type": "Daily", "repeating_interval": 0},
        {"number_of_repeats": "3", "repeat_type": "Daily", "repeating_interval": 1},
        {"repeat_type": "Daily"},
        "Daily",
    ],
)
def test_a_rule_out_of_bounds_is_refused(given: object) -> None:
    with pytest.raises(Unfit):
        values.rule(given)


def test_a_plan_is_read_as_it_was_written() -> None:
    plan = Plan(datetime(2026, 3, 29, 1, 30), "Europe/London", timedelta(minutes=45, microseconds=1))

    assert values.plan(values.plan_shape(plan)) == plan


@pytest.mark.parametrize(
    "given",
    [
        {"local": "2026-03-02T09:00:00Z", "time_zone": "Europe/London", "duration": "PT1H"},
        {"local": "2026-03-02T09:00:00", "time_zone": "Europe/Lundon", "duration": "PT1H"},
        {"local": "2026-03-02T09:00:00", "time_zone": "Europe/London", "duration": "PT0S"},
        {"local": "9999-12-31T23:00:00", "time_zone": "Europe/London", "duration": "PT2H"},
        {"local": "2026-03-02T09:00:00"},
        [],
    ],
)
def test_a_plan_that_cannot_be_is_refused(given: object) -> None:
    with pytest.raises(Unfit):
        values.plan(given)


@pytest.mark.parametrize(
    ("read", "given"),
    [
        (values.date_of_birth, "1980-02-30"),
        (values.date_of_birth, "1899-12-31"),
        (values.date_of_birth, "1980-1-1"),
        (values.time_zone, "localtime"),
        (values.time_zone, "../Europe/London"),
        (values.email, "ada@example.com "),
        (values.address, "javascript:alert(1)"),
        (values.text(5), "longer"),
        (values.text(5), "a\nb"),
        (values.text(5, empty=False), "  "),
        (values.cancellation_reason, True),
    ],
)
def test_what_a_field_cannot_hold_is_refused(read: Callable[[object], object], given: object) -> None:
    with pytest.raises(Unfit):
        read(given)


def test_a_text_is_kept_composed() -> None:
    assert values.text(10)("Zoe\u0308") == "Zoë"


def test_a_date_of_birth_is_read() -> None:
    assert values.date_of_birth("2000-02-29") == date(2000, 2, 29)
