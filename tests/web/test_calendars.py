"""Calendars over HTTP: who has the token sees when groups meet, and nobody sees who attends."""

import asyncio
import logging
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import icalendar
import pytest

from at_the_desk import creation
from builders import A_MONDAY, Practice
from calendar_reader import instant, read
from gappt_graphql.practice import archiving, booking, calendars
from gappt_graphql.practice.archiving import ArchiveGroupAppointment, RestoreGroupAppointment
from gappt_graphql.practice.booking import UpdateGroupAppointment
from gappt_graphql.practice.calendars import CreateCalendarFeed, IssuedFeed, RevokeCalendarFeed
from gappt_graphql.practice.directory import UpdateAppointmentType, update_appointment_type
from gappt_graphql.scheduling.calendars import MOST_AHEAD, MOST_PAST
from gappt_graphql.scheduling.directory import Business, Patient, Practitioner
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.web.app import FAILURES
from gappt_graphql.web.calendars import FEED_LIMIT
from past import Past, everything
from reception import book, book_one, cancel

Client = httpx2.AsyncClient
NOTHING = {"message": "There is nothing at this address."}


async def feed_of(practice: Practice, **whose: Any) -> IssuedFeed:
    return await calendars.create(
        practice.desk, CreateCalendarFeed(**(whose or {"practitioner_id": practice.practitioner.id}))
    )


async def path_of(practice: Practice, **whose: Any) -> str:
    """Make a feed of the practice's practitioner, or of somebody else, and return its secret address."""
    issued = await feed_of(practice, **whose)
    assert issued.path
    return issued.path


async def events(client: Client, path: str) -> list[dict[str, str]]:
    """Return the events of a calendar, which has to be one by every rule."""
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    assert icalendar.Calendar.from_ical(answer.content).errors == []
    return read(answer.content).events


async def test_who_has_the_address_sees_the_practitioners_groups_without_a_key(
    client: Client, practice: Practice
) -> None:
    await practice.group(patients=practice.patients[:3])

    answer = await client.get(await path_of(practice))

    calendar = read(answer.content)
    [event] = calendar.events
    assert calendar.properties["NAME"] == "Dr Robin Hale"
    assert (event["SUMMARY"], event["LOCATION"]) == ("Pilates (3/8)", "North")
    assert instant(event["DTSTART"]) == A_MONDAY
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_calendar_of_a_business_has_the_groups_that_meet_there(client: Client, practice: Practice) -> None:
    south = practice.new(Business, name="South", time_zone="Australia/Perth")
    kim = practice.new(Practitioner, first_name="Kim", last_name="Ng")
    await practice.save(south, kim)
    here = await practice.group(business_id=south.id, practitioner_id=kim.id)
    await practice.group(A_MONDAY + timedelta(days=1))

    answer = await client.get(await path_of(practice, business_id=south.id))

    calendar = read(answer.content)
    assert calendar.properties["X-WR-CALNAME"] == "South"
    [event] = calendar.events
    assert instant(event["DTSTART"]) == here.starts_at
    assert event["DESCRIPTION"] == "With Kim Ng. 0 of 8 seats are taken."


async def test_nothing_about_patients_and_no_notes_and_no_link_is_in_a_calendar(
    client: Client, practice: Practice
) -> None:
    secret = practice.new(Patient, first_name="Zzyzx", last_name="Zzyzx", email="zzyzx@example.com")
    await practice.save(secret)
    group = await practice.group(
        patients=[secret, *practice.patients],
        max_attendees=20,
        notes="Zzyzx has asthma",
        telehealth_url="https://zzyzx.example/x",
    )
    attendee = await book_one(practice, group, await a_patient(practice))
    await cancel(practice, attendee, note="zzyzx")

    for whose in ({"practitioner_id": practice.practitioner.id}, {"business_id": practice.business.id}):
        text = (await client.get(await path_of(practice, **whose))).text
        assert "13 of 20 seats" in text.replace("\r\n ", "")
        assert "zzyzx" not in text.lower()
        assert "Lee" not in text
        assert str(secret.id) not in text


async def a_patient(practice: Practice) -> Any:
    patient = practice.new(Patient, first_name="Ada", last_name="Zzyzx")
    await practice.save(patient)
    return patient


