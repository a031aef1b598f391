"""Filters of lists: each one, several together, null, and lists that match nothing."""

from datetime import timedelta
from typing import Any

import pytest

from asking import Client
from builders import A_MONDAY, Practice
from gappt_graphql.graph.filters import MOST_IDS
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment

QUERY = "query ($filter: GroupAppointmentFilter) { groupAppointments(filter: $filter) { nodes { id } totalCount } }"

Groups = dict[str, GroupAppointment]


@pytest.fixture
async def groups(practice: Practice) -> Groups:
    """Two that differ in everything, and an archived one."""
    there = practice.new(Business, name="South", time_zone="Europe/London")
    someone = practice.new(Practitioner, first_name="Kim", last_name="Moss", active=False)
    type_ = practice.new(AppointmentType, name="Yoga", duration_in_minutes=30, max_attendees=1)
    await practice.save(there, someone, type_)
    first = await practice.group(patients=practice.patients[:1])
    other = await practice.group(
        A_MONDAY + timedelta(days=1),
        patients=practice.patients[1:2],
        business_id=there.id,
        practitioner_id=someone.id,
        appointment_type_id=type_.id,
        max_attendees=1,
        repeated_from_id=first.id,
        series_position=1,
        created_at=practice.now + timedelta(days=1),
        updated_at=practice.now + timedelta(days=2),
    )
    archived = await practice.group(A_MONDAY + timedelta(days=2), archived_at=practice.now)
    return {"first": first, "other": other, "archived": archived}


async def named(client: Client, groups: Groups, filter: Any) -> list[str]:
    found = (await client.ask(QUERY, filter=filter))["groupAppointments"]
    assert found["totalCount"] == len(found["nodes"])
    names = {str(group.id): name for name, group in groups.items()}
    return [names[node["id"]] for node in found["nodes"]]


@pytest.mark.parametrize(
    ("field", "attribute"),
    [
        ("ids", "id"),
        ("practitionerIds", "practitioner_id"),
        ("businessIds", "business_id"),
        ("appointmentTypeIds", "appointment_type_id"),
        ("repeatedFromIds", "repeated_from_id"),
    ],
)
async def test_ids_pick_any_of_them_and_an_empty_list_none(
    client: Client, groups: Groups, field: str, attribute: str
) -> None:
    id = str(getattr(groups["other"], attribute))

    assert await named(client, groups, {field: [id]}) == ["other"]
    assert await named(client, groups, {field: [id, "x", "0", "-1", str(2**63), f"0{id}", f" {id}"]}) == ["other"]
    assert await named(client, groups, {field: ["x", str(2**64), "0x1"]}) == []
    assert await named(client, groups, {field: []}) == []
    assert await named(client, groups, {field: None}) == ["first", "other"]


