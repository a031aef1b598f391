"""What a client wrote and what broke inside: neither is repeated in an answer or in the log."""

import logging
from collections.abc import Callable
from typing import Any

import httpx2
import msgspec
import pytest

from at_the_desk import creation
from builders import Practice
from gappt_graphql.graph.changes import feed_of
from gappt_graphql.practice import booking
from gappt_graphql.store import Store
from gappt_graphql.web.app import create_app
from listening import Listening
from wire import Wire

MARK = "Zzyzx4711"
SEARCH = "query ($filter: PatientFilter) { patients(filter: $filter) { totalCount } }"
JSON = "application/json"


class FailingStore:
    """A store that knows its keys, and fails with a patient's name wherever it is asked for records."""

    def __init__(self, store: Store, good_reads: int = 0) -> None:
        self._store, self._good_reads = store, good_reads

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read(self, account: Any, work: Any) -> Any:
        if self._good_reads:
            self._good_reads -= 1
            return await self._store.read(account, work)
        raise RuntimeError(f"SELECT * FROM patients WHERE name = '{MARK}'") from ValueError(MARK)

    write = read


class StrangeStore(FailingStore):
    """A store whose records hold text that no JSON can."""

    async def read(self, account: Any, work: Any) -> Any:
        found = await self._store.read(account, work)
        return {id: msgspec.structs.replace(one, last_name=f"{MARK}\ud800") for id, one in found.items()}


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Return what was logged, but for the test's own client and the driver's debugging."""
    caplog.set_level(logging.DEBUG)

    def text() -> str:
        records = [record for record in caplog.records if not record.name.startswith(("http", "aiosqlite"))]
        return "\n".join(logging.Formatter().format(record) for record in records)

    return text


def query(text: str, **variables: Any) -> dict[str, Any]:
    return {"json": {"query": text, "variables": variables}}


@pytest.mark.parametrize(
    "request_",
    [
        query(f'{{ patients(first: "{MARK}") {{ totalCount }} }}'),
        query(f"{{ patients(filter: {{archived: {MARK}}}) {{ totalCount }} }}"),
        query(f'{{ patients(filter: {{archived: "{MARK}"}}) {{ totalCount }} }}'),
        query(f'{{ patients(filter: "{MARK}") {{ totalCount }} }}'),
        query(f'{{ patients(after: "{MARK}") {{ totalCount }} }}'),
        query(f'{{ patients "{MARK}" }}'),
        query(f'{{ patients(first: """{MARK}"""'),
        query(f'{{ patients(after: "{MARK} }}'),
        query(f'{{ groupAppointments(filter: {{startsAt: {{gte: "{MARK}"}}}}) {{ totalCount }} }}'),
        query(f'query ($n: Int = "{MARK}") {{ patients(first: $n) {{ totalCount }} }}'),
        query(f'{{ a: patient(id: "{MARK}") {{ id }} a: patient(id: "x{MARK}") {{ id }} }}'),
        query(f'{{ __typename @skip(if: "{MARK}") }}'),
        query(f'{{ _entities(representations: [{{__typename: "{MARK}", id: "{MARK}"}}]) {{ __typename }} }}'),
        query(SEARCH, filter=MARK),
        query(SEARCH, filter=[MARK]),
        query(SEARCH, filter={"search": [MARK]}),
        query(SEARCH, filter={"archived": MARK}),
        query(SEARCH, filter={"archived": {MARK: MARK}}),
        query("query ($n: Int) { patients(first: $n) { totalCount } }", n=MARK),
        query("query ($c: String) { patients(after: $c) { totalCount } }", c=MARK),
        query("query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }", r=[{"__typename": MARK}, MARK]),
        query("mutation ($i: CreatePatientInput!) { createPatient(input: $i) { userErrors { code } } }", i=MARK),
        query(
            "mutation ($i: CreatePatientInput!) { createPatient(input: $i) { userErrors { message } } }",
            i={"lastName": "x", "dateOfBirth": MARK},
        ),
        {"json": {"query": "{ __typename }", "operationName": MARK}},
        {"json": {"query": "{ __typename }", "extensions": MARK}},
        {"json": {"query": "{ __typename }", "variables": MARK}},
        {"json": {"documentId": MARK}},
        {"json": {"extensions": {"persistedQuery": MARK}}},
        {"json": MARK},
        {"content": f'{{"query": "{MARK}'.encode(), "headers": {"Content-Type": JSON}},
        {"content": MARK.encode(), "headers": {"Content-Type": MARK}},
        {"content": b"{}", "headers": {"Content-Type": JSON, "Content-Encoding": MARK}},
        {"content": b"{}", "headers": {"Content-Type": JSON, "Accept": f"image/{MARK}"}},
        {"method": MARK},
        {"method": "GET", "params": {"query": "{ __typename }", "variables": MARK}},
        {"method": "GET", "params": {"query": f'mutation {{ createPatient(input: {{lastName: "{MARK}"}}) {{ x }} }}'}},
        {"url": f"/{MARK}"},
        {"headers": {"Authorization": f"Bearer {MARK}"}},
        {"headers": {"X-Request-Id": f"{MARK} {MARK}"}},
    ],
)
async def test_no_value_of_a_client_is_repeated(
    client: httpx2.AsyncClient, secret: str, logged: Callable[[], str], request_: dict[str, Any]
) -> None:
    headers = {"Authorization": f"Bearer {secret}"} | request_.get("headers", {})
    answer = await client.request(**({"method": "POST", "url": "/graphql"} | request_ | {"headers": headers}))

    assert answer.status_code < 500
    assert MARK not in answer.text + str(answer.headers)
    assert MARK not in logged()


@pytest.mark.parametrize(
    "text",
    [
        f'query {MARK} {{ {MARK}: patient(id: "{MARK}") {{ id }} }}',
        f"query ($id: ID!) {{ {MARK}: patient(id: $id) {{ ...{MARK} }} }} fragment {MARK} on Patient {{ {MARK}: id }}",
        f'mutation {MARK} {{ {MARK}: createPatient(input: {{lastName: "{MARK}"}}) {{ {MARK}: __typename }} }}',
    ],
)
@pytest.mark.parametrize("accept", [JSON, "application/graphql-response+json"])
async def test_what_breaks_in_a_field_is_told_by_its_request_id_alone(
    practice: Practice, secret: str, logged: Callable[[], str], text: str, accept: str
) -> None:
    app = create_app(FailingStore(practice.store), clock=lambda: practice.now, ids=practice.ids)  # type: ignore[arg-type]
    headers = {"Authorization": f"Bearer {secret}", "X-Request-Id": "r-1", "Accept": accept}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://practice.example") as client:
        answer = await client.post("/graphql", headers=headers, **query(text, id=MARK))

    [error] = answer.json()["errors"]
    assert (answer.status_code, answer.json()["data"]) == (200, {MARK: None})
    assert (error.pop("path"), error.pop("locations")) != (None, None)
    assert error == {"message": "Internal error", "extensions": {"code": "INTERNAL", "correlationId": "r-1"}}
    assert MARK not in logged()
    assert "RuntimeError" in logged()
    assert "request id r-1" in logged()


def failing(practice: Practice, late: bool) -> Any:
    # The place in the feed and the part behind it are read first, then the event's record.
    store = FailingStore(practice.store, good_reads=2 if late else 0)
    return create_app(store, clock=lambda: practice.now, ids=practice.ids)  # type: ignore[arg-type]


async def watching(practice: Practice) -> str:
    """Return a subscription that has an event to tell at once."""
    for _ in range(2):
        await booking.create(practice.desk, creation(practice))
    after = feed_of(practice.account.id).at(1)
    told = f'{MARK}: groupAppointmentChanged(after: "{after}")'
    return f"subscription {MARK} {{ {told} {{ groupAppointment {{ notes }} }} }}"


@pytest.mark.parametrize("late", [False, True], ids=["before it begins", "in an event"])
async def test_what_breaks_in_a_subscription_on_a_socket_is_told_by_its_id_alone(
    practice: Practice, secret: str, logged: Callable[[], str], late: bool
) -> None:
    query = await watching(practice)
    async with Wire(failing(practice, late)) as socket:
        await socket.welcomed(secret)
        socket.subscribe(query)
        message = await socket.get()

    [error] = message["payload"]["errors"] if late else message["payload"]
    assert (message["type"], error["message"]) == ("next" if late else "error", "Internal error")
    assert error["extensions"]["code"] == "INTERNAL"
    assert f"request id {error['extensions']['correlationId']}" in logged()
    assert MARK not in logged()


@pytest.mark.parametrize("late", [False, True], ids=["before it begins", "in an event"])
async def test_what_breaks_in_a_stream_is_told_by_its_id_alone(
    practice: Practice, secret: str, logged: Callable[[], str], late: bool
) -> None:
    query, headers = await watching(practice), {"X-Request-Id": "r-1"}
    async with Listening(failing(practice, late), query, secret=secret, headers=headers) as stream:
        status, _ = await stream.head()
        if late:
            event = await stream.event()
            assert event is not None
            [error] = event[2]["errors"]
        else:
            [error] = (await stream.json())["errors"]

    assert (status, error["message"]) == (200 if late else 500, "Internal error")
    assert error["extensions"] == {"code": "INTERNAL", "correlationId": "r-1"}
    assert "request id r-1" in logged()
    assert MARK not in logged()


@pytest.mark.parametrize("accept", [JSON, "application/graphql-response+json"])
async def test_an_answer_that_can_not_be_written_is_a_masked_500(
    practice: Practice, secret: str, logged: Callable[[], str], accept: str
) -> None:
    app = create_app(StrangeStore(practice.store), clock=lambda: practice.now, ids=practice.ids)  # type: ignore[arg-type]
    headers = {"Authorization": f"Bearer {secret}", "X-Request-Id": "r-1", "Accept": accept}
    text = f"{{ patient(id: {practice.patients[0].id}) {{ label }} }}"
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://practice.example") as client:
        answer = await client.post("/graphql", headers=headers, **query(text))

    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (500, accept)
    assert answer.json()["errors"][0]["extensions"] == {"code": "INTERNAL", "correlationId": "r-1"}
    assert MARK not in answer.text + logged()
    assert "request id r-1" in logged()
