"""Mutations through the schema: what they answer, what they refuse, and that nothing is done then."""

from datetime import timedelta
from typing import Any

import pytest

from asking import Client
from builders import A_MONDAY, Practice

GROUP = """
    groupAppointment {
      id notes maxAttendees telehealthUrl startsAt endsAt archivedAt version repeatRule { repeatType }
    }
"""


def creation(practice: Practice, **fields: Any) -> dict[str, Any]:
    return {
        "startsAt": "2026-03-03T09:00:00+11:00",
        "practitionerId": str(practice.practitioner.id),
        "businessId": str(practice.business.id),
        "appointmentTypeId": str(practice.type.id),
    } | fields


async def test_an_appointment_is_created_with_what_its_type_says(client: Client, practice: Practice) -> None:
    payload = await client.do("createGroupAppointment", GROUP, **creation(practice))

    assert payload["userErrors"] == []
    assert payload["groupAppointment"] | {"id": ""} == {
        "id": "",
        "notes": None,
        "maxAttendees": 8,
        "telehealthUrl": None,
        "startsAt": "2026-03-02T22:00:00Z",
        "endsAt": "2026-03-02T23:00:00Z",
        "archivedAt": None,
        "version": 1,
        "repeatRule": None,
    }


async def test_on_create_null_is_the_same_as_absent(client: Client, practice: Practice) -> None:
    optional = ["endsAt", "maxAttendees", "notes", "patientIds", "telehealthUrl", "repeatRule", "copyAttendees"]
    nulls = dict.fromkeys([*optional, "onConflict", "idempotencyKey"])
    absent = await client.do("createGroupAppointment", GROUP, **creation(practice))
    null = await client.do("createGroupAppointment", GROUP, **creation(practice, **nulls))

    assert null["groupAppointment"] | {"id": ""} == absent["groupAppointment"] | {"id": ""}


async def test_a_series_is_created_at_once(client: Client, practice: Practice) -> None:
    ids = [str(patient.id) for patient in practice.patients[:2]]
    rule = {"repeatType": "WEEKLY", "numberOfRepeats": 2}
    payload = await client.do(
        "createGroupAppointment",
        """groupAppointment { id repeatRule { repeatType repeatingInterval numberOfRepeats } repeats { totalCount } }
        repeats { startsAt patientIds repeatedFrom { id } } conflicting { index }""",
        **creation(practice, patientIds=ids, repeatRule=rule, copyAttendees=True),
    )
    root = payload["groupAppointment"]

    assert root["repeatRule"] == {"repeatType": "WEEKLY", "repeatingInterval": 1, "numberOfRepeats": 2}
    assert root["repeats"] == {"totalCount": 2}
    assert payload["repeats"] == [
        {"startsAt": "2026-03-09T22:00:00Z", "patientIds": ids, "repeatedFrom": {"id": root["id"]}},
        {"startsAt": "2026-03-16T22:00:00Z", "patientIds": ids, "repeatedFrom": {"id": root["id"]}},
    ]
    assert payload["conflicting"] == []


async def test_all_problems_come_back_together_and_nothing_is_done(client: Client, practice: Practice) -> None:
    payload = await client.do(
        "createGroupAppointment",
        "groupAppointment { id } repeats { id } conflicting { index }",
        **creation(
            practice,
            practitionerId="1",
            maxAttendees=0,
            patientIds=["x", "y"],
            repeatRule={"repeatType": "DAILY", "numberOfRepeats": 366},
        ),
    )

    assert payload["groupAppointment"] is None
    assert (payload["repeats"], payload["conflicting"]) == ([], [])
    assert sorted((error["code"], error["field"]) for error in payload["userErrors"]) == [
        ("NOT_FOUND", ["patientIds", "0"]),
        ("NOT_FOUND", ["patientIds", "1"]),
        ("NOT_FOUND", ["practitionerId"]),
        ("OUT_OF_RANGE", ["maxAttendees"]),
        ("OUT_OF_RANGE", ["repeatRule", "numberOfRepeats"]),
    ]
    assert (await client.ask("{ groupAppointments { totalCount } }"))["groupAppointments"]["totalCount"] == 0


