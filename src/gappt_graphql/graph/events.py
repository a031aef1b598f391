"""
GraphQL over server-sent events, a connection for each operation: the "distinct connections mode" of graphql-sse.

Lines end in LF, not in CRLF as Strawberry's do: gateways split the stream at two of them (docs/guide/subscriptions.md).
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from gappt_graphql.graph.context import Context
from gappt_graphql.graph.errors import ErrorCode
from gappt_graphql.graph.incoming import Incoming
from gappt_graphql.graph.results import content_of, was_run
from gappt_graphql.practice.access import standing

Results = AsyncGenerator[ExecutionResult, None]

_HEADERS = {
    "Cache-Control": "no-cache, no-store, no-transform",
    "Content-Type": "text/event-stream; charset=utf-8",
    "X-Accel-Buffering": "no",  # nginx would keep events back until its buffer is full
}
_COMPLETE = b"event: complete\ndata:\n\n"
_SIGN_OF_LIFE = b":\n\n"
_REVOKED = {"message": "The API key has been revoked.", "extensions": {"code": ErrorCode.UNAUTHENTICATED.value}}


def one_event(result: ExecutionResult) -> Response:
    """Return the stream that has one result and is complete."""
    return Response(_next(content_of(result)) + _COMPLETE, headers=_HEADERS)


class EventStream:
    """
    The answer to a subscription: its events as they come about.

    Each carries its place in the feed as `id`, which a client that comes again sends back as Last-Event-ID.
    """

    def __init__(
        self, request: Incoming, results: Results, context: Context, refused: Callable[[ExecutionResult], Response]
    ) -> None:
        """`refused` makes the answer where the subscription does not begin."""
        self._results, self._context, self._refused = results, context, refused
        self._streams, self._watchers = context.options.streams, context.watchers
        context.place = request.headers.get("last-event-id") or None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; return when the subscription, the client or the server has come to its end."""
        with self._watchers.connections.one(self._context.desk.key_id):
            begun = asyncio.Event()
            self._context.begun = begun.set
            begins = asyncio.ensure_future(begun.wait())
            ends = [asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(self._watchers.leaving.wait())]
            self._coming = asyncio.ensure_future(anext(self._results, None))
            try:
                await asyncio.wait([self._coming, begins, *ends], return_when=asyncio.FIRST_COMPLETED)
                first = self._coming.result() if self._coming.done() else None
                if first is not None and not was_run(first):
                    await self._refused(first)(scope, receive, send)
                elif not ends[0].done():
                    await self._stream(scope, send, ends)
            except TimeoutError:
                pass  # who takes nothing is dropped, and may come again with the last id
            finally:
                await _ended(begins, self._coming, *ends)
                await self._results.aclose()

    async def _stream(self, scope: Scope, send: Send, ends: Sequence[asyncio.Future[Any]]) -> None:
        async def write(body: bytes, *, more: bool = True) -> None:
            async with asyncio.timeout(self._streams.send_timeout):
                await send({"type": "http.response.body", "body": body, "more_body": more})

        headers = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] == "HEAD":
            return await write(b"", more=False)
        await write(_SIGN_OF_LIFE)  # lets the head through proxies that wait for the first of the body
        while not any(end.done() for end in ends):
            waiting = [self._coming, *ends]
            timeout = self._streams.ping_interval
            done, _ = await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if self._coming in done:
                result = self._coming.result()
                if result is None:
                    return await write(_COMPLETE, more=False)
                await write(_next(content_of(result), id=self._context.place))
                self._coming = asyncio.ensure_future(anext(self._results, None))
            elif not done and not await self._key_stands():
                return await write(_next({"errors": [_REVOKED]}) + _COMPLETE, more=False)
            elif not done:
                await write(_SIGN_OF_LIFE)
        return await write(b"", more=False)

    async def _key_stands(self) -> bool:
        context = self._context
        return context.key is None or await standing(context.desk.store, context.key) is not None


def _next(content: dict[str, Any], id: str | None = None) -> bytes:
    # The data comes last: Hive's gateway takes everything behind it for data.
    place = b"" if id is None else b"id: " + id.encode() + b"\n"
    # Hive's gateway takes the data to begin at any "data:", also where somebody has written that in a note.
    data = msgspec.json.encode(content).replace(b"data:", rb"data\u003a")
    return place + b"event: next\ndata: " + data + b"\n\n"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _ended(*futures: asyncio.Future[Any]) -> None:
    for future in futures:
        future.cancel()
    await asyncio.wait(futures)
    for future in futures:
        if not future.cancelled():
            future.exception()  # seen: nobody else will look
