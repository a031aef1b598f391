"""Archiving and restoring, on a real store."""

from datetime import timedelta

from at_the_desk import a_series, changes, patients_in, refusal, series, told
from builders import A_MONDAY, Practice
from gappt_graphql.practice import archiving
from gappt_graphql.practice.archiving import ArchiveGroupAppointment, RestoreGroupAppointment
from gappt_graphql.scheduling.conflicts import ConflictKind, OnConflict
from gappt_graphql.scheduling.directory import Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.problems import Code
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.scheduling.series import Scope

WEEK = timedelta(weeks=1)


def archived(groups: list[GroupAppointment]) -> list[bool]:
    return [group.archived_at is not None for group in groups]


async def archive(practice: Practice, group: GroupAppointment, scope: Scope = Scope.THIS) -> archiving.Archived:
    return await archiving.archive(practice.desk, ArchiveGroupAppointment(id=group.id, scope=scope))


async def restore(
    practice: Practice,
    group: GroupAppointment,
    scope: Scope = Scope.THIS,
    on_conflict: OnConflict = OnConflict.ALLOW,
) -> archiving.Restored:
    command = RestoreGroupAppointment(id=group.id, scope=scope, on_conflict=on_conflict)
    return await archiving.restore(practice.desk, command)


async def test_archiving_keeps_the_record_and_its_attendees(practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:2])
    assert (await archive(practice, group)).archived_ids == (group.id,)
    after = await practice.reload(group)
    assert (after.archived_at, after.deleted_at, after.version) == (practice.now, practice.now, 2)
    assert await patients_in(practice, group.id) == [patient.id for patient in practice.patients[:2]]
    assert [change.kind for change in await changes(practice)] == ["ARCHIVED"]


async def test_archiving_twice_keeps_the_first_time(practice: Practice) -> None:
    group = await practice.group()
    await archive(practice, group)
    after = await practice.reload(group)
    practice.now += WEEK
    assert (await archive(practice, group)).archived_ids == (group.id,)
    assert await practice.reload(group) == after


async def test_following_ones_are_archived_with_the_named_one(practice: Practice) -> None:
    groups = await a_series(practice)
    result = await archive(practice, groups[2], Scope.THIS_AND_FOLLOWING)
    assert archived(await series(practice, groups[0].id)) == [False, False, True, True]
    assert result.archived_ids == (groups[2].id, groups[3].id)


async def test_a_series_is_archived_but_for_what_has_started(practice: Practice) -> None:
    groups = await a_series(practice)
    practice.now = groups[1].starts_at
    await archive(practice, groups[2], Scope.ALL)
    assert archived(await series(practice, groups[0].id)) == [False, False, True, True]


async def test_a_started_one_can_be_archived_by_name(practice: Practice) -> None:
    groups = await a_series(practice)
    practice.now = groups[1].starts_at
    await archive(practice, groups[0], Scope.ALL)
    assert archived(await series(practice, groups[0].id)) == [True, False, True, True]


async def test_what_is_unknown_or_of_another_version_is_refused(practice: Practice, other_practice: Practice) -> None:
    group, foreign = await practice.group(), await other_practice.group()
    assert told(await refusal(archive(practice, foreign))) == [(Code.NOT_FOUND, "id")]
    assert told(await refusal(restore(practice, foreign))) == [(Code.NOT_FOUND, "id")]
    old = ArchiveGroupAppointment(id=group.id, expected_version=2)
    assert told(await refusal(archiving.archive(practice.desk, old))) == [(Code.STALE_VERSION, "expected_version")]
    assert await practice.reload(group) == group


async def test_restoring_clears_the_archive(practice: Practice) -> None:
    group = await practice.group()
    await archive(practice, group)
    assert (await restore(practice, group)).restored_ids == (group.id,)
    after = await practice.reload(group)
    assert (after.archived_at, after.version) == (None, 3)
    assert [change.kind for change in await changes(practice)] == ["ARCHIVED", "RESTORED"]


