"""Repeating an appointment that stands alone, on a real store."""

from datetime import timedelta
from typing import Any

import pytest

from at_the_desk import WEEKLY, a_series, changes, patients_in, refusal, series, told
from builders import A_MONDAY, Practice
from gappt_graphql.practice import archiving, repeating
from gappt_graphql.practice.archiving import ArchiveGroupAppointment
from gappt_graphql.practice.repeating import RepeatGroupAppointment
from gappt_graphql.scheduling.conflicts import OnConflict
from gappt_graphql.scheduling.directory import Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.problems import Code
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.scheduling.series import Scope

WEEK = timedelta(weeks=1)


def repetition(group: GroupAppointment, **fields: Any) -> RepeatGroupAppointment:
    return RepeatGroupAppointment(**({"id": group.id, "repeat_rule": WEEKLY} | fields))


async def test_a_group_gets_its_repeats(practice: Practice) -> None:
    group = await practice.group(notes="Mat", patients=practice.patients[:2])
    repeated = await repeating.repeat(practice.desk, repetition(group))
    root, *repeats = await series(practice, group.id)
    assert repeated.repeat_ids == tuple(repeat.id for repeat in repeats)
    assert [repeat.starts_at for repeat in repeats] == [A_MONDAY + n * WEEK for n in (1, 2, 3)]
    assert {(repeat.notes, repeat.repeat_rule, repeat.active_attendees) for repeat in repeats} == {("Mat", WEEKLY, 0)}
    assert (root.repeat_rule, root.version, root.starts_at, root.active_attendees) == (WEEKLY, 2, A_MONDAY, 2)
    assert [change.kind for change in await changes(practice)] == ["UPDATED", "CREATED", "CREATED", "CREATED"]


async def test_attendees_come_along_when_asked_but_no_archived_patient_does(practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:3])
    await practice.revise(practice.patients[1], archived_at=practice.now)
    repeated = await repeating.repeat(practice.desk, repetition(group, copy_attendees=True))
    assert await patients_in(practice, repeated.repeat_ids[0]) == [practice.patients[0].id, practice.patients[2].id]
    assert [each.active_attendees for each in await series(practice, group.id)] == [3, 2, 2, 2]


async def test_a_cancelled_attendee_is_not_copied(practice: Practice) -> None:
    group = await practice.group()
    await practice.save(practice.new_attendee(group, practice.patients[0], cancelled_at=practice.now))
    repeated = await repeating.repeat(practice.desk, repetition(group, copy_attendees=True))
    assert await patients_in(practice, repeated.repeat_ids[0]) == []


async def test_a_series_and_its_repeats_refuse_another_rule(practice: Practice) -> None:
    groups = await a_series(practice)
    for group in groups[:2]:
        refused = await refusal(repeating.repeat(practice.desk, repetition(group)))
        assert told(refused) == [(Code.ALREADY_REPEATS, "repeat_rule")]


async def test_archived_repeats_count_as_repeats(practice: Practice) -> None:
    groups = await a_series(practice)
    for group in groups[1:]:
        await archiving.archive(practice.desk, ArchiveGroupAppointment(id=group.id))
    refused = await refusal(repeating.repeat(practice.desk, repetition(groups[0])))
    assert told(refused) == [(Code.ALREADY_REPEATS, "repeat_rule")]


async def test_an_archived_appointment_and_an_old_version_and_a_bad_rule_are_told_together(practice: Practice) -> None:
    group = await practice.group(archived_at=practice.now)
    rule = RepeatRule(RepeatType.DAILY, 53, 1)
    refused = await refusal(repeating.repeat(practice.desk, repetition(group, repeat_rule=rule, expected_version=2)))
    assert told(refused) == [
        (Code.ARCHIVED, "id"),
        (Code.STALE_VERSION, "expected_version"),
        (Code.OUT_OF_RANGE, "repeat_rule.repeating_interval"),
    ]


