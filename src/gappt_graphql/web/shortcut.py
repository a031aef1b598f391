"""The shortest way through this server: an operation by POST, which is most of what is ever asked."""

from collections.abc import Collection
from functools import partial
from time import perf_counter

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gappt_graphql.graph.http import Door
from gappt_graphql.graph.incoming import Answer, Incoming
from gappt_graphql.store.unavailable import Unavailable
from gappt_graphql.web.answers import answer_to, refusal
from gappt_graphql.web.bodies import is_too_long, too_long, up_to
from gappt_graphql.web.envelope import CutShort, broken, enveloped, request_id_of
from gappt_graphql.web.observe import Logging, answered
from gappt_graphql.web.origins import Sharing, foreign, may_write


class Shortcut:
    """
    Answer operations by POST as the application would, past its middlewares: they take as long as the operation.

    Every rule is that of the middleware which has it for all other requests, and so is their order. What takes a stream
    for an answer goes the long way.
    """

    def __init__(
        self, app: ASGIApp, door: Door, *, observer: Logging, origins: Collection[str], largest_body: int
    ) -> None:
        """`app` is the application with its middlewares, which gets every other request."""
        self.app, self._door, self._observer = app, door, observer
        self._origins, self._largest = origins, largest_body
        self._sharing = Sharing(app, origins) if origins else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/graphql" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        request = Incoming(scope, up_to(self._largest, receive))
        if self._door.may_stream(request):
            await self.app(scope, receive, send)
            return
        if self._sharing is not None:
            send = partial(self._sharing.send, send=send, request_headers=Headers(scope=scope))
        began, sent = perf_counter(), _Sent()
        self._observer.arrived("graphql")
        try:
            await self._served(request, send, sent)
        finally:
            answered(self._observer, scope, "graphql", sent.status, sent.size, perf_counter() - began)

    async def _served(self, request: Incoming, send: Send, sent: "_Sent") -> None:
        """Send the answer, and let no exception out but that of an answer which has begun."""
        request_id = request.state.request_id = request_id_of(request.headers)
        try:
            answer = await self._answer(request)
            if answer is not None:
                await self._send(answer, request, send, sent)
        except Exception as exception:
            answer = broken(exception, request.scope, request_id)
            if sent.status:
                raise CutShort from None
            await self._send(answer, request, send, sent)

    async def _answer(self, request: Incoming) -> Response | None:
        if not may_write("POST", request.headers, self._origins):
            return foreign(request.scope)
        if is_too_long(request.headers, self._largest):
            return refusal(request.scope, 413, too_long(self._largest))
        try:
            answer = await self._door.answer(request)
        except (HTTPException, Unavailable) as exception:
            return answer_to(request.scope, exception)
        assert answer is None or isinstance(answer, Answer)
        return answer

    async def _send(self, answer: Response, request: Incoming, send: Send, sent: "_Sent") -> None:
        standing = request.scope["state"].get("standing")
        headers = enveloped(answer.raw_headers, request.state.request_id, standing)
        body = bytes(answer.body)
        sent.status = answer.status_code
        await send({"type": "http.response.start", "status": sent.status, "headers": headers})
        sent.size = len(body)
        await send({"type": "http.response.body", "body": body})


class _Sent:
    """What has been sent so far: no status where nothing has."""

    __slots__ = ("size", "status")

    def __init__(self) -> None:
        self.status = self.size = 0
