"""Booking patients into groups, and cancelling their places, in the reference's words."""

from typing import Any

import httpx2
import pytest

from builders import Practice
from gappt_graphql.scheduling.attendance import Attendee


async def booked(client: httpx2.AsyncClient, practice: Practice, n: int = 0, **fields: Any) -> dict[str, Any]:
    """Book a patient into a new appointment, and return the attendee as it was answered."""
    group = await practice.group(**fields)
    body = {"booking_id": str(group.id), "patient_id": str(practice.patients[n].id)}
    answer = await client.post("/attendees", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_booking_is_answered_whole_with_its_address(client: httpx2.AsyncClient, practice: Practice) -> None:
    group = await practice.group()
    patient = practice.patients[0]

    made = await client.post("/attendees", json={"booking_id": str(group.id), "patient_id": patient.id})
    read = await client.get(made.headers["Location"])

    assert made.status_code == 201
    assert made.headers["Location"] == f"https://practice.example/v1/attendees/{made.json()['id']}"
    assert made.json() == read.json()
    assert made.json()["patient"] == {"links": {"self": f"https://practice.example/v1/patients/{patient.id}"}}
    appointment = (await client.get(f"/group_appointments/{group.id}")).json()
    assert appointment["patient_ids"] == [str(patient.id)]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"booking_id": "This can't be empty.", "patient_id": "This can't be empty."}),
        (
            {"booking_id": None, "patient_id": []},
            {"booking_id": "This can't be empty.", "patient_id": "This takes an id: digits, as a text."},
        ),
        (
            {"booking_id": "999", "patient_id": True},
            {
                "booking_id": "There is no such group appointment.",
                "patient_id": "This takes an id: digits, as a text.",
            },
        ),
        (
            {"booking_id": "x", "patient_id": "0"},
            {"booking_id": "There is no such group appointment.", "patient_id": "There is no such patient."},
        ),
    ],
)
async def test_a_bad_booking_is_told_with_all_its_fields(
    client: httpx2.AsyncClient, body: dict[str, Any], fields: dict[str, str]
) -> None:
    answer = await client.post("/attendees", json=body)

    assert answer.status_code == 422
    assert answer.json() == {"message": "Validation Failed", "errors": fields}


async def test_a_full_group_takes_nobody(client: httpx2.AsyncClient, practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:1], max_attendees=1)

    answer = await client.post("/attendees", json={"booking_id": group.id, "patient_id": practice.patients[1].id})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["patient_id"]
    assert (await practice.reload(group)).active_attendees == 1


async def test_another_accounts_group_and_patient_do_not_exist(
    client: httpx2.AsyncClient, practice: Practice, other_practice: Practice
) -> None:
    group = await other_practice.group()

    answer = await client.post("/attendees", json={"booking_id": group.id, "patient_id": other_practice.patients[0].id})

    assert set(answer.json()["errors"]) == {"booking_id", "patient_id"}
    assert (await other_practice.reload(group)).active_attendees == 0


async def test_arrival_and_notes_are_written_and_cleared(client: httpx2.AsyncClient, practice: Practice) -> None:
    attendee = await booked(client, practice)
    path = f"/attendees/{attendee['id']}"

    came = await client.patch(path, json={"arrived": True, "notes": "Early"})
    noted = await client.patch(path, json={"notes": "Late"})
    cleared = await client.patch(path, json={"arrived": None, "notes": None})

    assert came.status_code == 200
    assert came.json() == attendee | {"arrived": True, "notes": "Early"}
    assert noted.json() == attendee | {"arrived": True, "notes": "Late"}
    assert cleared.json() == attendee


async def test_the_patient_of_a_place_stays(client: httpx2.AsyncClient, practice: Practice) -> None:
    attendee = await booked(client, practice)

    answer = await client.patch(
        f"/attendees/{attendee['id']}", json={"patient_id": practice.patients[1].id, "booking_id": "5"}
    )

    assert (answer.status_code, answer.json()) == (200, attendee)


