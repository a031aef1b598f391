"""Every mutation takes effect once under one idempotency key, and answers the same again."""

from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema

from asking import Client
from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.attendance import WaitlistEntry
from gappt_graphql.scheduling.calendars import CalendarFeed
from gappt_graphql.scheduling.webhooks import DeliveryState, Webhook, WebhookDelivery
from past import Past, everything

RULE = {"repeatType": "DAILY", "numberOfRepeats": 2}
SPAN = {"startsAt": "2026-03-02T22:30:00Z", "endsAt": "2026-03-02T23:30:00Z"}
OCCURRENCE = "{ index startsAt groupAppointment { id } conflicts { exist items { kind message occurrenceIndex } } }"


async def inputs(practice: Practice) -> dict[str, tuple[dict[str, Any], str]]:
    """Store what there is to change; return for each mutation its input, and what of its payload is compared."""
    ada, ben, cleo = practice.patients[:3]
    full = await practice.group(patients=[ada], max_attendees=1)
    waiting = practice.new(WaitlistEntry, group_appointment_id=full.id, patient_id=ben.id)
    block = practice.new_block(A_MONDAY)
    gone = await practice.group(A_MONDAY, archived_at=practice.now)
    other = await practice.group(A_MONDAY, patients=[ben])
    feed = practice.new(CalendarFeed, digest="d", last_four="four", business_id=practice.business.id)
    hook = practice.new(Webhook, url="https://receiver.example/hook", secret="whsec_", position=0)
    dead = practice.new(
        WebhookDelivery,
        webhook_id=hook.id,
        number=1,
        kind="UPDATED",
        group_appointment_id=full.id,
        at=practice.now,
        state=DeliveryState.DEAD,
    )
    await practice.save(waiting, block, feed, hook, dead)
    found = await practice.store.read(practice.account.id, lambda book: book.attendees_of([full.id, other.id]))
    place, cancelled = found[full.id][0], found[other.id][0]
    await practice.revise(cancelled, cancelled_at=practice.now)
    await practice.revise(other, active_attendees=0)
    of = {
        "practitionerId": str(practice.practitioner.id),
        "businessId": str(practice.business.id),
        "appointmentTypeId": str(practice.type.id),
    }
    two = {"groupAppointmentId": str(full.id), "patientIds": [str(cleo.id), str(practice.patients[3].id)]}
    appointment = "groupAppointment { id version }"
    return {
        "createGroupAppointment": (
            {**of, **SPAN, "repeatRule": RULE, "onConflict": "ALLOW", "patientIds": [str(ada.id)]},
            f"{appointment} repeats {{ id patientIds }} conflicting {OCCURRENCE}",
        ),
        "updateGroupAppointment": (
            {"id": str(full.id), "maxAttendees": 2, "notes": None},
            f"{appointment} updated {{ id }} promoted {{ id patient {{ id }} }} conflicting {OCCURRENCE}",
        ),
        "archiveGroupAppointment": ({"id": str(full.id), "scope": "ALL"}, f"{appointment} archived {{ id }}"),
        "restoreGroupAppointment": ({"id": str(gone.id)}, f"{appointment} restored {{ id }} conflicting {OCCURRENCE}"),
        "repeatGroupAppointment": (
            {"id": str(full.id), "repeatRule": RULE, "onConflict": "ALLOW", "expectedVersion": 1},
            f"{appointment} repeats {{ id }} conflicting {OCCURRENCE}",
        ),
        "bookAttendees": (
            {**two, "waitlistIfFull": True},
            f"""{appointment} outcomes {{
                patient {{ id }} attendee {{ id }} waitlistEntry {{ id position }} userError {{ code }} }}""",
        ),
        "updateAttendee": ({"id": str(place.id), "arrived": True}, "attendee { id arrived }"),
        "cancelAttendee": (
            {"id": str(place.id), "reason": "SICK"},
            "attendee { id cancelledAt } cancelled { id } promoted { id patient { id } }",
        ),
        "archiveAttendee": ({"id": str(place.id)}, "attendee { id archivedAt } promoted { id }"),
        "reinstateAttendee": ({"id": str(cancelled.id)}, "attendee { id cancelledAt }"),
        "joinWaitlist": (
            {"groupAppointmentId": str(full.id), "patientId": str(cleo.id)},
            "waitlistEntry { id position } attendee { id }",
        ),
        "leaveWaitlist": ({"id": str(waiting.id)}, "groupAppointment { id waitlist { id } }"),
        "createPractitioner": ({"lastName": "Moss"}, "practitioner { id }"),
        "createPatient": ({"lastName": "Roe", "dateOfBirth": "1980-02-29"}, "patient { id }"),
        "createBusiness": ({"name": "East", "timeZone": "Asia/Tokyo"}, "business { id }"),
        "createAppointmentType": (
            {"name": "Tai chi", "durationInMinutes": 45, "maxAttendees": 6},
            "appointmentType { id }",
        ),
        "createUnavailableBlock": ({"practitionerId": of["practitionerId"], **SPAN}, "unavailableBlock { id }"),
        "updatePractitioner": ({"id": of["practitionerId"], "title": None}, "practitioner { id title }"),
        "updatePatient": ({"id": str(ada.id), "email": "a@example.org"}, "patient { id email }"),
        "updateBusiness": ({"id": of["businessId"], "name": "Far East"}, "business { id name }"),
        "updateAppointmentType": ({"id": of["appointmentTypeId"], "color": "teal"}, "appointmentType { id color }"),
        "archivePatient": ({"id": str(ada.id)}, "patient { id archivedAt }"),
        "archiveBusiness": ({"id": of["businessId"]}, "business { id archivedAt }"),
        "archiveAppointmentType": ({"id": of["appointmentTypeId"]}, "appointmentType { id archivedAt }"),
        # What is shown once is shown once: a retry has no path and no secret.
        "createCalendarFeed": ({"practitionerId": of["practitionerId"]}, "calendarFeed { id }"),
        "revokeCalendarFeed": ({"id": str(feed.id)}, "calendarFeed { id revokedAt }"),
        "createWebhook": ({"url": "https://receiver.example", "kinds": ["CREATED"]}, "webhook { id }"),
        "updateWebhook": ({"id": str(hook.id), "state": "PAUSED", "kinds": None}, "webhook { id state }"),
        "deleteWebhook": ({"id": str(hook.id)}, "deletedWebhookId"),
        "rotateWebhookSecret": ({"id": str(hook.id)}, "webhook { id formerSecretUntil }"),
        "sendTestWebhook": ({"id": str(hook.id)}, "deliveryId webhook { waiting }"),
        "replayWebhookDeliveries": ({"id": str(hook.id)}, "queuedCount webhook { waiting }"),
        "archiveUnavailableBlock": ({"id": str(block.id)}, "unavailableBlock { id archivedAt }"),
    }


