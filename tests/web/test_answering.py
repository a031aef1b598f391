"""Answers are sent in one piece, and are the bytes that uvicorn would send."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gappt_graphql.cli.receiving import Receiving
from served import serving

Send = Callable[[dict[str, Any]], Awaitable[None]]
LENGTH = (b"content-length", b"2")

# What `serve` runs on.
pytestmark = pytest.mark.asyncio(loop_factories=["served"])

HEADERS: Mapping[str, list[tuple[bytes, bytes]]] = {
    "a whole answer": [LENGTH, (b"x-request-id", b"r-1")],
    "one without a length": [(b"content-type", b"text/plain")],
    "one that is shorter than it says": [(b"content-length", b"3")],
    "one that is longer than it says": [(b"content-length", b"1")],
    "one that ends the connection": [LENGTH, (b"connection", b"close")],
    "one in chunks": [(b"transfer-encoding", b"chunked")],
    "one with a header twice": [LENGTH, (b"vary", b"Accept"), (b"vary", b"Origin")],
    "one with a header that holds another": [LENGTH, (b"x-evil", b"a\r\nset-cookie: a=b")],
}


async def said(app: Any, http: type[HttpToolsProtocol], request: bytes) -> bytes:
    """Return all that a server says to a request, but for the date."""
    async with serving(app, http) as server:  # type: ignore[arg-type]
        stream = await server.open(request)
        return re.sub(rb"date: [^\r]+", b"date", await stream.rest())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("ending", [b"Connection: close\r\n", b""], ids=["once", "kept open"])
@pytest.mark.parametrize("kind", HEADERS)
async def test_an_answer_is_what_uvicorn_would_send(kind: str, method: str, ending: bytes) -> None:
    async def app(scope: Any, receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS[kind]})
        await send({"type": "http.response.body", "body": b"{}"})

    one = f"{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n".encode()
    asked = one + ending + b"\r\n" + one + b"Connection: close\r\n\r\n"

    assert await said(app, Receiving, asked) == await said(app, HttpToolsProtocol, asked)


async def test_an_answer_in_parts_is_what_uvicorn_would_send() -> None:
    async def app(scope: Any, receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        await send({"type": "http.response.body", "body": b"}"})

    asked = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    assert await said(app, Receiving, asked) == await said(app, HttpToolsProtocol, asked)


async def test_an_application_that_begins_an_answer_and_sends_no_more_is_cut_off() -> None:
    async def app(scope: Any, receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [LENGTH]})

    asked = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    assert await said(app, Receiving, asked) == await said(app, HttpToolsProtocol, asked)


async def test_a_whole_answer_is_written_at_once() -> None:
    written: list[bytes] = []

    class Watched(Receiving):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.transport = _Written(transport, written)  # type: ignore[assignment]

    async def app(scope: Any, receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [LENGTH]})
        await send({"type": "http.response.body", "body": b"{}"})

    await said(app, Watched, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

    assert len(written) == 1
    assert written[0].endswith(b"\r\n\r\n{}")


class _Written:
    """A transport that remembers what is written."""

    def __init__(self, transport: Any, written: list[bytes]) -> None:
        self._transport, self._written = transport, written

    def write(self, data: bytes) -> None:
        self._written.append(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
