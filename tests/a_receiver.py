"""Somebody else's server, which webhooks are sent to: it keeps what it was sent, and answers as it is told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import msgspec


class Received(NamedTuple):
    """A request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def told(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def number(self) -> int:
        return int(self.told["data"].get("number", 0))

    @property
    def appointment(self) -> str:
        return str(self.told["data"].get("groupAppointmentId"))


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


OK = answer(204)
Answers = Callable[[Received], Awaitable[bytes] | bytes]


class AReceiver:
    """What came, in order. `answers` makes the bytes of an answer; none closes the connection."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: Answers = lambda received: OK
        self.port = 0
        self.connections = 0
        self.under_way = 0
        self.most_under_way = 0
        self.read_anything = True
        self.tls = False
        self._open = set[asyncio.StreamWriter]()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}/hooks/secret-path?of=us"

    def numbers(self, appointment: object = None) -> list[int]:
        return [one.number for one in self.received if appointment is None or one.appointment == str(appointment)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = self.connections
        self._open.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            while await self._one(reader, writer, connection):
                pass
        self._open.discard(writer)
        writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> bool:
        line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        received = Received(line, headers, body, connection)
        self.received.append(received)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            made = self.answers(received)
            data = made if isinstance(made, bytes) else await made
            writer.write(data)
            await writer.drain()
        finally:
            self.under_way -= 1
        return bool(data)

    def cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()


@asynccontextmanager
async def a_receiver(tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[AReceiver]:
    receiver = AReceiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port, ssl=tls)
    receiver.port, receiver.tls = server.sockets[0].getsockname()[1], tls is not None
    try:
        yield receiver
    finally:
        server.close()
        receiver.cut()
        await asyncio.sleep(0)
