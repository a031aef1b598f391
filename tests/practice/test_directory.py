"""Keeping the directory, in a real book."""

from datetime import UTC, date, datetime, timedelta

import pytest

import reception
from builders import A_MONDAY, Practice
from gappt_graphql.practice import directory
from gappt_graphql.practice.directory import (
    ArchiveAppointmentType,
    ArchiveBusiness,
    ArchivePatient,
    ArchiveUnavailableBlock,
    CreateAppointmentType,
    CreateBusiness,
    CreatePatient,
    CreatePractitioner,
    CreateUnavailableBlock,
    UpdateAppointmentType,
    UpdateBusiness,
    UpdatePatient,
    UpdatePractitioner,
)
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.problems import Code
from reception import refusal

HOUR = timedelta(hours=1)


async def stored(practice: Practice, kind, written: directory.Written):
    return await reception.stored(practice, kind, written.id)


def audited(past) -> int:
    [(count,)] = past.rows("SELECT count(*) FROM audit")
    return count


async def test_a_practitioner_is_created_active(practice):
    written = await directory.create_practitioner(
        practice.desk, CreatePractitioner(last_name="Vega", first_name="Sam", title="Dr", designation="Physio")
    )

    vega = await stored(practice, Practitioner, written)
    assert (vega.label, vega.designation, vega.active) == ("Dr Sam Vega", "Physio", True)
    assert vega.created_at == vega.updated_at == practice.now


async def test_a_practitioner_is_made_inactive_and_active_again(practice):
    id = practice.practitioner.id

    await directory.update_practitioner(practice.desk, UpdatePractitioner(id=id, active=False))
    assert not (await practice.reload(practice.practitioner)).active
    await directory.update_practitioner(practice.desk, UpdatePractitioner(id=id, active=True))
    assert (await practice.reload(practice.practitioner)).active


async def test_a_patient_is_created_with_every_field(practice):
    written = await directory.create_patient(
        practice.desk,
        CreatePatient(last_name="Zhang", first_name="Zoe", email="zoe@example.com", date_of_birth=date(2000, 2, 29)),
    )

    zoe = await stored(practice, Patient, written)
    assert (zoe.first_name, zoe.last_name) == ("Zoe", "Zhang")
    assert (zoe.email, zoe.date_of_birth) == ("zoe@example.com", date(2000, 2, 29))


async def test_a_business_is_created_with_its_zone(practice):
    written = await directory.create_business(practice.desk, CreateBusiness(name="South", time_zone="Europe/Lisbon"))

    south = await stored(practice, Business, written)
    assert (south.name, south.time_zone) == ("South", "Europe/Lisbon")


async def test_an_appointment_type_is_created_with_every_field(practice):
    command = CreateAppointmentType(
        name="Falls",
        duration_in_minutes=1440,
        max_attendees=0,
        color="#abc",
        category="Group",
        description="Line one\nLine two",
        telehealth_enabled=True,
    )

    falls = await stored(practice, AppointmentType, await directory.create_appointment_type(practice.desk, command))
    assert (falls.name, falls.duration_in_minutes, falls.max_attendees) == ("Falls", 1440, 0)
    assert (falls.color, falls.category, falls.description) == ("#abc", "Group", "Line one\nLine two")
    assert falls.telehealth_enabled


async def test_time_off_is_created_in_utc(practice):
    starts_at = datetime.fromisoformat("2026-03-03T09:00:00+11:00")
    command = CreateUnavailableBlock(
        practitioner_id=practice.practitioner.id,
        business_id=practice.business.id,
        starts_at=starts_at,
        ends_at=starts_at + HOUR,
        notes="Dentist",
    )

    block = await stored(practice, UnavailableBlock, await directory.create_unavailable_block(practice.desk, command))
    assert (block.starts_at, block.starts_at.tzinfo) == (A_MONDAY, UTC)
    assert (block.practitioner_id, block.business_id) == (practice.practitioner.id, practice.business.id)
    assert (block.ends_at, block.notes) == (A_MONDAY + HOUR, "Dentist")


async def test_an_update_changes_what_it_states_and_no_more(practice):
    patient = practice.patients[0]
    practice.now += HOUR

    await directory.update_patient(practice.desk, UpdatePatient(id=patient.id, email="lee@example.com"))

    after = await practice.reload(patient)
    assert (after.email, after.first_name, after.last_name) == ("lee@example.com", "Patient 1", "Lee")
    assert (after.created_at, after.updated_at) == (patient.created_at, practice.now)


async def test_null_clears_what_may_be_empty(practice):
    patient = practice.patients[0]

    await directory.update_patient(practice.desk, UpdatePatient(id=patient.id, first_name=None, email=None))

    assert (await practice.reload(patient)).first_name is None


