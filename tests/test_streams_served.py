"""Sockets and streams of a server as people run it, with other people's clients."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

COMMAND = [sys.executable, "-m", "gappt_graphql"]
WATCH = "subscription { groupAppointmentChanged { kind id cursor groupAppointment { practitioner { label } } } }"
PROTOCOL = Subprotocol("graphql-transport-ws")


class Running:
    """A server with the demo practice, on a port of its own."""

    def __init__(self, folder: Path, *flags: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        self.url = f"sqlite:///{folder / 'book.db'}"
        arguments = ["serve", "--demo", "--database-url", self.url, "--port", str(self.port), *flags]
        environment = os.environ | {"PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        else:
            pytest.fail(f"The server ended: {self.process.communicate()[1]}")
        self.key = next(line.split()[-1] for line in lines if line.startswith("API key:"))
        self.headers = {"Authorization": f"Bearer {self.key}"}

    def end(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str, float]:
        """Ask the server to end. Return its exit code, its complaints, and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(how)
        _, complaints = self.process.communicate(timeout=60)
        return (
            self.process.returncode,
            complaints.replace("Filling the store with the demo practice ...\n", ""),
            (time.monotonic() - began),
        )

    def change_keys(self) -> str:
        """Make another key and revoke the first, by commands beside the server. Return the other one."""
        which = ["--account", "Demo practice", "--database-url", self.url]
        listed = json.loads(subprocess.check_output([*COMMAND, "key", "list", "--json", *which]))
        made = json.loads(subprocess.check_output([*COMMAND, "key", "create", "--json", *which]))
        subprocess.check_call([*COMMAND, "key", "revoke", listed[-1]["id"], *which], stdout=subprocess.DEVNULL)
        return str(made["key"])

    def socket(self, **more: Any) -> connect:
        return connect(f"ws://127.0.0.1:{self.port}/graphql", subprotocols=[PROTOCOL], **more)

    async def ask(self, query: str, **variables: Any) -> Any:
        async with httpx2.AsyncClient() as client:
            body = {"query": query, "variables": variables}
            answer = await client.post(f"http://127.0.0.1:{self.port}/graphql", json=body, headers=self.headers)
        return answer.json()["data"]

    async def ids(self, count: int) -> list[str]:
        found = await self.ask("query ($n: Int) { groupAppointments(first: $n) { nodes { id } } }", n=count)
        return [node["id"] for node in found["groupAppointments"]["nodes"]]

    async def archive(self, id: str) -> None:
        await self.ask(
            "mutation ($id: ID!) { archiveGroupAppointment(input: {id: $id}) { userErrors { message } } }", id=id
        )


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start a server that ends with the test."""
    started: list[Running] = []

    def start(*flags: str) -> Running:
        started.append(Running(tmp_path, *flags))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.end()


async def send(websocket: ClientConnection, **message: Any) -> None:
    await websocket.send(json.dumps(message))


async def get(websocket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(websocket.recv(), 20))


async def welcomed(websocket: ClientConnection, key: str) -> None:
    await send(websocket, type="connection_init", payload={"Authorization": f"Bearer {key}"})
    assert await get(websocket) == {"type": "connection_ack"}


async def watched(websocket: ClientConnection, id: str = "1", query: str = WATCH) -> None:
    """Subscribe, and wait until the server has taken it up: it takes messages in their order."""
    await send(websocket, type="subscribe", id=id, payload={"query": query})
    await send(websocket, type="subscribe", id=f"after {id}", payload={"query": "{ __typename }"})
    while (await get(websocket))["type"] != "complete":
        pass


async def test_a_socket_tells_what_happens_and_ends_with_the_server(serve: Callable[..., Running]) -> None:
    running = serve()
    (id,) = await running.ids(1)
    async with running.socket() as websocket:
        assert websocket.subprotocol == PROTOCOL
        await welcomed(websocket, running.key)
        await watched(websocket)
        await running.archive(id)
        told = (await get(websocket))["payload"]["data"]["groupAppointmentChanged"]
        code, complaints, seconds = await asyncio.to_thread(running.end)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(websocket.recv(), 20)

    assert (told["kind"], told["id"]) == ("ARCHIVED", id)
    assert told["groupAppointment"]["practitioner"]["label"]
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert (code, complaints) == (0, "")
    assert seconds < 10


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_a_stream_tells_what_happens_and_ends_with_the_server(
    serve: Callable[..., Running], how: signal.Signals
) -> None:
    running = serve()
    (id,) = await running.ids(1)
    headers = running.headers | {"Accept": "text/event-stream"}
    async with (
        httpx2.AsyncClient(timeout=20) as client,
        client.stream(
            "GET", f"http://127.0.0.1:{running.port}/graphql", params={"query": WATCH}, headers=headers
        ) as answer,
    ):
        lines = answer.aiter_lines()
        assert await anext(lines) == ":"
        await running.archive(id)
        fields = {}
        async for line in lines:
            name, _, value = line.partition(": ")
            fields[name] = value
            if name == "data":
                break
        code, complaints, seconds = await asyncio.to_thread(running.end, how)
        rest = [line async for line in lines]

    told = json.loads(fields["data"])["data"]["groupAppointmentChanged"]
    assert (told["id"], fields["event"], fields["id"]) == (id, "next", told["cursor"])
    assert "event: complete" not in rest
    assert (code, complaints) == (0, "")
    assert seconds < 10


async def test_a_message_that_is_too_large_closes_the_socket(serve: Callable[..., Running]) -> None:
    running = serve()
    async with running.socket() as websocket:
        await websocket.send(" " * 100_000)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(websocket.recv(), 20)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def test_a_foreign_page_gets_403_and_a_plain_request_for_a_socket_elsewhere_nothing(
    serve: Callable[..., Running],
) -> None:
    running = serve("--allowed-origins", "https://portal.example")
    with pytest.raises(InvalidStatus) as refused:
        await running.socket(origin="https://evil.example")
    async with running.socket(origin="https://portal.example") as websocket:
        await welcomed(websocket, running.key)
    with pytest.raises(InvalidStatus) as nowhere:
        await connect(f"ws://127.0.0.1:{running.port}/nowhere")

    assert refused.value.response.status_code == 403
    assert nowhere.value.response.status_code == 403
    assert running.end()[:2] == (0, "")


async def test_a_key_that_is_revoked_beside_the_server_loses_its_socket(serve: Callable[..., Running]) -> None:
    running = serve()
    ids = await running.ids(2)
    async with running.socket() as websocket:
        await welcomed(websocket, running.key)
        await watched(websocket)
        await running.archive(ids[0])
        await get(websocket)
        running.headers = {"Authorization": f"Bearer {await asyncio.to_thread(running.change_keys)}"}
        await running.archive(ids[1])
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(websocket.recv(), 20)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403


async def test_clients_that_vanish_leave_a_server_that_answers_and_ends(serve: Callable[..., Running]) -> None:
    running = serve()
    (id,) = await running.ids(1)
    for _ in range(20):
        websocket = await running.socket()
        await welcomed(websocket, running.key)
        await send(websocket, type="subscribe", id="1", payload={"query": WATCH})
        websocket.transport.abort()
    await running.archive(id)
    assert await running.ids(1)
    code, complaints, seconds = await asyncio.to_thread(running.end)

    assert (code, complaints) == (0, "")
    assert seconds < 10
