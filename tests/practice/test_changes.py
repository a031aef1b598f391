"""What the change feed and the audit tell of each use case."""

import json
from datetime import timedelta

import msgspec
import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.practice import attendance, booking, directory, waitlist
from gappt_graphql.practice.archiving import ArchiveGroupAppointment, RestoreGroupAppointment, archive, restore
from gappt_graphql.practice.attendance import BookAttendees, CancelAttendee, UpdateAttendee
from gappt_graphql.practice.booking import CreateGroupAppointment, UpdateGroupAppointment
from gappt_graphql.practice.directory import CreatePatient, UpdatePatient
from gappt_graphql.practice.waitlist import JoinWaitlist, LeaveWaitlist
from gappt_graphql.scheduling.attendance import Attendee, CancellationReason
from gappt_graphql.scheduling.directory import Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.problems import Refused
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.scheduling.series import Scope
from gappt_graphql.store import Change

HOUR = timedelta(hours=1)
PLACES = {"attendees", "patient_ids", "patients"}


async def feed(practice: Practice, **of) -> list[Change]:
    following = {"ids": None, "practitioners": None, "businesses": None} | of

    async def work(book):
        return list(await book.changes(after=0, limit=100, **following))

    return await practice.store.read(practice.account.id, work)


async def told(practice: Practice) -> list[tuple[int, str, set[str]]]:
    """Return what the feed tells, without numbers and times."""
    return [(change.group_appointment_id, change.kind, set(change.changed_fields)) for change in await feed(practice)]


def audited(past) -> list[tuple[str, str, int, dict | None, dict]]:
    """Return operation, kind, id, before and after of each row of the audit, in order."""
    rows = past.rows("SELECT operation, record_kind, record_id, before, after FROM audit ORDER BY number")
    return [(*row[:3], row[3] and json.loads(row[3]), json.loads(row[4])) for row in rows]


async def a_full_group(practice: Practice) -> tuple[GroupAppointment, Attendee]:
    """Store a group of one seat, past the feed, and return it with who has the seat."""
    group = practice.new_group(max_attendees=1, active_attendees=1)
    attendee = practice.new_attendee(group, practice.patients[0])
    await practice.save(group, attendee)
    return group, attendee


def create(practice: Practice, **fields) -> CreateGroupAppointment:
    usual = {
        "starts_at": A_MONDAY,
        "practitioner_id": practice.practitioner.id,
        "business_id": practice.business.id,
        "appointment_type_id": practice.type.id,
    }
    return CreateGroupAppointment(**(usual | fields))


async def test_a_new_appointment_is_told_of_once_with_its_attendees(practice):
    created = await booking.create(practice.desk, create(practice, patient_ids=(practice.patients[0].id,)))

    [change] = await feed(practice)
    assert (change.group_appointment_id, change.kind) == (created.group_appointment_id, "CREATED")
    assert {"starts_at", "practitioner", "business", "appointment_type", "attendees"} < set(change.changed_fields)
    assert not {"series_position", "plan", "active_attendees", "practitioner_id"} & set(change.changed_fields)
    assert (change.practitioner_id, change.business_id, change.at) == (
        practice.practitioner.id,
        practice.business.id,
        practice.now,
    )


async def test_every_repeat_is_told_of(practice):
    rule = RepeatRule(RepeatType.WEEKLY, 1, 2)
    created = await booking.create(practice.desk, create(practice, repeat_rule=rule))

    ids = [created.group_appointment_id, *created.repeat_ids]
    assert [(id, kind) for id, kind, _ in await told(practice)] == [(id, "CREATED") for id in ids]


async def test_booking_changes_the_attendees(practice):
    group = await practice.group(max_attendees=1)

    await attendance.book(
        practice.desk, BookAttendees(group_appointment_id=group.id, patient_ids=(practice.patients[0].id,))
    )

    counted = {"attendee_count", "available_seats", "is_full"}
    assert await told(practice) == [(group.id, "ATTENDEES_CHANGED", PLACES | counted)]


