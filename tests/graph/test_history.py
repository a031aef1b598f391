"""The history of an appointment: who did what to it and to who attends it, newest first."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from asking import Client
from builders import A_MONDAY, Practice
from gappt_graphql.graph.context import Context
from gappt_graphql.graph.options import Options
from gappt_graphql.graph.schema import schema
from gappt_graphql.practice.access import issue_key
from gappt_graphql.practice.idempotency import Command

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "history.md"
HISTORY = "nodes { operation recordKind recordId changes { field before after } } hasNextPage"


def creation(practice: Practice, **input: Any) -> dict[str, Any]:
    return {
        "startsAt": A_MONDAY.isoformat(),
        "practitionerId": str(practice.practitioner.id),
        "businessId": str(practice.business.id),
        "appointmentTypeId": str(practice.type.id),
    } | input


async def create(client: Client, **input: Any) -> str:
    payload = await client.do("createGroupAppointment", "groupAppointment { id }", **creation(client.practice, **input))
    return str(payload["groupAppointment"]["id"])


async def history(client: Client, id: str, selection: str = HISTORY, arguments: str = "(first: 100)") -> Any:
    query = f"query ($id: ID!) {{ groupAppointment(id: $id) {{ history{arguments} {{ {selection} }} }} }}"
    return (await client.ask(query, id=id))["groupAppointment"]["history"]


def told(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that an entry says have changed, with their values before and after, decoded."""
    return {
        change["field"]: (change["before"] and json.loads(change["before"]), json.loads(change["after"]))
        for change in entry["changes"]
    }


async def test_a_history_tells_what_was_done_newest_first(client: Client, practice: Practice) -> None:
    id = await create(client)
    await client.do("updateGroupAppointment", id=id, notes="mats")
    await client.do("archiveGroupAppointment", id=id)
    await client.do("restoreGroupAppointment", id=id)

    page = await history(client, id)

    assert [entry["operation"] for entry in page["nodes"]] == [
        "restoreGroupAppointment",
        "archiveGroupAppointment",
        "updateGroupAppointment",
        "createGroupAppointment",
    ]
    assert {(entry["recordKind"], entry["recordId"]) for entry in page["nodes"]} == {("GROUP_APPOINTMENT", id)}
    assert page["hasNextPage"] is False


async def test_an_entry_tells_each_field_before_and_after_as_json(client: Client) -> None:
    id = await create(client, maxAttendees=4)
    await client.do("updateGroupAppointment", id=id, notes='"mats"', maxAttendees=5)

    [update, _] = (await history(client, id))["nodes"]

    assert {change["field"]: (change["before"], change["after"]) for change in update["changes"]} == {
        "notes": ("null", '"\\"mats\\""'),
        "maxAttendees": ("4", "5"),
        "version": ("1", "2"),
    }


async def test_of_a_new_record_only_what_was_set_is_told_and_nothing_stood_there_before(
    client: Client, practice: Practice
) -> None:
    id = await create(client, repeatRule={"repeatType": "DAILY", "numberOfRepeats": 1})

    [entry] = (await history(client, id))["nodes"]

    assert {change["before"] for change in entry["changes"]} == {None}
    assert {field: after for field, (_, after) in told(entry).items()} == {
        "startsAt": "2026-03-02T22:00:00Z",
        "endsAt": "2026-03-02T23:00:00Z",
        "maxAttendees": practice.type.max_attendees,
        "attendeeCount": 0,
        "appointmentTypeId": str(practice.type.id),
        "businessId": str(practice.business.id),
        "practitionerId": str(practice.practitioner.id),
        "repeatRule": {"repeatType": "DAILY", "numberOfRepeats": 1, "repeatingInterval": 1},
        "version": 1,
        "createdAt": "2026-03-02T08:00:00Z",
    }


async def test_attendees_and_the_waitlist_belong_to_the_history(client: Client, practice: Practice) -> None:
    ada, ben = practice.patients[:2]
    id = await create(client, maxAttendees=1)
    asked = {"groupAppointmentId": id, "patientIds": [str(ada.id), str(ben.id)], "waitlistIfFull": True}
    booked = await client.do("bookAttendees", "outcomes { attendee { id } waitlistEntry { id } }", **asked)
    [place, waiting] = [outcome["attendee"] or outcome["waitlistEntry"] for outcome in booked["outcomes"]]

    who = "attendee { id patient { label } } waitlistEntry { id patient { label } }"
    entries = (await history(client, id, f"{HISTORY} nodes {{ {who} }}"))["nodes"]
    of = {entry["recordKind"]: entry for entry in entries if entry["operation"] == "bookAttendees"}

    assert [of[kind]["recordId"] for kind in ("GROUP_APPOINTMENT", "ATTENDEE", "WAITLIST_ENTRY")] == [
        id,
        place["id"],
        waiting["id"],
    ]
    assert [of[kind]["attendee"] for kind in ("GROUP_APPOINTMENT", "ATTENDEE", "WAITLIST_ENTRY")] == [
        None,
        {"id": place["id"], "patient": {"label": "Patient 1 Lee"}},
        None,
    ]
    assert [of[kind]["waitlistEntry"] for kind in ("GROUP_APPOINTMENT", "ATTENDEE", "WAITLIST_ENTRY")] == [
        None,
        None,
        {"id": waiting["id"], "patient": {"label": "Patient 2 Lee"}},
    ]
    assert told(of["GROUP_APPOINTMENT"]) == {"attendeeCount": (0, 1)}