async def test_a_reject_tells_what_it_conflicts_with(client: Client, practice: Practice) -> None:
    there = await practice.group(A_MONDAY + timedelta(minutes=30))
    payload = await client.do(
        "createGroupAppointment",
        "conflicting { index groupAppointment { id } conflicts { exist items { kind groupAppointment { id } } } }",
        **creation(practice, onConflict="REJECT"),
    )

    assert [error["code"] for error in payload["userErrors"]] == ["CONFLICT"]
    assert payload["conflicting"] == [
        {
            "index": 0,
            "groupAppointment": None,
            "conflicts": {
                "exist": True,
                "items": [{"kind": "PRACTITIONER_DOUBLE_BOOKED", "groupAppointment": {"id": str(there.id)}}],
            },
        }
    ]


async def test_a_skip_tells_what_it_left_out(client: Client, practice: Practice) -> None:
    await practice.group(A_MONDAY + timedelta(days=1))
    rule = {"repeatType": "DAILY", "numberOfRepeats": 2}
    payload = await client.do(
        "createGroupAppointment",
        "repeats { startsAt } conflicting { index startsAt }",
        **creation(practice, onConflict="SKIP", repeatRule=rule),
    )

    assert payload["userErrors"] == []
    assert payload["repeats"] == [{"startsAt": "2026-03-04T22:00:00Z"}]
    assert payload["conflicting"] == [{"index": 1, "startsAt": "2026-03-03T22:00:00Z"}]


async def test_an_update_leaves_what_is_absent_and_clears_what_is_null(client: Client, practice: Practice) -> None:
    group = await practice.group(notes="mats", telehealth_url="https://example.org/a")
    kept = await client.do("updateGroupAppointment", GROUP, id=str(group.id), maxAttendees=9)
    cleared = await client.do("updateGroupAppointment", GROUP, id=str(group.id), notes=None, telehealthUrl=None)
    empty = await client.do("updateGroupAppointment", GROUP, id=str(group.id), notes="")

    assert (kept["groupAppointment"]["notes"], kept["groupAppointment"]["maxAttendees"]) == ("mats", 9)
    assert kept["groupAppointment"]["version"] == 2
    assert (cleared["groupAppointment"]["notes"], cleared["groupAppointment"]["telehealthUrl"]) == (None, None)
    assert empty["groupAppointment"]["notes"] == ""


@pytest.mark.parametrize("field", ["startsAt", "maxAttendees", "practitionerId", "businessId", "appointmentTypeId"])
async def test_null_is_required_where_it_cannot_clear(client: Client, practice: Practice, field: str) -> None:
    group = await practice.group()

    assert await client.refused("updateGroupAppointment", id=str(group.id), **{field: None}) == [("REQUIRED", field)]


async def test_null_in_the_document_is_told_from_a_variable_left_out(client: Client, practice: Practice) -> None:
    group = await practice.group(notes="mats")
    query = """mutation ($id: ID!, $notes: String) {
        left: updateGroupAppointment(input: {id: $id, notes: $notes}) { groupAppointment { notes } }
        cleared: updateGroupAppointment(input: {id: $id, notes: null}) { groupAppointment { notes } }
    }"""

    assert await client.ask(query, id=str(group.id)) == {
        "left": {"groupAppointment": {"notes": "mats"}},
        "cleared": {"groupAppointment": {"notes": None}},
    }


async def test_a_stale_version_is_refused(client: Client, practice: Practice) -> None:
    group = await practice.group()

    assert await client.refused("updateGroupAppointment", id=str(group.id), notes="x", expectedVersion=7) == [
        ("STALE_VERSION", "expectedVersion")
    ]


