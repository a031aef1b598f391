"""Another account's ids behave like ids that do not exist: in queries, arguments, filters, references and inputs."""

from typing import Any

import pytest

from asking import Client
from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.attendance import WaitlistEntry
from gappt_graphql.scheduling.calendars import CalendarFeed

NOWHERE = "4611686018427387904"
ODD = ["", "0", "-1", "x", "0x10", " 1", "1.0", "01", "９", str(2**63), str(2**64), "1" * 400, "null"]


class Theirs:
    """The ids of the other account, by the type of what they name."""

    def __init__(self, **ids: int) -> None:
        self.ids = {name: str(id) for name, id in ids.items()}


@pytest.fixture
async def theirs(other_practice: Practice) -> Theirs:
    group = await other_practice.group(patients=other_practice.patients[:1])
    attendee = other_practice.new_attendee(group, other_practice.patients[1])
    entry = other_practice.new(WaitlistEntry, group_appointment_id=group.id, patient_id=other_practice.patients[2].id)
    block = other_practice.new_block(A_MONDAY)
    feed = other_practice.new(CalendarFeed, digest="d", last_four="four", business_id=other_practice.business.id)
    await other_practice.save(attendee, entry, block, feed)
    return Theirs(
        GroupAppointment=group.id,
        Attendee=attendee.id,
        Practitioner=other_practice.practitioner.id,
        Patient=other_practice.patients[0].id,
        Business=other_practice.business.id,
        AppointmentType=other_practice.type.id,
        UnavailableBlock=block.id,
        WaitlistEntry=entry.id,
        CalendarFeed=feed.id,
    )


BY_ID = ["groupAppointment", "practitioner", "patient", "business", "appointmentType", "attendee"]


@pytest.mark.parametrize("name", BY_ID)
async def test_by_id(client: Client, other_client: Client, theirs: Theirs, name: str) -> None:
    query = f"query ($id: ID!) {{ {name}(id: $id) {{ id }} }}"
    id = theirs.ids[name[0].upper() + name[1:]]

    assert (await other_client.ask(query, id=id))[name] == {"id": id}
    assert (await client.ask(query, id=id))[name] is None
    assert (await client.ask(query, id=NOWHERE))[name] is None


@pytest.mark.parametrize("id", ODD)
async def test_ids_that_are_none_name_nothing(client: Client, practice: Practice, id: str) -> None:
    query = "query ($id: ID!) { " + " ".join(f"{name}(id: $id) {{ id }}" for name in BY_ID) + " }"

    assert await client.ask(query, id=id) == dict.fromkeys(BY_ID)
    assert await client.refused("archiveGroupAppointment", id=id) == [("NOT_FOUND", "id")]
    assert await client.refused("bookAttendees", groupAppointmentId=id, patientIds=[]) != []


async def test_a_number_is_an_id_too(client: Client, practice: Practice) -> None:
    data = await client.ask("query ($id: ID!) { business(id: $id) { name } }", id=practice.business.id)

    assert data["business"] == {"name": "North"}


async def test_in_lists_and_filters(client: Client, practice: Practice, theirs: Theirs) -> None:
    await practice.group()
    query = """query ($filter: GroupAppointmentFilter) {
        groupAppointments(filter: $filter) { nodes { id } totalCount } }"""
    for field, kind in (
        ("ids", "GroupAppointment"),
        ("practitionerIds", "Practitioner"),
        ("businessIds", "Business"),
        ("appointmentTypeIds", "AppointmentType"),
        ("patientIds", "Patient"),
        ("repeatedFromIds", "GroupAppointment"),
    ):
        data = await client.ask(query, filter={field: [theirs.ids[kind]]})
        assert data["groupAppointments"] == {"nodes": [], "totalCount": 0}, field
    data = await client.ask(
        "{ unavailableBlocks { nodes { id } } patients { totalCount } groupAppointments { totalCount } }"
    )

    assert data == {
        "unavailableBlocks": {"nodes": []},
        "patients": {"totalCount": 12},
        "groupAppointments": {"totalCount": 1},
    }


async def test_in_references_of_other_subgraphs(client: Client, theirs: Theirs) -> None:
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }"
    entities = ("GroupAppointment", "Attendee", "Practitioner", "Patient", "Business", "AppointmentType")
    references = [{"__typename": name, "id": theirs.ids[name]} for name in entities]

    assert (await client.ask(query, r=references))["_entities"] == [None] * len(references)


async def test_in_the_change_feed(client: Client, other_client: Client, theirs: Theirs) -> None:
    await other_client.do("updateGroupAppointment", id=theirs.ids["GroupAppointment"], notes="x")
    query = "query ($ids: [ID!]) { groupAppointmentChanges(filter: {ids: $ids}) { nodes { id } } }"

    assert len((await other_client.ask(query))["groupAppointmentChanges"]["nodes"]) == 1
    assert (await client.ask(query))["groupAppointmentChanges"]["nodes"] == []
    assert (await client.ask(query, ids=[theirs.ids["GroupAppointment"]]))["groupAppointmentChanges"]["nodes"] == []


