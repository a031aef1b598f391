from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from gappt_graphql.scheduling.problems import Code, Problem
from gappt_graphql.scheduling.repeats import RepeatType, wall_clock
from gappt_graphql.scheduling.series import Scope, check_carried, meets_as_planned, reached
from series_at_work import HOUR, NORTH, NOW, SOUTH, SYDNEY, a_series, berlin, edit, readings

# Expansion


def test_repeats_are_like_the_root_and_know_their_place() -> None:
    root, *repeats = a_series(berlin(2026, 3, 24, 9), notes="Bring a mat", active_attendees=4)
    assert [repeat.series_position for repeat in repeats] == [1, 2, 3]
    assert {(repeat.repeated_from_id, repeat.notes, repeat.repeat_rule) for repeat in repeats} == {
        (root.id, "Bring a mat", root.repeat_rule)
    }
    assert {repeat.active_attendees for repeat in repeats} == {0}
    assert root.active_attendees == 4
    assert root.repeated_from_id is None


def test_every_occurrence_of_a_new_series_meets_as_planned_across_clock_changes() -> None:
    for first in (berlin(2026, 3, 28, 2, 30), berlin(2026, 10, 24, 2, 30)):
        assert all(map(meets_as_planned, a_series(first, step=RepeatType.DAILY)))


def test_a_root_in_the_second_pass_of_a_repeated_hour_meets_as_planned() -> None:
    second_pass = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    root, *_ = a_series(second_pass)
    assert root.starts_at == second_pass
    assert meets_as_planned(root)


# Scopes


def test_this_reaches_only_the_named_one() -> None:
    series = a_series(berlin(2026, 3, 24, 9))
    assert reached(series[1], series, Scope.THIS, now=NOW) == [series[1]]


def test_following_starts_at_the_named_one_by_stored_start() -> None:
    series = a_series(berlin(2026, 3, 24, 9))
    series = edit(series, 3, Scope.THIS, starts_at=berlin(2026, 3, 25, 9))  # the last now meets second
    assert reached(series[1], series, Scope.THIS_AND_FOLLOWING, now=NOW) == [series[1], series[2]]
    assert reached(series[3], series, Scope.THIS_AND_FOLLOWING, now=NOW) == [series[1], series[2], series[3]]


def test_archived_and_started_occurrences_are_left_alone_but_for_the_named_one() -> None:
    series = a_series(berlin(2026, 3, 24, 9))
    series[2] = replace(series[2], archived_at=NOW)
    now = series[1].starts_at
    assert reached(series[3], series, Scope.ALL, now=now) == [series[3]]
    assert reached(series[0], series, Scope.ALL, now=now) == [series[0], series[3]]


def test_restoring_reaches_the_archived_ones() -> None:
    series = [replace(member, archived_at=NOW) for member in a_series(berlin(2026, 3, 24, 9))]
    series[1] = replace(series[1], archived_at=None)
    now = series[0].starts_at
    assert reached(series[3], series, Scope.ALL, now=now, archived=True) == [series[2], series[3]]


# Times


def test_all_move_by_the_days_and_minutes_of_the_wall_clock() -> None:
    series = a_series(berlin(2026, 3, 17, 9))
    moved = edit(series, 0, starts_at=berlin(2026, 3, 18, 10, 30))
    assert readings(moved) == ["18.03. 10:30", "25.03. 10:30", "01.04. 10:30", "08.04. 10:30"]


def test_following_ones_move_and_earlier_ones_stay() -> None:
    moved = edit(a_series(berlin(2026, 3, 17, 9)), 2, Scope.THIS_AND_FOLLOWING, starts_at=berlin(2026, 3, 31, 8))
    assert readings(moved) == ["17.03. 09:00", "24.03. 09:00", "31.03. 08:00", "07.04. 08:00"]


def test_a_single_exception_survives_an_edit_of_all() -> None:
    series = edit(a_series(berlin(2026, 3, 17, 9)), 2, Scope.THIS, starts_at=berlin(2026, 4, 1, 14))
    moved = edit(series, 0, starts_at=berlin(2026, 3, 17, 10))
    assert readings(moved) == ["17.03. 10:00", "24.03. 10:00", "01.04. 14:00", "07.04. 10:00"]


