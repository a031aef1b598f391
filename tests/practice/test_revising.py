"""Updating appointments and series, on a real store."""

from datetime import timedelta

from at_the_desk import WEEKLY, a_series, changes, patients_in, refusal, series, told
from builders import A_MONDAY, Practice
from gappt_graphql.practice import booking
from gappt_graphql.practice.booking import UpdateGroupAppointment
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.conflicts import ConflictKind, OnConflict
from gappt_graphql.scheduling.directory import AppointmentType, Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.problems import Code
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.scheduling.series import Scope

HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)


def starts(groups: list[GroupAppointment]) -> list[timedelta]:
    return [group.starts_at - A_MONDAY for group in groups]


async def test_an_update_changes_what_it_names_and_raises_the_version(practice: Practice) -> None:
    group = await practice.group(notes="Mat")
    await booking.update(practice.desk, UpdateGroupAppointment(id=group.id, max_attendees=9))
    after = await practice.reload(group)
    assert (after.max_attendees, after.notes, after.version) == (9, "Mat", 2)


async def test_an_update_that_changes_nothing_writes_nothing(practice: Practice) -> None:
    group = await practice.group(notes="Mat")
    command = UpdateGroupAppointment(id=group.id, notes="Mat", starts_at=group.starts_at, scope=Scope.ALL)
    updated = await booking.update(practice.desk, command)
    assert updated.updated_ids == (group.id,)
    assert await practice.reload(group) == group
    assert await changes(practice) == []


async def test_an_unknown_or_foreign_appointment_is_not_found(practice: Practice, other_practice: Practice) -> None:
    foreign = await other_practice.group()
    for id in (1, foreign.id):
        refused = await refusal(booking.update(practice.desk, UpdateGroupAppointment(id=id, notes="x")))  # type: ignore[arg-type]
        assert told(refused) == [(Code.NOT_FOUND, "id")]


async def test_an_archived_appointment_and_an_old_version_and_bad_fields_are_told_together(practice: Practice) -> None:
    group = await practice.group(archived_at=practice.now)
    command = UpdateGroupAppointment(id=group.id, starts_at=None, expected_version=7)
    refused = await refusal(booking.update(practice.desk, command))
    assert told(refused) == [
        (Code.ARCHIVED, "id"),
        (Code.STALE_VERSION, "expected_version"),
        (Code.REQUIRED, "starts_at"),
    ]


async def test_a_new_reference_must_exist_and_not_be_archived(practice: Practice, other_practice: Practice) -> None:
    group = await practice.group()
    gone = practice.new(AppointmentType, name="Yoga", duration_in_minutes=1, max_attendees=1, archived_at=practice.now)
    away = practice.new(Practitioner, first_name="Kim", last_name="Ode", active=False)
    await practice.save(gone, away)
    command = UpdateGroupAppointment(
        id=group.id, practitioner_id=away.id, business_id=other_practice.business.id, appointment_type_id=gone.id
    )
    refused = await refusal(booking.update(practice.desk, command))
    assert told(refused) == [
        (Code.ARCHIVED, "practitioner_id"),
        (Code.NOT_FOUND, "business_id"),
        (Code.ARCHIVED, "appointment_type_id"),
    ]


async def test_an_appointment_of_an_archived_business_can_still_be_updated(practice: Practice) -> None:
    group = await practice.group()
    await practice.revise(practice.business, archived_at=practice.now)
    command = UpdateGroupAppointment(id=group.id, business_id=practice.business.id, notes="Mat")
    await booking.update(practice.desk, command)
    assert (await practice.reload(group)).notes == "Mat"


async def test_capacity_can_not_be_lowered_below_the_roster(practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:3])
    refused = await refusal(booking.update(practice.desk, UpdateGroupAppointment(id=group.id, max_attendees=2)))
    assert told(refused) == [(Code.CAPACITY_BELOW_ROSTER, "max_attendees")]
    assert "3" in refused.problems[0].message