async def test_null_is_refused_for_what_may_not_be_empty(practice):
    business = UpdateBusiness(id=practice.business.id, name=None, time_zone=None)
    type = UpdateAppointmentType(
        id=practice.type.id, name=None, duration_in_minutes=None, max_attendees=None, telehealth_enabled=None
    )
    practitioner = UpdatePractitioner(id=practice.practitioner.id, last_name=None, active=None)
    patient = UpdatePatient(id=practice.patients[0].id, last_name=None)

    assert await refusal(directory.update_business(practice.desk, business)) == [
        (Code.REQUIRED, ("name",)),
        (Code.REQUIRED, ("time_zone",)),
    ]
    assert await refusal(directory.update_appointment_type(practice.desk, type)) == [
        (Code.REQUIRED, ("name",)),
        (Code.REQUIRED, ("duration_in_minutes",)),
        (Code.REQUIRED, ("max_attendees",)),
        (Code.REQUIRED, ("telehealth_enabled",)),
    ]
    assert await refusal(directory.update_practitioner(practice.desk, practitioner)) == [
        (Code.REQUIRED, ("last_name",)),
        (Code.REQUIRED, ("active",)),
    ]
    assert await refusal(directory.update_patient(practice.desk, patient)) == [(Code.REQUIRED, ("last_name",))]


async def test_an_update_that_changes_nothing_writes_nothing(practice, past):
    before = audited(past)
    practice.now += HOUR

    await directory.update_business(practice.desk, UpdateBusiness(id=practice.business.id, name="North"))
    await directory.update_patient(practice.desk, UpdatePatient(id=practice.patients[0].id))

    assert await practice.reload(practice.business) == practice.business
    assert audited(past) == before


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "", Code.REQUIRED),
        ("name", " \t", Code.INVALID),
        ("name", "  ", Code.REQUIRED),
        ("name", "a\x07", Code.INVALID),
        ("name", "\ud800", Code.INVALID),
        ("name", "n" * 256, Code.OUT_OF_RANGE),
        ("duration_in_minutes", -1, Code.OUT_OF_RANGE),
        ("duration_in_minutes", 1441, Code.OUT_OF_RANGE),
        ("max_attendees", -1, Code.OUT_OF_RANGE),
        ("max_attendees", 101, Code.OUT_OF_RANGE),
        ("color", "c" * 256, Code.OUT_OF_RANGE),
        ("description", "d" * 10_001, Code.OUT_OF_RANGE),
    ],
)
async def test_what_an_appointment_type_cannot_hold_is_refused_on_its_field(practice, field, value, code):
    fields = {"name": "Falls", "duration_in_minutes": 60, "max_attendees": 8} | {field: value}
    create = CreateAppointmentType(**fields)
    update = UpdateAppointmentType(id=practice.type.id, **{field: value})

    assert await refusal(directory.create_appointment_type(practice.desk, create)) == [(code, (field,))]
    assert await refusal(directory.update_appointment_type(practice.desk, update)) == [(code, (field,))]
    assert await practice.reload(practice.type) == practice.type


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("last_name", " ", Code.REQUIRED),
        ("email", "", Code.INVALID),
        ("email", "zoe", Code.INVALID),
        ("email", "zoe@", Code.INVALID),
        ("email", "zoe @example.com", Code.INVALID),
        ("email", "zoe@example@com", Code.INVALID),
        ("date_of_birth", date(1899, 12, 31), Code.OUT_OF_RANGE),
        ("date_of_birth", date(2026, 3, 4), Code.OUT_OF_RANGE),
    ],
)
async def test_what_a_patient_cannot_have_is_refused_on_its_field(practice, field, value, code):
    command = CreatePatient(**({"last_name": "Zhang"} | {field: value}))

    assert await refusal(directory.create_patient(practice.desk, command)) == [(code, (field,))]


async def test_a_child_born_today_where_it_is_tomorrow_already_is_a_patient(practice):
    command = CreatePatient(last_name="Zhang", date_of_birth=date(2026, 3, 3))

    assert await directory.create_patient(practice.desk, command)


@pytest.mark.parametrize(
    "zone", ["", "Sydney", "australia/sydney", "UTC+10", "../etc/passwd", "localtime", "/etc/localtime"]
)
async def test_a_business_has_a_time_zone_of_the_iana(practice, zone):
    work = directory.create_business(practice.desk, CreateBusiness(name="South", time_zone=zone))

    [(code, field)] = await refusal(work)
    assert code in (Code.INVALID, Code.REQUIRED)
    assert field == ("time_zone",)


