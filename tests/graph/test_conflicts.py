"""Conflicts, series, previews and the change feed as clients see them."""

from datetime import timedelta
from typing import Any

from asking import Client
from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.directory import Practitioner

CONFLICTS = """query ($id: ID!, $kinds: [ConflictKind!]) { groupAppointment(id: $id) { conflicts(kinds: $kinds) {
    exist items { kind startsAt endsAt groupAppointment { id } unavailableBlock { id } patient { id } message
    occurrenceIndex } } } }"""


async def test_each_conflict_says_who_what_and_when(client: Client, practice: Practice) -> None:
    someone = practice.new(Practitioner, first_name="Kim", last_name="Moss")
    block = practice.new_block(A_MONDAY + timedelta(minutes=50))
    await practice.save(someone, block)
    group = await practice.group(patients=practice.patients[:2])
    elsewhere = await practice.group(
        A_MONDAY + timedelta(minutes=30), patients=practice.patients[1:3], practitioner_id=someone.id
    )

    async def found(kinds: list[str] | None) -> Any:
        return (await client.ask(CONFLICTS, id=str(group.id), kinds=kinds))["groupAppointment"]["conflicts"]

    patient_twice = {
        "kind": "PATIENT_DOUBLE_BOOKED",
        "startsAt": "2026-03-02T22:30:00Z",
        "endsAt": "2026-03-02T23:00:00Z",
        "groupAppointment": {"id": str(elsewhere.id)},
        "unavailableBlock": None,
        "patient": {"id": str(practice.patients[1].id)},
        "message": (
            f"Patient {practice.patients[1].id} is booked in group appointment {elsewhere.id}"
            " from 2026-03-02T22:30:00Z to 2026-03-02T23:00:00Z."
        ),
        "occurrenceIndex": None,
    }
    time_off = {
        "kind": "PRACTITIONER_UNAVAILABLE",
        "startsAt": "2026-03-02T22:50:00Z",
        "endsAt": "2026-03-02T23:00:00Z",
        "groupAppointment": None,
        "unavailableBlock": {"id": str(block.id)},
        "patient": None,
        "message": (
            f"The practitioner is kept away by block {block.id} from 2026-03-02T22:50:00Z to 2026-03-02T23:00:00Z."
        ),
        "occurrenceIndex": None,
    }
    assert await found(None) == {"exist": True, "items": [patient_twice, time_off]}
    assert await found(["PRACTITIONER_UNAVAILABLE"]) == {"exist": True, "items": [time_off]}
    assert await found(["PRACTITIONER_DOUBLE_BOOKED"]) == {"exist": False, "items": []}
    assert await found([]) == {"exist": False, "items": []}


async def test_an_archived_appointment_has_no_conflicts(client: Client, practice: Practice) -> None:
    group = await practice.group(archived_at=practice.now)
    await practice.group()

    data = await client.ask(CONFLICTS, id=str(group.id))
    assert data["groupAppointment"]["conflicts"] == {"exist": False, "items": []}


async def test_repeats_leave_archived_ones_out_and_know_their_root(client: Client, practice: Practice) -> None:
    root = await practice.group(archived_at=practice.now, series_position=0)
    ids: dict[str, Any] = {"repeated_from_id": root.id}
    first = await practice.group(A_MONDAY + timedelta(days=1), series_position=1, **ids)
    await practice.group(A_MONDAY + timedelta(days=2), series_position=2, archived_at=practice.now, **ids)
    query = "query ($id: ID!) { groupAppointment(id: $id) { repeats { totalCount nodes { id repeatedFrom { id } } } } }"

    assert (await client.ask(query, id=str(root.id)))["groupAppointment"]["repeats"] == {
        "totalCount": 1,
        "nodes": [{"id": str(first.id), "repeatedFrom": {"id": str(root.id)}}],
    }


PREVIEW = """
    occurrences { index startsAt endsAt groupAppointment { id }
      conflicts { exist items { kind occurrenceIndex groupAppointment { id } } } }
    userErrors { code field }
"""


async def test_a_preview_of_a_creation_stores_nothing(client: Client, practice: Practice) -> None:
    query = (
        f"query ($input: CreateGroupAppointmentInput!) {{ p: previewGroupAppointment(input: $input) {{ {PREVIEW} }} }}"
    )
    input = {
        "startsAt": A_MONDAY.isoformat(),
        "endsAt": (A_MONDAY + timedelta(hours=25)).isoformat(),
        "practitionerId": str(practice.practitioner.id),
        "businessId": str(practice.business.id),
        "appointmentTypeId": str(practice.type.id),
        "repeatRule": {"repeatType": "DAILY", "numberOfRepeats": 1},
        "idempotencyKey": "ignored",
    }
    preview = (await client.ask(query, input=input))["p"]

    assert [occurrence["index"] for occurrence in preview["occurrences"]] == [0, 1]
    assert [occurrence["groupAppointment"] for occurrence in preview["occurrences"]] == [None, None]
    assert preview["occurrences"][0]["conflicts"]["items"] == [
        {"kind": "PRACTITIONER_DOUBLE_BOOKED", "occurrenceIndex": 1, "groupAppointment": None}
    ]
    assert preview["userErrors"] == []
    assert (await client.ask("{ groupAppointments { totalCount } }"))["groupAppointments"]["totalCount"] == 0


