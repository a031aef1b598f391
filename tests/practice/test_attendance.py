"""Booking, updating and archiving attendees, in a real book."""

from datetime import timedelta

import pytest

from builders import A_MONDAY
from gappt_graphql.practice import attendance
from gappt_graphql.practice.attendance import (
    ArchiveAttendee,
    BookAttendees,
    ReinstateAttendee,
    UpdateAttendee,
)
from gappt_graphql.scheduling.attendance import WaitlistEntry
from gappt_graphql.scheduling.conflicts import OnConflict
from gappt_graphql.scheduling.problems import Code, Refused
from reception import DAY, book, book_one, cancel, refusal, roster, waiting


async def test_patients_are_booked_in_order(practice):
    group, (ada, ben, cleo, *_) = await practice.group(), practice.patients

    booked = await book(practice, group, cleo, ada, ben)

    assert await roster(practice, group) == [cleo.id, ada.id, ben.id]
    assert [outcome.patient_id for outcome in booked.outcomes] == [cleo.id, ada.id, ben.id]
    assert all(outcome.attendee_id and not outcome.problem for outcome in booked.outcomes)


async def test_booking_moves_updated_at_and_not_the_version(practice):
    group = await practice.group()
    practice.now += DAY / 48

    await book(practice, group, practice.patients[0])

    after = await practice.reload(group)
    assert (after.updated_at, after.version) == (practice.now, 1)


async def test_the_last_seat_is_not_given_to_two(practice):
    group = await practice.group(max_attendees=1)

    assert await refusal(book(practice, group, *practice.patients[:2])) == [(Code.CAPACITY_FULL, ("patient_ids",))]
    assert await roster(practice, group) == []


