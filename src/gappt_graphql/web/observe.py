"""What is told of requests and sockets: a line in the log for each, and how long it took."""

import logging
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gappt_graphql.observing import Observer, Operation, Spans

log = logging.getLogger("gappt_graphql.requests")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_DOORS = {
    "graphql": "graphql",
    "v1": "rest",
    "calendars": "calendar",
    "livez": "health",
    "readyz": "health",
    "": "explorer",
    "explorer": "explorer",
}


Write = Callable[[int, str, Mapping[str, object]], None]
"""Takes the level of a line, its message and its fields."""


def to_log(level: int, message: str, fields: Mapping[str, object]) -> None:
    """Write a line by way of Python's logging."""
    log.log(level, message, extra={"fields": fields})


class Logging(Observer):
    """
    Writes a line for each operation of a socket; those of requests have the line of their request.

    The serving process has a way of its own to write: Python's logging takes a sixth of the time of a small query.
    """

    def __init__(self, write: Write = to_log, spans: Spans | None = None) -> None:
        super().__init__(spans)
        self.write = write

    def operated(self, operation: Operation) -> None:
        if operation.door == "socket" and log.isEnabledFor(logging.INFO):
            fields: dict[str, object] = {
                "request_id": operation.request_id,
                "connection": operation.connection,
                "door": "socket",
                "ms": _milliseconds(operation.seconds),
                "key": str(operation.key_id),
                "account": str(operation.account_id),
            }
            self.write(logging.INFO, "operation", fields | _of(operation))


class Observed:
    """Tell of every request and socket when it has come to its end, and write its line."""

    def __init__(self, app: ASGIApp, observer: Logging) -> None:
        self.app, self.observer = app, observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status, size = perf_counter(), 0, 0
        door = _DOORS.get(scope["path"][1:].partition("/")[0], "other")

        async def counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            elif message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self.observer.arrived(door)
        try:
            await self.app(scope, receive, counted)
        finally:
            answered(self.observer, scope, door, status, size, perf_counter() - began)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, opened, code = perf_counter(), False, 0

        async def seen(message: Message) -> None:
            nonlocal opened, code
            if message["type"] == "websocket.accept":
                opened = True
                self._tell_of_socket("socket opened", scope)
            elif message["type"] == "websocket.close":
                code = message.get("code", 1000)
            elif message["type"] == "websocket.http.response.start":
                code = message["status"]
            await send(message)

        async def taken() -> Message:
            nonlocal code
            message = await receive()
            if message["type"] == "websocket.disconnect" and not code:
                code = message.get("code") or 1005
            return message

        try:
            await self.app(scope, taken, seen)
        finally:
            what = "socket closed" if opened else "socket refused"
            self._tell_of_socket(what, scope, code=code, ms=_milliseconds(perf_counter() - began))

    def _tell_of_socket(self, what: str, scope: Scope, **fields: object) -> None:
        if log.isEnabledFor(logging.INFO):
            state = scope.get("state") or {}
            known: dict[str, object] = {"request_id": state.get("request_id"), "door": "socket"}
            self.observer.write(logging.INFO, what, known | _who(state) | fields)


def answered(observer: Logging, scope: Scope, door: str, status: int, size: int, seconds: float) -> None:
    """Tell of a request that has come to its end, and write its line; the status is 0 where it has no answer."""
    state = scope.get("state") or {}
    operation: Operation | None = state.get("operation")
    codes = state.get("codes") or (operation.codes if operation else ())
    observer.requested(door, status, seconds, codes)
    level = logging.DEBUG if door == "health" and status == 200 else logging.INFO
    if log.isEnabledFor(level):
        fields: dict[str, object] = {
            "request_id": state.get("request_id"),
            "door": operation.door if operation else door,
            "method": scope["method"] if scope["method"] in _METHODS else "other",
            "status": status,
            "ms": _milliseconds(seconds),
            "bytes": size,
        }
        fields |= _who(state)
        if operation:
            fields |= _of(operation)
        elif codes:
            fields["codes"] = codes
        observer.write(level, "request", fields)


def _who(state: Any) -> dict[str, object]:
    key, feed = state.get("key"), state.get("feed")
    if feed:
        return {"feed": str(feed), "account": str(state["account"])}
    return {"key": str(key.id), "account": str(key.account_id)} if key else {}


def _of(operation: Operation) -> dict[str, object]:
    told: dict[str, object] = {
        "kind": operation.kind,
        "operation": operation.name,
        "document": operation.document,
        "outcome": operation.outcome,
        "cost": operation.cost,
    }
    if operation.codes:
        told["codes"] = operation.codes
    return told


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
