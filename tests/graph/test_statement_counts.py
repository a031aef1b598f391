"""What is asked about a list costs as many statements as it costs about one: every field of every type is walked."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_object_type,
    is_required_argument,
)

from asking import Client, CountingStore
from builders import A_MONDAY, Practice
from gappt_graphql.graph.schema import schema
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.calendars import CalendarFeed
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner
from gappt_graphql.scheduling.webhooks import Webhook, WebhookDelivery

SIZES = (1, 10, 100)
MOST = max(SIZES)
TYPES = schema._schema.type_map


class Crowd(NamedTuple):
    """A hundred of everything, each with relations of its own; they come first in every list."""

    practice: Practice
    attendees: list[Attendee]
    roots: list[Any]


@pytest.fixture
async def crowd(practice: Practice) -> Crowd:
    practitioners = [practice.new(Practitioner, first_name="P", last_name=f"{n}") for n in range(MOST)]
    businesses = [practice.new(Business, name=f"B{n}", time_zone="Australia/Sydney") for n in range(MOST)]
    types = [practice.new(AppointmentType, name=f"A{n}", duration_in_minutes=60, max_attendees=9) for n in range(MOST)]
    patients = [
        practice.new(Patient, first_name=f"{n}", last_name="Adams" if n < MOST else "Young") for n in range(2 * MOST)
    ]
    await practice.save(*practitioners, *businesses, *types, *patients)

    def group(n: int, starts_at: Any, **fields: Any) -> Any:
        ids = {
            "practitioner_id": practitioners[n].id,
            "business_id": businesses[n].id,
            "appointment_type_id": types[n].id,
        }
        return practice.new_group(starts_at, active_attendees=1, **ids, **fields)

    # Each has a root, and one that repeats it, at the same time and with the same people: so there are conflicts.
    roots = [group(n, A_MONDAY + timedelta(days=700)) for n in range(MOST)]
    groups = [group(n, A_MONDAY, repeated_from_id=roots[n].id, series_position=1) for n in range(MOST)]
    later = [
        group(n, A_MONDAY + timedelta(minutes=30), repeated_from_id=groups[n].id, series_position=1)
        for n in range(MOST)
    ]
    attendees = [practice.new_attendee(groups[n], patients[n]) for n in range(MOST)]
    others = [practice.new_attendee(later[n], patients[n]) for n in range(MOST)]
    waiting = [
        practice.new(WaitlistEntry, group_appointment_id=groups[n].id, patient_id=patients[MOST + n].id)
        for n in range(MOST)
    ]
    blocks = [
        practice.new_block(A_MONDAY, practitioner_id=practitioners[n].id, business_id=businesses[n].id)
        for n in range(MOST)
    ]
    feeds = [
        practice.new(CalendarFeed, digest=f"{n:064}", last_four="four", business_id=businesses[n].id)
        for n in range(MOST)
    ]
    hooks = [practice.new(Webhook, url="https://a.example", secret="whsec_", position=0) for _ in range(MOST)]
    told = [
        practice.new(
            WebhookDelivery,
            webhook_id=hooks[n].id,
            number=n + 1,
            kind="UPDATED",
            group_appointment_id=groups[n].id,
            at=practice.now,
            due_at=practice.now,
        )
        for n in range(MOST)
    ]
    await practice.save(*roots, *groups, *later, *attendees, *others, *waiting, *blocks, *feeds, *hooks, *told)
    return Crowd(practice, attendees, roots)


def a_list(name: str) -> str:
    return f"query ($n: Int) {{ {name}(first: $n) {{ parents: nodes {{ FIELD }} }} }}"


PREVIEW = "query ($input: CreateGroupAppointmentInput!) { previewGroupAppointment(input: $input) { PARENTS } }"

# How to come by n objects of each type that has fields to load. In each, the objects are the lists called `parents`.
WAYS = {
    "GroupAppointment": a_list("groupAppointments"),
    "Practitioner": a_list("practitioners"),
    "Patient": a_list("patients"),
    "Business": a_list("businesses"),
    "AppointmentType": a_list("appointmentTypes"),
    "UnavailableBlock": a_list("unavailableBlocks"),
    "Attendee": "query ($who: [_Any!]!) { parents: _entities(representations: $who) { ... on Attendee { FIELD } } }",
    "WaitlistEntry": "query ($n: Int) { groupAppointments(first: $n) { nodes { parents: waitlist { FIELD } } } }",
    "Conflicts": "query ($n: Int) { groupAppointments(first: $n) { nodes { parents: conflicts { FIELD } } } }",
    "Conflict": "query ($n: Int) { groupAppointments(first: $n) { nodes { conflicts { parents: items { FIELD } } } } }",
    "GroupAppointmentChange": "query ($n: Int) { groupAppointmentChanges(first: $n) { parents: nodes { FIELD } } }",
    "HistoryEntry": (
        "query ($n: Int) { groupAppointments(first: $n) { nodes { history { parents: nodes { FIELD } } } } }"
    ),
    "HistoryConnection": "query ($n: Int) { groupAppointments(first: $n) { nodes { parents: history { FIELD } } } }",
    "GroupAppointmentEdge": "query ($n: Int) { groupAppointments(first: $n) { parents: edges { FIELD } } }",
    "PractitionerEdge": "query ($n: Int) { practitioners(first: $n) { parents: edges { FIELD } } }",
    "PatientEdge": "query ($n: Int) { patients(first: $n) { parents: edges { FIELD } } }",
    "BusinessEdge": "query ($n: Int) { businesses(first: $n) { parents: edges { FIELD } } }",
    "AppointmentTypeEdge": "query ($n: Int) { appointmentTypes(first: $n) { parents: edges { FIELD } } }",
    "UnavailableBlockEdge": "query ($n: Int) { unavailableBlocks(first: $n) { parents: edges { FIELD } } }",
    "CalendarFeed": a_list("calendarFeeds"),
    "CalendarFeedEdge": "query ($n: Int) { calendarFeeds(first: $n) { parents: edges { FIELD } } }",
    "Webhook": a_list("webhooks"),
    "WebhookEdge": "query ($n: Int) { webhooks(first: $n) { parents: edges { FIELD } } }",
    "WebhookDeliveryEdge": (
        "query ($n: Int) { webhooks(first: $n) { nodes { deliveries(first: 2) { parents: edges { FIELD } } } } }"
    ),
    "WebhookDeliveryConnection": (
        "query ($n: Int) { webhooks(first: $n) { nodes { parents: deliveries(first: 2) { FIELD } } } }"
    ),
    "GroupAppointmentConnection": (
        "query ($n: Int) { practitioners(first: $n) { nodes { parents: groupAppointments { FIELD } } } }"
    ),
}

# An operation has one of each of these, or they hold nothing but what is in their parents. Lists of outcomes and of
# occurrences, and of records in payloads, have tests of their own below.
SINGLE = {
    "Query",
    "Mutation",
    "Subscription",
    "GroupAppointmentPreview",
    "GroupAppointmentChangeConnection",
    "PractitionerConnection",
    "PatientConnection",
    "BusinessConnection",
    "AppointmentTypeConnection",
    "UnavailableBlockConnection",
    "CalendarFeedConnection",
    "WebhookConnection",
}
BELOW = {"BookingOutcome", "Occurrence"}


def objects() -> Iterator[GraphQLObjectType]:
    for name, type_ in TYPES.items():
        if is_object_type(type_) and not name.startswith("_"):
            yield type_


def is_asked_without_arguments(field: GraphQLField) -> bool:
    return not any(is_required_argument(argument) for argument in field.args.values())


def leaves(type_: GraphQLNamedType, depth: int = 1) -> str:
    """Select every field of a type that is no object, and of connections what they hold."""
    assert isinstance(type_, GraphQLObjectType)
    names = []
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if not is_object_type(inner):
            names.append(name)
        elif depth and (type_.name.endswith("Connection") or type_.name == "Conflicts"):
            names.append(f"{name} {{ {leaves(inner, 0)} }}")
    return " ".join(names) or "__typename"


def selections(type_: GraphQLObjectType) -> Iterator[str]:
    """Select each field of a type, one after the other."""
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if is_asked_without_arguments(field):
            yield f"{name} {{ {leaves(inner)} }}" if is_object_type(inner) else name


def parents_in(data: Any) -> int:
    """Count the objects under `parents`."""
    if isinstance(data, dict):
        own = data.get("parents", [])
        return (len(own) if isinstance(own, list) else 1) + sum(
            parents_in(data[key]) for key in data if key != "parents"
        )
    return sum(map(parents_in, data)) if isinstance(data, list) else 0


def test_every_type_that_loads_anything_is_walked() -> None:
    with_relations = {
        type_.name
        for type_ in objects()
        if any(is_object_type(get_named_type(field.type)) for field in type_.fields.values())
        and not type_.name.endswith("Payload")
    }

    assert with_relations == (WAYS.keys() & with_relations) | SINGLE | BELOW


@pytest.mark.parametrize("name", WAYS)
async def test_a_field_costs_the_same_for_any_number_of_parents(name: str, crowd: Crowd) -> None:
    store = CountingStore(crowd.practice.store)
    client = Client(crowd.practice, store=store)
    if name == "GroupAppointmentChange":
        await write_changes(client, crowd)
    if name.startswith("History"):
        await write_history(client, crowd)
    for selection in selections(TYPES[name]):  # type: ignore[arg-type]
        counts = []
        for size in SIZES:
            who = [{"__typename": "Attendee", "id": str(attendee.id)} for attendee in crowd.attendees[:size]]
            store.statements = 0
            data = await client.ask(WAYS[name].replace("FIELD", selection), n=size, who=who)
            counts.append(store.statements)
            assert parents_in(data) >= size

        assert len(set(counts)) == 1, f"{name}.{selection} costs {counts} statements"


async def write_changes(client: Client, crowd: Crowd) -> None:
    for root in crowd.roots:
        await client.do("updateGroupAppointment", id=str(root.id), notes="changed")


async def write_history(client: Client, crowd: Crowd) -> None:
    for attendee in crowd.attendees:
        await client.do("updateAttendee", id=str(attendee.id), arrived=True)
        await client.do("updateGroupAppointment", id=str(attendee.group_appointment_id), notes="changed")


@pytest.mark.parametrize("selection", list(selections(TYPES["Occurrence"])))  # type: ignore[arg-type]
async def test_a_field_of_proposed_occurrences_costs_the_same_for_any_number(selection: str, crowd: Crowd) -> None:
    counts = [await cost_of_preview(crowd, size, selection) for size in SIZES]

    assert counts[1] == counts[2]
    assert counts[0] <= counts[1]


async def test_stored_occurrences_of_a_preview_cost_the_same_for_any_number(crowd: Crowd) -> None:
    query = """query ($id: ID!) { previewGroupAppointmentUpdate(input: {id: $id, notes: "x", scope: ALL}) {
        parents: occurrences {
            groupAppointment { id practitioner { id } patients { id } }
            conflicts { items { groupAppointment { id } unavailableBlock { id } patient { id } } } } } }"""
    counts = []
    for place, size in enumerate(SIZES):
        rule = {"repeatType": "DAILY", "numberOfRepeats": size}
        starts_at = (A_MONDAY + timedelta(minutes=place)).isoformat()
        input = creation(crowd.practice) | {"repeatRule": rule, "startsAt": starts_at, "copyAttendees": True}
        store = CountingStore(crowd.practice.store)
        client = Client(crowd.practice, store=store)
        made = await client.do("createGroupAppointment", "groupAppointment { id }", **input)
        await crowd.practice.save(crowd.practice.new_block(A_MONDAY + timedelta(minutes=place)))
        await client.ask(query, id=made["groupAppointment"]["id"])
        store.statements = 0
        # The operation is known: each of the three is run in the same way.
        data = await client.ask(query, id=made["groupAppointment"]["id"])
        assert parents_in(data) == size + 1
        counts.append(store.statements)

    # The first series conflicts with the block alone; the others with the series before them too.
    assert counts[1] == counts[2]
    assert counts[0] <= counts[1]


async def cost_of_preview(crowd: Crowd, size: int, selection: str) -> int:
    store = CountingStore(crowd.practice.store)
    client = Client(crowd.practice, store=store)
    input = creation(crowd.practice) | {"repeatRule": {"repeatType": "DAILY", "numberOfRepeats": size - 1}}
    query = PREVIEW.replace("PARENTS", f"parents: occurrences {{ {selection} }} userErrors {{ code }}")
    data = await client.ask(query, input=input)
    assert parents_in(data) == size
    return store.statements


PAYLOADS = [
    "id",
    "practitioner { label }",
    "patients { id }",
    "conflicts { items { groupAppointment { id } patient { id } } }",
    "repeatedFrom { id }",
    "repeats { totalCount nodes { id } }",
]


@pytest.mark.parametrize("selection", PAYLOADS)
async def test_the_repeats_in_a_payload_cost_the_same_for_any_number(selection: str, crowd: Crowd) -> None:
    counts = []
    for place, size in enumerate(SIZES):
        store = CountingStore(crowd.practice.store)
        rule = {"repeatType": "DAILY", "numberOfRepeats": size}
        starts_at = (A_MONDAY + timedelta(hours=2 * place)).isoformat()
        input = creation(crowd.practice) | {"repeatRule": rule, "startsAt": starts_at, "copyAttendees": True}
        payload = await Client(crowd.practice, store=store).do(
            "createGroupAppointment", f"repeats {{ {selection} }}", **input
        )
        assert len(payload["repeats"]) == size
        counts.append(store.statements)

    assert len(set(counts)) == 1


@pytest.mark.parametrize("selection", list(selections(TYPES["BookingOutcome"])))  # type: ignore[arg-type]
async def test_the_outcomes_of_a_booking_cost_the_same_for_any_number(selection: str, crowd: Crowd) -> None:
    practice, counts = crowd.practice, []
    patients = practice.new_patients(MOST)
    await practice.save(*patients)
    for size in SIZES:
        group = await practice.group(A_MONDAY + timedelta(days=900 + size), max_attendees=MOST)
        store = CountingStore(practice.store)
        payload = await Client(practice, store=store).do(
            "bookAttendees",
            f"outcomes {{ {selection} }}",
            groupAppointmentId=str(group.id),
            patientIds=[str(patient.id) for patient in patients[:size]],
        )
        assert len(payload["outcomes"]) == size
        counts.append(store.statements)

    assert len(set(counts)) == 1


async def test_a_count_is_only_made_when_it_is_asked_for(crowd: Crowd) -> None:
    store = CountingStore(crowd.practice.store)
    client = Client(crowd.practice, store=store)

    await client.ask("{ groupAppointments { nodes { id } edges { cursor } pageInfo { endCursor } } }")
    assert store.statements == 1
    await client.ask("{ groupAppointments { totalCount } }")
    assert store.statements == 2


def creation(practice: Practice) -> dict[str, Any]:
    return {
        "startsAt": A_MONDAY.isoformat(),
        "practitionerId": str(practice.practitioner.id),
        "businessId": str(practice.business.id),
        "appointmentTypeId": str(practice.type.id),
        "patientIds": [str(practice.patients[0].id)],
    }
