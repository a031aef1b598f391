"""What HTTP asks of every address: methods, keys, limits, bodies, and answers in JSON whatever happens."""

import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx2
import pytest

from builders import Practice
from gappt_graphql.practice.access import issue_key
from gappt_graphql.rest.bodies import DEEPEST
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.store import Store
from gappt_graphql.web.app import LARGEST_BODY, create_app

QUERY = {"query": "{ __typename }"}

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]

ADDRESSES = {
    "/group_appointments": {"GET", "HEAD", "POST"},
    "/group_appointments/1": {"GET", "HEAD", "PATCH", "PUT", "DELETE"},
    "/group_appointments/1/archive": {"POST"},
    "/group_appointments/1/conflicts": {"GET", "HEAD"},
    "/group_appointments/1/attendees": {"GET", "HEAD"},
    "/attendees": {"GET", "HEAD", "POST"},
    "/attendees/1": {"GET", "HEAD", "PATCH"},
    "/attendees/1/archive": {"POST"},
    "/attendees/1/cancel": {"PATCH"},
    "/appointment_types": {"GET", "HEAD"},
    "/appointment_types/1": {"GET", "HEAD"},
    "/businesses": {"GET", "HEAD"},
    "/businesses/1": {"GET", "HEAD"},
    "/patients": {"GET", "HEAD"},
    "/patients/1": {"GET", "HEAD"},
    "/practitioners": {"GET", "HEAD"},
    "/practitioners/1": {"GET", "HEAD"},
}

WITH_BODY = [
    ("POST", "/group_appointments"),
    ("PATCH", "/group_appointments/1"),
    ("PUT", "/group_appointments/1"),
    ("POST", "/attendees"),
    ("PATCH", "/attendees/1"),
    ("PATCH", "/attendees/1/cancel"),
]

JSON = {"Content-Type": "application/json"}


def words(header: str) -> set[str]:
    return {word.strip() for word in header.split(",")}


# --- Methods and addresses


@pytest.mark.parametrize("path", ADDRESSES)
async def test_an_address_takes_its_methods_and_tells_which(client: httpx2.AsyncClient, path: str) -> None:
    for method in METHODS:
        answer = await client.request(method, path)
        if method == "OPTIONS":
            assert (answer.status_code, answer.content) == (204, b"")
            assert words(answer.headers["Allow"]) == ADDRESSES[path] | {"OPTIONS"}
        elif method not in ADDRESSES[path]:
            assert answer.status_code == 405
            assert words(answer.headers["Allow"]) == ADDRESSES[path] | {"OPTIONS"}
            assert method == "HEAD" or answer.json() == {"message": "This address does not take this method."}
        else:
            assert answer.status_code in (200, 404, 415)


@pytest.mark.parametrize("path", ["/group_appointments", "/group_appointments/999", "/practitioners"])
async def test_head_is_get_without_its_body(client: httpx2.AsyncClient, path: str) -> None:
    head, get = await client.head(path), await client.get(path)

    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"] == str(len(get.content))
    assert head.headers["Content-Type"] == get.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/group_appointments/",
        "/group_appointments/1/",
        "/group_appointments/1/nothing",
        "/group_appointments/1/2/archive",
        "//group_appointments",
        "/Group_Appointments",
        "/openapi.json",
    ],
)
async def test_an_address_with_nothing_there_is_404_in_json_by_every_method(
    client: httpx2.AsyncClient, path: str
) -> None:
    for method in ("GET", "POST", "PATCH", "DELETE"):
        answer = await client.request(method, f"https://practice.example/v1{path}")
        assert answer.status_code == 404
        assert answer.json() == {"message": "There is nothing at this address."}


async def test_every_answer_carries_a_request_id(client: httpx2.AsyncClient, stranger: httpx2.AsyncClient) -> None:
    answers = [
        await client.get("/group_appointments"),
        await client.post("/group_appointments", json={}),
        await client.patch("/group_appointments/999", json={}),
        await client.options("/attendees"),
        await client.delete("/attendees"),
        await client.get("/nothing"),
        await stranger.get("/group_appointments"),
    ]

    assert len({answer.headers["X-Request-Id"] for answer in answers}) == len(answers)
    named = await client.get("/group_appointments", headers={"X-Request-Id": "trace-42"})
    assert named.headers["X-Request-Id"] == "trace-42"