async def test_restoring_what_is_not_archived_changes_nothing_even_beside_a_conflict(practice: Practice) -> None:
    group = await practice.group()
    await practice.group()
    assert (await restore(practice, group, on_conflict=OnConflict.REJECT)).restored_ids == (group.id,)
    assert await practice.reload(group) == group
    assert await changes(practice) == []


async def test_a_whole_series_comes_back(practice: Practice) -> None:
    groups = await a_series(practice)
    await archive(practice, groups[0], Scope.ALL)
    result = await restore(practice, groups[1], Scope.ALL)
    assert archived(await series(practice, groups[0].id)) == [False, False, False, False]
    assert result.restored_ids == tuple(group.id for group in groups)


async def test_the_following_ones_come_back_with_a_named_one_that_was_never_archived(practice: Practice) -> None:
    groups = await a_series(practice)
    for group in (groups[0], groups[2]):
        await archive(practice, group)
    result = await restore(practice, groups[1], Scope.THIS_AND_FOLLOWING)
    assert archived(await series(practice, groups[0].id)) == [True, False, False, False]
    assert result.restored_ids == (groups[1].id, groups[2].id)


async def test_a_slot_taken_meanwhile_rejects_a_restoration(practice: Practice) -> None:
    group = await practice.group()
    await archive(practice, group)
    other = await practice.group()
    refused = await refusal(restore(practice, group, on_conflict=OnConflict.REJECT))
    assert told(refused) == [(Code.CONFLICT, "")]
    (occurrence,) = refused.conflicting
    assert occurrence.group_appointment_id == group.id
    assert [conflict.group_appointment_id for conflict in occurrence.conflicts] == [other.id]
    await restore(practice, group)


async def test_a_patient_booked_meanwhile_rejects_a_restoration(practice: Practice) -> None:
    colleague = practice.new(Practitioner, first_name="Kim", last_name="Ode")
    await practice.save(colleague)
    group = await practice.group(patients=practice.patients[:1])
    await archive(practice, group)
    await practice.group(practitioner_id=colleague.id, patients=practice.patients[:1])
    refused = await refusal(restore(practice, group, on_conflict=OnConflict.REJECT))
    assert [conflict.kind for conflict in refused.conflicting[0].conflicts] == [ConflictKind.PATIENT_DOUBLE_BOOKED]


async def test_skip_restores_the_rest_of_the_series(practice: Practice) -> None:
    groups = await a_series(practice)
    await archive(practice, groups[0], Scope.ALL)
    await practice.group(A_MONDAY + 2 * WEEK)
    result = await restore(practice, groups[0], Scope.ALL, OnConflict.SKIP)
    assert archived(await series(practice, groups[0].id)) == [False, False, True, False]
    assert [(each.index, each.group_appointment_id) for each in result.conflicting] == [(2, groups[2].id)]
    assert groups[2].id not in result.restored_ids


async def test_skip_refuses_where_the_named_one_conflicts(practice: Practice) -> None:
    groups = await a_series(practice)
    await archive(practice, groups[0], Scope.ALL)
    await practice.group(A_MONDAY + 2 * WEEK)
    refused = await refusal(restore(practice, groups[2], Scope.ALL, OnConflict.SKIP))
    assert told(refused) == [(Code.CONFLICT, "")]
    assert archived(await series(practice, groups[0].id)) == [True] * 4


async def test_one_that_stays_archived_is_in_nobodys_way(practice: Practice) -> None:
    daily = RepeatRule(RepeatType.DAILY, 1, 2)  # each of 30 hours: the second overlaps both others
    groups = await a_series(practice, repeat_rule=daily, ends_at=A_MONDAY + timedelta(hours=30))
    await archive(practice, groups[0], Scope.ALL)
    result = await restore(practice, groups[0], Scope.ALL, OnConflict.SKIP)
    assert result.restored_ids == (groups[0].id, groups[2].id)
    assert [[conflict.occurrence_index for conflict in each.conflicts] for each in result.conflicting] == [[0, 2]]
