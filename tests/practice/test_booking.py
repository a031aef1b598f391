"""Creating appointments and series, on a real store."""

from datetime import UTC, datetime, timedelta

from at_the_desk import WEEKLY, a_series, changes, creation, patients_in, read, refusal, series, told
from builders import A_MONDAY, Practice
from gappt_graphql.practice import booking
from gappt_graphql.scheduling.conflicts import ConflictKind, OnConflict
from gappt_graphql.scheduling.directory import Business, Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.problems import Code
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType

HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)


def starts(groups: list[GroupAppointment]) -> list[timedelta]:
    return [group.starts_at - A_MONDAY for group in groups]


async def test_an_appointment_is_stored_with_what_its_type_says(practice: Practice) -> None:
    made = await booking.create(practice.desk, creation(practice, notes="Mat"))
    group = await read(practice, made.group_appointment_id)
    assert (group.ends_at, group.max_attendees, group.notes) == (A_MONDAY + HOUR, 8, "Mat")
    assert (group.repeat_rule, group.series_position, group.plan, group.version) == (None, None, None, 1)


async def test_patients_are_booked_in_the_order_given(practice: Practice) -> None:
    wanted = [patient.id for patient in (practice.patients[3], practice.patients[0], practice.patients[2])]
    made = await booking.create(practice.desk, creation(practice, patient_ids=tuple(wanted)))
    assert await patients_in(practice, made.group_appointment_id) == wanted
    assert (await read(practice, made.group_appointment_id)).active_attendees == 3


async def test_every_problem_of_a_creation_comes_at_once(practice: Practice, other_practice: Practice) -> None:
    archived = await practice.revise(practice.patients[0], archived_at=practice.now)
    strange = other_practice.patients[0]
    booked = practice.patients[1]
    refused = await refusal(
        booking.create(
            practice.desk,
            creation(
                practice,
                ends_at=A_MONDAY,
                notes="\x00",
                practitioner_id=other_practice.practitioner.id,
                patient_ids=(archived.id, booked.id, strange.id, booked.id),
                repeat_rule=RepeatRule(RepeatType.DAILY, 0, 366),
            ),
        )
    )
    assert told(refused) == [
        (Code.INVALID, "ends_at"),
        (Code.INVALID, "notes"),
        (Code.NOT_FOUND, "practitioner_id"),
        (Code.ARCHIVED, "patient_ids.0"),
        (Code.NOT_FOUND, "patient_ids.2"),
        (Code.ALREADY_BOOKED, "patient_ids.3"),
        (Code.OUT_OF_RANGE, "repeat_rule.number_of_repeats"),
        (Code.OUT_OF_RANGE, "repeat_rule.repeating_interval"),
    ]


async def test_more_patients_than_seats_are_refused(practice: Practice) -> None:
    patients = tuple(patient.id for patient in practice.patients[:3])
    refused = await refusal(booking.create(practice.desk, creation(practice, max_attendees=2, patient_ids=patients)))
    assert told(refused) == [(Code.CAPACITY_FULL, "patient_ids")]
    assert await changes(practice) == []


async def test_conflicts_are_allowed_unless_somebody_rejects_them(practice: Practice) -> None:
    other = await practice.group(A_MONDAY)
    refused = await refusal(booking.create(practice.desk, creation(practice, on_conflict=OnConflict.REJECT)))
    assert told(refused) == [(Code.CONFLICT, "")]
    (occurrence,) = refused.conflicting
    assert (occurrence.index, occurrence.group_appointment_id) == (0, None)
    assert [conflict.group_appointment_id for conflict in occurrence.conflicts] == [other.id]
    await booking.create(practice.desk, creation(practice))


