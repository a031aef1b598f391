"""What a client floods its socket with costs no memory, and holds nobody else up for long."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.server import ServerState

from gappt_graphql.cli.sockets import BYTES_AT_ONCE, Sockets

# The second is what `serve` runs on.
pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "served"])

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: practice.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
TWENTY_PLEASE = b"\x81\x82" + bytes(4) + b"20"
BEGINNING_OF_A_TEXT, NOTHING_MORE = b"\x01\x80" + bytes(4), b"\x00\x80" + bytes(4)
PING = b"\x89\xfd" + bytes(4) + b"x" * 125
SMALL_BUFFER = 4096


class Watched(Sockets):
    """Remembers how much was read, how much at once, and how much before others had a turn."""

    read = largest_read = in_this_turn = largest_turn = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.grew = asyncio.Event()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self.grew.set()
        self.read += len(data)
        self.largest_read = max(self.largest_read, len(data))
        if not self.in_this_turn:
            self.loop.call_soon(self._others_have_a_turn)
        self.in_this_turn += len(data)
        self.largest_turn = max(self.largest_turn, self.in_this_turn)
        super().data_received(data)

    def _others_have_a_turn(self) -> None:
        self.in_this_turn = 0


async def listening_app(scope: Scope, receive: Receive, send: Send) -> None:
    websocket = WebSocket(scope, receive, send)
    await websocket.accept()
    try:
        while True:
            for _ in range(int(await websocket.receive_text())):
                await websocket.send_text("x")
    except WebSocketDisconnect:
        pass


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[socket.socket, Watched]]:
    """Serve sockets, and open one whose client has read nothing but the handshake."""
    loop = asyncio.get_running_loop()
    config = uvicorn.Config(listening_app, ws=Watched, ws_ping_interval=None, log_config=None)
    config.load()
    state = ServerState()
    factory: Callable[[], Watched] = lambda: Watched(config, state, {})  # noqa: E731
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        client.setblocking(False)
        async with await loop.create_server(factory, sock=listener):
            await loop.sock_connect(client, listener.getsockname())
            await loop.sock_sendall(client, HANDSHAKE)
            assert (await loop.sock_recv(client, 1000)).startswith(b"HTTP/1.1 101")
            (protocol,) = state.connections
            assert isinstance(protocol, Watched)
            yield client, protocol
            client.close()
            await asyncio.gather(*state.tasks)


async def flood(client: socket.socket, protocol: Watched, data: bytes) -> None:
    """Send something, and return when all of it is read."""
    before = protocol.read
    await asyncio.get_running_loop().sock_sendall(client, data)
    while protocol.read < before + len(data):
        protocol.grew.clear()
        await protocol.grew.wait()


async def test_pings_of_a_client_that_takes_no_answers_fill_no_memory() -> None:
    async with connected() as (client, protocol):
        await flood(client, protocol, PING * 8000)

        assert protocol.transport.get_write_buffer_size() < 100_000


async def test_a_client_that_takes_its_answers_has_each_ping_answered() -> None:
    loop = asyncio.get_running_loop()
    async with connected() as (client, _):
        for _ in range(3):
            await loop.sock_sendall(client, PING)

            assert await loop.sock_recv(client, 1000) == b"\x8a\x7d" + b"x" * 125


async def test_a_flood_of_small_frames_is_taken_in_parts_so_that_others_have_their_turns() -> None:
    async with connected() as (client, protocol):
        await flood(client, protocol, PING * 8000)

        assert protocol.largest_read <= protocol.largest_turn <= BYTES_AT_ONCE


async def test_parts_of_a_message_that_hold_nothing_fill_no_memory() -> None:
    async with connected() as (client, protocol):
        await flood(client, protocol, BEGINNING_OF_A_TEXT + NOTHING_MORE * 1000)

        assert len(protocol.frames) == 1


async def test_a_client_that_hangs_up_leaves_no_lines_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with connected() as (client, protocol):
        await flood(client, protocol, TWENTY_PLEASE)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()  # before the server has had a turn to answer

    assert caplog.messages == []
