"""What docs/rest.md says about lists is true."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx2
import pytest

from builders import Practice
from described import Described
from gappt_graphql.scheduling.directory import Patient, Practitioner

PAGE = (Path(__file__).parents[2] / "docs" / "rest.md").read_text(encoding="utf-8")
ASKED = "`GET /v1/group_appointments` and"

Client = httpx2.AsyncClient


def rows(*heading: str) -> Iterator[list[str]]:
    """Yield the rows of the page's table with this heading."""
    table = PAGE.split(f"| {' | '.join(heading)} |\n", 1)[1].splitlines()[1:]
    for line in table:
        if not line.startswith("|"):
            return
        yield [cell.strip().strip("`") for cell in line.strip("|").split("|")]


FOUND = list(rows(ASKED, "ids"))
REFUSED = list(rows(ASKED, "field"))


@pytest.fixture
async def practice(practice: Practice) -> Practice:
    """A practice with the appointments of the page."""
    patients = {id: practice.new(Patient, id=id, first_name="Ada", last_name="Lee") for id in (1, 2)}
    practitioners = [practice.new(Practitioner, id=id, first_name="Robin", last_name="Hale") for id in (1, 2)]
    await practice.save(*patients.values(), *practitioners)
    for id, starts_at, practitioner_id, patient_ids, repeated_from_id, archived_at in rows(
        "id", "starts_at", "practitioner_id", "patient_ids", "repeated_from_id", "archived_at"
    ):
        booked = [patients[int(id)] for id in re.findall(r"\d+", patient_ids)]
        group = practice.new_group(
            datetime.fromisoformat(starts_at),
            id=int(id),
            practitioner_id=int(practitioner_id),
            active_attendees=len(booked),
            repeated_from_id=int(repeated_from_id) if repeated_from_id else None,
            series_position=1 if repeated_from_id else None,
            archived_at=datetime.fromisoformat(archived_at) if archived_at else None,
        )
        await practice.save(group, *(practice.new_attendee(group, patient) for patient in booked))
    return practice


@pytest.mark.parametrize(("asked", "ids"), FOUND, ids=[asked or "nothing" for asked, _ in FOUND])
async def test_a_request_of_the_page_finds_what_the_page_says(client: Client, asked: str, ids: str) -> None:
    answer = await client.get(f"/group_appointments{asked}")

    assert answer.status_code == 200, answer.text
    assert ", ".join(each["id"] for each in answer.json()["group_appointments"]) == ids


@pytest.mark.parametrize(("asked", "field"), REFUSED, ids=[asked for asked, _ in REFUSED])
async def test_a_request_that_the_page_calls_wrong_is_told_which_field(client: Client, asked: str, field: str) -> None:
    answer = await client.get(f"/group_appointments{asked}")

    assert answer.status_code == 400
    assert re.search(rf"\b{field}\b", answer.json()["message"])


@pytest.mark.parametrize("path", Described().document["paths"])
def test_the_page_names_every_address(path: str) -> None:
    assert f"{path}`" in PAGE


def test_every_link_of_the_page_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)

    assert links
    assert [link for link in links if not (Path(__file__).parents[2] / "docs" / link).exists()] == []