async def test_two_businesses_share_one_practitioner(practice: Practice) -> None:
    elsewhere = practice.new(Business, name="South", time_zone="Europe/Berlin")
    await practice.save(elsewhere)
    await practice.group(A_MONDAY, business_id=elsewhere.id)
    refused = await refusal(booking.create(practice.desk, creation(practice, on_conflict=OnConflict.REJECT)))
    assert refused.conflicting[0].conflicts[0].kind is ConflictKind.PRACTITIONER_DOUBLE_BOOKED


async def test_time_off_and_booked_patients_are_conflicts_too(practice: Practice) -> None:
    somebody = practice.new(Practitioner, first_name="Kim", last_name="Ode")
    patient = practice.patients[0]
    await practice.save(somebody, practice.new_block(A_MONDAY - HOUR, minutes=70))
    await practice.group(A_MONDAY + HOUR / 2, practitioner_id=somebody.id, patients=[patient])
    command = creation(practice, patient_ids=(patient.id,), on_conflict=OnConflict.REJECT)
    refused = await refusal(booking.create(practice.desk, command))
    assert [conflict.kind for conflict in refused.conflicting[0].conflicts] == [
        ConflictKind.PRACTITIONER_UNAVAILABLE,
        ConflictKind.PATIENT_DOUBLE_BOOKED,
    ]


async def test_touching_appointments_pass_a_rejection(practice: Practice) -> None:
    await practice.group(A_MONDAY - HOUR)
    await practice.group(A_MONDAY + HOUR)
    await booking.create(practice.desk, creation(practice, on_conflict=OnConflict.REJECT))


async def test_a_series_is_stored_on_the_wall_clock(practice: Practice) -> None:
    rule = RepeatRule(RepeatType.WEEKLY, 1, 6)  # across the end of summer in Sydney, on 5 April
    groups = await a_series(practice, repeat_rule=rule)
    local = [group.starts_at.astimezone(practice.business.zone) for group in groups]
    assert {reading.hour for reading in local} == {9}
    assert [group.series_position for group in groups] == list(range(7))
    assert {group.repeated_from_id for group in groups[1:]} == {groups[0].id}
    assert {group.repeat_rule for group in groups} == {rule}


async def test_no_repeats_store_no_rule(practice: Practice) -> None:
    (group,) = await a_series(practice, repeat_rule=RepeatRule(RepeatType.WEEKLY, 0, 0))
    assert (group.repeat_rule, group.series_position) == (None, None)


async def test_attendees_are_copied_only_when_asked(practice: Practice) -> None:
    patients = (practice.patients[0].id, practice.patients[1].id)
    plain = await a_series(practice, patient_ids=patients)
    copied = await a_series(practice, patient_ids=patients, copy_attendees=True)
    assert [group.active_attendees for group in plain] == [2, 0, 0, 0]
    assert [group.active_attendees for group in copied] == [2, 2, 2, 2]
    assert await patients_in(practice, copied[3].id) == list(patients)


async def test_a_series_of_too_many_places_is_refused_on_its_rule(practice: Practice) -> None:
    command = creation(
        practice,
        max_attendees=20,
        patient_ids=tuple(patient.id for patient in practice.patients[:12]),
        copy_attendees=True,
        repeat_rule=RepeatRule(RepeatType.DAILY, 1, 365),
    )
    await practice.save(*(more := practice.new_patients(2)))
    await booking.create(practice.desk, command)  # 366 times 12 is 4,392
    command = creation(
        practice,
        max_attendees=20,
        patient_ids=tuple(patient.id for patient in [*practice.patients[:12], *more]),
        copy_attendees=True,
        repeat_rule=RepeatRule(RepeatType.DAILY, 1, 365),
    )
    refused = await refusal(booking.create(practice.desk, command))  # 366 times 14 is 5,124
    assert told(refused) == [(Code.OUT_OF_RANGE, "repeat_rule")]


async def test_a_series_past_2200_is_refused_on_its_rule(practice: Practice) -> None:
    rule = RepeatRule(RepeatType.MONTHLY, 52, 60)
    refused = await refusal(booking.create(practice.desk, creation(practice, repeat_rule=rule)))
    assert told(refused) == [(Code.OUT_OF_RANGE, "repeat_rule")]