async def test_more_seats_promote_who_waits_first(practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:1], max_attendees=1)
    entries = [
        practice.new(
            WaitlistEntry,
            group_appointment_id=group.id,
            patient_id=patient.id,
            created_at=practice.now + timedelta(seconds=n),
        )
        for n, patient in enumerate(practice.patients[1:4])
    ]
    await practice.save(*entries)
    updated = await booking.update(practice.desk, UpdateGroupAppointment(id=group.id, max_attendees=3))
    assert await patients_in(practice, group.id) == [patient.id for patient in practice.patients[:3]]
    assert len(updated.promoted_ids) == 2
    after = await practice.reload(group)
    assert (after.active_attendees, after.max_attendees, after.version) == (3, 3, 2)
    assert [(await practice.reload(entry)).left_at is None for entry in entries] == [False, False, True]
    assert {change.kind for change in await changes(practice)} == {
        "UPDATED",
        "ATTENDEES_CHANGED",
        "WAITLIST_CHANGED",
    }


async def test_a_move_into_conflicts_of_practitioner_or_patients_is_rejected(practice: Practice) -> None:
    somebody = practice.new(Practitioner, first_name="Kim", last_name="Ode")
    await practice.save(somebody)
    patient = practice.patients[0]
    group = await practice.group(patients=[patient])
    await practice.group(A_MONDAY + WEEK, practitioner_id=somebody.id, patients=[patient])
    await practice.group(A_MONDAY + WEEK)
    command = UpdateGroupAppointment(id=group.id, starts_at=A_MONDAY + WEEK, on_conflict=OnConflict.REJECT)
    refused = await refusal(booking.update(practice.desk, command))
    assert {conflict.kind for conflict in refused.conflicting[0].conflicts} == {
        ConflictKind.PRACTITIONER_DOUBLE_BOOKED,
        ConflictKind.PATIENT_DOUBLE_BOOKED,
    }
    assert await practice.reload(group) == group


async def test_a_move_onto_its_own_old_time_is_no_conflict(practice: Practice) -> None:
    group = await practice.group()
    command = UpdateGroupAppointment(id=group.id, starts_at=A_MONDAY + HOUR / 2, on_conflict=OnConflict.REJECT)
    await booking.update(practice.desk, command)


async def test_notes_can_be_written_beside_an_old_conflict(practice: Practice) -> None:
    await practice.group()
    group = await practice.group()
    command = UpdateGroupAppointment(id=group.id, notes="Mat", on_conflict=OnConflict.REJECT)
    await booking.update(practice.desk, command)
    assert (await practice.reload(group)).notes == "Mat"


async def test_all_of_a_series_move_with_the_named_one(practice: Practice) -> None:
    groups = await a_series(practice)
    command = UpdateGroupAppointment(id=groups[1].id, starts_at=groups[1].starts_at + HOUR, scope=Scope.ALL)
    updated = await booking.update(practice.desk, command)
    assert starts(await series(practice, groups[0].id)) == [n * WEEK + HOUR for n in range(4)]
    assert updated.updated_ids == tuple(group.id for group in groups)


async def test_a_stored_exception_survives_two_edits_of_its_series(practice: Practice) -> None:
    groups = await a_series(practice)
    await booking.update(
        practice.desk, UpdateGroupAppointment(id=groups[2].id, starts_at=groups[2].starts_at + 5 * HOUR)
    )
    for n in (1, 2):
        command = UpdateGroupAppointment(id=groups[0].id, starts_at=A_MONDAY + n * HOUR, scope=Scope.ALL)
        updated = await booking.update(practice.desk, command)
        assert groups[2].id not in updated.updated_ids
    moved = await series(practice, groups[0].id)
    assert starts(moved) == [2 * HOUR, WEEK + 2 * HOUR, 2 * WEEK + 5 * HOUR, 3 * WEEK + 2 * HOUR]
    assert moved[2].version == 2


async def test_a_series_edit_leaves_archived_and_started_ones_alone(practice: Practice) -> None:
    groups = await a_series(practice)
    await practice.revise(groups[2], archived_at=practice.now)
    practice.now = groups[1].starts_at
    await booking.update(practice.desk, UpdateGroupAppointment(id=groups[3].id, notes="Mat", scope=Scope.ALL))
    assert [group.notes for group in await series(practice, groups[0].id)] == [None, None, None, "Mat"]


