"""HTTP's part of every address: who asks, what the key may do, which methods there are, and JSON."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gappt_graphql.practice.bounds import OutOfTime, Overloaded
from gappt_graphql.practice.desk import Desk
from gappt_graphql.rest.errors import Answered, not_found, unprocessable
from gappt_graphql.scheduling.ids import NOBODY, read_id
from gappt_graphql.scheduling.problems import Refused
from gappt_graphql.store.unavailable import OutcomeUnknown, Unavailable

OpenDesk = Callable[[Request], Awaitable[Desk]]
Handle = Callable[[Request, Desk], Awaitable[Response]]

_READING = ("GET", "HEAD")


class Address:
    """
    One address with what answers each of its methods.

    HEAD is answered where GET is (the server leaves out the body), and OPTIONS tells the methods. Of all else a handler
    is asked only with the desk that the request's key opens. It may raise `Answered`, or let a use case's `Refused`
    through.
    """

    def __init__(self, open_desk: OpenDesk, path: str, **methods: Handle) -> None:
        self._open_desk, self._path, self._methods = open_desk, path, methods
        if "GET" in methods:
            self._methods["HEAD"] = methods["GET"]
        self.allow = ", ".join([*sorted(self._methods), "OPTIONS"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Answered as answered:
            response = json(answered.body, answered.status, answered.headers)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": self.allow})
        handle = self._methods.get(request.method)
        if handle is None:
            raise Answered(405, "This address does not take this method.", headers={"Allow": self.allow})
        desk = await self._open_desk(request)
        needed = "read" if request.method in _READING else "write"
        if needed not in request.state.key.scopes:
            raise Answered(403, f"This key lacks the scope {needed}.")
        writes = request.method not in _READING
        if writes:
            await request.body()  # who sends it slowly does not count among those that run
        spans = desk.observer.spans
        with spans.operation(request.headers.get("traceparent") if spans.on else None) as tell:
            tell("rest", f"{request.method} {self._path}", ())
            return await self._handled(handle, request, desk.begun(writes=writes))

    async def _handled(self, handle: Handle, request: Request, desk: Desk) -> Response:
        try:
            with desk.at_work():
                return await handle(request, desk)
        except Refused as refused:
            raise unprocessable(refused) from None
        except (OutOfTime, Overloaded, Unavailable, OutcomeUnknown) as unavailable:
            raise Answered(503, str(unavailable), headers={"Retry-After": "1"}) from None


def json(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer with this content."""
    return Response(msgspec.json.encode(content), status, headers, media_type="application/json")


def id_of(request: Request) -> int:
    """
    Return the id in the request's address.

    :raises Answered: with 404 if it is none
    """
    id = read_id(request.path_params["id"])
    if id == NOBODY:
        raise not_found()
    return id