MUTATIONS = build_schema((Path(__file__).parents[2] / "schema.graphql").read_text(), assume_valid=True).mutation_type
assert MUTATIONS is not None


@pytest.mark.parametrize("mutation", MUTATIONS.fields)
async def test_a_retry_answers_the_same_and_writes_nothing(
    client: Client, practice: Practice, past: Past, mutation: str
) -> None:
    input, selection = (await inputs(practice))[mutation]
    first = await client.do(mutation, selection, **input, idempotencyKey="once")
    before = everything(past)
    again = await client.do(mutation, selection, **input, idempotencyKey="once")

    assert first["userErrors"] == []
    assert again == first
    assert everything(past) == before


async def test_a_retry_after_who_waited_moved_up_still_tells_of_the_waiting(client: Client, practice: Practice) -> None:
    group = await practice.group(max_attendees=1)
    ids = [str(patient.id) for patient in practice.patients[:2]]
    booking = {"groupAppointmentId": str(group.id), "patientIds": ids, "waitlistIfFull": True, "idempotencyKey": "k"}
    selection = "outcomes { attendee { id } waitlistEntry { id position } userError { code } }"
    first = await client.do("bookAttendees", selection, **booking)
    await client.do("cancelAttendee", id=first["outcomes"][0]["attendee"]["id"], reason="SICK")

    assert await client.do("bookAttendees", selection, **booking) == first


async def test_a_retry_with_a_version_that_it_made_stale_itself_is_no_refusal(
    client: Client, practice: Practice
) -> None:
    group = await practice.group()
    input = {"id": str(group.id), "notes": "mats", "expectedVersion": 1, "idempotencyKey": "k"}
    first = await client.do("updateGroupAppointment", "groupAppointment { version }", **input)

    assert await client.do("updateGroupAppointment", "groupAppointment { version }", **input) == first
    assert first["groupAppointment"] == {"version": 2}


async def test_a_retry_may_spell_the_same_request_in_another_way(client: Client, practice: Practice) -> None:
    input = {
        "startsAt": "2026-03-03T09:00:00+11:00",
        "practitionerId": str(practice.practitioner.id),
        "businessId": str(practice.business.id),
        "appointmentTypeId": str(practice.type.id),
        "idempotencyKey": "k",
    }
    other = input | {"startsAt": "2026-03-02T22:00:00.000Z", "notes": None, "patientIds": [], "onConflict": "ALLOW"}
    first = await client.do("createGroupAppointment", "groupAppointment { id }", **input)

    assert await client.do("createGroupAppointment", "groupAppointment { id }", **other) == first
    assert await client.refused("createGroupAppointment", **(input | {"notes": ""})) == [
        ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")
    ]


async def test_a_refusal_does_not_use_a_key_up(client: Client, practice: Practice) -> None:
    group = await practice.group()
    assert await client.refused("updateGroupAppointment", id=str(group.id), maxAttendees=0, idempotencyKey="k")
    payload = await client.do("updateGroupAppointment", id=str(group.id), maxAttendees=1, idempotencyKey="k")

    assert payload["userErrors"] == []