async def test_following_ones_are_those_that_start_no_earlier(practice: Practice) -> None:
    groups = await a_series(practice)
    command = UpdateGroupAppointment(id=groups[2].id, notes="Mat", scope=Scope.THIS_AND_FOLLOWING)
    await booking.update(practice.desk, command)
    assert [group.notes for group in await series(practice, groups[0].id)] == [None, None, "Mat", "Mat"]


async def test_seats_below_the_roster_of_any_occurrence_refuse_the_whole_edit(practice: Practice) -> None:
    groups = await a_series(practice)
    patients = practice.patients[:3]
    await practice.save(*(practice.new_attendee(groups[2], patient) for patient in patients))
    await practice.revise(groups[2], active_attendees=3)
    command = UpdateGroupAppointment(id=groups[0].id, max_attendees=2, scope=Scope.ALL)
    assert told(await refusal(booking.update(practice.desk, command))) == [
        (Code.CAPACITY_BELOW_ROSTER, "max_attendees")
    ]
    assert [group.max_attendees for group in await series(practice, groups[0].id)] == [8, 8, 8, 8]


async def test_skip_leaves_the_conflicting_occurrence_where_it_is(practice: Practice) -> None:
    groups = await a_series(practice)
    await practice.group(A_MONDAY + 2 * WEEK + 3 * HOUR)
    command = UpdateGroupAppointment(
        id=groups[0].id, starts_at=A_MONDAY + 3 * HOUR, scope=Scope.ALL, on_conflict=OnConflict.SKIP
    )
    updated = await booking.update(practice.desk, command)
    moved = await series(practice, groups[0].id)
    assert starts(moved) == [3 * HOUR, WEEK + 3 * HOUR, 2 * WEEK, 3 * WEEK + 3 * HOUR]
    assert [occurrence.group_appointment_id for occurrence in updated.conflicting] == [groups[2].id]
    assert groups[2].id not in updated.updated_ids


async def test_a_series_moves_by_its_own_step_without_conflicting_with_its_old_self(practice: Practice) -> None:
    groups = await a_series(practice)
    command = UpdateGroupAppointment(
        id=groups[0].id, starts_at=A_MONDAY + WEEK, scope=Scope.ALL, on_conflict=OnConflict.REJECT
    )
    await booking.update(practice.desk, command)
    assert starts(await series(practice, groups[0].id)) == [n * WEEK for n in (1, 2, 3, 4)]


async def test_one_that_stays_blocks_the_one_that_would_move_onto_it(practice: Practice) -> None:
    groups = await a_series(practice)
    await practice.group(A_MONDAY + 4 * WEEK)  # the last can't move, so none before it can
    command = UpdateGroupAppointment(
        id=groups[0].id, starts_at=A_MONDAY + WEEK, scope=Scope.ALL, on_conflict=OnConflict.SKIP
    )
    refused = await refusal(booking.update(practice.desk, command))
    assert [occurrence.index for occurrence in refused.conflicting] == [0, 1, 2, 3]


async def test_a_business_that_changes_its_zone_moves_nothing(practice: Practice) -> None:
    groups = await a_series(practice, repeat_rule=RepeatRule(RepeatType.WEEKLY, 1, 6))
    await practice.revise(practice.business, time_zone="Europe/Berlin")
    command = UpdateGroupAppointment(id=groups[0].id, starts_at=A_MONDAY + HOUR, scope=Scope.ALL)
    await booking.update(practice.desk, command)
    moved = await series(practice, groups[0].id)
    zone = (await practice.reload(practice.business)).zone
    for before, after in zip(groups, moved, strict=True):
        assert after.starts_at.astimezone(zone).replace(tzinfo=None) == (
            before.starts_at.astimezone(zone).replace(tzinfo=None) + HOUR
        )


async def test_moving_the_root_orphans_nobody(practice: Practice) -> None:
    groups = await a_series(practice)
    await booking.update(practice.desk, UpdateGroupAppointment(id=groups[0].id, starts_at=A_MONDAY + 9 * WEEK))
    assert len(await series(practice, groups[0].id)) == 4


