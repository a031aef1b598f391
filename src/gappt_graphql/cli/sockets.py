"""The server's end of a socket."""

import asyncio

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_SECONDS_TO_LEAVE = 1


class Sockets(WebSocketsSansIOProtocol):
    """uvicorn's sockets, which get rid of a client that takes nothing any more."""

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "websocket.close":
            self.writable.set()  # the original would wait for the client to take what went before
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
