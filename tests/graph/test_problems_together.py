"""All problems of one request come back at once, each on its field, whatever finds them."""

from datetime import timedelta

import pytest

from asking import Client
from builders import A_MONDAY, Practice

TOO_LONG = {"repeatType": "MONTHLY", "repeatingInterval": 52, "numberOfRepeats": 365}
CONTROL = "a\x07"


async def test_of_a_creation(client: Client, practice: Practice) -> None:
    await practice.group(A_MONDAY, patients=practice.patients[:1])
    await practice.revise(practice.practitioner, active=False)
    problems = await client.refused(
        "createGroupAppointment",
        startsAt="2026-03-02T22:30:00Z",
        notes=CONTROL,
        practitionerId=str(practice.practitioner.id),
        businessId=str(practice.business.id),
        appointmentTypeId="1",
        endsAt="2026-03-02T23:30:00Z",
        patientIds=[str(practice.patients[0].id), "x", str(practice.patients[0].id)],
        repeatRule=TOO_LONG,
        onConflict="REJECT",
        idempotencyKey="",
    )

    assert sorted(problems) == [
        ("ALREADY_BOOKED", "patientIds.2"),
        ("ARCHIVED", "practitionerId"),
        ("CONFLICT", ""),
        ("INVALID", "idempotencyKey"),
        ("INVALID", "notes"),
        ("NOT_FOUND", "appointmentTypeId"),
        ("NOT_FOUND", "patientIds.1"),
        ("OUT_OF_RANGE", "repeatRule"),
    ]


async def test_of_places_and_a_reference(client: Client, practice: Practice) -> None:
    assert await client.refused(
        "createGroupAppointment",
        startsAt="2026-03-02T22:30:00Z",
        practitionerId=str(practice.practitioner.id),
        businessId="1",
        appointmentTypeId=str(practice.type.id),
        maxAttendees=100,
        patientIds=[str(patient.id) for patient in await more_patients(practice)],
        copyAttendees=True,
        repeatRule={"repeatType": "DAILY", "numberOfRepeats": 300},
    ) == [("NOT_FOUND", "businessId"), ("OUT_OF_RANGE", "repeatRule")]


async def test_of_a_repetition(client: Client, practice: Practice) -> None:
    group = await practice.group()
    await practice.group(A_MONDAY + timedelta(minutes=30))
    await practice.revise(practice.business, archived_at=practice.now)

    assert await client.refused(
        "repeatGroupAppointment", id=str(group.id), repeatRule=TOO_LONG, expectedVersion=7, onConflict="REJECT"
    ) == [
        ("STALE_VERSION", "expectedVersion"),
        ("ARCHIVED", "repeatRule"),
        ("OUT_OF_RANGE", "repeatRule"),
        ("CONFLICT", ""),
    ]


async def test_of_a_booking(client: Client, practice: Practice) -> None:
    ada, ben, cleo = practice.patients[:3]
    group = await practice.group(patients=[ada])
    await practice.group(A_MONDAY + timedelta(minutes=30), patients=[ben])
    await practice.revise(cleo, archived_at=practice.now)
    ids = [str(ada.id), str(ben.id), str(cleo.id), "nobody", str(ada.id)]

    assert sorted(
        await client.refused("bookAttendees", groupAppointmentId=str(group.id), patientIds=ids, onConflict="REJECT")
    ) == [
        ("ALREADY_BOOKED", "patientIds.0"),
        ("ALREADY_BOOKED", "patientIds.4"),
        ("ARCHIVED", "patientIds.2"),
        ("CONFLICT", "patientIds.1"),
        ("NOT_FOUND", "patientIds.3"),
    ]


async def test_of_an_archived_patient_named_twice(client: Client, practice: Practice) -> None:
    group, ada = await practice.group(), practice.patients[0]
    await practice.revise(ada, archived_at=practice.now)
    booking = {"groupAppointmentId": str(group.id), "patientIds": [str(ada.id)] * 2}

    for scope in ("THIS", "ALL"):
        assert sorted(await client.refused("bookAttendees", **booking, scope=scope)) == [
            ("ALREADY_BOOKED", "patientIds.1"),
            ("ARCHIVED", "patientIds.0"),
        ]


async def test_of_a_booking_into_a_full_group(client: Client, practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:1], max_attendees=1)
    ids = [str(practice.patients[0].id), "nobody", str(practice.patients[1].id)]

    assert sorted(await client.refused("bookAttendees", groupAppointmentId=str(group.id), patientIds=ids)) == [
        ("ALREADY_BOOKED", "patientIds.0"),
        ("CAPACITY_FULL", "patientIds"),
        ("NOT_FOUND", "patientIds.1"),
    ]


async def test_of_joining_a_waitlist(client: Client, practice: Practice) -> None:
    group = await practice.group(practice.now - timedelta(hours=1), patients=practice.patients[:1])

    assert await client.refused(
        "joinWaitlist", groupAppointmentId=str(group.id), patientId=str(practice.patients[0].id)
    ) == [("INVALID", "groupAppointmentId"), ("ALREADY_BOOKED", "patientId")]


@pytest.mark.parametrize(
    ("mutation", "input", "problems"),
    [
        (
            "updatePractitioner",
            {"lastName": " ", "active": None},
            [("NOT_FOUND", "id"), ("REQUIRED", "lastName"), ("REQUIRED", "active")],
        ),
        ("updateBusiness", {"timeZone": "Mars"}, [("NOT_FOUND", "id"), ("INVALID", "timeZone")]),
        ("updateAttendee", {"notes": CONTROL}, [("NOT_FOUND", "id"), ("INVALID", "notes")]),
        ("cancelAttendee", {"reason": "SICK", "note": CONTROL}, [("NOT_FOUND", "id"), ("INVALID", "note")]),
        (
            "repeatGroupAppointment",
            {"repeatRule": {"repeatType": "DAILY", "repeatingInterval": 53, "numberOfRepeats": 1}},
            [("NOT_FOUND", "id"), ("OUT_OF_RANGE", "repeatRule.repeatingInterval")],
        ),
        ("archivePatient", {"idempotencyKey": "k" * 256}, [("NOT_FOUND", "id"), ("OUT_OF_RANGE", "idempotencyKey")]),
    ],
)
async def test_of_a_record_that_is_not_there(
    client: Client, mutation: str, input: dict[str, object], problems: list[tuple[str, str]]
) -> None:
    assert await client.refused(mutation, id="1", **input) == problems


async def test_a_patient_named_twice_takes_one_seat_in_the_reckoning(client: Client, practice: Practice) -> None:
    twice = [str(practice.patients[0].id)] * 2

    assert await client.refused(
        "createGroupAppointment",
        startsAt="2026-03-02T22:30:00Z",
        practitionerId=str(practice.practitioner.id),
        businessId=str(practice.business.id),
        appointmentTypeId=str(practice.type.id),
        maxAttendees=1,
        patientIds=twice,
    ) == [("ALREADY_BOOKED", "patientIds.1")]


async def more_patients(practice: Practice) -> list:
    patients = practice.new_patients(20)
    await practice.save(*patients)
    return patients