async def test_all_problems_come_together(practice):
    command = CreateBusiness(name=" ", time_zone="Nowhere")

    assert await refusal(directory.create_business(practice.desk, command)) == [
        (Code.REQUIRED, ("name",)),
        (Code.INVALID, ("time_zone",)),
    ]


async def test_names_are_stored_in_composed_form(practice):
    written = await directory.create_patient(practice.desk, CreatePatient(last_name="Zoe\u0308"))

    assert (await stored(practice, Patient, written)).last_name == "Zoë"


def archiving(practice: Practice, kind: str):
    return {
        "patient": (directory.archive_patient, ArchivePatient(id=practice.patients[0].id), practice.patients[0]),
        "business": (directory.archive_business, ArchiveBusiness(id=practice.business.id), practice.business),
        "type": (directory.archive_appointment_type, ArchiveAppointmentType(id=practice.type.id), practice.type),
    }[kind]


@pytest.mark.parametrize("kind", ["patient", "business", "type"])
async def test_archiving_twice_keeps_the_first_time(practice, kind):
    archive, command, record = archiving(practice, kind)
    first = practice.now
    await archive(practice.desk, command)
    practice.now += HOUR

    await archive(practice.desk, command)

    assert (await practice.reload(record)).archived_at == first


@pytest.mark.parametrize("kind", ["patient", "business", "type"])
async def test_no_account_archives_the_records_of_another(practice, other_practice, kind):
    archive, command, record = archiving(other_practice, kind)

    assert await refusal(archive(practice.desk, command)) == [(Code.NOT_FOUND, ("id",))]
    assert (await other_practice.reload(record)).archived_at is None


async def test_archived_time_off_keeps_the_first_time(practice):
    block = practice.new_block(A_MONDAY)
    await practice.save(block)
    first = practice.now
    await directory.archive_unavailable_block(practice.desk, ArchiveUnavailableBlock(id=block.id))
    practice.now += HOUR

    await directory.archive_unavailable_block(practice.desk, ArchiveUnavailableBlock(id=block.id))

    assert (await practice.reload(block)).archived_at == first


async def test_an_archived_record_is_not_updated(practice):
    await practice.revise(practice.business, archived_at=practice.now)
    command = UpdateBusiness(id=practice.business.id, name=" ")

    assert await refusal(directory.update_business(practice.desk, command)) == [
        (Code.ARCHIVED, ("id",)),
        (Code.REQUIRED, ("name",)),
    ]


async def test_no_account_updates_the_records_of_another(practice, other_practice):
    command = UpdatePatient(id=other_practice.patients[0].id, last_name="Mine")

    assert await refusal(directory.update_patient(practice.desk, command)) == [(Code.NOT_FOUND, ("id",))]


async def test_time_off_ends_after_it_starts(practice):
    command = CreateUnavailableBlock(practitioner_id=practice.practitioner.id, starts_at=A_MONDAY, ends_at=A_MONDAY)

    assert await refusal(directory.create_unavailable_block(practice.desk, command)) == [(Code.INVALID, ("ends_at",))]


async def test_time_off_lies_in_the_years_of_the_book(practice):
    command = CreateUnavailableBlock(
        practitioner_id=practice.practitioner.id,
        starts_at=datetime(1899, 12, 31, tzinfo=UTC),
        ends_at=datetime(2201, 1, 1, tzinfo=UTC),
    )

    assert await refusal(directory.create_unavailable_block(practice.desk, command)) == [
        (Code.OUT_OF_RANGE, ("starts_at",)),
        (Code.OUT_OF_RANGE, ("ends_at",)),
    ]


async def test_time_off_refers_to_records_of_its_account_that_are_in_use(practice, other_practice):
    await practice.revise(practice.business, archived_at=practice.now)
    await practice.revise(practice.practitioner, active=False)
    span = {"starts_at": A_MONDAY, "ends_at": A_MONDAY + HOUR}
    gone = CreateUnavailableBlock(practitioner_id=practice.practitioner.id, business_id=practice.business.id, **span)
    foreign = CreateUnavailableBlock(
        practitioner_id=other_practice.practitioner.id, business_id=other_practice.business.id, **span
    )

    assert await refusal(directory.create_unavailable_block(practice.desk, gone)) == [
        (Code.ARCHIVED, ("practitioner_id",)),
        (Code.ARCHIVED, ("business_id",)),
    ]
    assert await refusal(directory.create_unavailable_block(practice.desk, foreign)) == [
        (Code.NOT_FOUND, ("practitioner_id",)),
        (Code.NOT_FOUND, ("business_id",)),
    ]
