"""Who asks: keys in requests, scopes, and how often a key may ask."""

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta

import httpx2
import pytest

from builders import Practice
from gappt_graphql.graph.options import Options
from gappt_graphql.practice.access import authenticate, issue_key, revoke_key
from gappt_graphql.web.keys import secret_of

QUERY = {"query": "{ practitioners { nodes { label } } }"}
MUTATION = {"query": 'mutation { createPatient(input: {lastName: "New"}) { patient { id } userErrors { message } } }'}


def basic(credentials: str) -> str:
    return f"Basic {b64encode(credentials.encode()).decode()}"


async def test_a_key_as_bearer_opens_its_account(client: httpx2.AsyncClient, secret: str) -> None:
    answer = await client.post("/graphql", json=QUERY, headers={"Authorization": f"Bearer {secret}"})

    assert answer.json() == {"data": {"practitioners": {"nodes": [{"label": "Dr Robin Hale"}]}}}


async def test_a_key_as_the_user_name_of_basic_opens_its_account(client: httpx2.AsyncClient, secret: str) -> None:
    answer = await client.post("/graphql", json=QUERY, headers={"Authorization": basic(f"{secret}:")})

    assert answer.json()["data"]["practitioners"]["nodes"]


async def test_without_a_key_the_answer_is_401_and_asks_for_bearer(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/graphql", json=QUERY)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="gappt-graphql"'
    assert answer.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_a_wrong_key_is_401_like_none(client: httpx2.AsyncClient, secret: str) -> None:
    wrong = {"Authorization": f"Bearer {secret[:-1]}"}

    assert (await client.post("/graphql", json=QUERY, headers=wrong)).status_code == 401


async def test_a_revoked_key_stops_working_at_once(client: httpx2.AsyncClient, secret: str, practice: Practice) -> None:
    key = await authenticate(practice.store, secret)
    assert key is not None
    await revoke_key(practice.store, account=practice.account.id, id=key.id, now=practice.now)

    answer = await client.post("/graphql", json=QUERY, headers={"Authorization": f"Bearer {secret}"})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer   ",
        "Basic",
        "Basic !!!",
        "Basic a",
        basic("no colon"),
        basic(":only a password"),
        basic("key:password"),
        "Basic " + b64encode(b"\xff\xfe:").decode(),
        "Digest username=key",
        "Bearer " + "k" * 600,
    ],
)
def test_a_malformed_authorization_holds_no_key(header: str) -> None:
    assert secret_of([header]) is None


def test_two_authorizations_hold_no_key() -> None:
    assert secret_of(["Bearer one", "Bearer two"]) is None


def test_the_scheme_may_be_in_any_case() -> None:
    assert secret_of(["bEARER key"]) == "key"


async def test_a_key_without_the_write_scope_changes_nothing(client: httpx2.AsyncClient, practice: Practice) -> None:
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read"], now=practice.now, ids=practice.ids
    )
    headers = {"Authorization": f"Bearer {issued.secret}"}

    refused = await client.post("/graphql", json=MUTATION, headers=headers)
    count = await client.post("/graphql", json={"query": "{ patients { totalCount } }"}, headers=headers)

    assert refused.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert count.json() == {"data": {"patients": {"totalCount": len(practice.patients)}}}


async def test_a_key_that_asks_too_often_is_told_when_to_come_back(
    client_of: Callable[..., httpx2.AsyncClient], secret: str, practice: Practice
) -> None:
    headers = {"Authorization": f"Bearer {secret}"}
    async with client_of(rate_limit=2) as client:
        answers = [await client.post("/graphql", json=QUERY, headers=headers) for _ in range(3)]
        practice.now += timedelta(seconds=30)
        later = await client.post("/graphql", json=QUERY, headers=headers)

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "30"
    assert int(answers[2].headers["X-RateLimit-Reset"]) == practice.now.timestamp()
    assert answers[2].json()["errors"][0]["extensions"] == {"code": "THROTTLED"}
    assert later.status_code == 200


async def test_one_key_does_not_use_up_the_requests_of_another(
    client_of: Callable[..., httpx2.AsyncClient], secret: str, practice: Practice
) -> None:
    other = await issue_key(
        practice.store, account=practice.account.id, scopes=["read"], now=practice.now, ids=practice.ids
    )
    async with client_of(rate_limit=1) as client:
        await client.post("/graphql", json=QUERY, headers={"Authorization": f"Bearer {secret}"})
        answer = await client.post("/graphql", json=QUERY, headers={"Authorization": f"Bearer {other.secret}"})

    assert answer.status_code == 200


async def a_browsers_key(practice: Practice) -> dict[str, str]:
    issued = await issue_key(
        practice.store,
        account=practice.account.id,
        scopes=["read", "write"],
        now=practice.now,
        ids=practice.ids,
        browser=True,
    )
    return {"Authorization": f"Bearer {issued.secret}"}


async def test_a_key_for_browsers_runs_no_text_and_gets_nothing_by_rest(
    client: httpx2.AsyncClient, practice: Practice
) -> None:
    headers = await a_browsers_key(practice)

    graphql = await client.post("/graphql", json=QUERY, headers=headers)
    rest = await client.get("/v1/group_appointments", headers=headers)

    assert (graphql.status_code, graphql.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
    assert (rest.status_code, list(rest.json())) == (403, ["message"])


async def test_a_key_for_browsers_is_like_any_other_where_no_key_is_kept_to_trusted_documents(
    client_of: Callable[..., httpx2.AsyncClient], practice: Practice
) -> None:
    headers = await a_browsers_key(practice)
    async with client_of(options=Options(trusted_only="none")) as client:
        graphql = await client.post("/graphql", json=QUERY, headers=headers)
        rest = await client.get("/v1/group_appointments", headers=headers)

    assert (graphql.status_code, rest.status_code) == (200, 200)


async def test_a_server_keeps_its_rest_where_all_keys_are_kept_to_trusted_documents(
    client_of: Callable[..., httpx2.AsyncClient], secret: str
) -> None:
    headers = {"Authorization": f"Bearer {secret}"}
    async with client_of(options=Options(trusted_only="all")) as client:
        graphql = await client.post("/graphql", json=QUERY, headers=headers)
        rest = await client.get("/v1/group_appointments", headers=headers)

    assert (graphql.status_code, rest.status_code) == (403, 200)