async def test_booking_into_a_full_group_changes_the_waitlist_alone(practice):
    group, _ = await a_full_group(practice)
    command = BookAttendees(
        group_appointment_id=group.id, patient_ids=(practice.patients[1].id,), waitlist_if_full=True
    )

    await attendance.book(practice.desk, command)

    assert await told(practice) == [(group.id, "WAITLIST_CHANGED", {"waitlist"})]


async def test_a_cancellation_with_a_promotion_changes_attendees_and_waitlist_but_no_count(practice):
    group, attendee = await a_full_group(practice)
    ben = practice.patients[1]
    await waitlist.join_waitlist(practice.desk, JoinWaitlist(group_appointment_id=group.id, patient_id=ben.id))

    await attendance.cancel(practice.desk, CancelAttendee(id=attendee.id, reason=CancellationReason.SICK))

    assert (await told(practice))[1:] == [
        (group.id, "ATTENDEES_CHANGED", PLACES),
        (group.id, "WAITLIST_CHANGED", {"waitlist"}),
    ]


async def test_arrival_changes_the_attendees_and_no_seat(practice):
    group, attendee = await a_full_group(practice)

    await attendance.update(practice.desk, UpdateAttendee(id=attendee.id, arrived=True))

    assert await told(practice) == [(group.id, "ATTENDEES_CHANGED", {"attendees"})]


async def test_joining_and_leaving_change_the_waitlist(practice):
    group, _ = await a_full_group(practice)
    join = JoinWaitlist(group_appointment_id=group.id, patient_id=practice.patients[1].id)
    joined = await waitlist.join_waitlist(practice.desk, join)

    await waitlist.leave_waitlist(practice.desk, LeaveWaitlist(id=joined.waitlist_entry_id))

    assert await told(practice) == [(group.id, "WAITLIST_CHANGED", {"waitlist"})] * 2


async def test_archiving_and_restoring_are_told_of(practice):
    group = await practice.group()

    await archive(practice.desk, ArchiveGroupAppointment(id=group.id))
    await archive(practice.desk, ArchiveGroupAppointment(id=group.id))
    await restore(practice.desk, RestoreGroupAppointment(id=group.id))

    assert await told(practice) == [
        (group.id, "ARCHIVED", {"archived_at", "deleted_at"}),
        (group.id, "RESTORED", {"archived_at", "deleted_at"}),
    ]


async def test_an_update_tells_its_own_fields(practice):
    group = await practice.group()

    await booking.update(
        practice.desk, UpdateGroupAppointment(id=group.id, starts_at=A_MONDAY + HOUR, notes="Bring a mat")
    )

    assert await told(practice) == [(group.id, "UPDATED", {"starts_at", "ends_at", "notes"})]


async def test_another_length_is_told_of(practice):
    group = await practice.group()

    await booking.update(practice.desk, UpdateGroupAppointment(id=group.id, ends_at=A_MONDAY + 2 * HOUR))

    assert await told(practice) == [(group.id, "UPDATED", {"ends_at", "duration_in_minutes"})]


async def test_more_seats_tell_of_the_seats_and_of_who_moves_up(practice):
    group, _ = await a_full_group(practice)
    ben = practice.patients[1]
    await waitlist.join_waitlist(practice.desk, JoinWaitlist(group_appointment_id=group.id, patient_id=ben.id))

    await booking.update(practice.desk, UpdateGroupAppointment(id=group.id, max_attendees=2))

    assert sorted(await told(practice), key=lambda row: row[1])[:2] == [
        (group.id, "ATTENDEES_CHANGED", PLACES | {"attendee_count"}),
        (group.id, "UPDATED", {"max_attendees"}),
    ]