async def test_patients_pick_where_they_are_active(client: Client, practice: Practice, groups: Groups) -> None:
    ids = [str(patient.id) for patient in practice.patients]

    assert await named(client, groups, {"patientIds": ids[:1]}) == ["first"]
    assert await named(client, groups, {"patientIds": ids[:2]}) == ["first", "other"]
    assert await named(client, groups, {"patientIds": ids[2:]}) == []
    assert await named(client, groups, {"patientIds": []}) == []


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (None, ["first", "other"]),
        ({}, ["first", "other"]),
        ({"isRepeat": True}, ["other"]),
        ({"isRepeat": False}, ["first"]),
        ({"isRepeat": None}, ["first", "other"]),
        ({"hasAvailableSeats": True}, ["first"]),
        ({"hasAvailableSeats": False}, ["other"]),
        ({"startsAt": {"gt": "2026-03-02T22:00:00Z"}}, ["other"]),
        ({"startsAt": {"gte": "2026-03-02T22:00:00Z"}}, ["first", "other"]),
        ({"startsAt": {"lt": "2026-03-03T22:00:00Z"}}, ["first"]),
        ({"startsAt": {"lte": "2026-03-03T22:00:00Z", "gt": None}}, ["first", "other"]),
        ({"startsAt": {}}, ["first", "other"]),
        ({"endsAt": {"lte": "2026-03-02T23:00:00Z"}}, ["first"]),
        ({"createdAt": {"gt": "2026-03-02T08:00:00Z"}}, ["other"]),
        ({"updatedAt": {"gt": "2026-03-03T08:00:00Z"}}, ["other"]),
        ({"onDate": "2026-03-03"}, ["first", "other"]),
        ({"onDate": "2026-03-04"}, []),
        ({"archived": "EXCLUDE"}, ["first", "other"]),
        ({"archived": "INCLUDE"}, ["first", "other", "archived"]),
        ({"archived": "ONLY"}, ["archived"]),
        ({"archivedAt": {"gt": "2020-01-01T00:00:00Z"}}, ["archived"]),
        ({"archivedAt": {}}, ["first", "other"]),
        ({"archivedAt": {"gt": "2020-01-01T00:00:00Z"}, "archived": "EXCLUDE"}, []),
        ({"isRepeat": True, "hasAvailableSeats": True}, []),
        ({"startsAt": {"gte": "0001-01-01T00:00:00Z", "lt": "9999-12-31T23:59:59Z"}}, ["first", "other"]),
    ],
)
async def test_conditions(client: Client, groups: Groups, filter: Any, expected: list[str]) -> None:
    assert await named(client, groups, filter) == expected


async def test_conflicts_are_looked_for_within_ids_or_92_days(
    client: Client, practice: Practice, groups: Groups
) -> None:
    await practice.save(practice.new_block(A_MONDAY))
    ids = [str(group.id) for group in groups.values()]
    near = {"gte": "2026-03-01T00:00:00Z", "lt": "2026-06-01T00:00:00Z"}

    assert await named(client, groups, {"hasConflicts": True, "ids": ids}) == ["first"]
    assert await named(client, groups, {"hasConflicts": False, "ids": ids}) == ["other"]
    assert await named(client, groups, {"hasConflicts": True, "startsAt": near}) == ["first"]


@pytest.mark.parametrize(
    "filter",
    [
        {},
        {"ids": None},
        {"startsAt": {"gte": "2026-03-01T00:00:00Z"}},
        {"startsAt": {"lt": "2026-03-01T00:00:00Z"}},
        {"startsAt": {"gte": "2026-03-01T00:00:00Z", "lt": "2026-06-01T00:00:00.000001Z"}},
        {"onDate": "2026-03-03"},
        {"startsAt": None},
    ],
)
@pytest.mark.parametrize("wanted", [True, False])
async def test_conflicts_are_not_looked_for_all_over_the_book(client: Client, filter: Any, wanted: bool) -> None:
    result = await client.send(QUERY, filter={"hasConflicts": wanted} | filter)

    assert result.errors is not None
    assert "give ids, or both ends of a range of starts of at most 92 days" in result.errors[0].message
    assert (result.errors[0].extensions or {})["code"] == "BAD_USER_INPUT"
    assert (result.errors[0].extensions or {})["code"] == "BAD_USER_INPUT"


async def test_people_are_found_by_any_part_of_their_name(client: Client, practice: Practice, groups: Groups) -> None:
    await practice.save(practice.new(Patient, first_name="Ánna%", last_name="O_Neil"))
    query = """query ($text: String) {
        patients(filter: {search: $text}, first: 100) { nodes { label } }
        practitioners(filter: {search: $text}) { nodes { label } } }"""

    async def found(text: str | None) -> list[str]:
        data = await client.ask(query, text=text)
        return [node["label"] for name in ("patients", "practitioners") for node in data[name]["nodes"]]

    assert await found("áNNA") == ["Ánna% O_Neil"]
    assert await found("A\u0301nna") == ["Ánna% O_Neil"]  # the accent apart, as some keyboards send it
    assert await found("%") == ["Ánna% O_Neil"]
    assert await found("_") == ["Ánna% O_Neil"]
    assert await found("robin h") == ["Dr Robin Hale"]
    assert await found("nobody") == []
    assert len(await found(None)) == 15