async def test_an_entry_tells_by_which_key_by_whom_and_in_which_request(client: Client, practice: Practice) -> None:
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
    )
    id = await create(client)
    desk = msgspec.structs.replace(practice.desk, key_id=issued.key.id, actor="Zoë", request_id="r-42")
    mutation = "mutation ($id: ID!) { archiveGroupAppointment(input: {id: $id}) { userErrors { code } } }"
    await schema.execute(mutation, {"id": id}, Context(desk, scopes=frozenset({"write"})))

    [archived, created] = (await history(client, id, "nodes { at key { id lastFour } actor requestId }"))["nodes"]

    assert archived == {
        "at": "2026-03-02T08:00:00Z",
        "key": {"id": str(issued.key.id), "lastFour": issued.secret[-4:]},
        "actor": "Zoë",
        "requestId": "r-42",
    }
    assert (created["key"], created["actor"]) == (None, None)


async def test_a_page_ends_where_the_next_begins(client: Client) -> None:
    id = await create(client)
    for n in range(6):
        await client.do("updateGroupAppointment", id=id, notes=str(n))
    whole = (await history(client, id, "nodes { cursor }"))["nodes"]

    walked, after = [], "null"
    while True:
        page = await history(client, id, "nodes { cursor } endCursor hasNextPage", f"(first: 3, after: {after})")
        walked += page["nodes"]
        if not page["hasNextPage"]:
            break
        after = json.dumps(page["endCursor"])

    assert walked == whole
    assert len(walked) == 7


async def test_what_happens_while_somebody_pages_moves_nothing(client: Client) -> None:
    id = await create(client)
    for n in range(3):
        await client.do("updateGroupAppointment", id=id, notes=str(n))
    first = await history(client, id, "nodes { cursor } endCursor", "(first: 2)")
    rest = await history(client, id, "nodes { cursor }", f'(after: "{first["endCursor"]}")')
    await client.do("updateGroupAppointment", id=id, notes="later")

    assert await history(client, id, "nodes { cursor }", f'(after: "{first["endCursor"]}")') == rest


async def test_a_page_of_nothing_tells_whether_there_is_a_history(client: Client, practice: Practice) -> None:
    id = await create(client)
    silent = await practice.group(A_MONDAY + timedelta(days=1))

    assert await history(client, id, HISTORY, "(first: 0)") == {"nodes": [], "hasNextPage": True}
    assert await history(client, str(silent.id), HISTORY, "(first: 0)") == {"nodes": [], "hasNextPage": False}


@pytest.mark.parametrize("arguments", ["first: 101", "first: -1", 'after: "x"', 'after: ""'])
async def test_a_page_that_cannot_be_is_refused(client: Client, practice: Practice, arguments: str) -> None:
    group = await practice.group()
    query = f"query ($id: ID!) {{ groupAppointment(id: $id) {{ history({arguments}) {{ hasNextPage }} }} }}"

    assert await client.codes(query, id=str(group.id)) == ["BAD_USER_INPUT"]


async def test_a_history_and_its_cursors_are_of_one_account(
    client: Client, practice: Practice, other_practice: Practice
) -> None:
    id, stranger = await create(client), Client(other_practice)
    cursor = (await history(client, id, "endCursor"))["endCursor"]
    theirs = await create(stranger)
    query = "query ($id: ID!, $after: String) { groupAppointment(id: $id) { history(after: $after) { endCursor } } }"

    assert (await stranger.ask(query, id=id))["groupAppointment"] is None
    assert await stranger.codes(query, id=theirs, after=cursor) == ["BAD_USER_INPUT"]


def test_every_operation_of_a_history_is_a_mutation() -> None:
    mutations = schema._schema.mutation_type
    assert mutations is not None
    names = {f"{command.__name__[:1].lower()}{command.__name__[1:]}" for command in Command.__subclasses__()}

    assert names == set(mutations.fields)


async def test_a_history_costs_a_point_for_each_entry_of_its_page_and_five_for_the_fields_of_each(
    practice: Practice,
) -> None:
    query = "{ groupAppointments(first: 10) { nodes { history(first: 30) { nodes { changes { field } } } } } }"
    context = Context(practice.desk, scopes=frozenset({"read"}), options=Options())
    await schema.execute(query, {}, context)

    assert context.cost == 1 + 10 * (1 + 1 + 30 * (1 + 5))


async def test_the_guides_query_has_the_answer_that_it_shows(practice: Practice) -> None:
    query, shown = re.findall(r"```(?:graphql|json)\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    client = Client(practice)
    id = await create(client)
    booked = await client.do(
        "bookAttendees",
        "outcomes { attendee { id } }",
        groupAppointmentId=id,
        patientIds=[str(practice.patients[0].id)],
    )
    desk = msgspec.structs.replace(practice.desk, actor="reception-2")
    mutation = """mutation ($id: ID!, $place: ID!) {
        updateAttendee(input: {id: $place, arrived: true}) { userErrors { code } }
        updateGroupAppointment(input: {id: $id, notes: "mats", maxAttendees: 6}) { userErrors { code } } }"""
    variables = {"id": id, "place": booked["outcomes"][0]["attendee"]["id"]}
    await schema.execute(mutation, variables, Context(desk, scopes=frozenset({"write"})))

    assert await client.ask(query, id=id) == json.loads(shown)
