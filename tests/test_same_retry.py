"""An idempotency key is one key for both doors: what one has done, the other answers again."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from both_doors import Door
from described import Described
from past import Past

Request = tuple[str, dict[str, Any], str, dict[str, Any] | None, int]


@pytest.fixture
async def door(store_url: str, past: Past) -> AsyncIterator[Door]:
    door = await Door.open(store_url, past)
    yield door
    await door.close()


@pytest.fixture
async def requests(door: Door) -> dict[str, Request]:
    """Each thing that both doors do: mutation and input, request and body, and the status of its answer."""
    practice = door.practice
    group = await practice.group()
    booked = practice.new_attendee(group, practice.patients[0])
    await practice.save(booked)
    await practice.revise(group, active_attendees=1)
    ids = {
        "starts_at": "2026-03-03T09:00:00+11:00",
        "practitioner_id": str(practice.practitioner.id),
        "business_id": str(practice.business.id),
        "appointment_type_id": str(practice.type.id),
    }
    creation = dict(zip(["startsAt", "practitionerId", "businessId", "appointmentTypeId"], ids.values(), strict=True))
    appointment, attendee = f"/group_appointments/{group.id}", f"/attendees/{booked.id}"
    patient, named = str(practice.patients[1].id), {"id": str(booked.id)}
    rest_rule = {"repeat_type": "Weekly", "number_of_repeats": 2}
    rule = {"repeatType": "WEEKLY", "numberOfRepeats": 2}
    return {
        "create": (
            "createGroupAppointment",
            creation | {"repeatRule": rule, "notes": None},
            "POST /group_appointments",
            ids | {"repeat_rule": rest_rule, "starts_at": "2026-03-02T22:00:00Z"},
            201,
        ),
        "update": (
            "updateGroupAppointment",
            {"id": str(group.id), "notes": "New", "endsAt": None},
            f"PATCH {appointment}",
            {"ends_at": None, "notes": "New", "unknown": 1},
            200,
        ),
        "archive": ("archiveGroupAppointment", {"id": str(group.id)}, f"POST {appointment}/archive", None, 204),
        "delete": ("archiveGroupAppointment", {"id": str(group.id)}, f"DELETE {appointment}", None, 204),
        "book": (
            "bookAttendees",
            {"groupAppointmentId": str(group.id), "patientIds": [patient]},
            "POST /attendees",
            {"booking_id": group.id, "patient_id": patient},
            201,
        ),
        "update attendee": ("updateAttendee", named | {"arrived": True}, f"PATCH {attendee}", {"arrived": True}, 200),
        "cancel": (
            "cancelAttendee",
            named | {"reason": "WORK"},
            f"PATCH {attendee}/cancel",
            {"cancellation_reason": 60},
            204,
        ),
        "archive attendee": ("archiveAttendee", named, f"POST {attendee}/archive", None, 204),
    }


WHAT = ["create", "update", "archive", "delete", "book", "update attendee", "cancel", "archive attendee"]


async def test_every_write_of_rest_is_tried_here(requests: dict[str, Request]) -> None:
    tried = {re.sub(r"\d+", "{id}", request) for _, _, request, _, _ in requests.values()}
    writes = {f"{method.upper()} {path}" for method, path, _ in Described().operations() if method != "get"}

    assert set(requests) == set(WHAT)
    assert writes - tried == {"PUT /group_appointments/{id}"}  # by the very function that answers PATCH


@pytest.mark.parametrize("what", WHAT)
async def test_what_graphql_has_done_rest_answers_again(door: Door, requests: dict[str, Request], what: str) -> None:
    mutation, input, request, body, status = requests[what]
    assert await door.mutate(mutation, **input, idempotencyKey="key-1") == []
    done = door.stored()

    answer = await door.send(request, body, **{"Idempotency-Key": "key-1"})

    assert answer.status_code == status
    assert door.stored() == done


@pytest.mark.parametrize("what", WHAT)
async def test_what_rest_has_done_rest_and_graphql_answer_again(
    door: Door, requests: dict[str, Request], what: str
) -> None:
    mutation, input, request, body, status = requests[what]
    first = await door.send(request, body, **{"Idempotency-Key": "key-1"})
    done = door.stored()

    again = await door.send(request, body, **{"Idempotency-Key": "key-1"})
    errors = await door.mutate(mutation, **input, idempotencyKey="key-1")

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("Location") == first.headers.get("Location")
    assert first.status_code == status
    assert errors == []
    assert door.stored() == done
    assert len(done["idempotency_keys"]) == 1


@pytest.mark.parametrize("what", WHAT)
async def test_a_key_that_was_used_for_something_else_is_422(
    door: Door, requests: dict[str, Request], what: str
) -> None:
    assert await door.mutate("createPatient", lastName="New", idempotencyKey="key-1") == []
    done = door.stored()
    _, _, request, body, _ = requests[what]

    answer = await door.send(request, body, **{"Idempotency-Key": "key-1"})

    assert answer.status_code == 422
    assert answer.json()["errors"] == {
        "idempotency_key": "This idempotency key was used for a different request. Use a fresh key."
    }
    assert door.stored() == done


@pytest.mark.parametrize("key", ["", "k" * 256, "\x7f", "a\tb"], ids=repr)
async def test_a_malformed_key_is_422(door: Door, requests: dict[str, Request], key: str) -> None:
    _, _, request, body, _ = requests["create"]

    answer = await door.send(request, body, **{"Idempotency-Key": key})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["idempotency_key"]


async def test_a_refusal_leaves_the_key_free(door: Door, requests: dict[str, Request]) -> None:
    _, _, request, body, _ = requests["create"]
    bad = (body or {}) | {"max_attendees": 0}

    refused = await door.send(request, bad, **{"Idempotency-Key": "key-1"})
    made = await door.send(request, body, **{"Idempotency-Key": "key-1"})

    assert (refused.status_code, made.status_code) == (422, 201)


async def test_a_retry_answers_the_record_as_it_is_now(door: Door, requests: dict[str, Request]) -> None:
    _, _, request, body, _ = requests["create"]
    first = await door.send(request, body, **{"Idempotency-Key": "key-1"})
    await door.send(f"POST /group_appointments/{first.json()['id']}/archive")

    again = await door.send(request, body, **{"Idempotency-Key": "key-1"})

    assert again.status_code == 201
    assert again.json()["archived_at"] == "2026-03-02T08:00:00Z"
