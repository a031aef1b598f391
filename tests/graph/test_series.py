"""Series through the schema: the clocks of their business, scopes, exceptions, and what onConflict leaves out."""

from datetime import timedelta
from typing import Any

import pytest

from asking import Client
from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.directory import Business

DATES = "groupAppointment { id startsAt } repeats { id startsAt }"
UPDATED = "updated { id startsAt } conflicting { index groupAppointment { id } conflicts { exist } }"


async def a_series(client: Client, practice: Practice, **fields: Any) -> list[dict[str, str]]:
    """Create a series of the root and three repeats, every day unless told, and return its appointments."""
    usual = {
        "startsAt": "2026-03-02T22:00:00Z",
        "practitionerId": str(practice.practitioner.id),
        "businessId": str(practice.business.id),
        "appointmentTypeId": str(practice.type.id),
        "repeatRule": {"repeatType": "DAILY", "numberOfRepeats": 3},
    }
    payload = await client.do("createGroupAppointment", DATES, **(usual | fields))
    assert payload["userErrors"] == []
    return [payload["groupAppointment"], *payload["repeats"]]


async def starts(client: Client, series: list[dict[str, str]]) -> list[str]:
    """Return when the appointments of the series start now, in its order."""
    query = "query ($id: ID!) { groupAppointment(id: $id) { startsAt } }"
    return [(await client.ask(query, id=each["id"]))["groupAppointment"]["startsAt"] for each in series]


@pytest.mark.parametrize(
    ("time_zone", "first", "expected"),
    [
        ("Australia/Sydney", "2026-04-04T09:00:00+11:00", ["04-03T22", "04-04T23", "04-05T23", "04-06T23"]),
        ("Australia/Sydney", "2026-10-03T09:00:00+10:00", ["10-02T23", "10-03T22", "10-04T22", "10-05T22"]),
        ("Europe/London", "2026-03-28T09:00:00Z", ["03-28T09", "03-29T08", "03-30T08", "03-31T08"]),
        ("Europe/London", "2026-10-24T09:00:00+01:00", ["10-24T08", "10-25T09", "10-26T09", "10-27T09"]),
        # 2:30 on 8 March does not exist in New York, and 1:30 on 1 November exists twice.
        ("America/New_York", "2026-03-07T02:30:00-05:00", ["03-07T07", "03-08T07", "03-09T06", "03-10T06"]),
        ("America/New_York", "2026-10-31T01:30:00-04:00", ["10-31T05", "11-01T05", "11-02T06", "11-03T06"]),
    ],
)
async def test_a_group_keeps_its_hour_in_both_hemispheres(
    client: Client, practice: Practice, time_zone: str, first: str, expected: list[str]
) -> None:
    business = practice.new(Business, name="There", time_zone=time_zone)
    await practice.save(business)
    series = await a_series(client, practice, startsAt=first, businessId=str(business.id))

    assert [each["startsAt"][5:13] for each in series] == expected


async def test_an_edit_of_all_leaves_an_exception_alone(client: Client, practice: Practice) -> None:
    series = await a_series(client, practice)
    await client.do("updateGroupAppointment", id=series[2]["id"], startsAt="2026-03-05T01:00:00Z")
    payload = await client.do(
        "updateGroupAppointment", UPDATED, id=series[1]["id"], startsAt="2026-03-03T23:30:00Z", scope="ALL"
    )

    assert [each["id"] for each in payload["updated"]] == [series[n]["id"] for n in (0, 1, 3)]
    assert await starts(client, series) == [
        "2026-03-02T23:30:00Z",
        "2026-03-03T23:30:00Z",
        "2026-03-05T01:00:00Z",
        "2026-03-05T23:30:00Z",
    ]


async def test_a_move_to_another_zone_keeps_the_instants_and_the_next_move_runs_on_its_clock(
    client: Client, practice: Practice
) -> None:
    tokyo = practice.new(Business, name="Tokyo", time_zone="Asia/Tokyo")
    await practice.save(tokyo)
    # Sydney's summer ends between the second and the third; in Tokyo clocks never change.
    series = await a_series(client, practice, startsAt="2026-04-03T09:00:00+11:00")
    before = [each["startsAt"] for each in series]
    await client.do("updateGroupAppointment", id=series[0]["id"], businessId=str(tokyo.id), scope="ALL")
    after = await starts(client, series)
    await client.do("updateGroupAppointment", id=series[0]["id"], startsAt="2026-04-02T23:00:00Z", scope="ALL")

    assert after == before == [f"2026-04-0{day}:00:00Z" for day in ("2T22", "3T22", "4T23", "5T23")]
    assert await starts(client, series) == [f"2026-04-0{day}:00:00Z" for day in ("2T23", "3T23", "5T00", "6T00")]