async def test_archive_and_restore_with_the_series(client: Client, practice: Practice) -> None:
    rule = {"repeatType": "DAILY", "numberOfRepeats": 2}
    made = await client.do("createGroupAppointment", GROUP, **creation(practice, repeatRule=rule))
    id = made["groupAppointment"]["id"]
    archived = await client.do("archiveGroupAppointment", "archived { id archivedAt deletedAt }", id=id, scope="ALL")
    by_id = await client.ask("query ($id: ID!) { groupAppointment(id: $id) { archivedAt } }", id=id)
    restored = await client.do("restoreGroupAppointment", "restored { id archivedAt } conflicting { index }", id=id)

    assert len(archived["archived"]) == 3
    assert all(group["archivedAt"] == group["deletedAt"] == "2026-03-02T08:00:00Z" for group in archived["archived"])
    assert by_id["groupAppointment"]["archivedAt"] is not None
    assert restored["restored"] == [{"id": id, "archivedAt": None}]


async def test_an_appointment_is_made_a_series_once(client: Client, practice: Practice) -> None:
    group = await practice.group()
    rule = {"repeatType": "MONTHLY", "numberOfRepeats": 1}
    payload = await client.do("repeatGroupAppointment", "repeats { startsAt }", id=str(group.id), repeatRule=rule)

    assert payload["repeats"] == [{"startsAt": "2026-04-02T22:00:00Z"}]
    assert [code for code, _ in await client.refused("repeatGroupAppointment", id=str(group.id), repeatRule=rule)] == [
        "ALREADY_REPEATS"
    ]


OUTCOMES = """
    groupAppointment { availableSeats isFull attendeeCount waitlist { position patient { id } } }
    outcomes {
      groupAppointment { id } patient { id } attendee { id } waitlistEntry { position } userError { code field }
    }
"""


async def test_patients_are_booked_and_the_rest_wait(client: Client, practice: Practice) -> None:
    group = await practice.group(max_attendees=1)
    ids = [str(patient.id) for patient in practice.patients[:3]]
    payload = await client.do(
        "bookAttendees", OUTCOMES, groupAppointmentId=str(group.id), patientIds=ids, waitlistIfFull=True
    )

    assert payload["groupAppointment"] == {
        "availableSeats": 0,
        "isFull": True,
        "attendeeCount": 1,
        "waitlist": [{"position": 1, "patient": {"id": ids[1]}}, {"position": 2, "patient": {"id": ids[2]}}],
    }
    assert [outcome["patient"]["id"] for outcome in payload["outcomes"]] == ids
    assert [outcome["attendee"] is not None for outcome in payload["outcomes"]] == [True, False, False]
    assert [outcome["waitlistEntry"] for outcome in payload["outcomes"]] == [None, {"position": 1}, {"position": 2}]
    assert [outcome["userError"] for outcome in payload["outcomes"]] == [None] * 3


async def test_a_full_group_refuses(client: Client, practice: Practice) -> None:
    group = await practice.group(max_attendees=1, patients=practice.patients[:1])
    input = {"groupAppointmentId": str(group.id), "patientIds": [str(practice.patients[1].id)]}
    payload = await client.do("bookAttendees", "outcomes { patient { id } }", **input)

    assert [error["code"] for error in payload["userErrors"]] == ["CAPACITY_FULL"]
    assert payload["outcomes"] == []


async def test_each_occurrence_of_a_series_tells_its_outcome(client: Client, practice: Practice) -> None:
    rule = {"repeatType": "DAILY", "numberOfRepeats": 1}
    made = await client.do("createGroupAppointment", "repeats { id } " + GROUP, **creation(practice, repeatRule=rule))
    root, repeat = made["groupAppointment"]["id"], made["repeats"][0]["id"]
    patient = str(practice.patients[0].id)
    await client.do("bookAttendees", groupAppointmentId=repeat, patientIds=[patient])
    payload = await client.do("bookAttendees", OUTCOMES, groupAppointmentId=root, patientIds=[patient], scope="ALL")

    assert payload["userErrors"] == []
    assert [outcome["groupAppointment"]["id"] for outcome in payload["outcomes"]] == [root, repeat]
    assert payload["outcomes"][0]["attendee"] is not None
    assert payload["outcomes"][1]["attendee"] is None
    assert payload["outcomes"][1]["userError"]["code"] == "ALREADY_BOOKED"


