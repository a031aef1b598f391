"""Documents by their hash: trusted ones, those that clients have sent before, and keys that may run no others."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import sha256
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from builders import Practice
from gappt_graphql.graph.http import graphql_app
from gappt_graphql.graph.options import Options
from gappt_graphql.graph.shared import Shared
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.ids import KeyId
from gappt_graphql.store import ApiKey

TRUSTED = "query Trusted { business(id: 1) { id } } query Other { __typename }"
COUNT = "{ patients { totalCount } }"
CREATE = 'mutation { createPatient(input: {lastName: "Roe"}) { patient { lastName } } }'
UNKNOWN = "0" * 64


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def apq(hash: object, version: object = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": hash}}


class Clients:
    """A server's key, a browser's key, and a server's key of another account, at one door."""

    def __init__(self, door: httpx2.AsyncClient) -> None:
        self._door = door

    async def post(self, who: str = "server", /, **body: Any) -> httpx2.Response:
        return await self._door.post("/graphql", json=body, headers={"who": who})

    async def get(self, who: str = "server", /, **parameters: Any) -> httpx2.Response:
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
        return await self._door.get("/graphql", params=texts, headers={"who": who})


OpenDoor = Callable[..., AbstractAsyncContextManager[Clients]]


@pytest.fixture
def door(practice: Practice, other_practice: Practice) -> OpenDoor:
    """Open a door with options of the test's choice; it trusts one document."""

    async def open_desk(request: Request) -> Desk:
        who = request.headers["who"]
        asking = other_practice if who == "stranger" else practice
        request.state.key = ApiKey(
            id=KeyId(1),
            account_id=asking.account.id,
            digest="",
            last_four="",
            scopes=("read", "write"),
            created_at=asking.now,
            browser=who == "browser",
        )
        return asking.desk

    @asynccontextmanager
    async def open_door(**chosen: Any) -> AsyncIterator[Clients]:
        options = Options(**{"trusted": {hash_of(TRUSTED): TRUSTED}, **chosen})
        app = Starlette(routes=[Route("/graphql", graphql_app(open_desk, Shared(options)))])
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://practice.example") as http:
            yield Clients(http)

    return open_door


@pytest.fixture
async def clients(door: OpenDoor) -> AsyncIterator[Clients]:
    async with door() as clients:
        yield clients


def told(answer: httpx2.Response) -> tuple[int, str]:
    """Return the status and the code of the one error."""
    [error] = answer.json()["errors"]
    assert "data" not in answer.json()
    return answer.status_code, error["extensions"]["code"]