async def test_only_the_named_ones_version_is_compared(client: Client, practice: Practice) -> None:
    series = await a_series(client, practice)
    await client.do("updateGroupAppointment", id=series[2]["id"], notes="own")
    payload = await client.do(
        "updateGroupAppointment",
        "updated { version }",
        id=series[0]["id"],
        maxAttendees=5,
        scope="ALL",
        expectedVersion=1,
    )

    assert payload["userErrors"] == []
    assert [each["version"] for each in payload["updated"]] == [2, 2, 3, 2]
    assert await client.refused("archiveGroupAppointment", id=series[2]["id"], scope="ALL", expectedVersion=2) == [
        ("STALE_VERSION", "expectedVersion")
    ]


async def test_a_skip_moves_the_others_and_names_what_stays(client: Client, practice: Practice) -> None:
    series = await a_series(client, practice)
    await practice.group(A_MONDAY + timedelta(days=1, hours=2))
    move = {"scope": "ALL", "onConflict": "SKIP"}
    named = await client.do(
        "updateGroupAppointment", UPDATED, id=series[1]["id"], startsAt="2026-03-04T00:00:00Z", **move
    )
    other = await client.do(
        "updateGroupAppointment", UPDATED, id=series[0]["id"], startsAt="2026-03-03T00:00:00Z", **move
    )
    left_out = [{"index": 1, "groupAppointment": {"id": series[1]["id"]}, "conflicts": {"exist": True}}]

    assert ([error["code"] for error in named["userErrors"]], named["updated"]) == (["CONFLICT"], [])
    assert other["userErrors"] == []
    assert named["conflicting"] == other["conflicting"] == left_out
    assert [each["id"] for each in other["updated"]] == [series[n]["id"] for n in (0, 2, 3)]
    assert (await starts(client, series))[1] == series[1]["startsAt"]


async def test_a_series_comes_back_but_for_the_dates_that_are_taken(client: Client, practice: Practice) -> None:
    series = await a_series(client, practice)
    await client.do("archiveGroupAppointment", id=series[0]["id"], scope="ALL")
    await practice.group(A_MONDAY + timedelta(days=2))
    input = {"id": series[1]["id"], "scope": "ALL"}
    selection = "restored { id archivedAt deletedAt } conflicting { index }"
    rejected = await client.do("restoreGroupAppointment", selection, **input, onConflict="REJECT")
    skipped = await client.do("restoreGroupAppointment", selection, **input, onConflict="SKIP")

    assert (rejected["restored"], rejected["conflicting"]) == ([], [{"index": 2}])
    assert skipped["conflicting"] == [{"index": 2}]
    assert skipped["restored"] == [{"id": series[n]["id"], "archivedAt": None, "deletedAt": None} for n in (0, 1, 3)]


async def test_archiving_again_answers_the_named_one_with_its_first_time(client: Client, practice: Practice) -> None:
    series = await a_series(client, practice)
    first = await client.do("archiveGroupAppointment", "archived { id archivedAt }", id=series[1]["id"])
    practice.now += timedelta(hours=1)
    again = await client.do("archiveGroupAppointment", "archived { id archivedAt }", id=series[1]["id"])

    assert again == first
    assert [each["id"] for each in again["archived"]] == [series[1]["id"]]


async def test_a_member_is_booked_where_they_are_free_and_told_where_not(client: Client, practice: Practice) -> None:
    series = await a_series(client, practice)
    ada = practice.patients[0]
    await practice.group(A_MONDAY + timedelta(days=1), patients=[ada])
    payload = await client.do(
        "bookAttendees",
        "outcomes { groupAppointment { id } attendee { id } waitlistEntry { id } userError { code field } }",
        groupAppointmentId=series[1]["id"],
        patientIds=[str(ada.id)],
        scope="ALL",
        onConflict="SKIP",
    )

    assert payload["userErrors"] == []
    assert [outcome["groupAppointment"]["id"] for outcome in payload["outcomes"]] == [each["id"] for each in series]
    assert [outcome["userError"] for outcome in payload["outcomes"]] == [
        None,
        {"code": "CONFLICT", "field": ["patientIds", "0"]},
        None,
        None,
    ]
    assert [outcome["attendee"] is None for outcome in payload["outcomes"]] == [False, True, False, False]


async def test_a_place_in_an_archived_appointment_can_be_cancelled(client: Client, practice: Practice) -> None:
    ada, ben = practice.patients[:2]
    group = await practice.group(patients=[ada], max_attendees=1)
    await client.do("joinWaitlist", groupAppointmentId=str(group.id), patientId=str(ben.id))
    await client.do("archiveGroupAppointment", id=str(group.id))
    query = "query ($id: ID!) { groupAppointment(id: $id) { attendees { id } } }"
    [place] = (await client.ask(query, id=str(group.id)))["groupAppointment"]["attendees"]
    payload = await client.do(
        "cancelAttendee", "cancelled { id } promoted { id }", id=place["id"], reason="FEELING_BETTER"
    )

    assert payload == {"cancelled": [place], "promoted": [], "userErrors": []}
