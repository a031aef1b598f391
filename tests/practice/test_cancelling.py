"""Cancelling places, who moves up, and reinstating, in a real book."""

import pytest

from builders import A_MONDAY
from gappt_graphql.scheduling.attendance import Attendee, CancellationReason, WaitlistEntry
from gappt_graphql.scheduling.conflicts import OnConflict
from gappt_graphql.scheduling.problems import Code
from reception import DAY, book, book_one, cancel, refusal, reinstate, roster, stored, waiting


async def test_cancelling_keeps_the_record_and_frees_one_seat(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group(patients=[ben])
    attendee = await book_one(practice, group, ada)

    changed = await cancel(practice, attendee, note="  Fever\r\nsince Monday")

    kept = await practice.reload(attendee)
    assert kept.cancelled_at == practice.now
    assert (kept.cancellation_reason, kept.cancellation_note) == (CancellationReason.SICK, "  Fever\nsince Monday")
    assert await roster(practice, group) == [ben.id]
    assert changed.cancelled_ids == (attendee.id,)


async def test_cancelling_twice_is_cancelling_once(practice):
    group = await practice.group()
    attendee = await book_one(practice, group, practice.patients[0])
    await cancel(practice, attendee)
    before = [await practice.reload(attendee), await practice.reload(group)]
    practice.now += DAY / 24

    changed = await cancel(practice, attendee, note="again")

    assert changed.cancelled_ids == ()
    assert [await practice.reload(attendee), await practice.reload(group)] == before


async def test_cancelling_an_old_place_leaves_the_new_one(practice):
    group, ada = await practice.group(), practice.patients[0]
    old = await book_one(practice, group, ada)
    await cancel(practice, old)
    await book_one(practice, group, ada)

    await cancel(practice, old)

    assert await roster(practice, group) == [ada.id]


async def test_cancelling_promotes_who_waits_first(practice):
    ada, ben, cleo, *_ = practice.patients
    group = await practice.group(max_attendees=1)
    attendee = await book_one(practice, group, ada)
    await book(practice, group, ben, cleo, waitlist_if_full=True)

    changed = await cancel(practice, attendee)

    assert await roster(practice, group) == [ben.id]
    assert await waiting(practice, group) == [cleo.id]
    [promoted] = changed.promoted_ids
    assert (await stored(practice, Attendee, promoted)).patient_id == ben.id


@pytest.mark.parametrize("reason", ["archived", "started"])
async def test_cancelling_promotes_nobody_into_a_group_that_is_over(practice, reason):
    ada, ben, *_ = practice.patients
    group = await practice.group(max_attendees=1)
    attendee = await book_one(practice, group, ada)
    await book(practice, group, ben, waitlist_if_full=True)
    if reason == "archived":
        await practice.revise(await practice.reload(group), archived_at=practice.now)
    else:
        practice.now = A_MONDAY

    await cancel(practice, attendee)

    assert (await roster(practice, group), await waiting(practice, group)) == ([], [ben.id])


async def test_a_promotion_ignores_conflicts(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group(max_attendees=1)
    attendee = await book_one(practice, group, ada)
    await book(practice, group, ben, waitlist_if_full=True)
    await practice.group(patients=[ben])

    await cancel(practice, attendee)

    assert await roster(practice, group) == [ben.id]


async def test_an_archived_patient_is_not_promoted(practice):
    ada, ben, cleo, *_ = practice.patients
    group = await practice.group(max_attendees=1)
    attendee = await book_one(practice, group, ada)
    await book(practice, group, ben, cleo, waitlist_if_full=True)
    await practice.revise(ben, archived_at=practice.now)

    await cancel(practice, attendee)

    assert (await roster(practice, group), await waiting(practice, group)) == ([cleo.id], [])


async def test_a_note_that_is_too_long_is_refused(practice):
    attendee = await book_one(practice, await practice.group(), practice.patients[0])

    assert await refusal(cancel(practice, attendee, note="x" * 10_001)) == [(Code.OUT_OF_RANGE, ("note",))]


async def test_an_attendee_of_another_account_is_like_none(practice, other_practice):
    attendee = await book_one(other_practice, await other_practice.group(), other_practice.patients[0])

    assert await refusal(cancel(practice, attendee)) == [(Code.NOT_FOUND, ("id",))]


async def test_a_cancelled_attendee_is_reinstated(practice):
    group = await practice.group()
    attendee = await book_one(practice, group, practice.patients[0])
    await cancel(practice, attendee, note="fever")

    await reinstate(practice, attendee)

    assert await practice.reload(attendee) == attendee
    assert await roster(practice, group) == [attendee.patient_id]


async def test_reinstating_an_active_attendee_changes_nothing(practice):
    group = await practice.group(max_attendees=1)
    attendee = await book_one(practice, group, practice.patients[0])

    await reinstate(practice, attendee)

    assert await roster(practice, group) == [attendee.patient_id]


async def test_nobody_is_reinstated_into_a_full_group(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group(max_attendees=1)
    attendee = await book_one(practice, group, ada)
    await cancel(practice, attendee)
    await book(practice, group, ben)

    assert await refusal(reinstate(practice, attendee)) == [(Code.CAPACITY_FULL, ("id",))]


async def test_nobody_is_reinstated_past_who_waits(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group(max_attendees=1)
    attendee = await book_one(practice, group, ada)
    await book(practice, group, ben, waitlist_if_full=True)
    practice.now = A_MONDAY
    await cancel(practice, attendee)

    assert await refusal(reinstate(practice, attendee)) == [(Code.CAPACITY_FULL, ("id",))]


async def test_nobody_is_reinstated_beside_their_new_booking(practice):
    group, ada = await practice.group(), practice.patients[0]
    attendee = await book_one(practice, group, ada)
    await cancel(practice, attendee)
    await book(practice, group, ada)

    assert await refusal(reinstate(practice, attendee)) == [(Code.ALREADY_BOOKED, ("id",))]


async def test_an_archived_patient_is_not_reinstated(practice):
    group, ada = await practice.group(), practice.patients[0]
    attendee = await book_one(practice, group, ada)
    await cancel(practice, attendee)
    await practice.revise(ada, archived_at=practice.now)

    assert await refusal(reinstate(practice, attendee)) == [(Code.ARCHIVED, ("id",))]


async def test_nobody_is_reinstated_into_an_archived_group(practice):
    group = await practice.group()
    attendee = await book_one(practice, group, practice.patients[0])
    await cancel(practice, attendee)
    await practice.revise(await practice.reload(group), archived_at=practice.now)

    assert await refusal(reinstate(practice, attendee)) == [(Code.ARCHIVED, ("id",))]


async def test_reinstating_looks_at_conflicts_when_asked(practice):
    group, ada = await practice.group(), practice.patients[0]
    attendee = await book_one(practice, group, ada)
    await cancel(practice, attendee)
    await practice.group(patients=[ada])

    assert await refusal(reinstate(practice, attendee, on_conflict=OnConflict.REJECT)) == [(Code.CONFLICT, ("id",))]
    await reinstate(practice, attendee)
    assert await roster(practice, group) == [ada.id]


async def test_who_waits_and_has_a_seat_by_now_leaves_the_list(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group(patients=[ada], max_attendees=2)
    await practice.save(practice.new(WaitlistEntry, group_appointment_id=group.id, patient_id=ada.id))
    attendee = await book_one(practice, group, ben)

    await cancel(practice, attendee)

    assert (await roster(practice, group), await waiting(practice, group)) == ([ada.id], [])


async def test_who_cancels_a_seat_and_waits_beside_it_is_not_seated_again(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group(max_attendees=1)
    attendee = await book_one(practice, group, ada)
    for patient in (ada, ben):
        await practice.save(practice.new(WaitlistEntry, group_appointment_id=group.id, patient_id=patient.id))

    await cancel(practice, attendee)

    assert (await roster(practice, group), await waiting(practice, group)) == ([ben.id], [])