async def test_an_edit_of_a_series_is_told_of_for_each_occurrence(practice, past):
    created = await booking.create(practice.desk, create(practice, repeat_rule=RepeatRule(RepeatType.WEEKLY, 1, 2)))
    ids = [created.group_appointment_id, *created.repeat_ids]

    await booking.update(practice.desk, UpdateGroupAppointment(id=ids[1], notes="Outside", scope=Scope.ALL))

    assert sorted((await told(practice))[3:]) == [(id, "UPDATED", {"notes"}) for id in ids]
    assert sorted(row[2] for row in audited(past) if row[0] == "UpdateGroupAppointment") == ids


async def test_the_directory_is_audited_and_not_in_the_feed(practice, past):
    written = await directory.create_patient(practice.desk, CreatePatient(last_name="Zhang"))
    await directory.update_patient(practice.desk, UpdatePatient(id=written.id, email="zhang@example.com"))

    created, updated = audited(past)
    assert created[:4] == ("CreatePatient", "Patient", written.id, None)
    assert created[4]["last_name"] == "Zhang"
    assert updated == (
        "UpdatePatient",
        "Patient",
        written.id,
        {"email": None},
        {"email": "zhang@example.com"},
    )
    assert await feed(practice) == []


async def test_every_record_of_a_use_case_is_audited_with_who_did_it(practice, past):
    group, attendee = await a_full_group(practice)
    desk = msgspec.structs.replace(practice.desk, key_id=7, actor="reception")

    await attendance.cancel(desk, CancelAttendee(id=attendee.id, reason=CancellationReason.SICK))

    rows = audited(past)
    assert [row[:3] for row in rows] == [
        ("CancelAttendee", "GroupAppointment", group.id),
        ("CancelAttendee", "Attendee", attendee.id),
    ]
    assert (rows[0][3]["active_attendees"], rows[0][4]["active_attendees"]) == (1, 0)
    assert rows[1][4]["cancellation_reason"] == "SICK"
    assert set(past.rows("SELECT key_id, actor, request_id FROM audit")) == {(7, "reception", "test")}


async def test_a_refused_command_writes_nothing(practice, past):
    group, _ = await a_full_group(practice)
    command = BookAttendees(group_appointment_id=group.id, patient_ids=(practice.patients[1].id,), idempotency_key="k1")

    with pytest.raises(Refused):
        await attendance.book(practice.desk, command)

    assert (await feed(practice), audited(past)) == ([], [])
    assert past.rows("SELECT count(*) FROM idempotency_keys") == [(0,)]
    assert await practice.reload(group) == group


async def test_the_feed_is_filtered_by_id_practitioner_and_business(practice):
    first, second = await practice.group(), await practice.group()
    for group in (first, second):
        await booking.update(practice.desk, UpdateGroupAppointment(id=group.id, notes="x"))

    async def followed(**of):
        return [change.group_appointment_id for change in await feed(practice, **of)]

    assert await followed(ids=[second.id]) == [second.id]
    assert await followed(practitioners=[practice.practitioner.id]) == [first.id, second.id]
    assert await followed(businesses=[]) == []


async def test_the_feed_of_one_account_tells_nothing_of_another(practice, other_practice):
    group = await other_practice.group()
    await booking.update(other_practice.desk, UpdateGroupAppointment(id=group.id, notes="x"))

    assert await feed(practice) == []
    assert len(await feed(other_practice)) == 1


async def test_numbers_rise_in_the_order_of_the_commits(practice):
    group = await practice.group()
    for notes in ("a", "b", "c"):
        await booking.update(practice.desk, UpdateGroupAppointment(id=group.id, notes=notes))

    numbers = [change.number for change in await feed(practice)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 3


async def test_who_follows_a_practitioner_sees_an_appointment_go_to_another(practice):
    ash = practice.new(Practitioner, first_name="Sam", last_name="Ash")
    group = await practice.group()
    await practice.save(ash)

    await booking.update(practice.desk, UpdateGroupAppointment(id=group.id, practitioner_id=ash.id))

    for practitioner in (practice.practitioner, ash):
        assert [change.kind for change in await feed(practice, practitioners=[practitioner.id])] == ["UPDATED"]