async def test_what_changes_is_told_by_a_higher_sequence_under_the_same_uid(client: Client, practice: Practice) -> None:
    made = await booking.create(practice.desk, creation(practice))
    path = await path_of(practice)
    [before] = await events(client, path)

    practice.now += timedelta(hours=1)
    moved = UpdateGroupAppointment(id=made.group_appointment_id, starts_at=A_MONDAY + timedelta(days=1))
    await booking.update(practice.desk, moved)

    [after] = await events(client, path)
    assert after["UID"] == before["UID"]
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])
    assert instant(after["DTSTART"]) == A_MONDAY + timedelta(days=1)
    assert instant(after["LAST-MODIFIED"]) == instant(after["DTSTAMP"]) == practice.now


async def test_an_archived_group_is_cancelled_and_a_restored_one_is_not(client: Client, practice: Practice) -> None:
    made = await booking.create(practice.desk, creation(practice))
    path, id = await path_of(practice), made.group_appointment_id

    told = [(await events(client, path))[0]]
    await archiving.archive(practice.desk, ArchiveGroupAppointment(id=id))
    told += await events(client, path)
    await archiving.restore(practice.desk, RestoreGroupAppointment(id=id))
    told += await events(client, path)

    assert [event["STATUS"] for event in told] == ["CONFIRMED", "CANCELLED", "CONFIRMED"]
    sequence = [int(event["SEQUENCE"]) for event in told]
    assert sequence == sorted(set(sequence))


async def test_a_booking_changes_the_seats_and_the_time_of_change_but_is_no_revision(
    client: Client, practice: Practice
) -> None:
    group = await practice.group()
    path = await path_of(practice)
    [before] = await events(client, path)

    practice.now += timedelta(minutes=5)
    await book(practice, group, *practice.patients[:2])

    [after] = await events(client, path)
    assert (before["SUMMARY"], after["SUMMARY"]) == ("Pilates (0/8)", "Pilates (2/8)")
    assert after["SEQUENCE"] == before["SEQUENCE"]
    assert instant(after["LAST-MODIFIED"]) == practice.now


async def test_a_type_of_another_name_changes_the_calendar(client: Client, practice: Practice) -> None:
    await practice.group()
    path = await path_of(practice)
    tag = (await client.get(path)).headers["etag"]

    practice.now += timedelta(minutes=5)
    await update_appointment_type(practice.desk, UpdateAppointmentType(id=practice.type.id, name="Yoga"))

    answer = await client.get(path, headers={"If-None-Match": tag})
    [event] = read(answer.content).events
    assert event["SUMMARY"] == "Yoga (0/8)"
    assert instant(event["LAST-MODIFIED"]) == practice.now


async def test_a_group_keeps_its_hour_when_the_clocks_change(client: Client, practice: Practice) -> None:
    # In Sydney summer time ends on 5 April 2026: from 22:00 in UTC to 23:00.
    rule = RepeatRule(RepeatType.WEEKLY, 1, 6)
    await booking.create(practice.desk, creation(practice, repeat_rule=rule))

    found = sorted(instant(event["DTSTART"]) for event in await events(client, await path_of(practice)))

    assert [f"{each:%m-%d %H}" for each in found] == [
        "03-02 22", "03-09 22", "03-16 22", "03-23 22", "03-30 22", "04-06 23", "04-13 23"
    ]  # fmt: skip


async def test_a_group_that_goes_to_another_practitioner_leaves_the_calendar(
    client: Client, practice: Practice
) -> None:
    group = await practice.group()
    kim = practice.new(Practitioner, first_name="Kim", last_name="Ng")
    await practice.save(kim)
    paths = [await path_of(practice), await path_of(practice, practitioner_id=kim.id)]
    [before] = await events(client, paths[0])

    await booking.update(practice.desk, UpdateGroupAppointment(id=group.id, practitioner_id=kim.id))

    assert await events(client, paths[0]) == []
    [after] = await events(client, paths[1])
    assert after["UID"] == before["UID"]


async def test_accounts_whose_ids_are_the_same_have_calendars_of_their_own(
    client: Client, practice: Practice, other_practice: Practice
) -> None:
    await practice.group()
    same = other_practice.new(Practitioner, id=practice.practitioner.id, first_name="Kim", last_name="Ng")
    await other_practice.save(same)
    await other_practice.group(A_MONDAY + timedelta(days=1), practitioner_id=same.id)

    [ours] = await events(client, await path_of(practice))
    [theirs] = await events(client, await path_of(other_practice, practitioner_id=same.id))

    assert instant(theirs["DTSTART"]) - instant(ours["DTSTART"]) == timedelta(days=1)