async def test_skip_leaves_out_the_repeats_that_conflict(practice: Practice) -> None:
    other = await practice.group(A_MONDAY + 2 * WEEK)
    command = creation(practice, repeat_rule=WEEKLY, on_conflict=OnConflict.SKIP)
    made = await booking.create(practice.desk, command)
    groups = await series(practice, made.group_appointment_id)
    assert starts(groups) == [0 * WEEK, WEEK, 3 * WEEK]
    assert [group.series_position for group in groups] == [0, 1, 3]
    (left_out,) = made.conflicting
    assert (left_out.index, left_out.group_appointment_id) == (2, None)
    assert left_out.conflicts[0].group_appointment_id == other.id


async def test_skip_never_leaves_out_the_root(practice: Practice) -> None:
    await practice.group(A_MONDAY)
    command = creation(practice, repeat_rule=WEEKLY, on_conflict=OnConflict.SKIP)
    refused = await refusal(booking.create(practice.desk, command))
    assert told(refused) == [(Code.CONFLICT, "")]
    assert [occurrence.index for occurrence in refused.conflicting] == [0]


async def test_siblings_of_a_daily_rule_longer_than_its_step_are_rejected_and_skipped(practice: Practice) -> None:
    daily = {"repeat_rule": RepeatRule(RepeatType.DAILY, 1, 4), "ends_at": A_MONDAY + timedelta(hours=30)}
    refused = await refusal(booking.create(practice.desk, creation(practice, on_conflict=OnConflict.REJECT, **daily)))
    assert [occurrence.index for occurrence in refused.conflicting] == [0, 1, 2, 3, 4]
    made = await booking.create(practice.desk, creation(practice, on_conflict=OnConflict.SKIP, **daily))
    groups = await series(practice, made.group_appointment_id)
    assert [group.series_position for group in groups] == [0, 2, 4]
    assert [occurrence.index for occurrence in made.conflicting] == [1, 3]


async def test_skip_without_a_series_means_reject(practice: Practice) -> None:
    await practice.group(A_MONDAY)
    refused = await refusal(booking.create(practice.desk, creation(practice, on_conflict=OnConflict.SKIP)))
    assert told(refused) == [(Code.CONFLICT, "")]


async def test_a_root_whose_repeats_are_all_left_out_stands_alone(practice: Practice) -> None:
    await practice.group(A_MONDAY + WEEK)
    rule = RepeatRule(RepeatType.WEEKLY, 1, 1)
    made = await booking.create(practice.desk, creation(practice, repeat_rule=rule, on_conflict=OnConflict.SKIP))
    group = await read(practice, made.group_appointment_id)
    assert (made.repeat_ids, group.repeat_rule, group.plan, len(made.conflicting)) == ((), None, None, 1)


async def test_the_repeated_hour_does_not_double_a_booking(practice: Practice) -> None:
    # Sydney shows 2:30 twice on 5 April 2026; a daily group at 2:30 meets once that night.
    first = datetime(2026, 4, 3, 15, 30, tzinfo=UTC)
    groups = await a_series(
        practice, starts_at=first, repeat_rule=RepeatRule(RepeatType.DAILY, 1, 2), on_conflict=OnConflict.REJECT
    )
    local = [group.starts_at.astimezone(practice.business.zone) for group in groups]
    assert [reading.strftime("%d %H:%M") for reading in local] == ["04 02:30", "05 02:30", "06 02:30"]


async def test_an_idempotency_key_creates_once(practice: Practice) -> None:
    command = creation(practice, repeat_rule=WEEKLY, idempotency_key="k")
    first = await booking.create(practice.desk, command)
    assert await booking.create(practice.desk, command) == first
    assert len(await changes(practice)) == 4