async def test_a_place_through_its_life(client: Client, practice: Practice) -> None:
    group = await practice.group(max_attendees=1)
    one, two = (str(patient.id) for patient in practice.patients[:2])
    booked = await client.do(
        "bookAttendees",
        "outcomes { attendee { id arrived } waitlistEntry { id } }",
        groupAppointmentId=str(group.id),
        patientIds=[one, two],
        waitlistIfFull=True,
    )
    id = booked["outcomes"][0]["attendee"]["id"]
    arrived = await client.do("updateAttendee", "attendee { arrived notes }", id=id, arrived=True, notes="early")
    unknown = await client.do("updateAttendee", "attendee { arrived notes }", id=id, arrived=None)
    cancelled = await client.do(
        "cancelAttendee",
        """attendee { cancelledAt cancellationReason cancellationNote groupAppointment { patientIds waitlist { id }
        attendees { id } all: attendees(includeCancelled: true) { id } } }
        cancelled { id } promoted { patient { id } }""",
        id=id,
        reason="COVID_19_RELATED",
        note="tested",
    )

    assert arrived["attendee"] == {"arrived": True, "notes": "early"}
    assert unknown["attendee"] == {"arrived": None, "notes": "early"}
    assert cancelled["attendee"]["cancellationReason"] == "COVID_19_RELATED"
    assert cancelled["attendee"]["cancellationNote"] == "tested"
    assert cancelled["attendee"]["cancelledAt"] == "2026-03-02T08:00:00Z"
    assert cancelled["cancelled"] == [{"id": id}]
    assert cancelled["promoted"] == [{"patient": {"id": two}}]
    place = cancelled["attendee"]["groupAppointment"]
    assert (place["patientIds"], place["waitlist"]) == ([two], [])
    assert [len(place["attendees"]), len(place["all"])] == [1, 2]
    assert [code for code, _ in await client.refused("reinstateAttendee", id=id)] == ["CAPACITY_FULL"]
    archived = await client.do("archiveAttendee", "attendee { archivedAt } promoted { id }", id=id)
    assert archived["attendee"]["archivedAt"] is not None


async def test_the_waitlist_is_joined_and_left(client: Client, practice: Practice) -> None:
    group = await practice.group(max_attendees=1)
    one, two = (str(patient.id) for patient in practice.patients[:2])
    fields = "attendee { id } waitlistEntry { id position groupAppointment { id } }"
    seated = await client.do("joinWaitlist", fields, groupAppointmentId=str(group.id), patientId=one)
    waiting = await client.do("joinWaitlist", fields, groupAppointmentId=str(group.id), patientId=two)
    left = await client.do("leaveWaitlist", "groupAppointment { waitlist { id } }", id=waiting["waitlistEntry"]["id"])

    assert (seated["attendee"] is not None, seated["waitlistEntry"]) == (True, None)
    assert (waiting["attendee"], waiting["waitlistEntry"]["position"]) == (None, 1)
    assert left["groupAppointment"] == {"waitlist": []}


