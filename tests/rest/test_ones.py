"""Single records by their addresses: which are found, which are hidden, and whether there are conflicts."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.directory import Practitioner

HOUR = timedelta(hours=1)
NOTHING = {"message": "There is nothing at this address."}
LISTS = ("group_appointments", "attendees", "appointment_types", "businesses", "patients", "practitioners")


async def shown(client: httpx2.AsyncClient, path: str) -> Any:
    """Return what is shown at an address."""
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("suffix", ["", "?q[]=archived_at:!?", "?q=deleted_at:!?"])
async def test_an_archived_appointment_is_not_found(
    client: httpx2.AsyncClient, practice: Practice, suffix: str
) -> None:
    group = await practice.group(archived_at=practice.now)

    answer = await client.get(f"/group_appointments/{group.id}{suffix}")

    assert (answer.status_code, answer.json()) == (404, NOTHING)


@pytest.mark.parametrize("field", ["archived_at", "deleted_at"])
@pytest.mark.parametrize("operator", ["*", "?"])
async def test_an_archived_appointment_is_found_if_it_is_asked_for(
    client: httpx2.AsyncClient, practice: Practice, field: str, operator: str
) -> None:
    group = await practice.group(archived_at=practice.now)

    answer = await client.get(f"/group_appointments/{group.id}?q[]={field}:{operator}")

    assert (answer.status_code, answer.json()["id"]) == (200, str(group.id))


@pytest.mark.parametrize("query", ["q[]=id:=1", "q[]=starts_at:?", "q[]=archived_at:=1", "q[]=deleted_at:", "q="])
async def test_one_appointment_takes_filters_of_its_archiving_only(
    client: httpx2.AsyncClient, practice: Practice, query: str
) -> None:
    group = await practice.group()

    answer = await client.get(f"/group_appointments/{group.id}?{query}")

    assert answer.status_code == 400
    assert "archived_at" in answer.json()["message"] or "deleted_at" in answer.json()["message"]


NO_IDS = (
    *("0", "-1", "+1", "01", "1.0", "0x1", "%201", "1%20", "one", "%D9%A3", "1%00", "%ff", "1,2", "1%2F2", "123456789"),
    *(str(2**63), "9" * 5000),
)


@pytest.mark.parametrize(
    "path",
    [*(f"/{name}/{{}}" for name in LISTS), *(f"/group_appointments/{{}}/{of}" for of in ("conflicts", "attendees"))],
)
async def test_what_is_no_id_is_not_found(client: httpx2.AsyncClient, path: str) -> None:
    for id in NO_IDS:
        answer = await client.get(path.format(id))

        assert (answer.status_code, answer.json()) == (404, NOTHING), id


async def test_another_accounts_records_are_not_found(
    client: httpx2.AsyncClient, other_client: httpx2.AsyncClient, practice: Practice
) -> None:
    group = await practice.group(patients=practice.patients[:1])
    attendee = (await shown(client, f"/group_appointments/{group.id}/attendees"))["attendees"][0]

    for path in (
        f"/group_appointments/{group.id}",
        f"/group_appointments/{group.id}/conflicts",
        f"/group_appointments/{group.id}/attendees",
        f"/attendees/{attendee['id']}",
        f"/patients/{practice.patients[0].id}",
        f"/practitioners/{practice.practitioner.id}",
        f"/businesses/{practice.business.id}",
        f"/appointment_types/{practice.type.id}",
    ):
        assert (await client.get(path)).status_code == 200
        assert (await other_client.get(path)).status_code == 404
    assert (await shown(other_client, "/group_appointments"))["total_entries"] == 0
    assert (await shown(other_client, f"/attendees?q[]=booking_id:={group.id}"))["total_entries"] == 0


async def test_conflicts_exist_or_do_not(client: httpx2.AsyncClient, practice: Practice) -> None:
    group = await practice.group()
    assert (await client.get(f"/group_appointments/{group.id}/conflicts")).text == '{"conflicts":{"exist":false}}'

    await practice.group(A_MONDAY + HOUR / 2)
    assert (await client.get(f"/group_appointments/{group.id}/conflicts")).text == '{"conflicts":{"exist":true}}'


async def test_a_patient_who_is_booked_twice_is_a_conflict(client: httpx2.AsyncClient, practice: Practice) -> None:
    other = practice.new(Practitioner, first_name="Sam", last_name="Ash")
    await practice.save(other)
    group = await practice.group(patients=practice.patients[:1])
    await practice.group(patients=practice.patients[:1], practitioner_id=other.id)

    assert (await shown(client, f"/group_appointments/{group.id}/conflicts")) == {"conflicts": {"exist": True}}


async def test_an_archived_appointment_has_no_conflicts(client: httpx2.AsyncClient, practice: Practice) -> None:
    await practice.group()
    archived = await practice.group(archived_at=practice.now)

    assert (await shown(client, f"/group_appointments/{archived.id}/conflicts")) == {"conflicts": {"exist": False}}


async def test_a_cancelled_attendee_is_found_and_an_archived_one_if_asked_for(
    client: httpx2.AsyncClient, practice: Practice
) -> None:
    group = practice.new_group()
    cancelled = practice.new_attendee(group, practice.patients[1], cancelled_at=practice.now)
    archived = practice.new_attendee(group, practice.patients[2], archived_at=practice.now)
    await practice.save(group, cancelled, archived)

    assert (await client.get(f"/attendees/{cancelled.id}")).status_code == 200
    assert (await client.get(f"/attendees/{archived.id}")).status_code == 404
    assert (await client.get(f"/attendees/{archived.id}?q[]=archived_at:*")).status_code == 200


@pytest.mark.parametrize("path", [*LISTS, "group_appointments/{}", "group_appointments/{}/conflicts",
                                  "group_appointments/{}/attendees", "group_appointments/1"])  # fmt: skip
async def test_head_answers_like_get_without_a_body(client: httpx2.AsyncClient, practice: Practice, path: str) -> None:
    group = await practice.group(patients=practice.patients[:1])
    address = f"/{path.format(group.id)}"

    got, head = await client.get(address), await client.head(address)

    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
