"""Retries with an idempotency key, in a real book."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from builders import Practice
from gappt_graphql.practice import attendance, directory, idempotency
from gappt_graphql.practice.attendance import BookAttendees, CancelAttendee
from gappt_graphql.practice.directory import CreatePatient, UpdatePatient
from gappt_graphql.scheduling.asking import Listing
from gappt_graphql.scheduling.attendance import CancellationReason
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.scheduling.problems import Code, Refused
from gappt_graphql.scheduling.series import Scope
from gappt_graphql.store import KeptOutcome

ADD_ZOE = CreatePatient(last_name="Zhang", first_name="Zoe", idempotency_key="k1")


async def number_of_patients(practice: Practice) -> int:
    async def work(book):
        return await book.count(Patient, Listing())

    return await practice.store.read(practice.account.id, work)


def written(past) -> dict[str, int]:
    """Return how many rows each table of the journal has."""
    return {
        table: past.rows(f"SELECT count(*) FROM {table}")[0][0] for table in ("changes", "audit", "idempotency_keys")
    }


async def test_a_retry_returns_the_same_outcome_and_writes_nothing(practice, past):
    first = await directory.create_patient(practice.desk, ADD_ZOE)
    before = await number_of_patients(practice), written(past)

    again = await directory.create_patient(practice.desk, ADD_ZOE)

    assert again == first
    assert (await number_of_patients(practice), written(past)) == before


async def test_a_retry_of_a_booking_returns_its_outcomes_though_the_group_is_full_now(practice):
    group, (ada, ben, *_) = await practice.group(max_attendees=1), practice.patients
    command = BookAttendees(
        group_appointment_id=group.id, patient_ids=(ada.id, ben.id), waitlist_if_full=True, idempotency_key="k1"
    )
    first = await attendance.book(practice.desk, command)

    assert await attendance.book(practice.desk, command) == first
    assert first.outcomes[1].waitlist_entry_id


async def test_outcomes_with_problems_survive_being_kept(practice):
    root = await practice.group(series_position=0)
    await practice.group(
        root.starts_at + timedelta(days=1), repeated_from_id=root.id, series_position=1, patients=practice.patients[:1]
    )
    command = BookAttendees(
        group_appointment_id=root.id, patient_ids=(practice.patients[0].id,), scope=Scope.ALL, idempotency_key="k1"
    )
    first = await attendance.book(practice.desk, command)

    assert await attendance.book(practice.desk, command) == first
    assert first.outcomes[1].problem.code is Code.ALREADY_BOOKED


async def test_a_key_takes_no_other_arguments(practice):
    await directory.create_patient(practice.desk, ADD_ZOE)
    other = msgspec.structs.replace(ADD_ZOE, first_name="Zora")

    with pytest.raises(Refused) as refused:
        await directory.create_patient(practice.desk, other)

    assert [(problem.code, problem.field) for problem in refused.value.problems] == [
        (Code.IDEMPOTENCY_KEY_REUSED, ("idempotency_key",))
    ]


async def test_a_key_takes_no_other_use_case(practice):
    written = await directory.create_patient(practice.desk, ADD_ZOE)

    with pytest.raises(Refused) as refused:
        await directory.archive_patient(practice.desk, directory.ArchivePatient(id=written.id, idempotency_key="k1"))

    assert [problem.code for problem in refused.value.problems] == [Code.IDEMPOTENCY_KEY_REUSED]


async def test_a_refusal_keeps_no_key(practice, past):
    before = written(past)
    with pytest.raises(Refused):
        await directory.create_patient(practice.desk, CreatePatient(last_name=" ", idempotency_key="k1"))

    assert written(past) == before
    assert (await directory.create_patient(practice.desk, ADD_ZOE)).id


async def test_forty_retries_at_once_make_one_record(practice):
    before = await number_of_patients(practice)

    outcomes = await asyncio.gather(*(directory.create_patient(practice.desk, ADD_ZOE) for _ in range(40)))

    assert len({outcome.id for outcome in outcomes}) == 1
    assert await number_of_patients(practice) == before + 1


async def test_a_key_belongs_to_its_account(practice, other_practice):
    first = await directory.create_patient(practice.desk, ADD_ZOE)
    second = await directory.create_patient(other_practice.desk, msgspec.structs.replace(ADD_ZOE, first_name="Zora"))

    assert first.id != second.id


async def test_a_key_is_forgotten_after_a_day(practice):
    first = await directory.create_patient(practice.desk, ADD_ZOE)
    practice.now += timedelta(hours=24, seconds=1)

    again = await directory.create_patient(practice.desk, ADD_ZOE)

    assert again.id != first.id
    assert await directory.create_patient(practice.desk, ADD_ZOE) == again


async def test_keys_of_the_past_are_swept_a_few_at_a_time_by_those_that_come(practice, other_practice, past):
    await remember(practice, 145)
    await directory.create_patient(other_practice.desk, ADD_ZOE)
    practice.now += timedelta(hours=24, seconds=1)

    kept = []
    for name in ("new 1", "new 2", "new 3"):
        await directory.create_patient(practice.desk, CreatePatient(last_name="Lee", idempotency_key=name))
        kept.append(written(past)["idempotency_keys"])

    assert kept == [45 + 2, 3, 4]


async def test_one_command_in_sixteen_sweeps_as_the_clock_has_it(practice, past):
    await remember(practice, 20)
    practice.now += timedelta(hours=24, seconds=1)

    kept = []
    for n in range(1, 17):
        practice.now += timedelta(microseconds=1)
        await directory.create_patient(practice.desk, CreatePatient(last_name="Lee", idempotency_key=f"new {n}"))
        kept.append(written(past)["idempotency_keys"])

    assert kept == [*range(21, 36), 16]


async def remember(practice, count):
    """Let so many keys have been used."""

    async def work(book):
        for n in range(count):
            await book.keep_outcome(KeptOutcome(key=f"k{n}", fingerprint="f", outcome="{}", at=practice.now))

    await practice.store.write(practice.account.id, work)


async def test_a_desk_remembers_keys_as_long_as_it_is_told(practice):
    desk = msgspec.structs.replace(practice.desk, keys_kept_for=timedelta(hours=2))
    first = await directory.create_patient(desk, ADD_ZOE)

    within = msgspec.structs.replace(desk, now=desk.now + timedelta(hours=2))
    after = msgspec.structs.replace(desk, now=desk.now + timedelta(hours=2, seconds=1))

    assert await directory.create_patient(within, ADD_ZOE) == first
    assert await directory.create_patient(after, ADD_ZOE) != first


async def test_a_retry_tells_null_from_absence(practice):
    zoe = (await directory.create_patient(practice.desk, ADD_ZOE)).id
    await directory.update_patient(practice.desk, UpdatePatient(id=zoe, idempotency_key="k2"))

    with pytest.raises(Refused) as refused:
        await directory.update_patient(practice.desk, UpdatePatient(id=zoe, email=None, idempotency_key="k2"))

    assert [problem.code for problem in refused.value.problems] == [Code.IDEMPOTENCY_KEY_REUSED]


async def test_a_retried_cancellation_tells_of_the_same_promotion(practice):
    ada, ben, *_ = practice.patients
    group = await practice.group(max_attendees=1)
    booked = await attendance.book(
        practice.desk,
        BookAttendees(group_appointment_id=group.id, patient_ids=(ada.id, ben.id), waitlist_if_full=True),
    )
    cancel = CancelAttendee(id=booked.outcomes[0].attendee_id, reason=CancellationReason.SICK, idempotency_key="k1")
    first = await attendance.cancel(practice.desk, cancel)

    assert len(first.promoted_ids) == 1
    assert await attendance.cancel(practice.desk, cancel) == first


@pytest.mark.parametrize(
    ("key", "code"),
    [("", Code.INVALID), ("a\nb", Code.INVALID), ("\ud800", Code.INVALID), ("k" * 256, Code.OUT_OF_RANGE)],
)
async def test_a_key_that_nobody_can_read_is_refused(practice, key, code):
    with pytest.raises(Refused) as refused:
        await directory.create_patient(practice.desk, CreatePatient(last_name="Lee", idempotency_key=key))

    assert [(problem.code, problem.field) for problem in refused.value.problems] == [(code, ("idempotency_key",))]


def test_the_fingerprint_leaves_the_key_out():
    other = msgspec.structs.replace(ADD_ZOE, idempotency_key="k2")

    assert idempotency.fingerprint(ADD_ZOE) == idempotency.fingerprint(other)