def test_an_exception_survives_two_edits_of_all_and_the_others_move_twice() -> None:
    series = edit(a_series(berlin(2026, 3, 17, 9)), 2, Scope.THIS, starts_at=berlin(2026, 4, 1, 14))
    for hour in (10, 11):
        series = edit(series, 0, starts_at=berlin(2026, 3, 17, hour))
    assert readings(series) == ["17.03. 11:00", "24.03. 11:00", "01.04. 14:00", "07.04. 11:00"]


def test_an_exception_that_moved_back_is_none() -> None:
    series = edit(a_series(berlin(2026, 3, 17, 9)), 2, Scope.THIS, starts_at=berlin(2026, 4, 1, 14))
    series = edit(series, 2, Scope.THIS, starts_at=berlin(2026, 3, 31, 9))
    moved = edit(series, 0, starts_at=berlin(2026, 3, 17, 10))
    assert readings(moved)[2] == "31.03. 10:00"


def test_an_exception_that_joins_the_moved_series_moves_with_it() -> None:
    series = edit(a_series(berlin(2026, 3, 17, 9)), 2, Scope.THIS, starts_at=berlin(2026, 4, 1, 14))
    series = edit(series, 0, starts_at=berlin(2026, 3, 17, 10))
    series = edit(series, 2, Scope.THIS, starts_at=berlin(2026, 3, 31, 10))
    assert readings(edit(series, 0, starts_at=berlin(2026, 3, 17, 11)))[2] == "31.03. 11:00"


def test_an_occurrence_of_another_length_is_an_exception() -> None:
    series = a_series(berlin(2026, 3, 17, 9))
    series = edit(series, 1, Scope.THIS, ends_at=series[1].starts_at + 2 * HOUR)
    moved = edit(series, 0, starts_at=berlin(2026, 3, 17, 10))
    assert readings(moved)[1] == "24.03. 09:00"
    assert moved[1].duration == 2 * HOUR