async def test_previews_tell_what_would_refuse(client: Client, practice: Practice) -> None:
    query = """query ($id: ID!) {
        update: previewGroupAppointmentUpdate(input: {id: $id, maxAttendees: 0}) { userErrors { code field } }
        repeat: previewGroupAppointmentRepeat(input: {
            id: $id, repeatRule: {repeatType: DAILY, numberOfRepeats: 400} }) { userErrors { code field } }
        nobody: previewGroupAppointmentUpdate(input: {id: 1}) { occurrences { index } userErrors { code field } } }"""
    group = await practice.group()

    assert await client.ask(query, id=str(group.id)) == {
        "update": {"userErrors": [{"code": "OUT_OF_RANGE", "field": ["maxAttendees"]}]},
        "repeat": {"userErrors": [{"code": "OUT_OF_RANGE", "field": ["repeatRule", "numberOfRepeats"]}]},
        "nobody": {"occurrences": [], "userErrors": [{"code": "NOT_FOUND", "field": ["id"]}]},
    }


async def test_previews_of_stored_appointments_name_them(client: Client, practice: Practice) -> None:
    query = f"""query ($id: ID!) {{
        update: previewGroupAppointmentUpdate(input: {{id: $id, notes: "x"}}) {{ {PREVIEW} }}
        repeat: previewGroupAppointmentRepeat(input: {{
            id: $id, repeatRule: {{repeatType: WEEKLY, numberOfRepeats: 1}} }}) {{ {PREVIEW} }} }}"""
    group = await practice.group()
    data = await client.ask(query, id=str(group.id))

    assert [each["groupAppointment"] for each in data["update"]["occurrences"]] == [{"id": str(group.id)}]
    assert [each["startsAt"] for each in data["repeat"]["occurrences"]] == [
        "2026-03-02T22:00:00Z",
        "2026-03-09T22:00:00Z",
    ]


CHANGES = """query ($filter: GroupAppointmentChangeFilter, $first: Int, $after: String) {
    changes: groupAppointmentChanges(filter: $filter, first: $first, after: $after) {
      nodes { kind id at changedFields cursor groupAppointment { notes } } hasNextPage endCursor } }"""


async def test_the_feed_tells_what_happened_oldest_first(client: Client, practice: Practice) -> None:
    group, other = await practice.group(), await practice.group()
    for notes in ("one", "two"):
        await client.do("updateGroupAppointment", id=str(group.id), notes=notes)
    await client.do("archiveGroupAppointment", id=str(other.id))
    whole = (await client.ask(CHANGES))["changes"]
    first = (await client.ask(CHANGES, first=2))["changes"]
    rest = (await client.ask(CHANGES, after=first["endCursor"]))["changes"]

    assert [(node["kind"], node["id"]) for node in whole["nodes"]] == [
        ("UPDATED", str(group.id)),
        ("UPDATED", str(group.id)),
        ("ARCHIVED", str(other.id)),
    ]
    assert whole["nodes"][0]["changedFields"] == ["notes"]
    assert whole["nodes"][0]["groupAppointment"] == {"notes": "two"}
    assert (first["hasNextPage"], rest["hasNextPage"]) == (True, False)
    assert first["nodes"] + rest["nodes"] == whole["nodes"]
    assert rest["endCursor"] == whole["nodes"][-1]["cursor"]


async def test_the_feed_is_filtered(client: Client, practice: Practice) -> None:
    group = await practice.group()
    await client.do("updateGroupAppointment", id=str(group.id), notes="one")
    own = {
        "ids": str(group.id),
        "practitionerIds": str(practice.practitioner.id),
        "businessIds": str(practice.business.id),
    }
    for field, id in own.items():
        for ids, expected in (([id], 1), (["7"], 0), ([], 0), (["x"], 0), (None, 1)):
            nodes = (await client.ask(CHANGES, filter={field: ids}))["changes"]["nodes"]
            assert len(nodes) == expected, (field, ids)


async def test_the_feed_refuses_what_makes_no_sense(client: Client) -> None:
    assert await client.codes(CHANGES, first=101) == ["BAD_USER_INPUT"]
    assert await client.codes(CHANGES, after="x") == ["BAD_USER_INPUT"]