# --- Keys


@pytest.mark.parametrize("path", ADDRESSES)
async def test_without_a_key_the_answer_is_401_and_asks_for_basic(stranger: httpx2.AsyncClient, path: str) -> None:
    for method in ADDRESSES[path]:
        answer = await stranger.request(method, path)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="gappt-graphql"'
        assert method == "HEAD" or list(answer.json()) == ["message"]


async def test_a_key_may_be_given_as_bearer(stranger: httpx2.AsyncClient, secret: str) -> None:
    answer = await stranger.get("/group_appointments", headers={"Authorization": f"Bearer {secret}"})

    assert answer.status_code == 200


async def test_a_key_with_a_password_is_no_key(stranger: httpx2.AsyncClient, secret: str) -> None:
    answer = await stranger.get("/group_appointments", auth=(secret, "password"))

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [(method, path) for path, methods in ADDRESSES.items() for method in sorted(methods - {"GET", "HEAD"})],
)
async def test_a_key_that_may_only_read_writes_nothing(reader: httpx2.AsyncClient, method: str, path: str) -> None:
    answer = await reader.request(method, path, json={})

    assert (answer.status_code, answer.json()) == (403, {"message": "This key lacks the scope write."})


async def test_a_key_that_may_only_write_reads_nothing(
    client_of: Callable[..., httpx2.AsyncClient], practice: Practice
) -> None:
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["write"], now=practice.now, ids=practice.ids
    )

    async with client_of(practice, issued.secret) as writer:
        answer = await writer.get("/group_appointments")

    assert (answer.status_code, answer.json()) == (403, {"message": "This key lacks the scope read."})


async def test_a_key_that_asks_too_often_is_told_when_to_come_back(
    client_of: Callable[..., httpx2.AsyncClient], practice: Practice, secret: str
) -> None:
    async with client_of(practice, secret, rate_limit=2) as client:
        answers = [await client.get("/practitioners") for _ in range(3)]
        practice.now += timedelta(seconds=30)
        later = await client.get("/practitioners")

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "30"
    assert int(answers[2].headers["X-RateLimit-Reset"]) == practice.now.timestamp()
    assert list(answers[2].json()) == ["message"]
    assert later.status_code == 200


async def test_the_two_doors_count_apart(
    client_of: Callable[..., httpx2.AsyncClient], practice: Practice, secret: str
) -> None:
    async with client_of(practice, secret, rate_limit=1) as client:
        graph = await client.post("https://practice.example/graphql", json=QUERY)
        rest = [await client.get("/practitioners") for _ in range(2)]

    assert [answer.status_code for answer in (graph, *rest)] == [200, 200, 429]


async def test_where_nobody_sets_a_limit_only_the_reference_has_its_own(
    client_of: Callable[..., httpx2.AsyncClient], practice: Practice, secret: str
) -> None:
    async with client_of(practice, secret, rate_limit=None) as client:
        rest = [(await client.get("/attendees/0")).status_code for _ in range(201)]
        graph = [await client.post("https://practice.example/graphql", json=QUERY) for _ in range(201)]

    assert (rest[199], rest[200]) == (404, 429)
    assert {answer.status_code for answer in graph} == {200}


# --- Bodies


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
async def test_a_body_that_is_not_said_to_be_json_is_415(
    client: httpx2.AsyncClient, method: str, path: str, media_type: str | None
) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}

    answer = await client.request(method, path, content=b"{}", headers=headers)

    assert answer.status_code == 415
    assert answer.json() == {"message": "The body must be JSON, with Content-Type: application/json."}


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body is not JSON."),
        (b"{", "The body is not JSON."),
        (b"{'notes': 1}", "The body is not JSON."),
        (b'{"notes": NaN}', "The body is not JSON."),
        (b'{"notes": "\xff"}', "The body is not JSON."),
        (b'{"notes": "\\ud800"}', "The body is not JSON."),
        (b'{"max_attendees": ' + b"9" * 5000 + b"}", "The body is not JSON."),
        (b"{} {}", "The body is not JSON."),
        (b"[]", "The body must be one JSON object."),
        (b'"{}"', "The body must be one JSON object."),
        (b"null", "The body must be one JSON object."),
    ],
    ids=repr,
)
async def test_a_body_that_is_no_json_object_is_400(
    client: httpx2.AsyncClient, method: str, path: str, body: bytes, message: str
) -> None:
    answer = await client.request(method, path, content=body, headers=JSON)

    assert (answer.status_code, answer.json()) == (400, {"message": message})


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
async def test_json_may_be_spelled_with_its_parameters(client: httpx2.AsyncClient, media_type: str) -> None:
    answer = await client.post("/group_appointments", content=b"{}", headers={"Content-Type": media_type})

    assert answer.status_code == 422


