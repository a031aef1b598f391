"""graphql-transport-ws: who comes in, how long they stay, and what they are told."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from at_the_desk import a_series, creation
from builders import Practice
from gappt_graphql.graph.options import Options, Streams
from gappt_graphql.practice import archiving, booking
from gappt_graphql.practice.access import authenticate, issue_key, revoke_key
from gappt_graphql.practice.archiving import ArchiveGroupAppointment
from gappt_graphql.web.app import create_app
from tasks import tasks
from wire import PROTOCOL, Wire

WATCH = "subscription { groupAppointmentChanged { kind id cursor groupAppointment { version } } }"
LABEL = "{ practitioners { nodes { label } } }"
CREATE = 'mutation { createPatient(input: {lastName: "New"}) { patient { lastName } userErrors { message } } }'

OpenWire = Callable[..., Wire]


@pytest.fixture
async def secret(practice: Practice) -> str:
    return await new_key(practice, "read", "write")


@pytest.fixture
def wire_of(practice: Practice) -> Callable[..., OpenWire]:
    """Return what opens sockets to one application, whose streams are limited as the test chooses."""

    store: Any = practice.store
    feed = store._growth

    def application(rate_limit: int | None = None, **streams: Any) -> OpenWire:
        options = Options(streams=Streams(**streams))
        app = create_app(
            practice.store, clock=lambda: practice.now, ids=practice.ids, rate_limit=rate_limit, options=options
        )

        def wire(**how: Any) -> Wire:
            socket = Wire(app, **how)
            socket.waiting = lambda: len(feed._waiting.get(practice.account.id, ()))
            return socket

        return wire

    return application


@pytest.fixture
def wire(wire_of: Callable[..., OpenWire]) -> OpenWire:
    return wire_of()


async def new_key(practice: Practice, *scopes: str) -> str:
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=scopes, now=practice.now, ids=practice.ids
    )
    return issued.secret


async def revoke(practice: Practice, secret: str) -> None:
    key = await authenticate(practice.store, secret)
    assert key is not None
    await revoke_key(practice.store, account=practice.account.id, id=key.id, now=practice.now)


async def create(practice: Practice) -> int:
    return (await booking.create(practice.desk, creation(practice))).group_appointment_id


async def watched(socket: Wire, query: str = WATCH, id: str = "1", **payload: Any) -> None:
    """Subscribe, and wait until the subscription stands, which asks the store first."""
    before = socket.waiting()
    socket.subscribe(query, id, **payload)
    async with asyncio.timeout(10):
        while socket.waiting() == before:  # noqa: ASYNC110  # nobody tells a test
            await asyncio.sleep(0.001)
    assert await socket.is_quiet()


# Who comes in


@pytest.mark.parametrize("name", ["Authorization", "authorization"])
async def test_a_key_in_the_first_message_opens_the_socket(wire: OpenWire, secret: str, name: str) -> None:
    async with wire() as socket:
        assert await socket.accepted() == PROTOCOL
        socket.put({"type": "connection_init", "payload": {name: f"Bearer {secret}"}})

        assert await socket.get() == {"type": "connection_ack"}


async def test_a_key_in_the_header_of_the_handshake_opens_the_socket(wire: OpenWire, secret: str) -> None:
    async with wire(headers={"Authorization": f"Bearer {secret}"}) as socket:
        await socket.accepted()
        socket.put({"type": "connection_init"})

        assert await socket.get() == {"type": "connection_ack"}


async def test_the_key_of_the_first_message_wins_over_a_header_that_a_proxy_asked_for(
    wire: OpenWire, secret: str
) -> None:
    async with wire(headers={"Authorization": "Basic c3RhZ2luZzpwYXNzd29yZA=="}) as socket:
        await socket.welcomed(secret)


@pytest.mark.parametrize(
    "payload",
    [None, {}, {"Authorization": "Bearer gappt_guess"}, {"Authorization": ""}, {"key": "x"}],
)
async def test_without_a_key_that_is_known_the_socket_is_closed(wire: OpenWire, payload: object) -> None:
    async with wire() as socket:
        await socket.accepted()
        socket.put({"type": "connection_init", "payload": payload})

        assert await socket.closed() == (4403, "Forbidden")


async def test_neither_cookies_nor_the_address_open_a_socket(wire: OpenWire, secret: str) -> None:
    cookie = {"Cookie": f"Authorization=Bearer {secret}; key={secret}"}
    async with wire(headers=cookie, query_string=f"authorization=Bearer {secret}&key={secret}".encode()) as socket:
        await socket.accepted()
        socket.put({"type": "connection_init"})

        assert await socket.closed() == (4403, "Forbidden")


async def test_who_asks_before_saying_who_they_are_is_unauthorized(wire: OpenWire, secret: str) -> None:
    async with wire(headers={"Authorization": f"Bearer {secret}"}) as socket:
        await socket.accepted()
        socket.subscribe(LABEL)

        assert await socket.closed() == (4401, "Unauthorized")


async def test_who_never_says_who_they_are_is_closed(wire_of: Callable[..., OpenWire]) -> None:
    async with wire_of(init_timeout=0.01)() as socket:
        await socket.accepted()

        assert await socket.closed() == (4408, "Connection initialisation timeout")


async def test_pings_do_not_lengthen_the_time_to_say_who_one_is(wire_of: Callable[..., OpenWire]) -> None:
    async with wire_of(init_timeout=0.5)() as socket:
        await socket.accepted()
        socket.put({"type": "ping"})
        assert await socket.get() == {"type": "pong"}

        assert (await socket.closed())[0] == 4408


async def test_saying_it_twice_is_too_much(wire: OpenWire, secret: str) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        socket.put({"type": "connection_init", "payload": {"Authorization": f"Bearer {secret}"}})

        assert await socket.closed() == (4429, "Too many initialisation requests")


@pytest.mark.parametrize("offered", [(), ("graphql-ws",), ("something",)])
async def test_another_subprotocol_is_not_acceptable(wire: OpenWire, offered: tuple[str, ...]) -> None:
    async with wire(subprotocols=offered) as socket:
        await socket.accepted()

        assert await socket.closed() == (4406, "Subprotocol not acceptable")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://practice.example", "practice.example"),
        ("https://practice.example", "practice.example"),
        ("https://practice.example", "practice.example:443"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("https://portal.example", "practice.example"),
    ],
)
async def test_pages_of_this_server_and_of_allowed_origins_may_open_sockets(
    wire_of: Callable[..., OpenWire], secret: str, origin: str, host: str
) -> None:
    wire = wire_of(origins=frozenset({"https://portal.example"}))
    async with wire(headers={"Origin": origin, "X-Host": host}) as socket:
        socket._scope["headers"][0] = (b"host", host.encode())  # type: ignore[index]
        await socket.welcomed(secret)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "https://practice.example.evil.example",
        "https://practice.example:8443",
        "http://practice.example:443",
        "https://practice.example/",
        "https://evil.example@practice.example",
        "file://practice.example",
        "https://[",
    ],
)
async def test_a_foreign_page_gets_no_handshake(wire: OpenWire, origin: str) -> None:
    async with wire(headers={"Origin": origin}) as socket:
        status, body = await socket.denied()

    assert status == 403
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


# Operations


async def test_queries_and_mutations_run_over_a_socket(wire: OpenWire, secret: str) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        socket.subscribe(LABEL, "query")
        query = [await socket.get(), await socket.get()]
        socket.subscribe(CREATE, "mutation")
        mutation = [await socket.get(), await socket.get()]

    data = {"practitioners": {"nodes": [{"label": "Dr Robin Hale"}]}}
    assert query == [
        {"id": "query", "type": "next", "payload": {"data": data}},
        {"id": "query", "type": "complete"},
    ]
    assert mutation[0]["payload"]["data"]["createPatient"]["patient"] == {"lastName": "New"}


async def test_a_client_that_asks_is_told_the_cost_of_an_operation(wire: OpenWire, secret: str) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        socket.subscribe(LABEL, extensions={"cost": True})

        assert (await socket.get())["payload"]["extensions"]["cost"]["requestedQueryCost"] == 21


async def test_variables_and_the_operations_name_are_taken(wire: OpenWire, secret: str, practice: Practice) -> None:
    query = "query A { __typename } query B($ids: ID!) { practitioner(id: $ids) { label } }"
    async with wire() as socket:
        await socket.welcomed(secret)
        socket.subscribe(query, variables={"ids": str(practice.practitioner.id)}, operationName="B")

        assert (await socket.get())["payload"]["data"] == {"practitioner": {"label": "Dr Robin Hale"}}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { __typename }", "operationName": "B"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "fragment F on Query { __typename }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query ($n: Int!) { __typename practitioners(first: $n) { totalCount } }"}, "BAD_USER_INPUT"),
        ({"query": 7}, "BAD_USER_INPUT"),
        ({"query": ""}, "BAD_USER_INPUT"),
        ({}, "BAD_USER_INPUT"),
        ({"query": LABEL, "variables": []}, "BAD_USER_INPUT"),
        ({"query": 'subscription { groupAppointmentChanged(after: "x") { id } }'}, "BAD_USER_INPUT"),
        ({"query": "{ " + "a " * 3000 + "}"}, "OPERATION_TOO_LARGE"),
    ],
)
async def test_what_can_not_be_run_is_an_error_with_a_code_and_the_socket_stays(
    wire: OpenWire, secret: str, payload: dict[str, Any], code: str
) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        socket.put({"type": "subscribe", "id": "1", "payload": payload})
        error = await socket.get()
        socket.subscribe(LABEL, "1")
        after = await socket.get()

    assert (error["type"], error["id"]) == ("error", "1")
    assert [one["extensions"]["code"] for one in error["payload"]] == [code]
    assert after["type"] == "next"


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[]",
        "null",
        '"ping"',
        "{}",
        '{"type":"start"}',
        '{"type":"subscribe","id":"1"}',
        '{"type":"subscribe","id":1,"payload":{"query":"{__typename}"}}',
        '{"type":"subscribe","id":"","payload":{"query":"{__typename}"}}',
        '{"type":"subscribe","id":"' + "x" * 256 + '","payload":{"query":"{__typename}"}}',
        '{"type":"subscribe","id":"1","payload":"{__typename}"}',
        '{"type":"complete"}',
        '{"type":"ping","payload":1}',
        '{"type":"connection_init","payload":[]}',
        "[" * 10_000,
        '{"type":"ping","payload":{"a":' + "[" * 10_000 + "]" * 10_000 + "}}",
    ],
)
async def test_a_message_outside_of_the_protocol_closes_the_socket(wire: OpenWire, secret: str, message: str) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        socket.put(message)

        assert await socket.closed() == (4400, "Invalid message")


async def test_bytes_close_the_socket(wire: OpenWire, secret: str) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        socket.put_bytes(b"{}")

        assert await socket.closed() == (4400, "Invalid message")


async def test_a_message_that_is_too_large_closes_the_socket(wire: OpenWire, secret: str) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        socket.put('{"type":"ping","payload":{"a":"' + "ä" * 33_000 + '"}}')

        assert await socket.closed() == (1009, "Message too large")


async def test_an_id_that_is_in_use_closes_the_socket(wire: OpenWire, secret: str) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        await watched(socket)
        socket.subscribe(WATCH)

        assert await socket.closed() == (4409, "Subscriber already exists")


async def test_an_id_can_be_used_again_when_it_is_completed(wire: OpenWire, secret: str, practice: Practice) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        await watched(socket)
        socket.put({"type": "complete", "id": "1"})
        socket.subscribe(LABEL)

        assert [(await socket.get())["type"], (await socket.get())["type"]] == ["next", "complete"]
        await create(practice)
        assert await socket.is_quiet()


async def test_nothing_follows_what_the_client_has_completed(wire: OpenWire, secret: str, practice: Practice) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        await watched(socket)
        await create(practice)
        assert (await socket.get())["type"] == "next"
        creating = asyncio.ensure_future(create(practice))
        socket.put({"type": "complete", "id": "1"})
        await creating

        assert await socket.is_quiet()


async def test_a_completion_of_nothing_is_ignored(wire: OpenWire, secret: str) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        socket.put({"type": "complete", "id": "9"})
        socket.put({"type": "ping"})

        assert await socket.get() == {"type": "pong"}


async def test_changes_are_told_as_they_happen_with_the_record_as_it_is_then(
    wire: OpenWire, secret: str, practice: Practice
) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        await watched(socket)
        id = await create(practice)
        first = await socket.get()
        await archiving.archive(practice.desk, ArchiveGroupAppointment(id=id))  # type: ignore[arg-type]
        second = await socket.get()

    told = [one["payload"]["data"]["groupAppointmentChanged"] for one in (first, second)]
    assert [(one["kind"], one["id"]) for one in told] == [("CREATED", str(id)), ("ARCHIVED", str(id))]
    assert [one["groupAppointment"]["version"] for one in told] == [1, 2]


async def test_a_subscription_resumes_behind_a_cursor(wire: OpenWire, secret: str, practice: Practice) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        await watched(socket)
        await create(practice)
        cursor = (await socket.get())["payload"]["data"]["groupAppointmentChanged"]["cursor"]
    missed = await a_series(practice)

    query = "subscription ($after: String) { groupAppointmentChanged(after: $after) { id } }"
    async with wire() as socket:
        await socket.welcomed(secret)
        socket.subscribe(query, variables={"after": cursor})
        told = [(await socket.get())["payload"]["data"]["groupAppointmentChanged"]["id"] for _ in missed]
        assert await socket.is_quiet()

    assert told == [str(one.id) for one in missed]


# Keys


async def test_a_key_without_the_scope_to_read_watches_nothing(wire: OpenWire, practice: Practice) -> None:
    secret = await new_key(practice, "write")
    async with wire() as socket:
        await socket.welcomed(secret)
        socket.subscribe(WATCH)

        assert (await socket.get())["payload"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_revoked_key_is_told_nothing_more(wire: OpenWire, secret: str, practice: Practice) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        await watched(socket)
        await revoke(practice, secret)
        await create(practice)

        assert await socket.closed() == (4403, "Forbidden")


async def test_a_revoked_key_runs_nothing_more(wire: OpenWire, secret: str, practice: Practice) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        await revoke(practice, secret)
        socket.subscribe(LABEL)

        assert await socket.closed() == (4403, "Forbidden")


async def test_a_revoked_key_loses_its_socket_even_if_nothing_happens(
    wire_of: Callable[..., OpenWire], secret: str, practice: Practice
) -> None:
    async with wire_of(ping_interval=0.5)() as socket:
        await socket.welcomed(secret)
        await watched(socket)
        await revoke(practice, secret)

        assert await socket.closed() == (4403, "Forbidden")


async def test_the_rate_limit_counts_each_operation_of_a_socket(wire_of: Callable[..., OpenWire], secret: str) -> None:
    async with wire_of(rate_limit=1)() as socket:
        await socket.welcomed(secret)
        socket.subscribe(LABEL, "1")
        assert [(await socket.get())["type"], (await socket.get())["type"]] == ["next", "complete"]
        socket.subscribe(LABEL, "2")

        assert (await socket.get())["payload"][0]["extensions"]["code"] == "THROTTLED"


async def test_another_account_is_told_nothing(
    wire: OpenWire, secret: str, practice: Practice, other_practice: Practice
) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        await watched(socket)
        await create(other_practice)

        assert await socket.is_quiet()


# Limits


async def test_a_key_has_so_many_sockets_at_once_and_gets_them_back(
    wire_of: Callable[..., OpenWire], secret: str
) -> None:
    wire = wire_of(connections=1)
    async with wire() as socket:
        await socket.welcomed(secret)
        async with wire() as second:
            await second.accepted()
            second.put({"type": "connection_init", "payload": {"Authorization": f"Bearer {secret}"}})
            assert await second.closed() == (1013, "This key has too many connections")
    async with wire() as third:
        await third.welcomed(secret)


async def test_a_key_has_so_many_subscriptions_over_all_its_sockets_and_gets_them_back(
    wire_of: Callable[..., OpenWire], secret: str
) -> None:
    wire = wire_of(subscriptions=1)
    async with wire() as first, wire() as second:
        await first.welcomed(secret)
        await second.welcomed(secret)
        await watched(first)
        second.subscribe(WATCH)
        assert (await second.get())["payload"][0]["extensions"]["code"] == "THROTTLED"
        first.put({"type": "complete", "id": "1"})
        assert await first.is_quiet()
        await watched(second)


async def test_a_socket_runs_so_many_operations_at_once(wire_of: Callable[..., OpenWire], secret: str) -> None:
    async with wire_of(operations=1)() as socket:
        await socket.welcomed(secret)
        await watched(socket)
        socket.subscribe(LABEL, "2")

        assert (await socket.get())["payload"][0]["extensions"]["code"] == "THROTTLED"


async def test_there_are_so_many_strangers_at_once(wire_of: Callable[..., OpenWire], secret: str) -> None:
    wire = wire_of(strangers=1)
    async with wire() as stranger:
        await stranger.accepted()
        assert await stranger.is_quiet()
        async with wire() as second:
            assert (await second.denied())[0] == 503
    async with wire() as third:
        await third.welcomed(secret)
        async with wire() as fourth:
            await fourth.welcomed(secret)


async def test_who_answers_no_ping_is_closed(wire_of: Callable[..., OpenWire], secret: str) -> None:
    async with wire_of(ping_interval=0.01)() as socket:
        await socket.welcomed(secret)
        assert await socket.get() == {"type": "ping"}

        assert await socket.closed() == (4008, "Too slow")


async def test_who_answers_pings_stays(wire_of: Callable[..., OpenWire], secret: str) -> None:
    async with wire_of(ping_interval=0.4)() as socket:
        await socket.welcomed(secret)
        for _ in range(2):
            assert await socket.get() == {"type": "ping"}
            socket.put({"type": "pong"})


async def test_who_takes_nothing_is_closed(wire_of: Callable[..., OpenWire], secret: str, practice: Practice) -> None:
    async with wire_of(send_timeout=0.02)() as socket:
        await socket.welcomed(secret)
        await watched(socket)
        socket.stuck()
        await create(practice)
        await asyncio.wait_for(socket.task, 10)


async def test_a_slow_reader_holds_nothing_but_one_part_of_the_feed(
    wire: OpenWire, secret: str, practice: Practice
) -> None:
    async with wire() as socket:
        await socket.welcomed(secret)
        await watched(socket)
        socket.stuck()
        made = [await create(practice) for _ in range(5)]
        assert socket._from_app.empty()
        socket._takes.set()
        told = [(await socket.get())["payload"]["data"]["groupAppointmentChanged"]["id"] for _ in made]

    assert told == [str(id) for id in made]


async def test_a_client_that_goes_leaves_nothing_behind(wire: OpenWire, secret: str, practice: Practice) -> None:
    before = tasks()
    async with wire() as socket:
        await socket.welcomed(secret)
        await watched(socket, id="1")
        await watched(socket, id="2")
    app = socket._app

    assert tasks() == before
    watchers = app.state.watchers  # type: ignore[attr-defined]
    counts = (watchers.connections, watchers.subscriptions, watchers.strangers)
    assert [dict(each._open) for each in counts] == [{}, {}, {}]
    assert practice.store._growth._waiting == {}  # type: ignore[attr-defined]


async def test_a_browsers_key_runs_trusted_documents_only_on_a_socket_too(wire: OpenWire, practice: Practice) -> None:
    issued = await issue_key(
        practice.store,
        account=practice.account.id,
        scopes=["read"],
        now=practice.now,
        ids=practice.ids,
        browser=True,
    )
    async with wire() as socket:
        await socket.welcomed(issued.secret)
        socket.subscribe(LABEL)

        assert (await socket.get())["type"] == "error"