RAN = {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("who", ["server", "browser"])
@pytest.mark.parametrize("prefix", ["sha256:", ""])
async def test_a_trusted_document_is_run_by_its_hash(clients: Clients, who: str, prefix: str) -> None:
    asked = {"documentId": prefix + hash_of(TRUSTED), "operationName": "Other"}

    assert (await clients.post(who, **asked)).json() == RAN
    assert (await clients.get(who, **asked)).json() == RAN


@pytest.mark.parametrize("prefix", ["sha256:", ""])
async def test_a_trusted_document_is_run_by_the_hash_that_apollos_clients_send(clients: Clients, prefix: str) -> None:
    answer = await clients.post("browser", extensions=apq(prefix + hash_of(TRUSTED)), operationName="Other")

    assert answer.json() == RAN


async def test_a_hash_that_no_trusted_document_has_is_told(clients: Clients) -> None:
    assert told(await clients.post(documentId=f"sha256:{UNKNOWN}")) == (400, "DOCUMENT_NOT_FOUND")
    assert told(await clients.get(documentId=f"sha256:{UNKNOWN}")) == (400, "DOCUMENT_NOT_FOUND")


@pytest.mark.parametrize(
    "id", ["", "sha256:", hash_of(TRUSTED).upper(), f"SHA256:{hash_of(TRUSTED)}", "md5:" + "0" * 32, 7, True, [], {}]
)
async def test_an_id_that_is_no_hash_is_told_so(clients: Clients, id: object) -> None:
    assert told(await clients.post(documentId=id)) == (400, "BAD_USER_INPUT")


async def test_an_id_of_null_is_the_same_as_none(clients: Clients) -> None:
    answer = await clients.post(query="{ __typename }", documentId=None, extensions={"persistedQuery": None})

    assert answer.json() == RAN


async def test_a_request_without_any_document_is_told_so(clients: Clients) -> None:
    assert told(await clients.post(variables={})) == (400, "BAD_USER_INPUT")


async def test_the_text_may_stand_beside_its_id(clients: Clients) -> None:
    answer = await clients.post("browser", query=TRUSTED, documentId=hash_of(TRUSTED), operationName="Other")

    assert answer.json() == RAN


async def test_another_text_beside_an_id_is_refused(clients: Clients) -> None:
    assert told(await clients.post(query=COUNT, documentId=hash_of(TRUSTED))) == (400, "BAD_USER_INPUT")


async def test_an_id_beside_a_persisted_query_is_refused(clients: Clients) -> None:
    both = await clients.post(documentId=hash_of(TRUSTED), extensions=apq(hash_of(TRUSTED)))

    assert told(both) == (400, "BAD_USER_INPUT")


async def test_a_trusted_document_with_several_operations_needs_the_name_of_one(clients: Clients) -> None:
    id = hash_of(TRUSTED)

    assert told(await clients.post("browser", documentId=id))[1] == "GRAPHQL_VALIDATION_FAILED"
    assert told(await clients.post("browser", documentId=id, operationName="None"))[1] == "GRAPHQL_VALIDATION_FAILED"


async def test_a_trusted_mutation_is_never_taken_by_get(door: OpenDoor) -> None:
    async with door(trusted={hash_of(CREATE): CREATE}) as clients:
        refused = await clients.get("browser", documentId=hash_of(CREATE))
        before = await clients.post(query=COUNT)
        await clients.post("browser", documentId=hash_of(CREATE))
        after = await clients.post(query=COUNT)

    assert "data" not in refused.json()
    assert before.json() == {"data": {"patients": {"totalCount": 12}}}
    assert after.json() == {"data": {"patients": {"totalCount": 13}}}


async def test_the_limits_hold_for_trusted_documents_too(door: OpenDoor) -> None:
    large = "{ " + " ".join(f"a{n}: __typename" for n in range(200)) + " }"
    async with door(trusted={hash_of(large): large}) as clients:
        assert told(await clients.post(documentId=hash_of(large)))[1] == "OPERATION_TOO_LARGE"


@pytest.mark.parametrize("text", ["{ __typename }", TRUSTED, "{ __schema { types { name } } }", "{ _service { sdl } }"])
async def test_a_browser_runs_no_text(clients: Clients, text: str) -> None:
    assert told(await clients.post("browser", query=text)) == (403, "FORBIDDEN")
    assert told(await clients.get("browser", query=text)) == (403, "FORBIDDEN")


async def test_a_browser_registers_no_text_and_is_not_asked_to(clients: Clients) -> None:
    hash = hash_of(COUNT)

    assert told(await clients.post("browser", extensions=apq(hash))) == (400, "DOCUMENT_NOT_FOUND")
    assert told(await clients.post("browser", query=COUNT, extensions=apq(hash))) == (403, "FORBIDDEN")
    assert told(await clients.post(extensions=apq(hash))) == (200, "PERSISTED_QUERY_NOT_FOUND")


async def test_a_browser_does_not_run_what_a_server_of_its_account_has_registered(clients: Clients) -> None:
    await clients.post(query=COUNT, extensions=apq(hash_of(COUNT)))

    assert told(await clients.post("browser", extensions=apq(hash_of(COUNT)))) == (400, "DOCUMENT_NOT_FOUND")


async def test_a_setting_keeps_every_key_to_trusted_documents(door: OpenDoor) -> None:
    async with door(trusted_only="all") as clients:
        assert told(await clients.post(query=COUNT)) == (403, "FORBIDDEN")
        assert told(await clients.post(query=COUNT, extensions=apq(hash_of(COUNT)))) == (403, "FORBIDDEN")
        assert (await clients.post(documentId=hash_of(TRUSTED), operationName="Other")).json() == RAN


async def test_a_setting_lets_browsers_run_any_text(door: OpenDoor) -> None:
    async with door(trusted_only="none") as clients:
        assert (await clients.post("browser", query="{ __typename }")).json() == RAN


async def test_a_query_that_was_sent_with_its_hash_is_run_by_the_hash_alone(clients: Clients) -> None:
    extensions = apq(hash_of(COUNT))

    unknown = await clients.post(extensions=extensions)
    first = await clients.post(query=COUNT, extensions=extensions)
    posted = await clients.post(extensions=extensions)
    got = await clients.get(extensions=extensions)

    assert told(unknown) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert first.json() == posted.json() == got.json() == {"data": {"patients": {"totalCount": 12}}}


async def test_a_query_is_registered_by_get_too(clients: Clients) -> None:
    await clients.get(query=COUNT, extensions=apq(hash_of(COUNT)))

    assert (await clients.get(extensions=apq(hash_of(COUNT)))).json() == {"data": {"patients": {"totalCount": 12}}}


async def test_a_query_that_another_account_has_sent_first_is_registered_for_both(clients: Clients) -> None:
    # The door knows by then that the document is valid, and validates it no more.
    await clients.post("stranger", query=COUNT)
    await clients.post(query=COUNT, extensions=apq(hash_of(COUNT)))

    assert (await clients.post(extensions=apq(hash_of(COUNT)))).json() == {"data": {"patients": {"totalCount": 12}}}


async def test_no_account_finds_what_another_has_registered(clients: Clients) -> None:
    await clients.post(query=COUNT, extensions=apq(hash_of(COUNT)))

    assert told(await clients.post("stranger", extensions=apq(hash_of(COUNT)))) == (200, "PERSISTED_QUERY_NOT_FOUND")


@pytest.mark.parametrize(
    "extensions",
    [
        apq(hash_of(COUNT).upper()),
        apq(hash_of(COUNT)[:-1]),
        apq(hash_of(COUNT) + "\n"),
        apq(None),
        apq(int(hash_of(COUNT), 16) % 10**9),
        apq(hash_of(COUNT), version=2),
        apq(hash_of(COUNT), version="1"),
        apq(hash_of(COUNT), version=True),
        apq(hash_of(COUNT), version=None),
        {"persistedQuery": hash_of(COUNT)},
        {"persistedQuery": []},
        {"persistedQuery": {}},
    ],
)
async def test_a_persisted_query_of_another_shape_is_refused(clients: Clients, extensions: dict[str, Any]) -> None:
    assert told(await clients.post(query=COUNT, extensions=extensions)) == (400, "BAD_USER_INPUT")


async def test_a_hash_of_another_text_is_refused_and_registers_nothing(clients: Clients) -> None:
    poisoned = await clients.post(query=CREATE, extensions=apq(hash_of(COUNT)))

    assert told(poisoned) == (400, "BAD_USER_INPUT")
    assert told(await clients.post(extensions=apq(hash_of(COUNT)))) == (200, "PERSISTED_QUERY_NOT_FOUND")


async def test_the_hash_of_a_trusted_document_stands_for_no_other(clients: Clients) -> None:
    assert told(await clients.post(query=COUNT, extensions=apq(hash_of(TRUSTED)))) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    "text",
    ["{", "{ nothing }", "{ " + " ".join(f"a{n}: __typename" for n in range(200)) + " }", "{ a } #" + "#\n" * 3_000],
    ids=["no GraphQL", "no such field", "too large", "too many comments"],
)
async def test_a_document_that_is_refused_is_not_registered(clients: Clients, text: str) -> None:
    assert (await clients.post(query=text, extensions=apq(hash_of(text)))).json()["errors"]

    assert told(await clients.post(extensions=apq(hash_of(text)))) == (200, "PERSISTED_QUERY_NOT_FOUND")


