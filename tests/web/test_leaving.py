"""Clients that go away in the middle of what they asked for."""

import asyncio
import gc
import json
import logging
from typing import Any

import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.graph.leaving import PATIENCE
from gappt_graphql.observing import Observer, Operation
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Slice
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import Store
from gappt_graphql.web.app import create_app
from served import Served, Stream, serving

REPEATS = 20
CREATE = """mutation ($input: CreateGroupAppointmentInput!) {
    createGroupAppointment(input: $input) { repeats { conflicts { exist } practitioner { label } } } }"""
UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


def by_graphql(practice: Practice) -> tuple[str, dict[str, Any]]:
    fields = {
        "startsAt": A_MONDAY.isoformat(),
        "practitionerId": str(practice.practitioner.id),
        "businessId": str(practice.business.id),
        "appointmentTypeId": str(practice.type.id),
        "repeatRule": {"repeatType": "DAILY", "numberOfRepeats": REPEATS},
    }
    return "/graphql", {"query": CREATE, "variables": {"input": fields}}


def by_rest(practice: Practice) -> tuple[str, dict[str, Any]]:
    return "/v1/group_appointments", {
        "starts_at": A_MONDAY.isoformat(),
        "practitioner_id": str(practice.practitioner.id),
        "business_id": str(practice.business.id),
        "appointment_type_id": str(practice.type.id),
        "repeat_rule": {"repeat_type": "Daily", "number_of_repeats": REPEATS},
    }


def post(path: str, content: Any, secret: str) -> bytes:
    body = json.dumps(content).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {secret}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def frame(content: Any) -> bytes:
    """Return a client's frame; its mask is nothing but zeros."""
    text = json.dumps(content).encode()
    length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + text


async def over_a_socket(server: Served, content: Any, secret: str) -> Stream:
    stream = await server.open(UPGRADE)
    assert (await stream.answer())[0] == 101
    stream.put(frame({"type": "connection_init", "payload": {"Authorization": f"Bearer {secret}"}}))
    async with asyncio.timeout(10):
        assert b"connection_ack" in await stream.reader.readexactly(27)
    stream.put(frame({"id": "1", "type": "subscribe", "payload": content}))
    return stream


# An operation of a socket that is cancelled has resolvers that have not begun. They hold nothing, but Python says so.
@pytest.mark.filterwarnings("ignore:coroutine '.*' was never awaited:RuntimeWarning")
@pytest.mark.parametrize("door", ["graphql", "rest", "socket"])
async def test_clients_that_leave_in_the_middle_of_a_write_leave_all_of_it_or_nothing(
    store: Store, practice: Practice, secret: str, door: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(store, clock=lambda: practice.now, ids=practice.ids, rate_limit=0, cost_budget=0)
    path, content = by_rest(practice) if door == "rest" else by_graphql(practice)

    async def leave(server: Served, turns: int) -> None:
        if door == "socket":
            stream = await over_a_socket(server, content, secret)
        else:
            stream = await server.open(post(path, content, secret))
        for _ in range(turns):
            await asyncio.sleep(0)
        stream.reset()

    with caplog.at_level(logging.WARNING):
        async with serving(app) as server:
            for group in range(5):
                await asyncio.gather(*(leave(server, group * 50 + turns * 5) for turns in range(10)))
            stays = await server.open(post(path, content, secret))
            assert (await stays.answer())[0] in (200, 201)

    first = Listing((Condition("repeated_from_id", Operator.IS_NOT_SET),))
    roots = await practice.desk.read(lambda book: book.page(GroupAppointment, first, Slice(100)))
    ids = [one.id for one in roots.records]
    assert 1 <= len(ids) <= 51
    repeats = await practice.desk.read(lambda book: book.repeats_of(ids))
    assert {len(some) for some in repeats.values()} == {REPEATS}
    assert caplog.text == ""
    async with asyncio.timeout(10):
        await store.close()  # it waits for every connection that somebody has
    gc.collect()


class Stuck:
    """A store that finds out about keys, and then does not answer until it is let go."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        self.stopped = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read(self, account: Any, work: Any) -> Any:
        await self._wait()
        return await self._store.read(account, work)

    async def write(self, account: Any, work: Any) -> Any:
        await self._wait()
        return await self._store.write(account, work)

    async def _wait(self) -> None:
        self.begun.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise


QUERY = {"query": "{ groupAppointments(first: 1) { nodes { id } } }"}


class Told(Observer):
    """An observer that keeps what it is told of an operation."""

    def __init__(self) -> None:
        super().__init__()
        self.operation: asyncio.Future[Operation] = asyncio.get_running_loop().create_future()

    def operated(self, operation: Operation) -> None:
        self.operation.set_result(operation)


async def leaving(store: Store, practice: Practice, content: Any, secret: str, door: str) -> tuple[int, str]:
    """Ask a store that does not answer, and go away; return how often work was stopped, and what became of it."""
    stuck, told = Stuck(store), Told()
    app = create_app(stuck, clock=lambda: practice.now, ids=practice.ids, observer=told)  # type: ignore[arg-type]
    async with serving(app) as server, asyncio.timeout(20):
        if door == "socket":
            stream = await over_a_socket(server, content, secret)
        else:
            stream = await server.open(post("/graphql", content, secret))
        await stuck.begun.wait()
        await asyncio.sleep(4 * PATIENCE)
        stream.reset()
        await asyncio.wait([told.operation], timeout=0.5)
        await asyncio.sleep(0.1)
        stopped = stuck.stopped
        stuck.go_on.set()
        return stopped, (await told.operation).outcome


@pytest.mark.parametrize("door", ["graphql", "socket"])
async def test_a_query_is_stopped_when_its_client_goes(
    store: Store, practice: Practice, secret: str, door: str
) -> None:
    assert await leaving(store, practice, QUERY, secret, door) == (1, "left")


async def test_a_mutation_goes_on_though_its_client_has_gone(store: Store, practice: Practice, secret: str) -> None:
    assert await leaving(store, practice, by_graphql(practice)[1], secret, "graphql") == (0, "ok")
