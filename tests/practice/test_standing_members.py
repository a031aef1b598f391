"""Booking into a series and leaving it, in a real book."""

from datetime import timedelta

from builders import A_MONDAY
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.conflicts import OnConflict
from gappt_graphql.scheduling.problems import Code
from gappt_graphql.scheduling.series import Scope
from reception import DAY, a_series, book, cancel, refusal, roster, stored


async def test_a_standing_member_is_booked_into_the_whole_series(practice):
    series, ada = await a_series(practice), practice.patients[0]

    booked = await book(practice, series[1], ada, scope=Scope.ALL)

    assert [outcome.group_appointment_id for outcome in booked.outcomes] == [group.id for group in series]
    assert [await roster(practice, group) for group in series] == [[ada.id]] * 3


async def test_a_standing_member_may_join_from_one_date_on(practice):
    series, ada = await a_series(practice), practice.patients[0]

    await book(practice, series[1], ada, scope=Scope.THIS_AND_FOLLOWING)

    assert [await roster(practice, group) for group in series] == [[], [ada.id], [ada.id]]


async def test_archived_and_past_occurrences_take_no_standing_member(practice):
    series, ada = await a_series(practice, occurrences=4), practice.patients[0]
    await practice.revise(series[2], archived_at=practice.now)
    practice.now = A_MONDAY + DAY / 24

    booked = await book(practice, series[1], ada, scope=Scope.ALL)

    assert [outcome.group_appointment_id for outcome in booked.outcomes] == [series[1].id, series[3].id]


async def test_each_occurrence_stands_alone_and_tells_why(practice):
    ada, ben, cleo, *_ = practice.patients
    series = await a_series(practice, max_attendees=2)
    await book(practice, series[1], cleo)
    await book(practice, series[2], ben)

    booked = await book(practice, series[0], ada, ben, scope=Scope.ALL)

    assert [await roster(practice, group) for group in series] == [[ada.id, ben.id], [cleo.id], [ben.id]]
    problems = {
        (outcome.group_appointment_id, outcome.patient_id): outcome.problem.code
        for outcome in booked.outcomes
        if outcome.problem
    }
    assert problems == {
        (series[1].id, ada.id): Code.CAPACITY_FULL,
        (series[1].id, ben.id): Code.CAPACITY_FULL,
        (series[2].id, ada.id): Code.ALREADY_BOOKED,
        (series[2].id, ben.id): Code.ALREADY_BOOKED,
    }


async def test_each_patient_is_told_their_own_reason_or_else_the_common_one(practice):
    ada, ben, *_ = practice.patients
    series = await a_series(practice, occurrences=2, max_attendees=1)
    await book(practice, series[1], ben)

    booked = await book(practice, series[0], ada, ben, scope=Scope.ALL)

    assert [
        (outcome.problem.code, outcome.problem.field)
        for outcome in booked.outcomes
        if outcome.group_appointment_id == series[1].id
    ] == [(Code.CAPACITY_FULL, ("patient_ids",)), (Code.ALREADY_BOOKED, ("patient_ids", "1"))]


async def test_occurrences_times_patients_have_a_limit(practice):
    root = practice.new_group(series_position=0)
    repeats = [
        practice.new_group(A_MONDAY + n * DAY, repeated_from_id=root.id, series_position=n) for n in range(1, 26)
    ]
    many = practice.new_patients(200)
    await practice.save(root, *repeats, *many)

    assert await refusal(book(practice, root, *many, scope=Scope.ALL)) == [(Code.OUT_OF_RANGE, ("patient_ids",))]


async def test_skip_leaves_out_the_occurrences_where_a_patient_is_elsewhere(practice):
    series, ada = await a_series(practice), practice.patients[0]
    await practice.group(A_MONDAY + DAY, patients=[ada])

    booked = await book(practice, series[0], ada, scope=Scope.ALL, on_conflict=OnConflict.SKIP)

    assert [outcome.problem and outcome.problem.code for outcome in booked.outcomes] == [None, Code.CONFLICT, None]
    assert [await roster(practice, group) for group in series] == [[ada.id], [], [ada.id]]


async def test_skip_sees_the_seats_that_the_same_booking_gives(practice):
    series, ada = await a_series(practice, step=timedelta(minutes=40)), practice.patients[0]

    await book(practice, series[0], ada, scope=Scope.ALL, on_conflict=OnConflict.SKIP)

    assert [await roster(practice, group) for group in series] == [[ada.id], [], [ada.id]]


async def test_a_member_leaves_the_rest_of_a_series(practice):
    series, ada = await a_series(practice), practice.patients[0]
    await book(practice, series[0], ada, scope=Scope.ALL)

    async def of_ada(book):
        return (await book.attendees_of([series[1].id]))[series[1].id][0]

    changed = await cancel(
        practice, await practice.store.read(practice.account.id, of_ada), scope=Scope.THIS_AND_FOLLOWING
    )

    assert [await roster(practice, group) for group in series] == [[ada.id], [], []]
    assert len(changed.cancelled_ids) == 2


async def test_leaving_a_series_promotes_in_each_occurrence(practice):
    ada, ben, *_ = practice.patients
    series = await a_series(practice, max_attendees=1)
    booked = await book(practice, series[0], ada, scope=Scope.ALL)
    await book(practice, series[0], ben, scope=Scope.ALL, waitlist_if_full=True)
    attendee = await stored(practice, Attendee, booked.outcomes[0].attendee_id)

    changed = await cancel(practice, attendee, scope=Scope.ALL)

    assert [await roster(practice, group) for group in series] == [[ben.id]] * 3
    assert len(changed.promoted_ids) == 3
