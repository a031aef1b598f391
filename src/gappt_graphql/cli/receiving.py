"""The server's end of a connection: how long a request may take to arrive, how much head it may have, who reads."""

import asyncio
import logging
from http import HTTPStatus
from typing import NamedTuple

import msgspec
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gappt_graphql.cli.answering import InOnePiece
from gappt_graphql.graph.errors import ErrorCode

MOST_HEAD = 32 * 1024
"""Bytes of the headers of a request, all together."""
MOST_LINES = 100
"""Headers of a request."""
LONGEST_ADDRESS = 8 * 1024
"""Bytes."""
MOST_WAITING = 100
"""Requests of one connection that came before the answer to an earlier one was taken."""

# What strangers send that is no HTTP is not worth a line each.
_log = logging.getLogger("uvicorn.error.requests")
_log.setLevel(logging.ERROR)


class _Refusal(NamedTuple):
    status: int
    code: ErrorCode
    message: str


_LATE = _Refusal(408, ErrorCode.TIMEOUT, "The request took too long to arrive.")
_LONG_ADDRESS = _Refusal(
    414, ErrorCode.OPERATION_TOO_LARGE, f"The address is longer than {LONGEST_ADDRESS:,} bytes: use POST."
)
_LARGE_HEAD = _Refusal(
    431,
    ErrorCode.OPERATION_TOO_LARGE,
    f"The request has more than {MOST_LINES} headers, or more than {MOST_HEAD // 1024} KiB of them.",
)
_MANY = _Refusal(429, ErrorCode.THROTTLED, f"More than {MOST_WAITING} requests wait on this connection.")
_NO_HTTP = _Refusal(400, ErrorCode.BAD_USER_INPUT, "The request is no HTTP.")


class Receiving(HttpToolsProtocol):
    """
    uvicorn's HTTP, which waits for a request, and for the reader of an answer, so long and no longer.

    uvicorn itself waits for ever for a request to begin or to end and for an answer to be taken, and lets a head have
    megabytes.
    """

    seconds_to_arrive = 10.0
    """From the first byte to the end of the body; a connection that sends nothing has as long."""
    seconds_to_take = 20.0
    """For a reader to take the rest of an answer, or `least_taken` bytes of it."""
    least_taken = 64 * 1024
    seconds_to_leave = 2.0
    """For a client to read why it was refused."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.logger = _log
        # So that the protocol is told of every byte that is not taken, not only of those after the first 64 KiB.
        transport.set_write_buffer_limits(0)
        self._arrival: asyncio.TimerHandle | None = None
        self._arrives_by: float | None = None
        self._taking: asyncio.TimerHandle | None = None
        self._why: _Refusal = _NO_HTTP
        self._is_fresh, self._is_answering, self._is_leaving = True, False, False
        self._in_head = self._in_body = False
        self._head = self._lines = self._untaken = 0
        self._await_arrival()

    def connection_lost(self, exc: Exception | None) -> None:
        self._await_nothing()
        self._taken()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self._await_nothing()
        self.transport.set_write_buffer_limits()
        super().handle_websocket_upgrade()

    # What arrives.

    def data_received(self, data: bytes) -> None:
        if self._is_leaving:
            return
        self._is_fresh = False
        if not self._is_answering:
            self._await_arrival()
        # The parser tells of a header once that is complete, which may be after megabytes.
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self._in_head and self._head > MOST_HEAD + LONGEST_ADDRESS:
            self._refuse(_LARGE_HEAD)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        # uvicorn reads on with every answer, however many wait: ten megabytes of them took half a gigabyte of memory.
        if len(self.pipeline) >= MOST_WAITING:
            self._stop_parsing(_MANY)
        self._in_head, self._head, self._lines, self._size = True, 0, 0, 0
        self._arrived()
        self._await_arrival()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > LONGEST_ADDRESS:
            self._stop_parsing(_LONG_ADDRESS)

    def on_header(self, name: bytes, value: bytes) -> None:
        # The parser tells of trailers too. uvicorn would take them for headers, past what a proxy has made of those.
        if not self._in_body:
            super().on_header(name, value)
        self._lines += 1
        self._size += len(name) + len(value)
        if self._lines > MOST_LINES or self._size > MOST_HEAD:
            self._stop_parsing(_LARGE_HEAD)

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body = False, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        self._arrived()
        if not self._is_answering:  # it was refused before all of it came: what waits for the next one has been stopped
            self._await_arrival()
        super().on_message_complete()

    def _await_arrival(self) -> None:
        if self._arrives_by is None:
            self._arrives_by = self.loop.time() + self.seconds_to_arrive
            if self._arrival is None:
                self._arrival = self.loop.call_later(self.seconds_to_arrive, self._look_for_arrival)

    def _arrived(self) -> None:
        # The timer goes on: to make one for each request takes longer than to look now and then.
        self._arrives_by = None

    def _await_nothing(self) -> None:
        self._arrives_by = None
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def _look_for_arrival(self) -> None:
        self._arrival = None
        if self._arrives_by is None:
            return
        left = self._arrives_by - self.loop.time()
        if left > 0:
            self._arrival = self.loop.call_later(left, self._look_for_arrival)
        else:
            self._arrives_by = None
            self._late()

    def _late(self) -> None:
        if self.flow.read_paused:  # the client may have sent it: it is this end that waits
            self._await_arrival()
        elif self._is_fresh:
            self.transport.close()
        else:
            self._refuse(_LATE)

    # What is refused.

    def _stop_parsing(self, why: _Refusal) -> None:
        # The parser lets no exception out but its own, upon which uvicorn sends what it has for that.
        self._why = why
        raise ValueError

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._why)

    def _refuse(self, refusal: _Refusal) -> None:
        """Say why, if a client would take that for the answer to its request, and part."""
        self._arrived()
        self._is_leaving = True
        cycle: RequestResponseCycle | None = self.cycle
        waits = False
        if cycle is not None and not cycle.response_complete:
            waits = self._in_body and not self.pipeline and not cycle.response_started
            cycle.disconnected = True
            cycle.message_event.set()
        if waits or (not self._is_answering and not self._in_body):
            self.transport.write(_answer(refusal))
            self.transport.write_eof()
            # A connection that is closed while more comes in is reset, and the client loses the answer.
            self.loop.call_later(self.seconds_to_leave, self.transport.abort)
        else:
            self.transport.close()

    # What is answered.

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._is_answering = True
        super()._start_asgi_task(cycle, InOnePiece(app, cycle))

    def on_response_complete(self) -> None:
        self._is_answering = False
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_taking()

    def resume_writing(self) -> None:
        self._taken()
        super().resume_writing()

    def _await_taking(self) -> None:
        self._untaken = self.transport.get_write_buffer_size()
        self._taking = self.loop.call_later(self.seconds_to_take, self._check_taken)

    def _taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _check_taken(self) -> None:
        if self.transport.get_write_buffer_size() > self._untaken - self.least_taken:
            self.transport.abort()
        else:
            self._await_taking()


def _answer(refusal: _Refusal) -> bytes:
    """Return the answer in the words of both doors: which one was meant may not be known yet."""
    error = {"message": refusal.message, "extensions": {"code": refusal.code.value}}
    body = msgspec.json.encode({"message": refusal.message, "errors": [error]})
    head = (
        f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\nContent-Type: application/json\r\n"
        f"Cache-Control: no-store\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