def inputs(own: Practice, group: str, ids: dict[str, str]) -> list[tuple[str, dict[str, Any], str]]:
    """Every place of an input that names a record: the mutation, its input with another's id there, and the path."""
    creation = {
        "startsAt": A_MONDAY.isoformat(),
        "practitionerId": str(own.practitioner.id),
        "businessId": str(own.business.id),
        "appointmentTypeId": str(own.type.id),
    }
    named, patient = ids["GroupAppointment"], str(own.patients[0].id)
    rule = {"repeatType": "DAILY", "numberOfRepeats": 1}
    block = {"startsAt": A_MONDAY.isoformat(), "endsAt": A_MONDAY.replace(hour=23).isoformat()}
    return [
        ("createGroupAppointment", creation | {"practitionerId": ids["Practitioner"]}, "practitionerId"),
        ("createGroupAppointment", creation | {"businessId": ids["Business"]}, "businessId"),
        ("createGroupAppointment", creation | {"appointmentTypeId": ids["AppointmentType"]}, "appointmentTypeId"),
        ("createGroupAppointment", creation | {"patientIds": [patient, ids["Patient"]]}, "patientIds.1"),
        ("updateGroupAppointment", {"id": named}, "id"),
        ("updateGroupAppointment", {"id": group, "practitionerId": ids["Practitioner"]}, "practitionerId"),
        ("updateGroupAppointment", {"id": group, "businessId": ids["Business"]}, "businessId"),
        ("updateGroupAppointment", {"id": group, "appointmentTypeId": ids["AppointmentType"]}, "appointmentTypeId"),
        ("archiveGroupAppointment", {"id": named}, "id"),
        ("restoreGroupAppointment", {"id": named}, "id"),
        ("repeatGroupAppointment", {"id": named, "repeatRule": rule}, "id"),
        ("bookAttendees", {"groupAppointmentId": named, "patientIds": [patient]}, "groupAppointmentId"),
        ("bookAttendees", {"groupAppointmentId": group, "patientIds": [ids["Patient"]]}, "patientIds.0"),
        ("updateAttendee", {"id": ids["Attendee"], "arrived": True}, "id"),
        ("cancelAttendee", {"id": ids["Attendee"], "reason": "SICK"}, "id"),
        ("archiveAttendee", {"id": ids["Attendee"]}, "id"),
        ("reinstateAttendee", {"id": ids["Attendee"]}, "id"),
        ("joinWaitlist", {"groupAppointmentId": named, "patientId": patient}, "groupAppointmentId"),
        ("joinWaitlist", {"groupAppointmentId": group, "patientId": ids["Patient"]}, "patientId"),
        ("leaveWaitlist", {"id": ids["WaitlistEntry"]}, "id"),
        ("updatePractitioner", {"id": ids["Practitioner"], "title": "Dr"}, "id"),
        ("updatePatient", {"id": ids["Patient"], "email": None}, "id"),
        ("archivePatient", {"id": ids["Patient"]}, "id"),
        ("updateBusiness", {"id": ids["Business"], "name": "x"}, "id"),
        ("archiveBusiness", {"id": ids["Business"]}, "id"),
        ("updateAppointmentType", {"id": ids["AppointmentType"], "name": "x"}, "id"),
        ("archiveAppointmentType", {"id": ids["AppointmentType"]}, "id"),
        ("createUnavailableBlock", block | {"practitionerId": ids["Practitioner"]}, "practitionerId"),
        (
            "createUnavailableBlock",
            block | {"practitionerId": str(own.practitioner.id), "businessId": ids["Business"]},
            "businessId",
        ),
        ("archiveUnavailableBlock", {"id": ids["UnavailableBlock"]}, "id"),
        ("createCalendarFeed", {"practitionerId": ids["Practitioner"]}, "practitionerId"),
        ("createCalendarFeed", {"businessId": ids["Business"]}, "businessId"),
        ("revokeCalendarFeed", {"id": ids["CalendarFeed"]}, "id"),
    ]


@pytest.mark.parametrize("whose", ["another account's", "nobody's"])
async def test_in_every_input(client: Client, practice: Practice, theirs: Theirs, whose: str) -> None:
    group = await practice.group()
    ids = theirs.ids if whose == "another account's" else dict.fromkeys(theirs.ids, NOWHERE)

    for mutation, input, path in inputs(practice, str(group.id), ids):
        assert await client.refused(mutation, **input) == [("NOT_FOUND", path)], mutation


async def test_the_same_sentence_whether_it_is_anothers_or_nobodys(client: Client, theirs: Theirs) -> None:
    answers = [await client.do("archiveGroupAppointment", id=id) for id in (theirs.ids["GroupAppointment"], NOWHERE)]

    assert answers[0] == answers[1]
