"""The server's end of a socket."""

import asyncio
from asyncio.transports import BaseTransport

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

BYTES_AT_ONCE = 4096

_SECONDS_TO_LEAVE = 1


class Sockets(WebSocketsSansIOProtocol):
    """uvicorn's sockets, which get rid of a client that takes nothing any more."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin, and have little read at once."""
        super().connection_made(transport)
        # Not here and now: where HTTP was spoken before, uvicorn gives the transport its protocol after this.
        self.loop.call_soon(self._read_little)

    def _read_little(self) -> None:
        transport = self.transport
        if transport.is_closing():
            return
        transport.set_protocol(_LittleAtOnce(self))
        if transport.is_reading():  # uvloop goes on with the protocol that it began to read for
            transport.pause_reading()
            transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Go on, and part with who asks for no socket in a way that can be answered: the original would keep it."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.close_sent:
            self.close_sent = True
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_ping(self) -> None:
        """Answer, unless the client has not taken earlier answers: the original would pile them up without bound."""
        if self.writable.is_set() and not self.transport.is_closing():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def handle_cont(self, event: Frame) -> None:
        """Take a part of a message; the original keeps each, those too in which there is nothing."""
        if event.data or event.fin:
            super().handle_cont(event)

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "websocket.close":
            self.writable.set()  # the original would wait for the client to take what went before
        elif message["type"] == "websocket.send" and self.transport.is_closing():
            raise ClientDisconnected  # the original would go on, and the log have a line for each
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True  # by a refusal; the original would complain in the log that it never was

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        self._cut(self.close_timeout)

    def shutdown(self) -> None:
        super().shutdown()
        self._cut(_SECONDS_TO_LEAVE)

    def _cut(self, seconds: float) -> None:
        # Closing alone waits for ever for the client to take what is left.
        self.loop.call_later(seconds, self.transport.abort)


class _LittleAtOnce(asyncio.BufferedProtocol):
    """
    Has little read at once, and others have their turn after each part.

    Both loops would read a quarter of a megabyte: forty thousand small frames, and nobody else has a turn meanwhile.
    """

    def __init__(self, sockets: Sockets) -> None:
        self._sockets, self._buffer = sockets, bytearray(BYTES_AT_ONCE)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._sockets.data_received(bytes(self._buffer[:nbytes]))
        transport = self._sockets.transport
        if nbytes == BYTES_AT_ONCE and transport.is_reading():
            transport.pause_reading()  # uvloop would read on while there is more, 32 times
            self._sockets.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        if not self._sockets.read_paused:
            self._sockets.transport.resume_reading()

    def eof_received(self) -> None:
        self._sockets.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._sockets.connection_lost(exc)

    def pause_writing(self) -> None:
        self._sockets.pause_writing()

    def resume_writing(self) -> None:
        self._sockets.resume_writing()