async def test_the_directory_is_kept(client: Client, practice: Practice) -> None:
    person = "{ id firstName lastName label title designation active }"
    made = await client.do("createPractitioner", f"practitioner {person}", lastName="Moss", title="Dr")
    id = made["practitioner"]["id"]
    assert made["practitioner"]["label"] == "Dr Moss"
    changed = await client.do("updatePractitioner", f"practitioner {person}", id=id, title=None, active=False)
    assert (changed["practitioner"]["label"], changed["practitioner"]["active"]) == ("Moss", False)

    patient = (
        await client.do(
            "createPatient",
            "patient { id email dateOfBirth label }",
            lastName="Roe",
            firstName="Jo",
            email="jo@example.org",
            dateOfBirth="1980-02-29",
        )
    )["patient"]
    assert patient | {"id": ""} == {"id": "", "email": "jo@example.org", "dateOfBirth": "1980-02-29", "label": "Jo Roe"}
    changed = await client.do("updatePatient", "patient { email dateOfBirth }", id=patient["id"], email=None)
    assert changed["patient"] == {"email": None, "dateOfBirth": "1980-02-29"}
    archived = await client.do("archivePatient", "patient { archivedAt }", id=patient["id"])
    assert archived["patient"] == {"archivedAt": "2026-03-02T08:00:00Z"}

    business = (await client.do("createBusiness", "business { id timeZone }", name="East", timeZone="Asia/Tokyo"))[
        "business"
    ]
    renamed = await client.do("updateBusiness", "business { name timeZone }", id=business["id"], name="Far East")
    assert renamed["business"] == {"name": "Far East", "timeZone": "Asia/Tokyo"}
    assert (await client.do("archiveBusiness", "business { archivedAt }", id=business["id"]))["business"]["archivedAt"]
    assert await client.refused("updateBusiness", id=str(practice.business.id), timeZone="Mars/Base") == [
        ("INVALID", "timeZone")
    ]

    type_fields = "appointmentType { id color telehealthEnabled maxAttendees }"
    made = await client.do("createAppointmentType", type_fields, name="Tai chi", durationInMinutes=45, maxAttendees=6)
    type_ = made["appointmentType"]
    assert type_ | {"id": ""} == {"id": "", "color": None, "telehealthEnabled": False, "maxAttendees": 6}
    changed = await client.do(
        "updateAppointmentType", type_fields, id=type_["id"], color="teal", telehealthEnabled=True
    )
    assert (changed["appointmentType"]["color"], changed["appointmentType"]["telehealthEnabled"]) == ("teal", True)
    assert await client.refused("updateAppointmentType", id=type_["id"], maxAttendees=None) == [
        ("REQUIRED", "maxAttendees")
    ]
    archived = await client.do("archiveAppointmentType", "appointmentType { archivedAt }", id=type_["id"])
    assert archived["appointmentType"]["archivedAt"]

    span = {"startsAt": "2026-03-03T09:00:00Z", "endsAt": "2026-03-03T10:00:00Z"}
    block = await client.do(
        "createUnavailableBlock",
        "unavailableBlock { id startsAt practitioner { label } business { name } }",
        practitionerId=str(practice.practitioner.id),
        businessId=str(practice.business.id),
        **span,
    )
    assert block["unavailableBlock"]["practitioner"] == {"label": "Dr Robin Hale"}
    assert block["unavailableBlock"]["business"] == {"name": "North"}
    archived = await client.do(
        "archiveUnavailableBlock", "unavailableBlock { archivedAt }", id=block["unavailableBlock"]["id"]
    )
    assert archived["unavailableBlock"]["archivedAt"]


async def test_a_retry_takes_effect_once_and_reads_what_is_true_now(client: Client, practice: Practice) -> None:
    input = creation(practice, idempotencyKey="monday")
    first = await client.do("createGroupAppointment", GROUP, **input)
    await client.do("updateGroupAppointment", id=first["groupAppointment"]["id"], notes="later")
    again = await client.do("createGroupAppointment", GROUP, **input)

    assert again["groupAppointment"]["id"] == first["groupAppointment"]["id"]
    assert again["groupAppointment"]["notes"] == "later"
    assert await client.refused("createGroupAppointment", **(input | {"notes": "other"})) == [
        ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")
    ]
