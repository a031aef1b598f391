"""Scalars and inputs: what a type can't hold is an error of the request, on its place, and is not repeated."""

import pytest

from asking import Client
from builders import Practice

PATIENT = 'mutation ($born: Date) { createPatient(input: {lastName: "Lee", dateOfBirth: $born}) { patient { id } } }'


UPDATE = """
    mutation ($input: UpdateGroupAppointmentInput!) { updateGroupAppointment(input: $input) { userErrors { code } } }
"""


@pytest.mark.parametrize("value", ["1980-02-30", 19800101, True, {"year": 1980}, "SECRET"])
async def test_a_bad_scalar_is_a_request_error_that_does_not_repeat_it(client: Client, value: object) -> None:
    result = await client.send(PATIENT, born=value)

    assert result.data is None
    assert result.errors is not None
    (error,) = result.errors
    assert (error.extensions or {})["code"] == "BAD_USER_INPUT"
    assert "YYYY-MM-DD" in error.message
    assert "SECRET" not in error.message


async def test_a_bad_scalar_in_the_document_is_told_like_one_in_a_variable(client: Client) -> None:
    query = '{ groupAppointments(filter: {startsAt: {gte: "2026-03-02T22:00:00"}}) { nodes { id } } }'

    assert await client.codes(query) == ["BAD_USER_INPUT"]


async def test_the_path_of_a_bad_value_is_told(client: Client, practice: Practice) -> None:
    result = await client.send(UPDATE, input={"id": "1", "startsAt": "tomorrow"})

    assert result.errors is not None
    assert (result.errors[0].extensions or {})["path"] == ["input", "startsAt"]


@pytest.mark.parametrize("input", [{"id": "1", "maxAttendees": 2**31}, {"id": None}, {}, {"id": "1", "no": 1}])
async def test_what_a_type_cannot_hold_is_bad_user_input(client: Client, input: dict[str, object]) -> None:
    assert await client.codes(UPDATE, input=input) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "url",
    ["example.org", "ftp://example.org", "http://", "https://a b", "javascript:alert(1)", "https://x/" + "y" * 2000],
)
async def test_a_url_is_a_whole_web_address(client: Client, url: str) -> None:
    query = (
        "mutation ($url: URL) { updateGroupAppointment(input: {id: 1, telehealthUrl: $url}) { userErrors { code } } }"
    )

    assert await client.codes(query, url=url) == ["BAD_USER_INPUT"]


async def test_a_year_outside_the_book_is_a_user_error(client: Client, practice: Practice) -> None:
    group = await practice.group()

    assert await client.refused("updateGroupAppointment", id=str(group.id), startsAt="2500-01-01T00:00:00Z") == [
        ("OUT_OF_RANGE", "startsAt")
    ]