async def test_an_unknown_or_foreign_appointment_is_not_found(practice: Practice, other_practice: Practice) -> None:
    foreign = await other_practice.group()
    refused = await refusal(repeating.repeat(practice.desk, repetition(foreign)))
    assert told(refused) == [(Code.NOT_FOUND, "id")]


async def test_repeats_of_what_is_archived_are_refused(practice: Practice) -> None:
    group = await practice.group()
    await practice.revise(practice.practitioner, active=False)
    refused = await refusal(repeating.repeat(practice.desk, repetition(group)))
    assert told(refused) == [(Code.ARCHIVED, "repeat_rule")]


@pytest.mark.parametrize("interval", [0, 60])
async def test_no_repeats_change_nothing(practice: Practice, interval: int) -> None:
    group = await practice.group()
    rule = RepeatRule(RepeatType.WEEKLY, interval, 0)
    repeated = await repeating.repeat(practice.desk, repetition(group, repeat_rule=rule))
    assert repeated.repeat_ids == ()
    assert await practice.reload(group) == group


async def test_one_conflicting_repeat_rejects_them_all(practice: Practice) -> None:
    group = await practice.group()
    other = await practice.group(A_MONDAY + 2 * WEEK)
    refused = await refusal(repeating.repeat(practice.desk, repetition(group, on_conflict=OnConflict.REJECT)))
    assert told(refused) == [(Code.CONFLICT, "")]
    (occurrence,) = refused.conflicting
    assert (occurrence.index, occurrence.conflicts[0].group_appointment_id) == (2, other.id)
    assert await series(practice, group.id) == [group]


async def test_only_a_copied_patient_can_be_double_booked_by_a_repeat(practice: Practice) -> None:
    colleague = practice.new(Practitioner, first_name="Kim", last_name="Ode")
    await practice.save(colleague)
    patients = practice.patients[:1]
    group = await practice.group(patients=patients)
    await practice.group(A_MONDAY + WEEK, practitioner_id=colleague.id, patients=patients)
    copying = repetition(group, on_conflict=OnConflict.REJECT, copy_attendees=True)
    refused = await refusal(repeating.repeat(practice.desk, copying))
    assert [conflict.patient_id for conflict in refused.conflicting[0].conflicts] == [patients[0].id]
    await repeating.repeat(practice.desk, repetition(group, on_conflict=OnConflict.REJECT))


async def test_skip_leaves_out_conflicting_repeats_and_the_root_decides(practice: Practice) -> None:
    group = await practice.group()
    await practice.group(A_MONDAY + 2 * WEEK)
    repeated = await repeating.repeat(practice.desk, repetition(group, on_conflict=OnConflict.SKIP))
    assert [each.series_position for each in await series(practice, group.id)] == [0, 1, 3]
    assert [occurrence.index for occurrence in repeated.conflicting] == [2]


async def test_a_conflict_of_the_root_refuses_its_repeats(practice: Practice) -> None:
    group = await practice.group()
    await practice.group()
    refused = await refusal(repeating.repeat(practice.desk, repetition(group, on_conflict=OnConflict.SKIP)))
    assert told(refused) == [(Code.CONFLICT, "")]
    assert [occurrence.group_appointment_id for occurrence in refused.conflicting] == [group.id]


async def test_a_root_whose_repeats_are_all_skipped_stays_as_it_is(practice: Practice) -> None:
    group = await practice.group()
    await practice.group(A_MONDAY + WEEK)
    rule = RepeatRule(RepeatType.WEEKLY, 1, 1)
    await repeating.repeat(practice.desk, repetition(group, repeat_rule=rule, on_conflict=OnConflict.SKIP))
    assert await practice.reload(group) == group


async def test_an_archived_root_keeps_its_repeats(practice: Practice) -> None:
    groups = await a_series(practice)
    await archiving.archive(practice.desk, ArchiveGroupAppointment(id=groups[0].id, scope=Scope.THIS))
    root, *repeats = await series(practice, groups[0].id)
    assert root.archived_at is not None
    assert {repeat.repeated_from_id for repeat in repeats} == {root.id}
    assert {repeat.archived_at for repeat in repeats} == {None}
