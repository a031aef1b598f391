"""What both doors can do, they do alike: the same refusals, and the same rows in the book to the last field."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from both_doors import GRAPHQL, REST, Door, Doors, agree
from builders import A_MONDAY, Practice
from conftest import EmptyStore
from gappt_graphql.scheduling.attendance import NUMBERS, Attendee, WaitlistEntry
from gappt_graphql.scheduling.directory import AppointmentType, Business, Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment

NOWHERE = "999"
TOO_LONG = "x" * 10_001


@pytest.fixture
async def doors(empty_store: EmptyStore) -> AsyncIterator[Doors]:
    doors = {GRAPHQL: await Door.open(*empty_store()), REST: await Door.open(*empty_store("other"))}
    yield doors
    for door in doors.values():
        await door.close()


@pytest.fixture
async def practice(doors: Doors) -> Practice:
    """One of the two practices, for its ids, which the other has as well."""
    return doors[REST].practice


async def a_group(doors: Doors, *, patients: int = 0, **fields: Any) -> GroupAppointment:
    """Store the same appointment behind both doors."""
    groups = [
        await door.practice.group(patients=door.practice.patients[:patients], **fields) for door in doors.values()
    ]
    assert groups[0] == groups[1]
    return groups[0]


async def an_attendee(doors: Doors, **fields: Any) -> Attendee:
    """Store the same attendee of the same appointment behind both doors."""
    group = await a_group(doors)
    for door in doors.values():
        attendee: Attendee = door.practice.new_attendee(group, door.practice.patients[0], **fields)
        await door.practice.save(attendee)
        await door.practice.revise(group, active_attendees=int(attendee.active))
    return attendee


def camel(name: str) -> str:
    first, *words = name.split("_")
    return first + "".join(map(str.capitalize, words))


def camel_fields(body: dict[str, Any]) -> dict[str, Any]:
    """Spell the body of a request as the input of a mutation."""
    fields = {camel(name): value for name, value in body.items()}
    rule = fields.get("repeatRule")
    if rule:
        fields["repeatRule"] = camel_fields(rule) | {"repeatType": rule["repeat_type"].upper()}
    return fields


def creation(practice: Practice, **fields: Any) -> dict[str, Any]:
    """Return the body of a new appointment."""
    return {
        "starts_at": "2026-03-03T09:00:00+11:00",
        "practitioner_id": str(practice.practitioner.id),
        "business_id": str(practice.business.id),
        "appointment_type_id": str(practice.type.id),
    } | fields


def rule(step: str, times: int, interval: int = 1) -> dict[str, Any]:
    return {"repeat_type": step, "number_of_repeats": times, "repeating_interval": interval}


async def create_alike(doors: Doors, body: dict[str, Any]) -> Any:
    return await agree(doors, "createGroupAppointment", camel_fields(body), "POST /group_appointments", body)


async def update_alike(doors: Doors, id: int, body: dict[str, Any], **options: Any) -> Any:
    input = {"id": str(id)} | camel_fields(body)
    return await agree(doors, "updateGroupAppointment", input, f"PATCH /group_appointments/{id}", body, **options)


# --- Create


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"ends_at": "2026-03-03T11:30:00.25+11:00", "max_attendees": 3, "notes": "Bring a mat.\r\n"},
        {"ends_at": None, "max_attendees": None, "notes": None, "telehealth_url": None, "repeat_rule": None},
        {"telehealth_url": "https://meet.example/a?b=c"},
        {"notes": ""},
        {"repeat_rule": rule("Daily", 3, 2)},
        {"repeat_rule": rule("Weekly", 6)},
        {"repeat_rule": rule("Monthly", 12), "starts_at": "2026-01-31T02:30:00+11:00"},
        {"repeat_rule": rule("Weekly", 0, 0)},
    ],
)
async def test_an_appointment_is_created_alike(doors: Doors, practice: Practice, fields: dict[str, Any]) -> None:
    answer = await create_alike(doors, creation(practice, **fields))

    assert answer.status_code == 201
    made = doors[REST].stored()["group_appointments"]
    assert len(made) == 1 + (fields.get("repeat_rule") or {"number_of_repeats": 0})["number_of_repeats"]
    assert len(doors[REST].stored()["audit"]) == len(made)


@pytest.mark.parametrize(
    "fields",
    [
        {"practitioner_id": NOWHERE},
        {"practitioner_id": "-1", "business_id": "0x1", "appointment_type_id": str(2**63)},
        {"business_id": NOWHERE, "appointment_type_id": NOWHERE, "max_attendees": 0, "notes": TOO_LONG},
        {"max_attendees": 101},
        {"max_attendees": -1},
        {"ends_at": "2026-03-03T09:00:00+11:00"},
        {"starts_at": "1899-12-31T23:59:59Z"},
        {"starts_at": "2200-12-31T23:59:59Z"},
        {"notes": "a bell: \x07"},
        {"repeat_rule": rule("Weekly", 366)},
        {"repeat_rule": rule("Weekly", -1)},
        {"repeat_rule": rule("Weekly", 1, 53)},
        {"repeat_rule": rule("Weekly", 366, 0), "max_attendees": 500},
        {"repeat_rule": rule("Monthly", 365, 52)},
    ],
)
async def test_a_creation_is_refused_alike(doors: Doors, practice: Practice, fields: dict[str, Any]) -> None:
    answer = await create_alike(doors, creation(practice, **fields))

    assert answer.status_code == 422


async def test_what_is_archived_is_refused_alike(doors: Doors, practice: Practice) -> None:
    for door in doors.values():
        here = door.practice
        await here.revise(here.business, archived_at=here.now)
        await here.revise(here.type, archived_at=here.now)
        await here.revise(here.practitioner, active=False)

    answer = await create_alike(doors, creation(practice))

    assert set(answer.json()["errors"]) == {"business_id", "appointment_type_id", "practitioner_id"}


async def test_a_type_that_says_nothing_is_refused_alike(doors: Doors, practice: Practice) -> None:
    for door in doors.values():
        await door.practice.revise(door.practice.type, duration_in_minutes=0, max_attendees=0)

    answer = await create_alike(doors, creation(practice))

    assert set(answer.json()["errors"]) == {"ends_at", "max_attendees"}


# --- Update


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"starts_at": "2026-03-03T22:00:00Z"},
        {"ends_at": "2026-03-02T23:30:00Z"},
        {"starts_at": "2026-03-03T22:00:00Z", "ends_at": "2026-03-03T22:45:00Z"},
        {"ends_at": None},
        {"starts_at": "2026-03-03T22:00:00Z", "ends_at": None},
        {"max_attendees": 20},
        {"notes": "New"},
        {"notes": None},
        {"notes": ""},
        {"notes": "Old"},
        {"telehealth_url": "https://meet.example/new"},
        {"telehealth_url": None},
    ],
)
async def test_an_appointment_is_updated_alike(doors: Doors, fields: dict[str, Any]) -> None:
    group = await a_group(doors, minutes=90, patients=2, notes="Old", telehealth_url="https://meet.example")

    assert (await update_alike(doors, group.id, fields)).status_code == 200


@pytest.mark.parametrize(
    ("field", "kind"),
    [("practitioner_id", Practitioner), ("business_id", Business), ("appointment_type_id", AppointmentType)],
)
async def test_a_reference_is_updated_alike(doors: Doors, field: str, kind: type[Any]) -> None:
    group = await a_group(doors)
    fields: dict[type[Any], dict[str, Any]] = {
        Practitioner: {"first_name": "Kim", "last_name": "Ode"},
        Business: {"name": "South", "time_zone": "Europe/London"},
        AppointmentType: {"name": "Yoga", "duration_in_minutes": 30, "max_attendees": 2},
    }
    for door in doors.values():
        other = door.practice.new(kind, **fields[kind])
        await door.practice.save(other)

    answer = await update_alike(doors, group.id, {field: str(other.id)})

    assert answer.status_code == 200
    assert doors[REST].stored()["group_appointments"][0][field] == other.id


@pytest.mark.parametrize(
    "field", ["starts_at", "max_attendees", "practitioner_id", "business_id", "appointment_type_id"]
)
async def test_null_for_what_cannot_be_cleared_is_refused_alike(doors: Doors, field: str) -> None:
    group = await a_group(doors)

    answer = await update_alike(doors, group.id, {field: None})

    assert answer.json()["errors"] == {field: "This can't be empty."}


@pytest.mark.parametrize(
    "fields",
    [
        {"ends_at": "2026-03-02T22:00:00Z"},
        {"starts_at": "2201-01-01T00:00:00Z"},
        {"max_attendees": 2},
        {"max_attendees": 0},
        {"max_attendees": 101},
        {"notes": TOO_LONG},
        {"practitioner_id": NOWHERE, "business_id": NOWHERE, "appointment_type_id": NOWHERE, "starts_at": None},
    ],
)
async def test_an_update_is_refused_alike(doors: Doors, fields: dict[str, Any]) -> None:
    group = await a_group(doors, patients=3)

    answer = await update_alike(doors, group.id, fields)

    assert answer.status_code == 422


async def test_more_seats_promote_alike_who_waits(doors: Doors) -> None:
    group = await a_group(doors, patients=1, max_attendees=1)
    for door in doors.values():
        waits = door.practice.new(WaitlistEntry, group_appointment_id=group.id, patient_id=door.practice.patients[5].id)
        await door.practice.save(waits)

    await update_alike(doors, group.id, {"max_attendees": 2})

    assert len(doors[REST].stored()["attendees"]) == 2


async def test_one_of_a_series_is_updated_alike(doors: Doors, practice: Practice) -> None:
    made = await create_alike(doors, creation(practice, repeat_rule=rule("Weekly", 3)))

    answer = await update_alike(doors, int(made.json()["id"]), {"starts_at": "2026-03-03T00:00:00Z"})

    assert answer.status_code == 200


@pytest.mark.parametrize("archived", [False, True])
async def test_what_cannot_be_updated_is_refused_alike(doors: Doors, practice: Practice, archived: bool) -> None:
    id = (await a_group(doors, archived_at=practice.now)).id if archived else 999

    assert (await update_alike(doors, id, {"notes": "x"})).status_code == 404


# --- Repeat


async def repeat_alike(doors: Doors, id: int, repeat_rule: dict[str, Any]) -> Any:
    """Repeat by the mutation, and by an update of REST, which is the same but for the name in the audit."""
    input = {"id": str(id), **camel_fields({"repeat_rule": repeat_rule})}
    request, body = f"PATCH /group_appointments/{id}", {"repeat_rule": repeat_rule}
    return await agree(doors, "repeatGroupAppointment", input, request, body, leaving_out=("operation",))


async def test_an_appointment_is_repeated_alike(doors: Doors) -> None:
    group = await a_group(doors, patients=2)

    answer = await repeat_alike(doors, group.id, rule("Weekly", 4, 2))

    assert answer.json()["repeat_rule"] == rule("Weekly", 4, 2)
    assert len(doors[REST].stored()["group_appointments"]) == 5


@pytest.mark.parametrize("which", ["root", "repeat"])
async def test_a_series_is_not_repeated_again_by_either_door(doors: Doors, practice: Practice, which: str) -> None:
    await create_alike(doors, creation(practice, repeat_rule=rule("Weekly", 3)))
    position = 0 if which == "root" else 1
    id = next(row["id"] for row in doors[REST].stored()["group_appointments"] if row["series_position"] == position)

    answer = await repeat_alike(doors, id, rule("Daily", 2))

    assert list(answer.json()["errors"]) == ["repeat_rule"]


@pytest.mark.parametrize("bad", [rule("Weekly", 366), rule("Weekly", 1, 0), rule("Monthly", 365, 52)])
async def test_a_rule_is_refused_alike(doors: Doors, bad: dict[str, Any]) -> None:
    group = await a_group(doors)

    answer = await repeat_alike(doors, group.id, bad)

    assert list(answer.json()["errors"]) == ["repeat_rule"]


# --- Archive


async def archive_alike(doors: Doors, id: int, method: str = "POST") -> Any:
    path = f"/group_appointments/{id}"
    request = f"POST {path}/archive" if method == "POST" else f"DELETE {path}"
    return await agree(doors, "archiveGroupAppointment", {"id": str(id)}, request)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_an_appointment_is_archived_alike_once_and_again(doors: Doors, method: str) -> None:
    group = await a_group(doors, patients=2)

    assert (await archive_alike(doors, group.id, method)).status_code == 204
    for door in doors.values():
        door.practice.now += timedelta(hours=1)
    assert (await archive_alike(doors, group.id, method)).status_code == 204
    assert len(doors[REST].stored()["audit"]) == 1


async def test_the_root_of_a_series_is_archived_alike(doors: Doors, practice: Practice) -> None:
    made = await create_alike(doors, creation(practice, repeat_rule=rule("Weekly", 2)))

    await archive_alike(doors, int(made.json()["id"]))

    archived = [row["archived_at"] is not None for row in doors[REST].stored()["group_appointments"]]
    assert sorted(archived) == [False, False, True]


async def test_what_does_not_exist_is_not_archived_by_either_door(doors: Doors) -> None:
    assert (await archive_alike(doors, 999)).status_code == 404


# --- Attendees


async def book_alike(doors: Doors, group: int | str, patient: int | str) -> Any:
    input = {"groupAppointmentId": str(group), "patientIds": [str(patient)]}
    body = {"booking_id": str(group), "patient_id": str(patient)}
    return await agree(doors, "bookAttendees", input, "POST /attendees", body)


async def test_a_patient_is_booked_alike(doors: Doors, practice: Practice) -> None:
    group = await a_group(doors, patients=2)

    answer = await book_alike(doors, group.id, practice.patients[2].id)

    assert answer.status_code == 201
    assert doors[REST].stored()["group_appointments"][0]["active_attendees"] == 3


async def test_a_booking_is_refused_alike(doors: Doors, practice: Practice) -> None:
    group = await a_group(doors, patients=1, max_attendees=1)
    over = await a_group(doors, archived_at=practice.now, starts_at=A_MONDAY + timedelta(days=1))
    for door in doors.values():
        await door.practice.revise(door.practice.patients[9], archived_at=door.practice.now)
    booked, free, archived = (practice.patients[n].id for n in (0, 1, 9))

    refused = {
        "full": await book_alike(doors, group.id, free),
        "twice": await book_alike(doors, group.id, booked),
        "archived patient": await book_alike(doors, group.id, archived),
        "unknown patient": await book_alike(doors, group.id, NOWHERE),
        "archived appointment": await book_alike(doors, over.id, free),
        "unknown appointment": await book_alike(doors, NOWHERE, free),
        "both unknown": await book_alike(doors, "x", "x"),
    }

    assert {name: (answer.status_code, *answer.json()["errors"]) for name, answer in refused.items()} == {
        "full": (422, "patient_id"),
        "twice": (422, "patient_id"),
        "archived patient": (422, "patient_id"),
        "unknown patient": (422, "patient_id"),
        "archived appointment": (422, "booking_id"),
        "unknown appointment": (422, "booking_id"),
        "both unknown": (422, "booking_id", "patient_id"),
    }


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"arrived": True},
        {"arrived": None},
        {"arrived": False, "notes": "Late"},
        {"notes": None},
        {"notes": ""},
    ],
)
async def test_an_attendee_is_updated_alike(doors: Doors, fields: dict[str, Any]) -> None:
    attendee = await an_attendee(doors, arrived=False, notes="Old")
    input = {"id": str(attendee.id)} | camel_fields(fields)

    answer = await agree(doors, "updateAttendee", input, f"PATCH /attendees/{attendee.id}", fields)

    assert answer.status_code == 200


@pytest.mark.parametrize("notes", [TOO_LONG, "a bell: \x07"])
async def test_an_attendees_notes_are_refused_alike(doors: Doors, notes: str) -> None:
    attendee = await an_attendee(doors)
    input = {"id": str(attendee.id), "notes": notes}

    answer = await agree(doors, "updateAttendee", input, f"PATCH /attendees/{attendee.id}", {"notes": notes})

    assert list(answer.json()["errors"]) == ["notes"]


async def cancel_alike(doors: Doors, id: int, reason: str = "SICK", number: int = 30, note: str | None = None) -> Any:
    input = {"id": str(id), "reason": reason, "note": note}
    body = {"cancellation_reason": number, "cancellation_note": note}
    return await agree(doors, "cancelAttendee", input, f"PATCH /attendees/{id}/cancel", body)


@pytest.mark.parametrize(("reason", "number"), [(reason.value, number) for reason, number in NUMBERS.items()])
async def test_a_place_is_cancelled_alike_once_and_again(doors: Doors, reason: str, number: int) -> None:
    attendee = await an_attendee(doors)

    assert (await cancel_alike(doors, attendee.id, reason, number, "Called at 8")).status_code == 204
    assert (await cancel_alike(doors, attendee.id, "OTHER", 50)).status_code == 204
    assert doors[REST].stored()["attendees"][0]["cancellation_reason"] == reason


async def test_a_note_that_is_too_long_is_refused_alike(doors: Doors) -> None:
    attendee = await an_attendee(doors)

    answer = await cancel_alike(doors, attendee.id, note=TOO_LONG)

    assert list(answer.json()["errors"]) == ["cancellation_note"]


async def archive_attendee_alike(doors: Doors, id: int) -> Any:
    return await agree(doors, "archiveAttendee", {"id": str(id)}, f"POST /attendees/{id}/archive")


async def test_an_attendee_is_archived_alike_once_and_again(doors: Doors) -> None:
    attendee = await an_attendee(doors)

    assert (await archive_attendee_alike(doors, attendee.id)).status_code == 204
    assert (await archive_attendee_alike(doors, attendee.id)).status_code == 204
    assert doors[REST].stored()["group_appointments"][0]["active_attendees"] == 0


@pytest.mark.parametrize("archived", [False, True])
async def test_what_cannot_be_cancelled_is_refused_alike(doors: Doors, practice: Practice, archived: bool) -> None:
    id = (await an_attendee(doors, archived_at=practice.now)).id if archived else 999

    assert (await cancel_alike(doors, id)).status_code == 404


async def test_an_attendee_who_does_not_exist_is_not_archived_by_either_door(doors: Doors) -> None:
    assert (await archive_attendee_alike(doors, 999)).status_code == 404
