"""Answers that are sent in one piece, head and body: that is one call of the system, where uvicorn makes two."""

from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    HTTPResponseStartEvent,
    Scope,
)
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_CONTROL = bytes([*range(0x09), *range(0x0A, 0x20), 0x7F])
"""What no header may hold: uvicorn would look for it header by header, by a regular expression."""
_LEFT_TO_UVICORN = frozenset({b"connection", b"transfer-encoding"})


class InOnePiece:
    """An application of which each answer is sent at once, if it comes with its length and its body is not in parts."""

    def __init__(self, app: ASGI3Application, cycle: RequestResponseCycle) -> None:
        self._app, self._cycle = app, cycle
        self._start: HTTPResponseStartEvent | None = None

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await self._app(scope, receive, self._send)
        if self._start is not None:  # and no body ever
            await send(self._start)

    async def _send(self, message: ASGISendEvent) -> None:
        cycle, start = self._cycle, self._start
        if start is None:
            if message["type"] == "http.response.start" and not cycle.response_started:
                self._start = message
            else:
                await cycle.send(message)
            return
        self._start = None
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            if cycle.flow.write_paused and not cycle.disconnected:
                await cycle.flow.drain()
            if cycle.disconnected or self._is_written(start, message.get("body", b"")):
                return
        await cycle.send(start)
        await cycle.send(message)

    def _is_written(self, start: HTTPResponseStartEvent, body: bytes) -> bool:
        """Write a whole answer and return true, unless there is something about it that uvicorn knows better."""
        cycle = self._cycle
        headers = [*cycle.default_headers, *start.get("headers", ())]
        given = dict(headers)
        if (
            given.get(b"content-length") != str(len(body)).encode()
            or len(given) != len(headers)
            or not given.keys().isdisjoint(_LEFT_TO_UVICORN)
            or cycle.scope["method"] == "HEAD"
        ):
            return False
        lines = [name + b": " + value for name, value in headers]
        plain = b"".join(lines)
        if len(plain.translate(None, _CONTROL)) != len(plain):
            return False
        if not cycle.keep_alive:
            lines.append(b"connection: close")
        cycle.response_started, cycle.waiting_for_100_continue = True, False
        cycle.transport.write(STATUS_LINE[start["status"]] + b"\r\n".join(lines) + b"\r\n\r\n" + body)
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True