async def test_a_calendar_shows_a_year_back_and_two_ahead(client: Client, practice: Practice) -> None:
    today = practice.now.replace(hour=0)
    edges = [today - timedelta(days=366), today + timedelta(days=731)]
    inside = [edges[0], practice.now, edges[1] - timedelta(minutes=1)]
    outside = [edges[0] - timedelta(minutes=1), edges[1]]
    for moment in inside + outside:
        await practice.group(moment)

    found = await events(client, await path_of(practice))

    assert [instant(event["DTSTART"]) for event in found] == inside


async def test_a_calendar_with_too_many_shows_those_around_today_and_says_so(
    client: Client, practice: Practice
) -> None:
    today = practice.now.replace(hour=0)
    ahead = [practice.new_group(today + timedelta(minutes=n)) for n in range(MOST_AHEAD + 1)]
    past = [practice.new_group(today - timedelta(minutes=n)) for n in range(1, MOST_PAST + 2)]
    await practice.save(*ahead, *past)

    answer = await client.get(await path_of(practice))

    calendar = read(answer.content)
    starts = [instant(event["DTSTART"]) for event in calendar.events]
    assert starts == sorted(group.starts_at for group in [*ahead[:-1], *past[:-1]])
    assert calendar.properties["DESCRIPTION"].startswith("Too many")


async def test_a_calendar_without_groups_is_one_all_the_same(client: Client, practice: Practice) -> None:
    assert await events(client, await path_of(practice)) == []


@pytest.mark.parametrize("spelled", ["{tag}", "W/{tag}", '"x", {tag}', "*", '"x",W/{tag} , "y"'])
async def test_who_has_the_calendar_already_is_told_so(client: Client, practice: Practice, spelled: str) -> None:
    await practice.group()
    path = await path_of(practice)
    tag = (await client.get(path)).headers["etag"]

    answer = await client.get(path, headers={"If-None-Match": spelled.format(tag=tag)})

    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_the_tag_is_the_same_the_next_day_and_another_after_a_change(client: Client, practice: Practice) -> None:
    group = await practice.group()
    path = await path_of(practice)
    tag = (await client.get(path)).headers["etag"]

    practice.now += timedelta(days=1)
    kept = await client.get(path, headers={"If-None-Match": tag})
    await book(practice, group, practice.patients[0])
    anew = await client.get(path, headers={"If-None-Match": tag})

    assert (kept.status_code, anew.status_code) == (304, 200)
    assert anew.headers["etag"] != tag


async def test_the_head_of_a_calendar_can_be_asked_for_alone(client: Client, practice: Practice) -> None:
    answer = await client.head(await path_of(practice))

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")


async def test_a_revoked_address_opens_nothing_at_once(client: Client, practice: Practice) -> None:
    issued, other = await feed_of(practice), await path_of(practice)
    assert issued.path
    tag = (await client.get(issued.path)).headers["etag"]

    await calendars.revoke(practice.desk, RevokeCalendarFeed(id=issued.id))

    for headers in ({}, {"If-None-Match": tag}, {"If-None-Match": "*"}):
        answer = await client.get(issued.path, headers=headers)
        assert (answer.status_code, answer.json()) == (404, NOTHING)
    assert (await client.get(other)).status_code == 200


async def wrong_addresses(practice: Practice, other_practice: Practice) -> list[str]:
    path, theirs = await path_of(practice), await path_of(other_practice)
    token, their_token = path.partition("token=")[2], theirs.partition("token=")[2]
    of_practitioner = f"/calendars/practitioners/{practice.practitioner.id}.ics"
    return [
        of_practitioner,
        f"{of_practitioner}?token=",
        f"{of_practitioner}?token={token[:-1]}",
        f"{of_practitioner}?token={token}x",
        f"{of_practitioner}?token={token}&token={token}",
        f"{of_practitioner}?token={token.swapcase()}",
        f"{of_practitioner}?token=gapptcal_{'A' * 43}",
        f"{of_practitioner}?token=%00",
        f"{of_practitioner}?key={token}",
        f"{of_practitioner}?token={their_token}",
        theirs.replace(their_token, token),
        f"/calendars/practitioners/{practice.business.id}.ics?token={token}",
        f"/calendars/businesses/{practice.business.id}.ics?token={token}",
        f"/calendars/businesses/{practice.practitioner.id}.ics?token={token}",
        f"/calendars/practitioners/0{practice.practitioner.id}.ics?token={token}",
        f"/calendars/practitioners/0.ics?token={token}",
        f"/calendars/practitioners/{'9' * 40}.ics?token={token}",
        f"/calendars/practitioners/x.ics?token={token}",
        f"/calendars/practitioners/%2e%2e.ics?token={token}",
    ]


