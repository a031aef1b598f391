"""Lists: what is on which page, in which order, and what is left out."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from asking import CountingStore
from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import LARGEST_ID
from gappt_graphql.web.app import create_app

HOST = "https://practice.example/v1"
HOUR = timedelta(hours=1)
LISTS = ("group_appointments", "attendees", "appointment_types", "businesses", "patients", "practitioners")


async def listed(client: httpx2.AsyncClient, path: str) -> Any:
    """Return a list."""
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ids(client: httpx2.AsyncClient, path: str) -> list[int]:
    """Return the ids in a list of appointments."""
    return [int(each["id"]) for each in (await listed(client, path))["group_appointments"]]


@pytest.fixture
async def groups(practice: Practice) -> list[GroupAppointment]:
    """Seven appointments, which were created together."""
    made = [practice.new_group(A_MONDAY + n * HOUR) for n in range(7)]
    await practice.save(*made)
    return made


async def test_a_list_is_in_order_of_creation_and_the_id_breaks_ties(
    client: httpx2.AsyncClient, practice: Practice, groups: list[GroupAppointment]
) -> None:
    earlier = await practice.group(created_at=practice.now - HOUR)

    assert await ids(client, "/group_appointments") == [earlier.id, *(group.id for group in groups)]
    assert await ids(client, "/group_appointments?order=desc") == [
        *(group.id for group in reversed(groups)),
        earlier.id,
    ]


async def test_pages_lose_and_repeat_nothing_that_was_created_together(
    client: httpx2.AsyncClient, groups: list[GroupAppointment]
) -> None:
    found = [id for page in (1, 2, 3) for id in await ids(client, f"/group_appointments?per_page=3&page={page}")]

    assert found == [group.id for group in groups]


async def test_appointments_made_between_two_pages_displace_none(
    client: httpx2.AsyncClient, practice: Practice, groups: list[GroupAppointment]
) -> None:
    first = await listed(client, "/group_appointments?per_page=4")
    later = await practice.group()

    second = await listed(client, first["links"]["next"])

    found = [int(each["id"]) for each in first["group_appointments"] + second["group_appointments"]]
    assert found == [*(group.id for group in groups), later.id]
    assert (first["total_entries"], second["total_entries"]) == (7, 8)


async def test_a_page_links_to_its_neighbours_where_they_exist(
    client: httpx2.AsyncClient, groups: list[GroupAppointment]
) -> None:
    def page(number: int) -> str:
        return f"{HOST}/group_appointments?page={number}&per_page=3"

    first, second, last = [await listed(client, page(number)) for number in (1, 2, 3)]

    assert first["links"] == {"self": page(1), "next": page(2)}
    assert second["links"] == {"self": page(2), "next": page(3), "previous": page(1)}
    assert last["links"] == {"self": page(3), "previous": page(2)}
    assert [len(each["group_appointments"]) for each in (first, second, last)] == [3, 3, 1]
    assert [each["total_entries"] for each in (first, second, last)] == [7, 7, 7]


async def test_a_full_last_page_has_no_next_one(client: httpx2.AsyncClient, groups: list[GroupAppointment]) -> None:
    found = await listed(client, "/group_appointments?per_page=7")

    assert set(found["links"]) == {"self"}
    assert found["total_entries"] == 7


@pytest.mark.parametrize("page", [4, 1000, LARGEST_ID])
async def test_past_the_end_there_is_an_empty_list_that_knows_the_last_page(
    client: httpx2.AsyncClient, groups: list[GroupAppointment], page: int
) -> None:
    found = await listed(client, f"/group_appointments?per_page=3&page={page}")

    assert (found["group_appointments"], found["total_entries"]) == ([], 7)
    assert set(found["links"]) == {"self", "previous"}
    assert found["links"]["previous"] == f"{HOST}/group_appointments?page=3&per_page=3"


async def test_an_empty_list_has_one_page(client: httpx2.AsyncClient) -> None:
    found = await listed(client, "/group_appointments")

    assert found == {
        "group_appointments": [],
        "total_entries": 0,
        "links": {"self": f"{HOST}/group_appointments?page=1"},
    }


async def test_links_lead_through_a_filtered_and_sorted_list(
    client: httpx2.AsyncClient, groups: list[GroupAppointment]
) -> None:
    params = {"q[]": "starts_at:>=2026-03-03T10:00:00+11:00", "sort": "starts_at", "order": "desc", "per_page": "2"}
    answer = await client.get("/group_appointments", params=params)
    found = [int(each["id"]) for each in answer.json()["group_appointments"]]

    while "next" in answer.json()["links"]:
        answer = await client.get(answer.json()["links"]["next"])
        found += [int(each["id"]) for each in answer.json()["group_appointments"]]

    assert found == [group.id for group in reversed(groups[1:])]


async def test_archived_appointments_are_listed_only_if_asked_for(
    client: httpx2.AsyncClient, practice: Practice, groups: list[GroupAppointment]
) -> None:
    archived = await practice.group(archived_at=A_MONDAY)
    everything = [*(group.id for group in groups), archived.id]

    assert await ids(client, "/group_appointments") == everything[:-1]
    assert await ids(client, f"/group_appointments?q[]=id:={archived.id}") == []
    for field in ("archived_at", "deleted_at"):
        assert await ids(client, f"/group_appointments?q[]={field}:*") == everything
        assert await ids(client, f"/group_appointments?q[]={field}:?") == [archived.id]
        assert await ids(client, f"/group_appointments?q[]={field}:!?") == everything[:-1]
        assert await ids(client, f"/group_appointments?q[]={field}:>=2026-03-02T22:00:00Z") == [archived.id]
        assert await ids(client, f"/group_appointments?q[]={field}:>2026-03-02T22:00:00Z") == []


async def test_different_from_a_value_is_also_what_has_none(client: httpx2.AsyncClient, practice: Practice) -> None:
    root = await practice.group()
    repeat = await practice.group(repeated_from_id=root.id, series_position=1)

    assert await ids(client, f"/group_appointments?q[]=repeated_from_id:!={root.id}") == [root.id]
    assert await ids(client, "/group_appointments?q[]=repeated_from_id:!=1") == [root.id, repeat.id]


async def test_what_is_not_understood_is_a_400_with_a_message(client: httpx2.AsyncClient) -> None:
    for path in LISTS:
        for query in ("q[]=color:=1", "q[]=id:=", "page=0", "per_page=101", "sort=color", "order=up", "q=%ff", "q=%00"):
            answer = await client.get(f"/{path}?{query}")

            assert (answer.status_code, list(answer.json())) == (400, ["message"]), (path, query)


async def test_the_attendees_of_an_appointment_are_listed_in_booking_order(
    client: httpx2.AsyncClient, practice: Practice
) -> None:
    await practice.group(patients=practice.patients[5:8])
    group = await practice.group(patients=practice.patients[:3])

    found = await listed(client, f"/group_appointments/{group.id}/attendees?per_page=2")
    rest = await listed(client, found["links"]["next"])

    patients = [int(each["patient"]["links"]["self"].split("/")[-1]) for each in found["attendees"] + rest["attendees"]]
    assert patients == [patient.id for patient in practice.patients[:3]]
    assert found["total_entries"] == 3
    assert found["links"]["self"] == f"{HOST}/group_appointments/{group.id}/attendees?page=1&per_page=2"


@pytest.mark.parametrize("where", ["", "group_appointments/{}/"])
async def test_cancelled_and_archived_attendees_are_listed_only_if_asked_for(
    client: httpx2.AsyncClient, practice: Practice, where: str
) -> None:
    group = practice.new_group(active_attendees=1)
    comes = practice.new_attendee(group, practice.patients[0])
    cancelled = practice.new_attendee(group, practice.patients[1], cancelled_at=practice.now)
    archived = practice.new_attendee(group, practice.patients[2], archived_at=practice.now)
    await practice.save(group, comes, cancelled, archived)
    path = f"/{where.format(group.id)}attendees"

    async def found(query: str) -> list[int]:
        return [int(each["id"]) for each in (await listed(client, path + query))["attendees"]]

    assert await found("") == [comes.id]
    assert await found("?q[]=cancelled_at:*") == [comes.id, cancelled.id]
    assert await found("?q[]=cancelled_at:?") == [cancelled.id]
    assert await found("?q[]=archived_at:*") == [comes.id, archived.id]
    assert await found(f"?q[]=patient_id:={practice.patients[0].id}") == [comes.id]
    assert await found(f"?q[]=booking_id:={group.id}&sort=patient_id") == [comes.id]


@pytest.mark.parametrize("kind", [Business, Patient, AppointmentType])
async def test_archived_records_of_the_directory_are_hidden_from_lists_but_not_from_links(
    client: httpx2.AsyncClient, practice: Practice, kind: type[Any]
) -> None:
    path = {Business: "businesses", Patient: "patients", AppointmentType: "appointment_types"}[kind]
    record = {Business: practice.business, Patient: practice.patients[0], AppointmentType: practice.type}[kind]
    known = (await listed(client, f"/{path}"))["total_entries"]
    await practice.revise(record, archived_at=practice.now)

    assert (await listed(client, f"/{path}"))["total_entries"] == known - 1
    assert (await listed(client, f"/{path}?q[]=archived_at:*"))["total_entries"] == known
    assert (await client.get(f"/{path}/{record.id}")).status_code == 200
    assert (await client.get(f"/{path}/{record.id}?q[]=archived_at:!?")).status_code == 404


async def test_inactive_practitioners_are_listed_as_such(client: httpx2.AsyncClient, practice: Practice) -> None:
    await practice.revise(practice.practitioner, active=False)

    assert [each["active"] for each in (await listed(client, "/practitioners"))["practitioners"]] == [False]


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_has_pages_an_order_and_filters(
    client: httpx2.AsyncClient, practice: Practice, path: str
) -> None:
    await practice.group(patients=practice.patients[:2])
    await practice.group(A_MONDAY + HOUR)
    await practice.save(
        practice.new(Business, name="South", time_zone="Europe/London"),
        practice.new(AppointmentType, name="Yoga", duration_in_minutes=30, max_attendees=4),
        practice.new(Practitioner, first_name="Sam", last_name="Ash"),
    )
    everything = [each["id"] for each in (await listed(client, f"/{path}"))[path]]

    found = await listed(client, f"/{path}?sort=id:desc&per_page=1&page=2")

    assert len(everything) >= 2
    assert [each["id"] for each in found[path]] == [everything[-2]]
    assert found["total_entries"] == len(everything)
    assert [each["id"] for each in (await listed(client, f"/{path}?q[]=id:>{everything[0]}"))[path]] == everything[1:]
    assert (await listed(client, f"/{path}?q[]=created_at:>=2027-01-01T00:00:00Z"))[path] == []
    assert (await listed(client, f"/{path}?q[]=updated_at:<2027-01-01T00:00:00Z"))[path] != []


class Counted(CountingStore):
    """A counting store with everything else that an application asks of a store."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.parametrize("path", [*LISTS, "group_appointments/{}/attendees"])
async def test_a_long_list_costs_as_many_statements_as_a_short_one(practice: Practice, secret: str, path: str) -> None:
    group = await practice.group(patients=practice.patients[:8])
    for n in range(1, 12):
        await practice.group(A_MONDAY + n * HOUR, patients=practice.patients[:5])
        await practice.save(
            practice.new(Business, name="South", time_zone="Europe/London"),
            practice.new(AppointmentType, name="Yoga", duration_in_minutes=30, max_attendees=4),
            practice.new(Practitioner, first_name="Sam", last_name="Ash"),
        )
    store = Counted(practice.store)
    app = create_app(store, clock=lambda: practice.now, ids=practice.ids)  # type: ignore[arg-type]
    costs = []

    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url=HOST, auth=httpx2.BasicAuth(secret, "")
    ) as client:
        for per_page in (1, 2, 7):
            before = store.statements
            answer = await client.get(f"/{path.format(group.id)}?per_page={per_page}")
            assert len(answer.json()[path.split("/")[-1]]) == per_page
            costs.append(store.statements - before)

    assert len(set(costs)) == 1
    assert costs[0] <= 3
