"""The reference's own samples, sent as they are printed there, and its fields, names and types in the answers."""

import json
from datetime import datetime
from typing import Any

import httpx2
import pytest

from builders import Practice
from gappt_graphql.scheduling.directory import AppointmentType, Business, Practitioner

SAMPLE = b"""\
{
  "appointment_type_id": "1",
  "business_id": "1",
  "ends_at": "2019-08-24T14:15:22Z",
  "max_attendees": 2,
  "notes": "string",
  "practitioner_id": "1",
  "starts_at": "2019-08-24T14:15:22Z",
  "repeat_rule": {
    "number_of_repeats": 0,
    "repeat_type": "Daily",
    "repeating_interval": 0
    }
}"""
"""The body of both requests, POST and PATCH. It ends where it starts, which is the one thing that is refused."""

ANOTHER_END = SAMPLE.replace(b'"ends_at": "2019-08-24T14:15:22Z"', b'"ends_at": "2019-08-24T15:15:22Z"')
JSON = {"Content-Type": "application/json"}

TEXT, TEXT_OR_NULL = (str,), (str, type(None))
TYPES: dict[str, tuple[type, ...]] = {
    "appointment_type": (dict,),
    "archived_at": TEXT_OR_NULL,
    "attendees": (dict,),
    "business": (dict,),
    "conflicts": (dict, type(None)),
    "created_at": TEXT,
    "deleted_at": TEXT_OR_NULL,
    "ends_at": TEXT,
    "id": TEXT,
    "links": (dict,),
    "max_attendees": (int,),
    "notes": TEXT_OR_NULL,
    "patient_ids": (list, type(None)),
    "practitioner": (dict,),
    "repeat_rule": (dict, type(None)),
    "repeats": (dict, type(None)),
    "starts_at": TEXT,
    "telehealth_url": TEXT_OR_NULL,
    "updated_at": TEXT,
}
"""The fields of the reference, with the names that it leaves out; `repeated_from` is there on repeats alone."""

Client = httpx2.AsyncClient


@pytest.fixture
async def practice(practice: Practice) -> Practice:
    """A practice whose type, business and practitioner have the ids of the samples, and an appointment with them."""
    practice.business = practice.new(Business, id=1, name="North", time_zone="Australia/Sydney")
    practice.practitioner = practice.new(Practitioner, id=1, first_name="Robin", last_name="Hale")
    practice.type = practice.new(AppointmentType, id=1, name="Pilates", duration_in_minutes=60, max_attendees=8)
    await practice.save(practice.business, practice.practitioner, practice.type)
    await practice.group(id=1)
    return practice


async def test_the_sample_to_create_is_understood_and_refused_only_for_ending_where_it_starts(client: Client) -> None:
    answer = await client.post("/group_appointments", content=SAMPLE, headers=JSON)

    assert answer.status_code == 422
    assert answer.json()["message"] == "Validation Failed"
    assert list(answer.json()["errors"]) == ["ends_at"]


async def test_the_sample_to_create_with_another_end_creates(client: Client) -> None:
    answer = await client.post("/group_appointments", content=ANOTHER_END, headers=JSON)

    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/json")
    _check_sample(answer.json())
    assert answer.headers["location"] == answer.json()["links"]["self"]


async def test_the_sample_to_update_is_understood_and_refused_only_for_ending_where_it_starts(client: Client) -> None:
    answer = await client.patch("/group_appointments/1", content=SAMPLE, headers=JSON)

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["ends_at"]


async def test_the_sample_to_update_with_another_end_updates(client: Client) -> None:
    answer = await client.patch("/group_appointments/1", content=ANOTHER_END, headers=JSON)

    assert answer.status_code == 200
    _check_sample(answer.json())
    assert answer.json()["id"] == "1"


