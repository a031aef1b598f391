"""Previews: what a command would do, with nothing stored."""

from datetime import UTC, datetime, timedelta

import pytest

from at_the_desk import WEEKLY, a_series, changes, creation, refusal, series
from builders import A_MONDAY, Practice
from gappt_graphql.practice import booking, repeating
from gappt_graphql.practice.booking import Proposal, UpdateGroupAppointment
from gappt_graphql.practice.repeating import RepeatGroupAppointment
from gappt_graphql.scheduling.conflicts import OnConflict
from gappt_graphql.scheduling.problems import Code
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.scheduling.series import Scope

HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)


def indices(proposal: Proposal) -> list[int]:
    return [occurrence.index for occurrence in proposal.occurrences]


def conflicting(proposal: Proposal) -> list[int]:
    return [occurrence.index for occurrence in proposal.occurrences if occurrence.conflicts]


async def test_a_new_series_is_shown_with_its_conflicts_and_not_stored(practice: Practice) -> None:
    other = await practice.group(A_MONDAY + WEEK)
    proposal = await booking.preview_create(practice.desk, creation(practice, repeat_rule=WEEKLY))
    assert [occurrence.starts_at for occurrence in proposal.occurrences] == [A_MONDAY + n * WEEK for n in range(4)]
    assert {occurrence.group_appointment_id for occurrence in proposal.occurrences} == {None}
    assert conflicting(proposal) == [1]
    assert proposal.occurrences[1].conflicts[0].group_appointment_id == other.id
    assert proposal.problems == ()
    assert await changes(practice) == []


async def test_dates_of_the_same_proposal_are_named_by_their_index(practice: Practice) -> None:
    daily = creation(practice, ends_at=A_MONDAY + timedelta(hours=30), repeat_rule=RepeatRule(RepeatType.DAILY, 1, 2))
    proposal = await booking.preview_create(practice.desk, daily)
    assert [[conflict.occurrence_index for conflict in each.conflicts] for each in proposal.occurrences] == [
        [1],
        [0, 2],
        [1],
    ]


@pytest.mark.parametrize("on_conflict", [OnConflict.REJECT, OnConflict.SKIP])
async def test_a_preview_has_the_problems_of_the_mutation(practice: Practice, on_conflict: OnConflict) -> None:
    await practice.group(A_MONDAY)
    command = creation(practice, repeat_rule=WEEKLY, on_conflict=on_conflict, patient_ids=(1,))
    proposal = await booking.preview_create(practice.desk, command)
    refused = await refusal(booking.create(practice.desk, command))
    assert proposal.problems == refused.problems
    assert [problem.code for problem in proposal.problems] == [Code.NOT_FOUND, Code.CONFLICT]
    assert indices(proposal) == [0, 1, 2, 3]


async def test_a_preview_of_skip_shows_the_dates_that_would_be_left_out(practice: Practice) -> None:
    await practice.group(A_MONDAY + WEEK)
    command = creation(practice, repeat_rule=WEEKLY, on_conflict=OnConflict.SKIP)
    proposal = await booking.preview_create(practice.desk, command)
    assert (indices(proposal), conflicting(proposal), proposal.problems) == ([0, 1, 2, 3], [1], ())


async def test_a_preview_without_a_date_has_only_problems(practice: Practice) -> None:
    too_late = datetime(2201, 1, 1, tzinfo=UTC)
    proposal = await booking.preview_create(practice.desk, creation(practice, starts_at=too_late, max_attendees=0))
    assert proposal.occurrences == ()
    assert [problem.field for problem in proposal.problems] == [("starts_at",), ("max_attendees",)]


async def test_a_preview_shows_its_dates_beside_the_problems_of_other_fields(practice: Practice) -> None:
    await practice.group(A_MONDAY + WEEK)
    command = creation(practice, max_attendees=0, repeat_rule=WEEKLY, on_conflict=OnConflict.REJECT)
    proposal = await booking.preview_create(practice.desk, command)
    assert conflicting(proposal) == [1]
    assert [problem.code for problem in proposal.problems] == [Code.OUT_OF_RANGE, Code.CONFLICT]
    assert (await refusal(booking.create(practice.desk, command))).problems == proposal.problems


async def test_a_move_is_shown_at_its_new_times_without_its_old_self(practice: Practice) -> None:
    groups = await a_series(practice)
    other = await practice.group(A_MONDAY + 2 * WEEK + HOUR)
    command = UpdateGroupAppointment(id=groups[1].id, starts_at=groups[1].starts_at + HOUR / 2, scope=Scope.ALL)
    proposal = await booking.preview_update(practice.desk, command)
    assert [occurrence.group_appointment_id for occurrence in proposal.occurrences] == [group.id for group in groups]
    assert [occurrence.starts_at - A_MONDAY for occurrence in proposal.occurrences] == [
        n * WEEK + HOUR / 2 for n in range(4)
    ]
    assert conflicting(proposal) == [2]
    assert proposal.occurrences[2].conflicts[0].group_appointment_id == other.id
    assert await series(practice, groups[0].id) == groups


async def test_an_update_of_one_shows_one_at_its_position(practice: Practice) -> None:
    groups = await a_series(practice)
    proposal = await booking.preview_update(practice.desk, UpdateGroupAppointment(id=groups[2].id, notes="Mat"))
    assert indices(proposal) == [2]


async def test_an_update_of_one_conflicts_with_its_stored_sibling(practice: Practice) -> None:
    groups = await a_series(practice)
    command = UpdateGroupAppointment(id=groups[2].id, starts_at=groups[3].starts_at)
    (occurrence,) = (await booking.preview_update(practice.desk, command)).occurrences
    assert [conflict.group_appointment_id for conflict in occurrence.conflicts] == [groups[3].id]


async def test_a_preview_of_nothing_found_tells_so(practice: Practice) -> None:
    for proposal in (
        await booking.preview_update(practice.desk, UpdateGroupAppointment(id=1)),  # type: ignore[arg-type]
        await repeating.preview_repeat(practice.desk, RepeatGroupAppointment(id=1, repeat_rule=WEEKLY)),  # type: ignore[arg-type]
    ):
        assert [problem.code for problem in proposal.problems] == [Code.NOT_FOUND]
        assert proposal.occurrences == ()


async def test_repeats_are_shown_with_their_root_and_not_stored(practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:2])
    await practice.group(A_MONDAY + WEEK)
    command = RepeatGroupAppointment(id=group.id, repeat_rule=WEEKLY, copy_attendees=True)
    proposal = await repeating.preview_repeat(practice.desk, command)
    assert [occurrence.group_appointment_id for occurrence in proposal.occurrences] == [group.id, None, None, None]
    assert (indices(proposal), conflicting(proposal)) == ([0, 1, 2, 3], [1])
    assert await series(practice, group.id) == [group]
    assert await changes(practice) == []


async def test_no_repeats_show_the_root_alone(practice: Practice) -> None:
    group = await practice.group()
    command = RepeatGroupAppointment(id=group.id, repeat_rule=RepeatRule(RepeatType.DAILY, 0, 0))
    assert indices(await repeating.preview_repeat(practice.desk, command)) == [0]
