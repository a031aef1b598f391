"""Records look as the reference prints them, to the letter."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest

from at_the_desk import a_series
from builders import A_MONDAY, Practice
from gappt_graphql.practice import archiving
from gappt_graphql.practice.archiving import ArchiveGroupAppointment
from gappt_graphql.scheduling.attendance import CancellationReason
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.web.app import create_app

HOST = "https://practice.example/v1"


async def shown(client: httpx2.AsyncClient, path: str) -> Any:
    """Return what is shown at an address."""
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def link(path: str) -> dict[str, dict[str, str]]:
    return {"links": {"self": f"{HOST}/{path}"}}


async def test_an_appointment_has_every_key_of_the_reference(client: httpx2.AsyncClient, practice: Practice) -> None:
    group = await practice.group(
        patients=practice.patients[:2], notes="Bring a mat", telehealth_url="https://meet.example/1"
    )

    assert await shown(client, f"/group_appointments/{group.id}") == {
        "archived_at": None,
        "appointment_type": link(f"appointment_types/{practice.type.id}"),
        "attendees": link(f"group_appointments/{group.id}/attendees"),
        "business": link(f"businesses/{practice.business.id}"),
        "conflicts": link(f"group_appointments/{group.id}/conflicts"),
        "created_at": "2026-03-02T08:00:00Z",
        "deleted_at": None,
        "ends_at": "2026-03-02T23:00:00Z",
        "id": str(group.id),
        "links": {"self": f"{HOST}/group_appointments/{group.id}"},
        "max_attendees": 8,
        "notes": "Bring a mat",
        "patient_ids": [str(patient.id) for patient in practice.patients[:2]],
        "practitioner": link(f"practitioners/{practice.practitioner.id}"),
        "repeat_rule": {},
        "repeats": None,
        "starts_at": "2026-03-02T22:00:00Z",
        "telehealth_url": "https://meet.example/1",
        "updated_at": "2026-03-02T08:00:00Z",
    }


async def test_an_appointment_without_patients_has_an_empty_list_of_them(
    client: httpx2.AsyncClient, practice: Practice
) -> None:
    group = await practice.group()

    shape = await shown(client, f"/group_appointments/{group.id}")

    assert (shape["patient_ids"], shape["notes"], shape["telehealth_url"]) == ([], None, None)


async def test_patients_are_those_with_a_seat_in_booking_order(client: httpx2.AsyncClient, practice: Practice) -> None:
    late, early, cancelled, hidden = practice.patients[:4]
    group = practice.new_group(active_attendees=2)
    await practice.save(
        group,
        practice.new_attendee(group, late, created_at=practice.now + timedelta(hours=1)),
        practice.new_attendee(group, early),
        practice.new_attendee(group, cancelled, cancelled_at=practice.now),
        practice.new_attendee(group, hidden, archived_at=practice.now),
    )

    for shape in (
        await shown(client, f"/group_appointments/{group.id}"),
        (await shown(client, "/group_appointments"))["group_appointments"][0],
    ):
        assert shape["patient_ids"] == [str(early.id), str(late.id)]


async def test_the_first_of_a_series_links_to_its_repeats(client: httpx2.AsyncClient, practice: Practice) -> None:
    root, *repeats = await a_series(practice)

    shape = await shown(client, f"/group_appointments/{root.id}")

    assert shape["repeats"] == link(f"group_appointments?q[]=repeated_from_id:={root.id}")
    assert "repeated_from" not in shape
    assert shape["repeat_rule"] == {"number_of_repeats": 3, "repeat_type": "Weekly", "repeating_interval": 1}
    found = await shown(client, shape["repeats"]["links"]["self"])
    assert [each["id"] for each in found["group_appointments"]] == [str(repeat.id) for repeat in repeats]


async def test_a_repeat_links_to_the_first_of_its_series(client: httpx2.AsyncClient, practice: Practice) -> None:
    root, repeat, *_ = await a_series(practice)

    shape = await shown(client, f"/group_appointments/{repeat.id}")

    assert shape["repeated_from"] == link(f"group_appointments/{root.id}")
    assert shape["repeats"] is None
    assert shape["repeat_rule"] == {"number_of_repeats": 3, "repeat_type": "Weekly", "repeating_interval": 1}


async def test_a_repeat_keeps_its_link_to_a_first_that_is_archived(
    client: httpx2.AsyncClient, practice: Practice
) -> None:
    root, repeat, *_ = await a_series(practice)
    await archiving.archive(practice.desk, ArchiveGroupAppointment(id=root.id))

    shape = await shown(client, f"/group_appointments/{repeat.id}")

    assert shape["repeated_from"] == link(f"group_appointments/{root.id}")


@pytest.mark.parametrize("kind", RepeatType)
async def test_a_repeat_type_is_spelled_as_in_the_reference(
    client: httpx2.AsyncClient, practice: Practice, kind: RepeatType
) -> None:
    root, *_ = await a_series(practice, repeat_rule=RepeatRule(kind, 2, 1))

    shape = await shown(client, f"/group_appointments/{root.id}")

    assert shape["repeat_rule"]["repeat_type"] == {"DAILY": "Daily", "WEEKLY": "Weekly", "MONTHLY": "Monthly"}[kind]


async def test_an_archived_appointment_shows_when_under_both_names(
    client: httpx2.AsyncClient, practice: Practice
) -> None:
    group = await practice.group(archived_at=A_MONDAY)

    shape = await shown(client, f"/group_appointments/{group.id}?q[]=archived_at:*")

    assert shape["archived_at"] == shape["deleted_at"] == "2026-03-02T22:00:00Z"


@pytest.mark.parametrize(("microsecond", "spelled"), [
    (0, "2026-03-02T22:00:00Z"),
    (500_000, "2026-03-02T22:00:00.500000Z"),
    (1, "2026-03-02T22:00:00.000001Z"),
])  # fmt: skip
async def test_a_time_has_a_fraction_only_where_it_is_not_zero(
    client: httpx2.AsyncClient, practice: Practice, microsecond: int, spelled: str
) -> None:
    group = await practice.group(A_MONDAY.replace(microsecond=microsecond))

    assert (await shown(client, f"/group_appointments/{group.id}"))["starts_at"] == spelled


async def test_links_begin_as_the_request_was_addressed(
    client_of: Callable[..., httpx2.AsyncClient], practice: Practice, secret: str
) -> None:
    await practice.group()

    async with client_of(practice, secret) as client:
        answer = await client.get("http://127.0.0.1:8000/v1/group_appointments")

    group = answer.json()["group_appointments"][0]
    assert group["links"]["self"] == f"http://127.0.0.1:8000/v1/group_appointments/{group['id']}"
    assert answer.json()["links"]["self"] == "http://127.0.0.1:8000/v1/group_appointments?page=1"


@pytest.mark.parametrize("host", ["a b", "evil.example/path", "x@y", '"', "host:port", "", "é"])
async def test_what_is_no_host_gets_into_no_link(client: httpx2.AsyncClient, practice: Practice, host: str) -> None:
    answer = await client.get("/practitioners", headers={"Host": host.encode("latin-1")})

    assert answer.json()["links"]["self"] == f"{HOST}/practitioners?page=1"


async def test_an_attendee_has_the_words_of_the_files(client: httpx2.AsyncClient, practice: Practice) -> None:
    group = await practice.group()
    attendee = practice.new_attendee(
        group,
        practice.patients[0],
        arrived=False,
        notes="Knee",
        cancelled_at=A_MONDAY,
        cancellation_reason=CancellationReason.COVID_19_RELATED,
        cancellation_note="Tested",
    )
    await practice.save(attendee)

    assert await shown(client, f"/attendees/{attendee.id}") == {
        "archived_at": None,
        "arrived": False,
        "booking": link(f"group_appointments/{group.id}"),
        "cancellation_note": "Tested",
        "cancellation_reason": 31,
        "cancelled_at": "2026-03-02T22:00:00Z",
        "created_at": "2026-03-02T08:00:00Z",
        "deleted_at": None,
        "id": str(attendee.id),
        "links": {"self": f"{HOST}/attendees/{attendee.id}"},
        "notes": "Knee",
        "patient": link(f"patients/{practice.patients[0].id}"),
        "updated_at": "2026-03-02T08:00:00Z",
    }


async def test_the_directory_has_the_words_of_the_files(client: httpx2.AsyncClient, practice: Practice) -> None:
    patient = await practice.revise(practice.patients[0], email="lee@example.com", date_of_birth=date(1980, 12, 31))
    kind = await practice.revise(practice.type, color="#fff", category="Class", description="Slow")
    stamps = {"created_at": "2026-03-02T08:00:00Z", "updated_at": "2026-03-02T08:00:00Z"}
    archiving = {"archived_at": None, "deleted_at": None}

    assert await shown(client, f"/patients/{patient.id}") == stamps | archiving | link(f"patients/{patient.id}") | {
        "id": str(patient.id),
        "first_name": "Patient 1",
        "last_name": "Lee",
        "email": "lee@example.com",
        "date_of_birth": "1980-12-31",
    }
    assert await shown(client, f"/appointment_types/{kind.id}") == stamps | archiving | link(
        f"appointment_types/{kind.id}"
    ) | {
        "id": str(kind.id),
        "name": "Pilates",
        "duration_in_minutes": 60,
        "max_attendees": 8,
        "color": "#fff",
        "category": "Class",
        "description": "Slow",
        "telehealth_enabled": False,
    }
    business = practice.business
    assert await shown(client, f"/businesses/{business.id}") == stamps | archiving | link(
        f"businesses/{business.id}"
    ) | {"id": str(business.id), "business_name": "North", "time_zone_identifier": "Australia/Sydney"}
    practitioner = practice.practitioner
    assert await shown(client, f"/practitioners/{practitioner.id}") == stamps | link(
        f"practitioners/{practitioner.id}"
    ) | {
        "id": str(practitioner.id),
        "first_name": "Robin",
        "last_name": "Hale",
        "title": "Dr",
        "designation": None,
        "active": True,
    }


async def test_every_link_of_an_appointment_leads_somewhere(client: httpx2.AsyncClient, practice: Practice) -> None:
    root, repeat, *_ = await a_series(practice)
    for record in (practice.business, practice.type):
        await practice.revise(record, archived_at=practice.now)

    for id in (root.id, repeat.id):
        shape = await shown(client, f"/group_appointments/{id}")
        links = [each["links"]["self"] for each in shape.values() if isinstance(each, dict) and "links" in each]
        assert len(links) == 6
        for address in [*links, shape["links"]["self"]]:
            await shown(client, address)


async def test_an_archived_appointments_link_leads_to_its_attendees(
    client: httpx2.AsyncClient, practice: Practice
) -> None:
    group = await practice.group(patients=practice.patients[:1], archived_at=practice.now)

    shape = await shown(client, f"/group_appointments/{group.id}?q=archived_at:?")
    found = await shown(client, shape["attendees"]["links"]["self"])

    assert [each["patient"] for each in found["attendees"]] == [link(f"patients/{practice.patients[0].id}")]


async def test_links_keep_the_path_below_which_a_proxy_serves(practice: Practice, secret: str) -> None:
    app = create_app(practice.store, clock=lambda: practice.now, ids=practice.ids)
    below = httpx2.ASGITransport(app, root_path="/clinic")

    async with httpx2.AsyncClient(transport=below, auth=httpx2.BasicAuth(secret, "")) as client:
        answer = await client.get("https://practice.example/clinic/v1/practitioners")

    assert answer.json()["links"]["self"] == "https://practice.example/clinic/v1/practitioners?page=1"
