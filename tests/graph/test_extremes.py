"""Values at the ends of what types hold are answered by a sentence, never by a failure."""

from typing import Any

import pytest

from asking import Client
from builders import Practice

INSTANTS = ["0001-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "2201-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"]
DATES = ["0001-01-01", "9999-12-31"]
LARGEST, SMALLEST = 2**31 - 1, -(2**31)


def creation(practice: Practice, **fields: Any) -> dict[str, Any]:
    return {
        "startsAt": "2026-03-03T09:00:00+11:00",
        "practitionerId": str(practice.practitioner.id),
        "businessId": str(practice.business.id),
        "appointmentTypeId": str(practice.type.id),
    } | fields


@pytest.mark.parametrize("instant", INSTANTS)
async def test_instants_outside_the_books_years(client: Client, practice: Practice, instant: str) -> None:
    group = await practice.group(patients=practice.patients[:2])
    whole = {"startsAt": INSTANTS[0], "endsAt": INSTANTS[-1], "practitionerId": str(practice.practitioner.id)}
    rule = {"repeatType": "MONTHLY", "repeatingInterval": 52, "numberOfRepeats": 365}

    assert await client.refused("createGroupAppointment", **creation(practice, startsAt=instant)) != []
    assert await client.refused("createGroupAppointment", **creation(practice, endsAt=instant)) != []
    assert await client.refused("createGroupAppointment", **creation(practice, startsAt=instant, repeatRule=rule)) != []
    assert await client.refused("updateGroupAppointment", id=str(group.id), startsAt=instant) != []
    assert await client.refused("updateGroupAppointment", id=str(group.id), endsAt=instant, scope="ALL") != []
    assert await client.refused("createUnavailableBlock", **whole) != []
    for bound in ("gt", "gte", "lt", "lte"):
        for field in ("startsAt", "endsAt", "createdAt", "updatedAt", "archivedAt"):
            query = "query ($f: GroupAppointmentFilter) { groupAppointments(filter: $f) { nodes { id } totalCount } }"
            await client.ask(query, f={field: {bound: instant}, "ids": [str(group.id)], "hasConflicts": True})
        await client.ask(
            "query ($f: UnavailableBlockFilter) { unavailableBlocks(filter: $f) { totalCount } }",
            f={"startsAt": {bound: instant}},
        )


@pytest.mark.parametrize("day", DATES)
async def test_days_outside_the_books_years(client: Client, practice: Practice, day: str) -> None:
    await practice.group()
    query = "query ($day: Date) { groupAppointments(filter: {onDate: $day}) { nodes { id } totalCount } }"

    assert (await client.ask(query, day=day))["groupAppointments"] == {"nodes": [], "totalCount": 0}
    assert await client.refused("createPatient", lastName="Roe", dateOfBirth=day) == [("OUT_OF_RANGE", "dateOfBirth")]


@pytest.mark.parametrize("number", [LARGEST, SMALLEST, -1])
async def test_numbers(client: Client, practice: Practice, number: int) -> None:
    group = await practice.group()
    for field in ("repeatingInterval", "numberOfRepeats"):
        rule = {"repeatType": "MONTHLY", "repeatingInterval": 1, "numberOfRepeats": 1, field: number}
        assert await client.refused("createGroupAppointment", **creation(practice, repeatRule=rule)) == [
            ("OUT_OF_RANGE", f"repeatRule.{field}")
        ]
        assert await client.refused("repeatGroupAppointment", id=str(group.id), repeatRule=rule) == [
            ("OUT_OF_RANGE", f"repeatRule.{field}")
        ]
    assert await client.refused("createGroupAppointment", **creation(practice, maxAttendees=number)) == [
        ("OUT_OF_RANGE", "maxAttendees")
    ]
    assert await client.refused("createAppointmentType", name="x", durationInMinutes=number, maxAttendees=number) == [
        ("OUT_OF_RANGE", "durationInMinutes"),
        ("OUT_OF_RANGE", "maxAttendees"),
    ]
    assert await client.refused("updateGroupAppointment", id=str(group.id), expectedVersion=number) == [
        ("STALE_VERSION", "expectedVersion")
    ]


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "x" * 100_000])
async def test_texts(client: Client, practice: Practice, text: str) -> None:
    group = await practice.group()
    query = """query ($text: String) {
        patients(filter: {search: $text}) { totalCount } practitioners(filter: {search: $text}) { totalCount } }"""

    assert (await client.ask(query, text=text))["patients"] == {"totalCount": 0}
    assert await client.refused("updateGroupAppointment", id=str(group.id), notes=text) != []
    assert await client.refused("createPatient", lastName=text) != []
    assert await client.refused("createBusiness", name=text, timeZone=text) != []
    assert await client.refused("createPatient", lastName="Roe", idempotencyKey=text) != []


async def test_too_many_of_something(client: Client, practice: Practice) -> None:
    ids = [str(number) for number in range(1, 3000)]
    group = await practice.group()
    query = "query ($ids: [ID!]) { groupAppointments(filter: {ids: $ids, patientIds: $ids}) { totalCount } }"

    assert await client.codes(query, ids=ids) == ["OPERATION_TOO_LARGE"]
    assert await client.refused("bookAttendees", groupAppointmentId=str(group.id), patientIds=ids) != []
    assert await client.refused("createGroupAppointment", **creation(practice, patientIds=ids)) != []