async def test_a_mutation_by_get_is_not_registered(clients: Clients) -> None:
    await clients.get(query=CREATE, extensions=apq(hash_of(CREATE)))

    assert told(await clients.post(extensions=apq(hash_of(CREATE)))) == (200, "PERSISTED_QUERY_NOT_FOUND")


async def test_a_registered_mutation_is_never_taken_by_get(clients: Clients) -> None:
    await clients.post(query=CREATE, extensions=apq(hash_of(CREATE)))

    assert "data" not in (await clients.get(extensions=apq(hash_of(CREATE)))).json()
    assert (await clients.post(query=COUNT)).json() == {"data": {"patients": {"totalCount": 13}}}


async def test_an_account_keeps_so_many_queries_and_forgets_what_it_used_longest_ago(door: OpenDoor) -> None:
    texts = [f"{{ n{n}: __typename }}" for n in range(4)]
    async with door(persisted_queries=3) as clients:
        for text in texts[:3]:
            await clients.post(query=text, extensions=apq(hash_of(text)))
        await clients.post(extensions=apq(hash_of(texts[0])))
        await clients.post(query=texts[3], extensions=apq(hash_of(texts[3])))
        answers = [(await clients.post(extensions=apq(hash_of(text)))).json() for text in texts]

    assert ["data" in answer for answer in answers] == [True, False, True, True]


async def test_one_account_does_not_push_out_what_another_keeps(door: OpenDoor) -> None:
    async with door(persisted_queries=1) as clients:
        await clients.post(query=COUNT, extensions=apq(hash_of(COUNT)))
        await clients.post("stranger", query="{ __typename }", extensions=apq(hash_of("{ __typename }")))

        assert "data" in (await clients.post(extensions=apq(hash_of(COUNT)))).json()


async def test_a_door_without_persisted_queries_says_so_and_runs_what_comes_with_its_text(door: OpenDoor) -> None:
    async with door(persisted_queries=0) as clients:
        alone = await clients.post(extensions=apq(hash_of(COUNT)))
        with_text = await clients.post(query=COUNT, extensions=apq(hash_of(COUNT)))
        again = await clients.post(extensions=apq(hash_of(COUNT)))
        trusted = await clients.post(extensions=apq(hash_of(TRUSTED)), operationName="Other")

    assert told(alone) == told(again) == (200, "PERSISTED_QUERY_NOT_SUPPORTED")
    assert alone.json()["errors"][0]["message"] == "PersistedQueryNotSupported"
    assert "data" in with_text.json()
    assert trusted.json() == RAN
