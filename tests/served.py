"""An application, served on a port of its own in this process, and connections to it, byte by byte."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn

from gappt_graphql.cli.receiving import Receiving
from gappt_graphql.cli.sockets import Sockets


class Stream:
    """A connection of a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def put(self, data: bytes) -> None:
        self.writer.write(data)

    def reset(self) -> None:
        """Go away at once, without a goodbye."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def answer(self) -> tuple[int, Any]:
        """Return the status of the next answer, and what its JSON says."""
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            line, *lines = head.decode().strip().split("\r\n")
            headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in lines)}
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(line.split()[1]), json.loads(body) if body else None

    async def rest(self) -> bytes:
        """Return what comes until the server closes the connection."""
        async with asyncio.timeout(10):
            with suppress(ConnectionError):
                return await self.reader.read()
        return b""


class Served:
    """The server, and all that was opened to it."""

    def __init__(self, port: int) -> None:
        self.port, self.opened = port, list[Stream]()

    async def open(self, data: bytes = b"") -> Stream:
        self.opened.append(Stream(*await asyncio.open_connection("127.0.0.1", self.port)))
        self.opened[-1].put(data)
        return self.opened[-1]


@asynccontextmanager
async def serving(app: Any, http: type[Receiving] = Receiving) -> AsyncIterator[Served]:
    config = uvicorn.Config(app, port=0, http=http, ws=Sockets, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    served = Served(server.servers[0].sockets[0].getsockname()[1])
    try:
        yield served
    finally:
        for stream in served.opened:
            stream.writer.transport.abort()
        await server.shutdown()
