"""What every answer carries, and what happens when something breaks."""

import logging
import re
import traceback
from contextlib import suppress
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gappt_graphql.web.answers import refusal
from gappt_graphql.web.limits import headers_of

log = logging.getLogger("gappt_graphql.web")

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_EVERYWHERE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Envelope:
    """Give every answer a request id and the security headers that it has not set itself, and let no exception out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._connected(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                if (standing := scope["state"].get("standing")) is not None:
                    headers.update(headers_of(standing))
                for name, value in _EVERYWHERE.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as exception:
            _report(exception, request_id)
            if started:
                raise _CutShort from None  # the server closes the connection, so that half an answer is no answer
            sentence = f"Something went wrong on our side; the log has it under request id {request_id}."
            await refusal(scope, 500, sentence)(scope, receive, send_with_headers)

    async def _connected(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run a socket, or the life of the application, and let no exception out of a socket."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        try:
            await self.app(scope, receive, send)
        except Exception as exception:
            _report(exception, request_id)
            with suppress(Exception):  # it may be closed, or never have been opened
                await send({"type": "websocket.close", "code": 1011})


class _CutShort(Exception):
    """An answer broke off after it had begun."""


def _request_id(scope: Scope) -> str:
    """Return the caller's request id where it is harmless to log, else a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else str(uuid4())


def _report(exception: BaseException, request_id: str) -> None:
    # An exception's message may quote a patient's data, so the log has its kind and its place only.
    frames = "".join(traceback.format_list(traceback.extract_tb(exception.__traceback__)))
    fields = {"request_id": request_id, "failure": frames}
    log.error("Unexpected %s, request id %s", type(exception).__qualname__, request_id, extra={"fields": fields})
