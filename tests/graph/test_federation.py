"""Entities: a gateway's batch is answered in order, and nothing in it can fail the rest."""

from typing import Any

import pytest

from asking import Client, CountingStore
from builders import Practice
from gappt_graphql.graph.schema import sdl

ENTITIES = """query ($r: [_Any!]!) { _entities(representations: $r) {
    __typename
    ... on GroupAppointment { id availableSeats }
    ... on Patient { id label }
    ... on Practitioner { id label }
    ... on Business { id name }
    ... on AppointmentType { id name }
    ... on Attendee { id patient { label } }
} }"""


def reference(name: str, id: Any, **more: Any) -> dict[str, Any]:
    return {"__typename": name, "id": id, **more}


async def test_each_entity_is_found_by_its_key(client: Client, practice: Practice) -> None:
    group = practice.new_group(active_attendees=1)
    place = practice.new_attendee(group, practice.patients[0])
    await practice.save(group, place)
    records = {
        "GroupAppointment": group.id,
        "Patient": practice.patients[0].id,
        "Practitioner": practice.practitioner.id,
        "Business": practice.business.id,
        "AppointmentType": practice.type.id,
        "Attendee": place.id,
    }
    data = await client.ask(ENTITIES, r=[reference(name, str(id)) for name, id in records.items()])

    assert [(each["__typename"], each["id"]) for each in data["_entities"]] == [
        (name, str(id)) for name, id in records.items()
    ]
    assert data["_entities"][0]["availableSeats"] == 7
    assert data["_entities"][5]["patient"] == {"label": "Patient 1 Lee"}


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"__typename": "Patient"},
        {"id": "1"},
        reference("Nobody", "1"),
        reference("Query", "1"),
        reference("WaitlistEntry", "1"),
        reference("Patient", "1"),
        reference("Patient", "x"),
        reference("Patient", None),
        reference("Patient", True),
        reference("Patient", 1.0),
        reference("Patient", ["1"]),
        reference("Patient", {"id": "1"}),
        reference(None, "1"),  # type: ignore[arg-type]
        reference(["Patient"], "1"),  # type: ignore[arg-type]
        "Patient",
        7,
        [],
    ],
)
async def test_what_is_malformed_or_missing_is_null_beside_the_others(
    client: Client, practice: Practice, bad: Any
) -> None:
    good = reference("Patient", str(practice.patients[0].id), label="forged", unknown={"x": 1})
    data = await client.ask(ENTITIES, r=[good, bad, good])

    expected = {"__typename": "Patient", "id": good["id"], "label": "Patient 1 Lee"}
    assert data["_entities"] == [expected, None, expected]


async def test_a_key_may_be_a_number(client: Client, practice: Practice) -> None:
    data = await client.ask(ENTITIES, r=[reference("Business", practice.business.id)])

    assert data["_entities"][0]["name"] == "North"


async def test_a_batch_is_one_statement_for_each_type(
    counted: tuple[Client, CountingStore], practice: Practice
) -> None:
    client, store = counted
    patients = [reference("Patient", str(patient.id)) for patient in practice.patients] * 50
    await client.ask(ENTITIES, r=[*patients, reference("Business", str(practice.business.id))])

    assert store.statements == 2


async def test_the_service_tells_the_schema_that_clients_read(client: Client) -> None:
    told = (await client.ask("{ _service { sdl } }"))["_service"]["sdl"]

    assert told.rstrip() == sdl().rstrip()
