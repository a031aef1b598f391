"""Where a request comes from, and how often it may do so without a key that is known."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from builders import Practice
from gappt_graphql.web.addresses import Addresses
from gappt_graphql.web.app import create_app
from wire import Wire

QUERY = {"query": "{ __typename }"}


def address(client: str | None, *forwarded: str, trusted: tuple[str, ...] = ()) -> str:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"type": "http", "headers": headers, "client": None if client is None else (client, 1)}
    return Addresses(trusted).of(scope)


def test_a_stranger_can_not_say_where_a_request_comes_from() -> None:
    assert address("9.9.9.9", "1.1.1.1") == "9.9.9.9"
    assert address("9.9.9.9", "1.1.1.1", trusted=("10.0.0.0/8",)) == "9.9.9.9"


@pytest.mark.parametrize(
    ("forwarded", "found"),
    [
        (["1.1.1.1"], "1.1.1.1"),
        (["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
        (["6.6.6.6", "1.1.1.1"], "1.1.1.1"),
        (["6.6.6.6, 1.1.1.1, 10.1.2.3"], "1.1.1.1"),
        (["6.6.6.6, nonsense"], "10.0.0.1"),
        (["6.6.6.6, nonsense, 10.1.2.3"], "10.1.2.3"),
        (["1.1.1.1:1234"], "1.1.1.1"),
        (["[2001:db8:1:2:3::4]:1234"], "2001:db8:1:2::/64"),
        (["10.7.7.7, 10.1.2.3"], "10.7.7.7"),
        ([""], "10.0.0.1"),
        ([], "10.0.0.1"),
    ],
)
def test_a_trusted_proxy_tells_and_the_nearest_that_is_none_is_taken(forwarded: list[str], found: str) -> None:
    assert address("10.0.0.1", *forwarded, trusted=("10.0.0.0/8",)) == found


def test_the_addresses_of_one_customer_are_one() -> None:
    assert address("2001:db8:1:2::5") == address("2001:db8:1:2:ffff::6") != address("2001:db8:1:3::5")


def test_an_old_address_in_a_new_one_is_the_old_one() -> None:
    assert address("::ffff:9.9.9.9") == "9.9.9.9"
    assert address("::ffff:10.0.0.1", "1.1.1.1", trusted=("10.0.0.0/8",)) == "1.1.1.1"


def test_a_connection_without_an_address_has_one_for_all() -> None:
    assert address(None) == address("testclient") == "unknown"


async def test_many_requests_without_a_known_key_are_refused_as_too_many(client: httpx2.AsyncClient) -> None:
    wrong = {"Authorization": f"Bearer gappt_{'k' * 43}"}
    answers = [await client.post("/graphql", json=QUERY, headers=wrong) for _ in range(31)]
    rest = await client.get("/v1/patients", headers=wrong)

    assert [answer.status_code for answer in answers] == [401] * 30 + [429]
    assert answers[30].json()["errors"][0]["extensions"] == {"code": "THROTTLED"}
    assert answers[30].headers["Retry-After"] == "2"
    assert rest.status_code == 429


async def test_a_known_key_is_let_in_whatever_else_came_from_its_address(
    client: httpx2.AsyncClient, secret: str
) -> None:
    for _ in range(40):
        await client.post("/graphql", json=QUERY)

    answer = await client.post("/graphql", json=QUERY, headers={"Authorization": f"Bearer {secret}"})

    assert answer.status_code == 200


async def test_an_address_is_asked_for_a_key_again_after_a_while(
    client: httpx2.AsyncClient, practice: Practice
) -> None:
    for _ in range(40):
        await client.post("/graphql", json=QUERY)
    practice.now += timedelta(seconds=2)

    assert (await client.post("/graphql", json=QUERY)).status_code == 401


async def test_each_address_behind_a_trusted_proxy_is_counted_alone(
    client_of: Callable[..., httpx2.AsyncClient],
) -> None:
    async with client_of(trusted_proxies=["127.0.0.1"]) as client:
        for _ in range(40):
            await client.post("/graphql", json=QUERY, headers={"X-Forwarded-For": "1.1.1.1"})
        same = await client.post("/graphql", json=QUERY, headers={"X-Forwarded-For": "1.1.1.1"})
        other = await client.post("/graphql", json=QUERY, headers={"X-Forwarded-For": "1.1.1.2"})

    assert (same.status_code, other.status_code) == (429, 401)


@pytest.mark.parametrize(
    ("trusted", "told", "scheme"),
    [
        (["127.0.0.1"], ["https"], "https"),
        (["127.0.0.1"], ["http", "https"], "https"),
        (["127.0.0.1"], ["https, http"], "http"),
        (["127.0.0.1"], ["javascript"], "http"),
        (["127.0.0.1"], [], "http"),
        (["10.0.0.0/8"], ["https"], "http"),
        ([], ["https"], "http"),
    ],
)
async def test_links_are_by_https_where_a_trusted_proxy_was_asked_so(
    client_of: Callable[..., httpx2.AsyncClient], secret: str, trusted: list[str], told: list[str], scheme: str
) -> None:
    headers = [("Authorization", f"Bearer {secret}"), *(("X-Forwarded-Proto", value) for value in told)]
    async with client_of(trusted_proxies=trusted) as client:
        answer = await client.get("/v1/patients", headers=headers)

    assert answer.json()["links"]["self"].startswith(f"{scheme}://practice.example/v1/")


async def test_sockets_without_a_known_key_count_too(practice: Practice) -> None:
    app: Any = create_app(practice.store, clock=lambda: practice.now, ids=practice.ids)
    for _ in range(30):
        async with Wire(app) as socket:
            await socket.accepted()
            socket.put({"type": "connection_init", "payload": {"Authorization": f"Bearer gappt_{'k' * 43}"}})
            assert await socket.closed() == (4403, "Forbidden")

    transport = httpx2.ASGITransport(app, client=("nowhere", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://practice.example") as client:
        assert (await client.post("/graphql", json=QUERY)).status_code == 429