async def test_practitioners_are_listed_whether_active_or_not(client: Client, groups: Groups) -> None:
    query = "query ($active: Boolean) { practitioners(filter: {active: $active}) { nodes { label } } }"

    async def found(active: bool | None) -> list[str]:
        return [node["label"] for node in (await client.ask(query, active=active))["practitioners"]["nodes"]]

    assert await found(True) == ["Dr Robin Hale"]
    assert await found(False) == ["Kim Moss"]
    assert await found(None) == ["Dr Robin Hale", "Kim Moss"]


@pytest.mark.parametrize("name", ["patients", "businesses", "appointmentTypes", "unavailableBlocks"])
async def test_archived_records_are_left_out_unless_asked_for(client: Client, practice: Practice, name: str) -> None:
    kinds: dict[str, Any] = {
        "patients": practice.patients[0],
        "businesses": practice.business,
        "appointmentTypes": practice.type,
        "unavailableBlocks": practice.new_block(A_MONDAY),
    }
    record = kinds[name]
    if name == "unavailableBlocks":
        await practice.save(record)
    await practice.revise(record, archived_at=practice.now)
    argument = "archived: $archived" if name in ("businesses", "appointmentTypes") else "filter: {archived: $archived}"
    query = f"query ($archived: ArchivedFilter) {{ {name}({argument}) {{ nodes {{ id }} }} }}"

    async def is_listed(archived: str | None) -> bool:
        return str(record.id) in [node["id"] for node in (await client.ask(query, archived=archived))[name]["nodes"]]

    assert [await is_listed(archived) for archived in (None, "EXCLUDE", "INCLUDE", "ONLY")] == [
        False,
        False,
        True,
        True,
    ]


async def test_time_off_is_found_by_practitioner_and_time(client: Client, practice: Practice) -> None:
    someone = practice.new(Practitioner, first_name="Kim", last_name="Moss")
    one, two = practice.new_block(A_MONDAY), practice.new_block(A_MONDAY + timedelta(1), practitioner_id=someone.id)
    await practice.save(someone, one, two)
    query = "query ($filter: UnavailableBlockFilter) { unavailableBlocks(filter: $filter) { nodes { id } } }"

    async def found(filter: Any) -> list[str]:
        return [node["id"] for node in (await client.ask(query, filter=filter))["unavailableBlocks"]["nodes"]]

    assert await found({"practitionerIds": [str(someone.id)]}) == [str(two.id)]
    assert await found({"practitionerIds": []}) == []
    assert await found({"startsAt": {"lte": A_MONDAY.isoformat()}}) == [str(one.id)]


async def test_nested_lists_take_the_same_filters(client: Client, groups: Groups) -> None:
    query = """query ($filter: GroupAppointmentFilter) {
        practitioners { nodes { groupAppointments(filter: $filter) { nodes { id } totalCount } } } }"""
    data = await client.ask(query, filter={"archived": "INCLUDE", "hasAvailableSeats": True})
    lists = [node["groupAppointments"] for node in data["practitioners"]["nodes"]]

    assert [len(each["nodes"]) for each in lists] == [2, 0]
    assert [each["totalCount"] for each in lists] == [2, 0]
    assert await client.codes(query, filter={"hasConflicts": True}) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "query",
    [
        "query ($ids: [ID!]) { groupAppointments(filter: {ids: $ids}) { nodes { id } } }",
        "query ($ids: [ID!]) { unavailableBlocks(filter: {practitionerIds: $ids}) { nodes { id } } }",
        "query ($ids: [ID!]) { groupAppointmentChanges(filter: {businessIds: $ids}) { nodes { id } } }",
    ],
)
async def test_a_list_of_ids_has_an_end(client: Client, query: str) -> None:
    assert await client.codes(query, ids=["1"] * MOST_IDS) == []
    assert await client.codes(query, ids=["1"] * (MOST_IDS + 1)) == ["OPERATION_TOO_LARGE"]