async def test_whatever_is_wrong_with_an_address_the_answer_is_the_same(
    client_of: Callable[..., Client], practice: Practice, other_practice: Practice
) -> None:
    told = set()
    for address in await wrong_addresses(practice, other_practice):
        async with client_of() as client:
            answer = await client.get(address)
        own = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
        told.add((answer.status_code, answer.text, str(sorted(own.items()))))

    [(status, text, _)] = told
    assert (status, text) == (404, '{"message":"There is nothing at this address."}')


@pytest.mark.parametrize("address", range(19))
async def test_wrong_addresses_count_like_wrong_keys(
    client: Client, practice: Practice, other_practice: Practice, address: int, secret: str
) -> None:
    wrong = (await wrong_addresses(practice, other_practice))[address]
    for _ in range(FAILURES):
        assert (await client.get(wrong)).status_code == 404

    refused = await client.get(wrong)
    without_a_key = await client.post("/graphql", json={"query": "{ __typename }"})

    assert (refused.status_code, without_a_key.status_code) == (429, 429)
    assert int(refused.headers["retry-after"]) > 0
    # Who has what is known is let in, whatever came from the address before.
    assert (await client.get(await path_of(practice))).status_code == 200


async def test_one_address_is_not_asked_for_without_end(client: Client, practice: Practice) -> None:
    path, other = await path_of(practice), await path_of(practice)
    for _ in range(FEED_LIMIT):
        assert (await client.get(path)).status_code == 200

    refused = await client.get(path)

    assert refused.status_code == 429
    assert refused.json()["message"].startswith("This calendar was asked for too often; ask again in ")
    assert (await client.get(other)).status_code == 200


async def test_a_token_opens_nothing_but_its_calendar(client: Client, practice: Practice) -> None:
    token = (await path_of(practice)).partition("token=")[2]
    headers = {"Authorization": f"Bearer {token}"}

    assert (await client.get("/v1/group_appointments", headers=headers)).status_code == 401
    asked = await client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert asked.status_code == 401


async def test_a_key_opens_no_calendar(client: Client, practice: Practice, secret: str) -> None:
    address = f"/calendars/practitioners/{practice.practitioner.id}.ics"

    for headers in ({}, {"Authorization": f"Bearer {secret}"}):
        assert (await client.get(f"{address}?token={secret}", headers=headers)).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_calendar_is_only_read(client: Client, practice: Practice, method: str) -> None:
    assert (await client.request(method, await path_of(practice))).status_code == 405


async def test_without_the_package_the_address_says_what_to_install(
    client: Client, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await path_of(practice)
    monkeypatch.setitem(sys.modules, "icalendar", None)
    monkeypatch.delitem(sys.modules, "gappt_graphql.web.calendar_file", raising=False)
    monkeypatch.delattr("gappt_graphql.web.calendar_file", raising=False)

    answer = await client.get(path)

    assert answer.status_code == 501
    assert answer.json()["message"].endswith("is not installed: pip install 'gappt-graphql[calendar]'")
    assert (await client.get(path.partition("?")[0])).status_code == 404


async def test_many_who_ask_at_once_get_the_same(client: Client, practice: Practice) -> None:
    await practice.group()
    path = await path_of(practice)

    answers = await asyncio.gather(*(client.get(path) for _ in range(10)))

    assert len({answer.content for answer in answers}) == 1


async def test_no_line_of_the_log_has_a_token(
    client: Client, practice: Practice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = await path_of(practice)
    token = path.partition("token=")[2]
    await client.get(path)
    await client.get(path.replace("practitioners", "businesses"))
    await client.post(path)

    lines = [str(vars(record)) for record in caplog.records if not record.name.startswith(("http", "aiosqlite"))]
    [line] = [line for line in lines if "'feed'" in line]
    assert "'door': 'calendar'" in line
    assert not any(token in line or token[-10:] in line for line in lines)


async def test_neither_the_book_nor_its_audit_holds_the_token(client: Client, practice: Practice, past: Past) -> None:
    issued = await calendars.create(
        practice.desk, CreateCalendarFeed(business_id=practice.business.id, idempotency_key="k")
    )
    assert issued.path
    held = str(everything(past))

    assert str(issued.id) in held
    assert issued.path.partition("token=")[2] not in held