async def test_what_the_samples_made_is_listed_and_found(client: Client) -> None:
    created = (await client.post("/group_appointments", content=ANOTHER_END, headers=JSON)).json()

    found = (await client.get(f"/group_appointments/{created['id']}")).json()
    listed = (await client.get("/group_appointments?sort=created_at:desc,id:desc")).json()

    assert found == created
    assert listed["group_appointments"][0] == created
    assert (listed["total_entries"], list(listed["links"])) == (2, ["self"])


async def test_every_filter_of_the_reference_s_table_finds_what_the_sample_made(client: Client) -> None:
    await client.post("/group_appointments", content=ANOTHER_END, headers=JSON)
    filters = [
        "appointment_type_id:=1",
        "archived_at:!?",
        "business_id:=1",
        "created_at:>=2026-03-02T08:00:00Z",
        "deleted_at:!?",
        "ends_at:<=2019-08-24T15:15:22Z",
        "id:>1",
        "practitioner_id:=1",
        "repeated_from_id:!?",
        "starts_at:<2019-08-25T00:00:00Z",
        "updated_at:<2026-03-03T00:00:00Z",
    ]

    answers = [await client.get("/group_appointments", params={"q[]": each}) for each in filters]
    together = await client.get("/group_appointments", params={"q[]": filters})
    nobody = await client.get("/group_appointments", params={"q[]": [*filters, "patient_ids:~1"]})

    assert all(answer.json()["total_entries"] >= 1 for answer in answers)
    assert (together.json()["total_entries"], nobody.json()["total_entries"]) == (1, 0)


@pytest.mark.parametrize(("starts_at", "exist"), [("2026-03-02T22:30:00Z", True), ("2026-03-02T23:00:00Z", False)])
async def test_whether_there_are_conflicts_is_answered_as_the_sample_is(
    client: Client, starts_at: str, exist: bool
) -> None:
    other = json.loads(SAMPLE) | {"starts_at": starts_at, "ends_at": None}
    await client.post("/group_appointments", json=other)

    answer = await client.get("/group_appointments/1/conflicts")

    assert (answer.status_code, answer.json()) == (200, {"conflicts": {"exist": exist}})


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/group_appointments/1/archive"), ("DELETE", "/group_appointments/1")]
)
async def test_both_ways_to_archive_answer_204_without_a_body(client: Client, method: str, path: str) -> None:
    answer = await client.request(method, path)
    found = await client.get("/group_appointments/1", params={"q[]": "archived_at:?"})

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get("/group_appointments/1")).status_code == 404
    assert found.json()["archived_at"] == found.json()["deleted_at"] == "2026-03-02T08:00:00Z"


def _check_sample(shown: dict[str, Any]) -> None:
    """Check that an answer shows what the sample says, under the reference's names and in its types."""
    assert shown.keys() == TYPES.keys()
    assert [name for name, value in shown.items() if not isinstance(value, TYPES[name])] == []
    moments = [value for name, value in shown.items() if name.endswith("_at") and value is not None]
    assert all(moment.endswith("Z") and datetime.fromisoformat(moment) for moment in moments)
    assert shown["appointment_type"] == {"links": {"self": "https://practice.example/v1/appointment_types/1"}}
    assert shown["business"] == {"links": {"self": "https://practice.example/v1/businesses/1"}}
    assert shown["practitioner"] == {"links": {"self": "https://practice.example/v1/practitioners/1"}}
    assert shown["links"] == {"self": f"https://practice.example/v1/group_appointments/{shown['id']}"}
    assert shown["attendees"] == {"links": {"self": f"{shown['links']['self']}/attendees"}}
    assert shown["conflicts"] == {"links": {"self": f"{shown['links']['self']}/conflicts"}}
    assert (shown["starts_at"], shown["ends_at"]) == ("2019-08-24T14:15:22Z", "2019-08-24T15:15:22Z")
    assert (shown["max_attendees"], shown["notes"], shown["patient_ids"]) == (2, "string", [])
    assert (shown["repeat_rule"], shown["repeats"], shown["telehealth_url"]) == ({}, None, None)
    assert (shown["archived_at"], shown["deleted_at"]) == (None, None)
