"""What every answer carries, and what happens when something breaks."""

import logging
import re
import traceback
from contextlib import suppress
from secrets import token_hex

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gappt_graphql.graph.incoming import Fields, Head, RawHeaders
from gappt_graphql.practice.allowances import Standing
from gappt_graphql.web.answers import refusal
from gappt_graphql.web.limits import headers_of

log = logging.getLogger("gappt_graphql.web")

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_EVERYWHERE = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_NAMES = frozenset(name for name, _ in _EVERYWHERE)


class Envelope:
    """Give every answer a request id and the security headers that it has not set itself, and let no exception out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._connected(scope, receive, send)
            return
        request_id = request_id_of(Head(scope["headers"]))
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = enveloped(message.get("headers", ()), request_id, state.get("standing"))
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as exception:
            answer = broken(exception, scope, request_id)
            if started:
                raise CutShort from None
            await answer(scope, receive, send_with_headers)

    async def _connected(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run a socket, or the life of the application, and let no exception out of a socket."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        request_id = request_id_of(Head(scope["headers"]))
        scope.setdefault("state", {})["request_id"] = request_id
        try:
            await self.app(scope, receive, send)
        except Exception as exception:
            _report(exception, request_id)
            with suppress(Exception):  # it may be closed, or never have been opened
                await send({"type": "websocket.close", "code": 1011})


class CutShort(Exception):
    """An answer broke off after it had begun: the server closes the connection, so that half of one is none."""


def enveloped(headers: RawHeaders, request_id: str, standing: Standing | None) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer with those that every answer carries, except what it has set itself."""
    carried = [(b"x-request-id", request_id.encode())]
    if standing is not None:
        carried += headers_of(standing)
    ours = {name for name, _ in carried}
    own = [one for one in headers if one[0] not in ours]
    theirs = {name for name, _ in own}
    if theirs.isdisjoint(_NAMES):
        return [*own, *carried, *_EVERYWHERE]
    return [*own, *carried, *(one for one in _EVERYWHERE if one[0] not in theirs)]


def request_id_of(headers: Fields) -> str:
    """Return the caller's request id where it is harmless to log, else a new one."""
    given = headers.get("x-request-id", "")
    return given if given and _REQUEST_ID.fullmatch(given) else token_hex(16)


def broken(exception: Exception, scope: Scope, request_id: str) -> Response:
    """Report what broke, and return what is said of it."""
    _report(exception, request_id)
    sentence = f"Something went wrong on our side; the log has it under request id {request_id}."
    return refusal(scope, 500, sentence)


def _report(exception: BaseException, request_id: str) -> None:
    # An exception's message may quote a patient's data, so the log has its kind and its place only.
    frames = "".join(traceback.format_list(traceback.extract_tb(exception.__traceback__)))
    fields = {"request_id": request_id, "failure": frames}
    log.error("Unexpected %s, request id %s", type(exception).__qualname__, request_id, extra={"fields": fields})
