"""Waiting for a seat, in a real book."""

from datetime import timedelta

from builders import A_MONDAY, Practice
from gappt_graphql.practice import attendance, waitlist
from gappt_graphql.practice.attendance import BookAttendees
from gappt_graphql.practice.waitlist import JoinWaitlist, LeaveWaitlist
from gappt_graphql.scheduling.attendance import WaitlistEntry
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.problems import Code
from reception import refusal, roster, waiting


async def join(practice: Practice, group: GroupAppointment, patient: Patient) -> waitlist.Joined:
    command = JoinWaitlist(group_appointment_id=group.id, patient_id=patient.id)
    return await waitlist.join_waitlist(practice.desk, command)


async def seated_and_waiting(practice: Practice, group: GroupAppointment) -> tuple[list[int], list[int]]:
    return await roster(practice, group), await waiting(practice, group)


async def test_who_joins_the_waitlist_of_a_full_group_waits_at_its_end(practice):
    ada, ben, cleo, *_ = practice.patients
    group = await practice.group(patients=[ada], max_attendees=1)

    joined = await join(practice, group, cleo)
    await join(practice, group, ben)

    assert joined.waitlist_entry_id
    assert joined.attendee_id is None
    assert await seated_and_waiting(practice, group) == ([ada.id], [cleo.id, ben.id])


async def test_who_joins_the_waitlist_where_a_seat_is_free_is_booked(practice):
    group, ada = await practice.group(), practice.patients[0]

    joined = await join(practice, group, ada)

    assert joined.attendee_id
    assert joined.waitlist_entry_id is None
    assert await seated_and_waiting(practice, group) == ([ada.id], [])


async def test_who_joins_does_not_pass_who_waits_beside_a_free_seat(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group()
    await practice.save(practice.new(WaitlistEntry, group_appointment_id=group.id, patient_id=ada.id))

    await join(practice, group, ben)

    assert await seated_and_waiting(practice, group) == ([], [ada.id, ben.id])


async def test_nobody_waits_beside_their_seat(practice):
    ada = practice.patients[0]
    group = await practice.group(patients=[ada], max_attendees=1)

    assert await refusal(join(practice, group, ada)) == [(Code.ALREADY_BOOKED, ("patient_id",))]


async def test_nobody_waits_twice(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group(patients=[ada], max_attendees=1)
    await join(practice, group, ben)

    assert await refusal(join(practice, group, ben)) == [(Code.ALREADY_BOOKED, ("patient_id",))]


async def test_nobody_joins_the_waitlist_of_an_archived_group(practice):
    group = await practice.group(archived_at=practice.now)
    practice.now = A_MONDAY  # it has started, too: one reason is enough

    assert await refusal(join(practice, group, practice.patients[0])) == [(Code.ARCHIVED, ("group_appointment_id",))]


async def test_nobody_joins_the_waitlist_of_a_group_that_has_started(practice):
    group = await practice.group()
    practice.now = A_MONDAY

    assert await refusal(join(practice, group, practice.patients[0])) == [(Code.INVALID, ("group_appointment_id",))]


async def test_unknown_groups_and_patients_are_refused_together(practice, other_practice):
    group = await other_practice.group()

    assert await refusal(join(practice, group, other_practice.patients[0])) == [
        (Code.NOT_FOUND, ("group_appointment_id",)),
        (Code.NOT_FOUND, ("patient_id",)),
    ]


async def test_an_archived_patient_does_not_wait(practice):
    group, ada = await practice.group(), practice.patients[0]
    await practice.revise(ada, archived_at=practice.now)

    assert await refusal(join(practice, group, ada)) == [(Code.ARCHIVED, ("patient_id",))]


async def test_who_leaves_the_waitlist_no_longer_waits(practice):
    ada, ben, cleo, *_ = practice.patients
    group = await practice.group(patients=[ada], max_attendees=1)
    joined = await join(practice, group, ben)
    await join(practice, group, cleo)
    practice.now += timedelta(minutes=1)

    left = await waitlist.leave_waitlist(practice.desk, LeaveWaitlist(id=joined.waitlist_entry_id))

    assert left.group_appointment_id == group.id
    assert await seated_and_waiting(practice, group) == ([ada.id], [cleo.id])
    assert (await practice.reload(group)).updated_at == practice.now


async def test_leaving_the_waitlist_twice_is_leaving_it_once(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group(patients=[ada], max_attendees=1)
    leave = LeaveWaitlist(id=(await join(practice, group, ben)).waitlist_entry_id)
    await waitlist.leave_waitlist(practice.desk, leave)
    before = await practice.reload(group)
    practice.now += timedelta(minutes=1)

    await waitlist.leave_waitlist(practice.desk, leave)

    assert await practice.reload(group) == before


async def test_who_has_left_may_wait_again_at_the_end(practice):
    ada, ben, cleo, *_ = practice.patients
    group = await practice.group(patients=[ada], max_attendees=1)
    joined = await join(practice, group, ben)
    await join(practice, group, cleo)
    await waitlist.leave_waitlist(practice.desk, LeaveWaitlist(id=joined.waitlist_entry_id))

    await join(practice, group, ben)

    assert await seated_and_waiting(practice, group) == ([ada.id], [cleo.id, ben.id])


async def test_a_waitlist_entry_of_another_account_is_like_none(practice, other_practice):
    ada, ben, *_ = other_practice.patients
    group = await other_practice.group(patients=[ada], max_attendees=1)
    joined = await join(other_practice, group, ben)

    command = LeaveWaitlist(id=joined.waitlist_entry_id)
    assert await refusal(waitlist.leave_waitlist(practice.desk, command)) == [(Code.NOT_FOUND, ("id",))]


async def test_the_waitlist_keeps_its_order_when_a_slower_request_comes_later(practice):
    ada, ben, cleo, *_ = practice.patients
    group = await practice.group(patients=[ada], max_attendees=1)
    await join(practice, group, ben)
    practice.now -= timedelta(milliseconds=5)

    await join(practice, group, cleo)

    assert await seated_and_waiting(practice, group) == ([ada.id], [ben.id, cleo.id])


async def test_booking_who_waits_first_takes_them_off_the_list(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group()
    await practice.save(
        *(practice.new(WaitlistEntry, group_appointment_id=group.id, patient_id=patient.id) for patient in (ada, ben))
    )

    await attendance.book(practice.desk, BookAttendees(group_appointment_id=group.id, patient_ids=(ada.id,)))

    assert await seated_and_waiting(practice, group) == ([ada.id], [ben.id])