def test_a_new_duration_is_taken_by_all_that_meet_as_planned() -> None:
    series = edit(a_series(berlin(2026, 3, 17, 9)), 2, Scope.THIS, starts_at=berlin(2026, 4, 1, 14))
    longer = edit(series, 0, ends_at=series[0].starts_at + 2 * HOUR)
    assert [member.duration // HOUR for member in longer] == [2, 2, 1, 2]
    assert readings(longer) == readings(series)


def test_moving_one_of_a_series_in_two_lengths_leaves_the_lengths_alone() -> None:
    series = a_series(berlin(2026, 3, 17, 9))
    series = edit(series, 2, Scope.THIS_AND_FOLLOWING, ends_at=series[2].starts_at + 2 * HOUR)
    moved = edit(series, 0, starts_at=berlin(2026, 3, 17, 10))
    assert [member.duration // HOUR for member in moved] == [1, 1, 2, 2]
    assert readings(moved)[3] == "07.04. 10:00"


def test_a_time_pushed_by_a_gap_counts_by_its_nominal_one() -> None:
    series = a_series(berlin(2026, 3, 28, 2, 30), step=RepeatType.DAILY, repeats=2)
    assert readings(series)[1] == "29.03. 03:30"
    moved = edit(series, 1, starts_at=berlin(2026, 3, 29, 4, 30))
    assert readings(moved) == ["28.03. 04:30", "29.03. 04:30", "30.03. 04:30"]


def test_a_series_moved_into_a_gap_and_out_again_is_as_before() -> None:
    series = a_series(berlin(2026, 3, 28, 9), step=RepeatType.DAILY, repeats=2)
    there = edit(series, 0, starts_at=berlin(2026, 3, 28, 2, 30))
    assert readings(there) == ["28.03. 02:30", "29.03. 03:30", "30.03. 02:30"]
    assert readings(edit(there, 0, starts_at=berlin(2026, 3, 28, 9))) == readings(series)


def test_a_new_length_keeps_a_root_in_the_second_pass_of_a_repeated_hour() -> None:
    second_pass = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    series = a_series(second_pass)
    longer = edit(series, 1, ends_at=series[1].starts_at + 2 * HOUR)
    assert (longer[0].starts_at, longer[0].duration) == (second_pass, 2 * HOUR)


def test_a_move_to_a_business_in_another_zone_keeps_the_instants() -> None:
    series = a_series(berlin(2026, 3, 24, 9))
    moved = edit(series, 0, business_id=SOUTH)
    assert [member.starts_at for member in moved] == [member.starts_at for member in series]
    assert {member.business_id for member in moved} == {SOUTH}


def test_after_a_move_to_another_zone_the_series_moves_on_the_clock_there() -> None:
    series = edit(a_series(datetime(2026, 3, 30, 22, tzinfo=UTC)), 0, business_id=SOUTH)  # across 5 April
    before = [wall_clock(member.starts_at, SYDNEY) for member in series]
    moved = edit(series, 0, starts_at=series[0].starts_at + HOUR)
    assert [wall_clock(member.starts_at, SYDNEY) for member in moved] == [reading + HOUR for reading in before]
    again = edit(moved, 0, starts_at=moved[0].starts_at + HOUR)
    assert [wall_clock(member.starts_at, SYDNEY) for member in again] == [reading + 2 * HOUR for reading in before]


def test_start_and_zone_together_are_measured_on_the_old_wall_clock() -> None:
    series = a_series(berlin(2026, 3, 17, 9))
    moved = edit(series, 0, starts_at=berlin(2026, 3, 17, 10), business_id=SOUTH)
    assert readings(moved) == ["17.03. 10:00", "24.03. 10:00", "31.03. 10:00", "07.04. 10:00"]


def test_a_business_that_changes_its_zone_changes_no_instant_and_the_next_move_uses_the_new_one() -> None:
    series = a_series(datetime(2026, 3, 30, 22, tzinfo=UTC))
    moved = edit(series, 0, zones={NORTH: SYDNEY}, starts_at=series[0].starts_at + HOUR)
    expected = [wall_clock(member.starts_at, SYDNEY) + HOUR for member in series]
    assert [wall_clock(member.starts_at, SYDNEY) for member in moved] == expected


def test_an_imported_series_without_plans_moves_together() -> None:
    series = [replace(member, plan=None) for member in a_series(berlin(2026, 3, 24, 9))]
    moved = edit(series, 0, starts_at=berlin(2026, 3, 24, 10))
    assert [reading[-5:] for reading in readings(moved)] == ["10:00"] * 4


# Other fields


def test_other_fields_change_only_where_they_equal_the_old_value() -> None:
    series = a_series(berlin(2026, 3, 24, 9), notes="Mat")
    series = edit(series, 2, Scope.THIS, notes="Ball")
    changed = edit(series, 0, notes=None, max_attendees=9)
    assert [member.notes for member in changed] == [None, None, "Ball", None]
    assert {member.max_attendees for member in changed} == {9}


def test_a_version_grows_only_where_something_changes() -> None:
    series = edit(a_series(berlin(2026, 3, 24, 9), notes="Mat"), 2, Scope.THIS, notes="Ball")
    changed = edit(series, 0, notes="Towel")
    assert [member.version for member in changed] == [2, 2, 2, 2]
    moved = edit(edit(series, 2, Scope.THIS, starts_at=berlin(2026, 4, 8, 9)), 0, starts_at=berlin(2026, 3, 24, 10))
    assert [member.version for member in moved] == [2, 2, 3, 2]


def test_seats_below_the_roster_of_a_later_one_are_refused_with_its_count() -> None:
    series = a_series(berlin(2026, 3, 24, 9))
    series[2] = replace(series[2], active_attendees=6)
    fewer = edit(series, 0, max_attendees=5)
    problems: list[Problem] = []
    check_carried(list(zip(series, fewer, strict=True)), problems)
    assert [(problem.code, problem.field) for problem in problems] == [(Code.CAPACITY_BELOW_ROSTER, ("max_attendees",))]
    assert "6" in problems[0].message


def test_a_move_past_2200_of_a_later_one_is_refused() -> None:
    series = a_series(datetime(2200, 12, 1, 9, tzinfo=UTC))
    later = edit(series, 0, starts_at=datetime(2200, 12, 21, 9, tzinfo=UTC))
    problems: list[Problem] = []
    check_carried(list(zip(series, later, strict=True)), problems)
    assert [(problem.code, problem.field) for problem in problems] == [(Code.OUT_OF_RANGE, ("starts_at",))]


@pytest.mark.parametrize("position", [0, 2])
def test_an_edit_that_changes_nothing_leaves_every_record_as_it_is(position: int) -> None:
    series = a_series(berlin(2026, 3, 24, 9), notes="Mat")
    assert edit(series, position, notes="Mat", starts_at=series[position].starts_at) == series