async def test_a_promotion_is_made_in_every_occurrence_that_grows(practice: Practice) -> None:
    groups = await a_series(practice, max_attendees=1)
    for n, group in enumerate(groups[:2]):
        attendee: Attendee = practice.new_attendee(group, practice.patients[0])
        entry = practice.new(WaitlistEntry, group_appointment_id=group.id, patient_id=practice.patients[n + 1].id)
        await practice.save(attendee, entry)
        await practice.revise(group, active_attendees=1)
    command = UpdateGroupAppointment(id=groups[0].id, max_attendees=2, scope=Scope.ALL)
    updated = await booking.update(practice.desk, command)
    assert len(updated.promoted_ids) == 2
    assert [group.active_attendees for group in await series(practice, groups[0].id)] == [2, 2, 0, 0]


async def test_an_occurrence_that_was_left_out_is_an_exception_from_then_on(practice: Practice) -> None:
    groups = await a_series(practice)
    await practice.group(A_MONDAY + 2 * WEEK + 3 * HOUR)
    for hours in (3, 5):
        command = UpdateGroupAppointment(
            id=groups[0].id, starts_at=A_MONDAY + hours * HOUR, scope=Scope.ALL, on_conflict=OnConflict.SKIP
        )
        await booking.update(practice.desk, command)
    moved = await series(practice, groups[0].id)
    assert starts(moved) == [5 * HOUR, WEEK + 5 * HOUR, 2 * WEEK, 3 * WEEK + 5 * HOUR]
    assert moved[2].version == 1


async def test_skip_still_edits_an_exception_that_has_a_conflict_where_it_stays(practice: Practice) -> None:
    groups = await a_series(practice)
    elsewhere = A_MONDAY + 2 * WEEK + 8 * HOUR
    await practice.group(elsewhere)
    await booking.update(practice.desk, UpdateGroupAppointment(id=groups[2].id, starts_at=elsewhere))
    command = UpdateGroupAppointment(
        id=groups[0].id, starts_at=A_MONDAY + HOUR, notes="Mat", scope=Scope.ALL, on_conflict=OnConflict.SKIP
    )
    updated = await booking.update(practice.desk, command)
    moved = await series(practice, groups[0].id)
    assert starts(moved) == [HOUR, WEEK + HOUR, 2 * WEEK + 8 * HOUR, 3 * WEEK + HOUR]
    assert ({group.notes for group in moved}, updated.conflicting) == ({"Mat"}, ())


# Update and repeat at once


async def test_an_update_with_a_rule_revises_and_repeats_in_one(practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:2])
    command = UpdateGroupAppointment(id=group.id, notes="Mat", starts_at=A_MONDAY + HOUR, repeat_rule=WEEKLY)
    updated = await booking.update(practice.desk, command)
    root, *repeats = await series(practice, group.id)
    assert (updated.updated_ids, updated.repeat_ids) == ((group.id,), tuple(repeat.id for repeat in repeats))
    assert starts([root, *repeats]) == [n * WEEK + HOUR for n in range(4)]
    assert {(each.notes, each.repeat_rule) for each in [root, *repeats]} == {("Mat", WEEKLY)}
    assert (root.version, root.active_attendees, repeats[0].active_attendees) == (2, 2, 0)


async def test_the_stored_rule_echoed_is_no_change_and_another_is_refused(practice: Practice) -> None:
    groups = await a_series(practice)
    for group in groups[:2]:
        await booking.update(practice.desk, UpdateGroupAppointment(id=group.id, repeat_rule=WEEKLY))
        other = UpdateGroupAppointment(id=group.id, repeat_rule=RepeatRule(RepeatType.DAILY, 1, 1))
        assert told(await refusal(booking.update(practice.desk, other))) == [(Code.ALREADY_REPEATS, "repeat_rule")]
    assert await series(practice, groups[0].id) == groups


async def test_a_revision_stays_when_all_its_repeats_are_skipped(practice: Practice) -> None:
    group = await practice.group()
    await practice.group(A_MONDAY + WEEK)
    command = UpdateGroupAppointment(
        id=group.id,
        notes="Mat",
        repeat_rule=RepeatRule(RepeatType.WEEKLY, 1, 1),
        on_conflict=OnConflict.SKIP,
    )
    updated = await booking.update(practice.desk, command)
    after = await practice.reload(group)
    assert (after.notes, after.repeat_rule, after.version, updated.repeat_ids) == ("Mat", None, 2, ())