async def test_nobody_is_booked_twice(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group(patients=[ada])

    assert await refusal(book(practice, group, ben, ada)) == [(Code.ALREADY_BOOKED, ("patient_ids", "1"))]
    assert await roster(practice, group) == [ada.id]


async def test_a_patient_twice_in_one_list_is_refused(practice):
    group, ada = await practice.group(), practice.patients[0]

    assert await refusal(book(practice, group, ada, ada)) == [(Code.ALREADY_BOOKED, ("patient_ids", "1"))]


async def test_an_empty_list_of_patients_is_refused(practice):
    assert await refusal(book(practice, await practice.group())) == [(Code.REQUIRED, ("patient_ids",))]


async def test_unknown_and_archived_patients_are_refused_each_on_its_field(practice, other_practice):
    group, (ada, ben, *_) = await practice.group(), practice.patients
    await practice.revise(ben, archived_at=practice.now)

    assert await refusal(book(practice, group, ada, other_practice.patients[0], ben)) == [
        (Code.NOT_FOUND, ("patient_ids", "1")),
        (Code.ARCHIVED, ("patient_ids", "2")),
    ]


async def test_a_group_of_another_account_is_like_none(practice, other_practice):
    group = await other_practice.group()

    assert await refusal(book(practice, group, practice.patients[0])) == [(Code.NOT_FOUND, ("group_appointment_id",))]


async def test_an_archived_group_takes_nobody(practice):
    group = await practice.group(archived_at=practice.now)

    assert await refusal(book(practice, group, practice.patients[0])) == [(Code.ARCHIVED, ("group_appointment_id",))]


async def test_a_late_patient_is_booked_into_a_group_that_has_started(practice):
    group = await practice.group(practice.now - DAY / 48)

    await book(practice, group, practice.patients[0])

    assert await roster(practice, group) == [practice.patients[0].id]


async def test_all_refusals_of_a_booking_come_together(practice):
    group = await practice.group(archived_at=practice.now)
    command = BookAttendees(group_appointment_id=group.id, patient_ids=(1,))

    assert await refusal(attendance.book(practice.desk, command)) == [
        (Code.ARCHIVED, ("group_appointment_id",)),
        (Code.NOT_FOUND, ("patient_ids", "0")),
    ]


async def test_too_many_bookings_for_one_command_are_refused(practice):
    group = await practice.group()
    command = BookAttendees(group_appointment_id=group.id, patient_ids=tuple(range(1, 5002)))

    assert await refusal(attendance.book(practice.desk, command)) == [(Code.OUT_OF_RANGE, ("patient_ids",))]


async def test_the_rest_waits_when_the_seats_are_gone(practice):
    group, (ada, ben, cleo, *_) = await practice.group(max_attendees=1), practice.patients

    booked = await book(practice, group, ben, cleo, ada, waitlist_if_full=True)

    assert await roster(practice, group) == [ben.id]
    assert await waiting(practice, group) == [cleo.id, ada.id]
    assert [bool(outcome.waitlist_entry_id) for outcome in booked.outcomes] == [False, True, True]


async def test_a_double_booked_patient_is_refused_only_when_asked_for(practice):
    ada = practice.patients[0]
    await practice.group(patients=[ada])
    group = await practice.group(A_MONDAY + timedelta(minutes=30))

    with pytest.raises(Refused) as refused:
        await book(practice, group, ada, on_conflict=OnConflict.REJECT)
    assert [(problem.code, problem.field) for problem in refused.value.problems] == [
        (Code.CONFLICT, ("patient_ids", "0"))
    ]
    [occurrence] = refused.value.conflicting
    assert (occurrence.group_appointment_id, occurrence.conflicts[0].patient_id) == (group.id, ada.id)
    await book(practice, group, ada)
    assert await roster(practice, group) == [ada.id]


async def test_a_double_booked_practitioner_refuses_no_booking(practice):
    ada = practice.patients[0]
    await practice.group()
    group = await practice.group()

    await book(practice, group, ada, on_conflict=OnConflict.REJECT)

    assert await roster(practice, group) == [ada.id]


async def test_skip_without_a_series_means_reject(practice):
    ada = practice.patients[0]
    await practice.group(patients=[ada])
    group = await practice.group()

    assert await refusal(book(practice, group, ada, on_conflict=OnConflict.SKIP)) == [
        (Code.CONFLICT, ("patient_ids", "0"))
    ]


async def test_arrival_and_notes_are_written_and_cleared(practice):
    group = await practice.group()
    attendee = await book_one(practice, group, practice.patients[0])
    practice.now += DAY / 48

    await attendance.update(practice.desk, UpdateAttendee(id=attendee.id, arrived=False, notes="late"))
    written = await practice.reload(attendee)
    await attendance.update(practice.desk, UpdateAttendee(id=attendee.id, arrived=None))
    cleared = await practice.reload(attendee)

    assert (written.arrived, written.notes, written.updated_at) == (False, "late", practice.now)
    assert (cleared.arrived, cleared.notes) == (None, "late")
    assert (await practice.reload(group)).updated_at == practice.now
    assert await roster(practice, group) == [attendee.patient_id]


async def test_an_update_that_changes_nothing_writes_nothing(practice):
    group = await practice.group()
    attendee = await book_one(practice, group, practice.patients[0])
    practice.now += DAY

    await attendance.update(practice.desk, UpdateAttendee(id=attendee.id, arrived=None))

    assert await practice.reload(attendee) == attendee


async def test_archiving_hides_the_record_frees_the_seat_and_promotes(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group(max_attendees=1)
    attendee = await book_one(practice, group, ada)
    await book(practice, group, ben, waitlist_if_full=True)

    changed = await attendance.archive(practice.desk, ArchiveAttendee(id=attendee.id))

    assert (await practice.reload(attendee)).archived_at == practice.now
    assert await roster(practice, group) == [ben.id]
    assert len(changed.promoted_ids) == 1


async def test_archiving_a_cancelled_attendee_frees_no_second_seat(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group(patients=[ben])
    attendee = await book_one(practice, group, ada)
    await cancel(practice, attendee)

    await attendance.archive(practice.desk, ArchiveAttendee(id=attendee.id))

    assert await roster(practice, group) == [ben.id]


async def test_archiving_a_cancelled_attendee_promotes_nobody(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group(max_attendees=1)
    attendee = await book_one(practice, group, ada)
    await cancel(practice, attendee)
    await practice.save(practice.new(WaitlistEntry, group_appointment_id=group.id, patient_id=ben.id))

    changed = await attendance.archive(practice.desk, ArchiveAttendee(id=attendee.id))

    assert changed.promoted_ids == ()
    assert await waiting(practice, group) == [ben.id]


async def test_archiving_an_attendee_twice_keeps_the_first_time(practice):
    attendee = await book_one(practice, await practice.group(), practice.patients[0])
    first = practice.now
    await attendance.archive(practice.desk, ArchiveAttendee(id=attendee.id))
    practice.now += DAY

    await attendance.archive(practice.desk, ArchiveAttendee(id=attendee.id))

    assert (await practice.reload(attendee)).archived_at == first


async def test_an_archived_attendee_is_neither_updated_nor_cancelled_nor_reinstated(practice):
    attendee = await book_one(practice, await practice.group(), practice.patients[0])
    await attendance.archive(practice.desk, ArchiveAttendee(id=attendee.id))
    desk = practice.desk

    assert await refusal(attendance.update(desk, UpdateAttendee(id=attendee.id))) == [(Code.ARCHIVED, ("id",))]
    assert await refusal(cancel(practice, attendee)) == [(Code.ARCHIVED, ("id",))]
    assert await refusal(attendance.reinstate(desk, ReinstateAttendee(id=attendee.id))) == [(Code.ARCHIVED, ("id",))]