@pytest.mark.parametrize("body", [{"arrived": "yes"}, {"arrived": 1}, {"arrived": 0.0}, {"notes": 5}, {"notes": []}])
async def test_a_field_of_an_attendee_that_cannot_be_read_is_told(
    client: httpx2.AsyncClient, practice: Practice, body: dict[str, Any]
) -> None:
    attendee = await booked(client, practice)

    answer = await client.patch(f"/attendees/{attendee['id']}", json=body)

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == list(body)
    assert (await client.get(f"/attendees/{attendee['id']}")).json() == attendee


async def test_a_cancelled_place_is_free_and_its_record_stays(client: httpx2.AsyncClient, practice: Practice) -> None:
    attendee = await booked(client, practice)
    path = f"/attendees/{attendee['id']}"

    answer = await client.patch(f"{path}/cancel", json={"cancellation_reason": 31, "cancellation_note": "Called at 8"})

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get(path)).json() == attendee | {
        "cancelled_at": "2026-03-02T08:00:00Z",
        "cancellation_reason": 31,
        "cancellation_note": "Called at 8",
    }
    assert (await client.get(attendee["booking"]["links"]["self"])).json()["patient_ids"] == []


async def test_cancelling_twice_is_the_same_as_once(client: httpx2.AsyncClient, practice: Practice) -> None:
    attendee = await booked(client, practice)
    path = f"/attendees/{attendee['id']}"

    first = await client.patch(f"{path}/cancel", json={"cancellation_reason": 10, "cancellation_note": None})
    second = await client.patch(f"{path}/cancel", json={"cancellation_reason": 60})

    assert (first.status_code, second.status_code) == (204, 204)
    assert (await client.get(path)).json()["cancellation_reason"] == 10


REASONS = "This is 10, 20, 30, 31, 40, 50 or 60."


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"cancellation_reason": "This can't be empty."}),
        ({"cancellation_reason": None}, {"cancellation_reason": "This can't be empty."}),
        ({"cancellation_reason": 11}, {"cancellation_reason": REASONS}),
        ({"cancellation_reason": "SICK"}, {"cancellation_reason": REASONS}),
        ({"cancellation_reason": True}, {"cancellation_reason": REASONS}),
        ({"cancellation_reason": [30]}, {"cancellation_reason": REASONS}),
        (
            {"cancellation_reason": 70, "cancellation_note": 5},
            {"cancellation_reason": REASONS, "cancellation_note": "This takes a text."},
        ),
    ],
)
async def test_a_cancellation_needs_one_of_the_reasons(
    client: httpx2.AsyncClient, practice: Practice, body: dict[str, Any], errors: dict[str, str]
) -> None:
    attendee = await booked(client, practice)

    answer = await client.patch(f"/attendees/{attendee['id']}/cancel", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"] == errors
    assert (await client.get(f"/attendees/{attendee['id']}")).json() == attendee


async def test_an_archived_attendee_is_gone_and_its_place_free(client: httpx2.AsyncClient, practice: Practice) -> None:
    attendee = await booked(client, practice)
    path = f"/attendees/{attendee['id']}"

    archived = await client.post(f"{path}/archive")
    again = await client.post(f"{path}/archive")

    assert [(answer.status_code, answer.content) for answer in (archived, again)] == [(204, b""), (204, b"")]
    assert (await client.get(attendee["booking"]["links"]["self"])).json()["patient_ids"] == []
    assert (await client.patch(path, json={"notes": "x"})).status_code == 404
    assert (await client.patch(path, json={"notes": 5})).status_code == 404
    assert (await client.patch(f"{path}/cancel", json={"cancellation_reason": 10})).status_code == 404


async def test_another_accounts_attendee_is_404_and_stays(client: httpx2.AsyncClient, other_practice: Practice) -> None:
    group = await other_practice.group()
    attendee: Attendee = other_practice.new_attendee(group, other_practice.patients[0])
    await other_practice.save(attendee)
    path = f"/attendees/{attendee.id}"

    answers = [
        await client.patch(path, json={"notes": "x"}),
        await client.patch(f"{path}/cancel", json={"cancellation_reason": 10}),
        await client.post(f"{path}/archive"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert await other_practice.reload(attendee) == attendee
