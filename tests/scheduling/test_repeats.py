from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gappt_graphql.scheduling.problems import Code, Problem
from gappt_graphql.scheduling.repeats import (
    Plan,
    RepeatRule,
    RepeatType,
    at_wall_clock,
    check_places,
    check_reach,
    checked_rule,
    plans,
    starts,
    wall_clock,
)

BERLIN = ZoneInfo("Europe/Berlin")
SYDNEY = ZoneInfo("Australia/Sydney")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
UTC_ZONE = ZoneInfo("UTC")

ZONES = [
    ZoneInfo(name)
    for name in (
        "Africa/Casablanca",
        "America/New_York",
        "America/Santiago",
        "America/St_Johns",
        "Asia/Kathmandu",
        "Asia/Tehran",
        "Australia/Lord_Howe",
        "Australia/Sydney",
        "Europe/Berlin",
        "Europe/Dublin",
        "Pacific/Apia",
        "Pacific/Auckland",
        "UTC",
    )
]
instants = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
rules = st.builds(RepeatRule, st.sampled_from(RepeatType), st.integers(1, 52), st.integers(1, 30))


def berlin(*reading: int) -> datetime:
    return datetime(*reading, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[arg-type,misc]


def slow_day(day: date, step: RepeatType, steps: int) -> date:
    """Count one day, week or month at a time, on a calendar of years and months."""
    if step is RepeatType.MONTHLY:
        year, month = day.year, day.month
        for _ in range(steps):
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        for last in range(day.day, 0, -1):
            try:
                return date(year, month, last)
            except ValueError:
                continue
    for _ in range(steps * (7 if step is RepeatType.WEEKLY else 1)):
        day = date.fromordinal(day.toordinal() + 1)
    return day


def slow_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Find the instant by looking: the first that shows this reading, or else the jump over it."""
    candidates = {(local.replace(tzinfo=UTC) - zone_offset(local, zone, days)) for days in (-2, 2)}
    showing = sorted(moment for moment in candidates if wall_clock(moment, zone) == local)
    if showing:
        return showing[0]
    before = zone_offset(local, zone, -2)
    return local.replace(tzinfo=UTC) - before


def zone_offset(local: datetime, zone: ZoneInfo, days: int) -> timedelta:
    near = (local + timedelta(days=days)).replace(tzinfo=UTC)
    offset = near.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


@settings(max_examples=100, deadline=None)
@given(instants, rules, st.sampled_from(ZONES))
def test_every_start_is_where_a_slow_look_at_the_calendar_finds_it(
    first: datetime, rule: RepeatRule, zone: ZoneInfo
) -> None:
    local = wall_clock(first, zone)
    wanted = [first] + [
        slow_instant(
            datetime.combine(slow_day(local.date(), rule.repeat_type, n * rule.repeating_interval), local.time()), zone
        )
        for n in range(1, rule.number_of_repeats + 1)
    ]
    assert list(starts(first, rule, zone)) == wanted


@settings(max_examples=100, deadline=None)
@given(instants, rules, st.sampled_from(ZONES))
def test_plans_keep_step_with_the_starts(first: datetime, rule: RepeatRule, zone: ZoneInfo) -> None:
    planned = list(plans(first, timedelta(hours=1), rule, zone.key))
    assert [plan.starts_at for plan in planned[1:]] == list(starts(first, rule, zone))[1:]
    assert planned[0].local == wall_clock(first, zone)


@settings(max_examples=100, deadline=None)
@given(instants, rules, st.sampled_from(ZONES))
def test_starts_never_run_backwards(first: datetime, rule: RepeatRule, zone: ZoneInfo) -> None:
    # Two may meet only where the zone skipped a whole day, as Samoa did.
    assert all(later >= earlier for earlier, later in pairwise(starts(first, rule, zone)))


@settings(max_examples=100, deadline=None)
@given(instants, st.sampled_from(ZONES))
def test_a_time_that_the_clocks_show_reads_the_same_again(moment: datetime, zone: ZoneInfo) -> None:
    local = wall_clock(moment, zone)
    found = at_wall_clock(local.date(), local.time(), zone)
    assert wall_clock(found, zone) == local
    assert found <= moment


def test_a_group_keeps_its_hour_when_the_clocks_change() -> None:
    found = list(starts(berlin(2026, 3, 24, 9), RepeatRule(RepeatType.WEEKLY, 1, 1), BERLIN))
    assert found == [datetime(2026, 3, 24, 8, tzinfo=UTC), datetime(2026, 3, 31, 7, tzinfo=UTC)]


def test_a_group_in_the_southern_hemisphere_keeps_its_hour_when_summer_ends() -> None:
    first = datetime(2026, 4, 3, 22, tzinfo=UTC)  # Saturday 9:00 in Sydney, the day before the change
    found = list(starts(first, RepeatRule(RepeatType.DAILY, 1, 2), SYDNEY))
    assert [wall_clock(start, SYDNEY).hour for start in found] == [9, 9, 9]
    assert found[1] - found[0] == timedelta(hours=25)


def test_a_time_that_the_clocks_skip_moves_forward_by_the_gap() -> None:
    found = list(starts(berlin(2026, 3, 28, 2, 30), RepeatRule(RepeatType.DAILY, 1, 2), BERLIN))
    assert [wall_clock(start, BERLIN).time() for start in found] == [time(2, 30), time(3, 30), time(2, 30)]


def test_a_gap_of_half_an_hour_moves_by_half_an_hour() -> None:
    skipped = at_wall_clock(date(2026, 10, 4), time(2, 15), LORD_HOWE)
    assert wall_clock(skipped, LORD_HOWE) == datetime(2026, 10, 4, 2, 45)


def test_a_time_that_the_clocks_show_twice_is_the_first() -> None:
    assert at_wall_clock(date(2026, 10, 25), time(2, 30), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_the_repeated_hour_holds_one_appointment_of_a_daily_series() -> None:
    found = list(starts(berlin(2026, 10, 24, 2, 30), RepeatRule(RepeatType.DAILY, 1, 2), BERLIN))
    assert [wall_clock(start, BERLIN).date().day for start in found] == [24, 25, 26]
    assert len(set(found)) == 3


def test_the_first_is_never_recomputed_in_the_second_pass_of_a_repeated_hour() -> None:
    second_pass = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    found = list(starts(second_pass, RepeatRule(RepeatType.DAILY, 1, 1), BERLIN))
    assert found == [second_pass, datetime(2026, 10, 26, 1, 30, tzinfo=UTC)]


def test_the_31st_is_the_last_day_of_shorter_months_and_the_31st_after_them() -> None:
    found = starts(datetime(2026, 1, 31, 9, tzinfo=UTC), RepeatRule(RepeatType.MONTHLY, 1, 4), UTC_ZONE)
    assert [(start.month, start.day) for start in found] == [(1, 31), (2, 28), (3, 31), (4, 30), (5, 31)]


def test_29_february_is_the_28th_in_other_years_and_the_29th_in_the_next_leap_year() -> None:
    found = starts(datetime(2028, 2, 29, 9, tzinfo=UTC), RepeatRule(RepeatType.MONTHLY, 12, 4), UTC_ZONE)
    assert [(start.year, start.day) for start in found] == [(2028, 29), (2029, 28), (2030, 28), (2031, 28), (2032, 29)]


def test_the_day_of_the_month_is_that_of_the_wall_clock() -> None:
    first = datetime(2026, 1, 30, 22, tzinfo=UTC)  # already the 31st in Sydney
    found = starts(first, RepeatRule(RepeatType.MONTHLY, 1, 2), SYDNEY)
    assert [wall_clock(start, SYDNEY).day for start in found] == [31, 28, 31]


@pytest.mark.parametrize(
    ("interval", "number", "field"),
    [
        (0, 1, "repeating_interval"),
        (53, 1, "repeating_interval"),
        (-1, 1, "repeating_interval"),
        (-1, 0, "repeating_interval"),
        (1, -1, "number_of_repeats"),
        (1, 366, "number_of_repeats"),
    ],
)
def test_a_rule_out_of_range_is_refused_on_its_field(interval: int, number: int, field: str) -> None:
    problems: list[Problem] = []
    assert checked_rule(RepeatRule(RepeatType.DAILY, interval, number), problems) is None
    assert [(problem.code, problem.field) for problem in problems] == [(Code.OUT_OF_RANGE, ("repeat_rule", field))]


def test_both_numbers_of_a_rule_are_refused_together() -> None:
    problems: list[Problem] = []
    checked_rule(RepeatRule(RepeatType.DAILY, 53, 366), problems)
    assert len(problems) == 2


@pytest.mark.parametrize(("interval", "number"), [(1, 1), (52, 365)])
def test_a_rule_at_the_edge_of_its_range_is_taken(interval: int, number: int) -> None:
    problems: list[Problem] = []
    rule = RepeatRule(RepeatType.MONTHLY, interval, number)
    assert checked_rule(rule, problems) == rule
    assert problems == []


@pytest.mark.parametrize("interval", [0, 1, 1000])
def test_no_repeats_are_no_rule_whatever_the_interval(interval: int) -> None:
    problems: list[Problem] = []
    assert checked_rule(RepeatRule(RepeatType.WEEKLY, interval, 0), problems) is None
    assert problems == []


@pytest.mark.parametrize(("months", "codes"), [(49, []), (50, [Code.OUT_OF_RANGE])])
def test_a_rule_may_run_to_the_end_of_2200_and_no_further(months: int, codes: list[Code]) -> None:
    problems: list[Problem] = []
    first = datetime(2196, 11, 30, 9, tzinfo=UTC)
    check_reach(first, timedelta(hours=1), RepeatRule(RepeatType.MONTHLY, 1, months), "UTC", problems)
    assert [problem.code for problem in problems] == codes


@pytest.mark.parametrize(("occurrences", "patients", "refused"), [(100, 50, False), (101, 50, True), (366, 0, False)])
def test_occurrences_times_patients_are_at_most_5000(occurrences: int, patients: int, refused: bool) -> None:
    problems: list[Problem] = []
    check_places(occurrences, patients, problems)
    assert [problem.field for problem in problems] == ([("repeat_rule",)] if refused else [])


def test_a_plan_in_a_gap_keeps_its_nominal_time() -> None:
    rule = RepeatRule(RepeatType.DAILY, 1, 1)
    *_, planned = plans(berlin(2026, 3, 28, 2, 30), timedelta(hours=1), rule, "Europe/Berlin")
    assert planned == Plan(datetime(2026, 3, 29, 2, 30), "Europe/Berlin", timedelta(hours=1))
    assert planned.starts_at == berlin(2026, 3, 29, 3, 30)