@pytest.mark.parametrize("deep", [b"[" * DEEPEST + b"]" * DEEPEST, b"[" * 60_000 + b"]" * 60_000, b"[" * 100_000])
async def test_a_body_that_is_nested_too_deeply_is_400(client: httpx2.AsyncClient, deep: bytes) -> None:
    answer = await client.post("/group_appointments", content=b'{"unknown": ' + deep + b"}", headers=JSON)

    assert answer.status_code == 400
    assert answer.json() == {"message": f"The body is nested deeper than {DEEPEST} levels."}


async def test_unknown_fields_may_be_nested_as_deeply_as_bodies_may(client: httpx2.AsyncClient) -> None:
    deep = b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1)

    answer = await client.post("/group_appointments", content=b'{"unknown": ' + deep + b"}", headers=JSON)

    assert answer.status_code == 422


async def test_a_body_that_is_too_large_is_413(client: httpx2.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(LARGEST_BODY // 1024 + 1):
            yield b" " * 1024

    stated = await client.post("/group_appointments", content=b" " * (LARGEST_BODY + 1), headers=JSON)
    unstated = await client.post("/group_appointments", content=chunks(), headers=JSON)

    assert (stated.status_code, unstated.status_code) == (413, 413)
    assert stated.json() == unstated.json()
    assert list(stated.json()) == ["message"]


@pytest.mark.parametrize("number", [b"1e300", b"-1e300", b"1" + b"0" * 300])
async def test_numbers_beyond_everything_are_out_of_range(
    client: httpx2.AsyncClient, practice: Practice, number: bytes
) -> None:
    group = await practice.group()
    path, headers = f"/group_appointments/{group.id}", JSON | {"Idempotency-Key": "k"}
    await client.patch(path, json={"max_attendees": 5}, headers=headers)

    again = await client.patch(path, content=b'{"max_attendees": ' + number + b"}", headers=headers)
    fresh = await client.patch(path, content=b'{"max_attendees": ' + number + b"}", headers=JSON)

    assert list(again.json()["errors"]) == ["idempotency_key"]
    assert fresh.json()["errors"] == {"max_attendees": "A group has 1 to 100 seats."}


async def test_archiving_needs_no_body_and_reads_none(client: httpx2.AsyncClient, practice: Practice) -> None:
    group = await practice.group()

    answer = await client.post(f"/group_appointments/{group.id}/archive", content=b"not json")

    assert answer.status_code == 204


# --- What breaks

A_PATIENT = "Ada Lovelace"


class BrokenStore:
    """A store that fails with a patient's name in its message."""

    async def key_by_digest(self, digest: str) -> None:
        raise RuntimeError(A_PATIENT)


async def test_what_breaks_is_a_500_in_json_without_a_word_of_the_cause(caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(cast(Store, BrokenStore()), clock=lambda: datetime.now(UTC), ids=Ids(0))
    transport: Any = httpx2.ASGITransport(app)
    headers = {"Authorization": f"Bearer gappt_{'k' * 43}", "X-Request-Id": "r-1"}

    async with httpx2.AsyncClient(transport=transport, base_url="https://practice.example") as client:
        with caplog.at_level(logging.INFO):
            answer = await client.get("/v1/group_appointments", headers=headers)

    assert answer.status_code == 500
    assert list(answer.json()) == ["message"]
    assert "r-1" in answer.json()["message"]
    assert A_PATIENT not in answer.text + caplog.text
