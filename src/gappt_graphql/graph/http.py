"""
GraphQL over HTTP: requests to operations, results to answers (docs/http.md).

Strawberry has a view of its own. It is not used because it knows no application/graphql-response+json, answers a body
that is no object with 500 and a bad request in plain text, and has a page from another host, multipart and batches.
"""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from gappt_graphql.graph.context import Context
from gappt_graphql.graph.errors import ErrorCode
from gappt_graphql.graph.events import EventStream, one_event
from gappt_graphql.graph.execution import versions
from gappt_graphql.graph.incoming import Answer, Head, Incoming
from gappt_graphql.graph.leaving import while_there
from gappt_graphql.graph.negotiation import JSON, RESPONSE, STREAM, accepted_by
from gappt_graphql.graph.persisted import text_of
from gappt_graphql.graph.requests import Asked, NotTaken, asked_by_address, asked_of, check_body_type, decoded
from gappt_graphql.graph.results import content_of, was_run
from gappt_graphql.graph.schema import EXECUTED, schema_of
from gappt_graphql.graph.shared import Shared
from gappt_graphql.graph.telling import Telling
from gappt_graphql.graph.tracing import wants_trace
from gappt_graphql.graph.watchers import TooMany
from gappt_graphql.practice.desk import Desk
from gappt_graphql.store import ApiKey

OpenDesk = Callable[[Incoming], Awaitable[Desk]]

LONGEST_ADDRESS = 8_000
"""Bytes."""

STATUSES = {
    ErrorCode.GRAPHQL_PARSE_FAILED: (400, 200),
    ErrorCode.GRAPHQL_VALIDATION_FAILED: (400, 200),
    ErrorCode.BAD_USER_INPUT: (400, 200),
    ErrorCode.OPERATION_TOO_LARGE: (400, 200),
    ErrorCode.DOCUMENT_NOT_FOUND: (400, 400),
    ErrorCode.PERSISTED_QUERY_NOT_FOUND: (200, 200),
    ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED: (200, 200),
    ErrorCode.UNAUTHENTICATED: (401, 401),
    ErrorCode.FORBIDDEN: (403, 403),
    ErrorCode.THROTTLED: (429, 429),
    ErrorCode.TIMEOUT: (503, 503),
    ErrorCode.OVERLOADED: (503, 503),
    ErrorCode.UNAVAILABLE: (503, 503),
    ErrorCode.OUTCOME_UNKNOWN: (503, 503),
    ErrorCode.INTERNAL: (500, 500),
}
"""
Of an operation that was not run, by its first error: in graphql-response+json, and in JSON.

In JSON a status other than 200 tells of the request, not of the operation. What was run has 200, whatever came of it.
"""


def graphql_app(open_desk: OpenDesk, shared: Shared | None = None) -> "Door":
    """
    Return the application that answers operations.

    `open_desk` finds out whose key a request carries, leaves the key in `request.state.key`, and raises Starlette's
    HTTPException for a request that gets no further.
    """
    return Door(open_desk, shared or Shared())


def refused(
    scope: Scope, status: int, code: ErrorCode, message: str, headers: Mapping[str, str] | None = None, **more: str
) -> Answer:
    """Return the answer to a request that is refused before an operation runs; `more` stands beside the code."""
    error = {"message": message, "extensions": {"code": code.value, **more}}
    scope.setdefault("state", {})["codes"] = [code.value]
    media_type = accepted_by(", ".join(Head(scope["headers"]).getlist("accept"))).answer or JSON
    return _encoded({"errors": [error]}, status, media_type, headers)


class Door:
    """The application that answers operations."""

    def __init__(self, open_desk: OpenDesk, shared: Shared) -> None:
        self._open_desk, self._shared = open_desk, shared
        options = shared.options
        if options.compile:
            versions.are_known()  # a warning is for the start of a server, not for its second request
        self._schema = schema_of(directory=options.directory)
        self._tracing_schema = schema_of(directory=options.directory, tracing=options.tracing)
        self._methods = ("GET", "HEAD", "POST") if options.get else ("POST",)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self.answer(Incoming(scope, receive))
        if answer is not None:
            await answer(scope, receive, send)

    async def answer(self, request: Incoming) -> ASGIApp | None:
        """Return the answer to a request, or None if its client has gone. One that accepts no stream gets an Answer."""
        try:
            return await self._answer(request)
        except NotTaken as reason:
            return refused(request.scope, reason.status, reason.code, reason.message, reason.headers)
        except ClientDisconnect:
            return None

    def may_stream(self, request: Incoming) -> bool:
        """Tell whether the answer may be a stream."""
        return request.accepted.stream

    async def _answer(self, request: Incoming) -> ASGIApp:
        self._check_address(request)
        desk = await self._open_desk(request)
        accepted = request.accepted
        if accepted.answer is None and not accepted.stream:
            raise NotTaken(406, f"Answers come as {RESPONSE} or as {JSON}: accept one of them.")
        asked = await _asked(request)
        key: ApiKey = request.state.key
        context = Context.of(key, desk, self._shared)
        context.wants_cost = asked.wants_cost or request.headers.get("graphql-cost") == "1"
        text = text_of(asked, context)
        schema = self._tracing_schema if wants_trace(request.headers) else self._schema
        if context.observer.spans.on:
            context.traceparent = request.headers.get("traceparent") or None
        telling = Telling(context, "graphql")
        telling.text = text
        try:
            running = schema.execute(
                text,
                variable_values=asked.variables,
                context_value=context,
                operation_name=asked.operation_name,
                allowed_operation_types=EXECUTED if request.method == "POST" else {OperationType.QUERY},
            )
            result = await while_there(request.receive, running, stops=lambda: not context.desk.writes)
        except InvalidOperationTypeError as wrong:
            if wrong.operation_type is OperationType.SUBSCRIPTION:
                if accepted.stream:
                    return self._streamed(request, text, asked, context)
                raise NotTaken(406, f"A subscription is answered as {STREAM}: accept that, or use a socket.") from None
            raise NotTaken(405, "A mutation is sent by POST.", headers={"Allow": "POST"}) from None
        except ClientDisconnect:
            context.loaders.stop()
            telling.left()
            request.state.operation = telling.ended()
            raise
        if context.standing is not None:
            request.state.standing = context.standing
        telling.note(result)
        request.state.operation = telling.ended()
        if accepted.answer is None and was_run(result):
            return one_event(result)
        return _answer(result, accepted.answer or RESPONSE)

    def _check_address(self, request: Incoming) -> None:
        if request.method not in self._methods:
            allowed = ", ".join(self._methods)
            raise NotTaken(405, f"Operations are sent by {allowed}.", headers={"Allow": allowed})
        if len(request.scope["query_string"]) > LONGEST_ADDRESS:
            sentence = f"The address is longer than {LONGEST_ADDRESS:,} bytes: send the operation by POST."
            raise NotTaken(414, sentence, ErrorCode.OPERATION_TOO_LARGE)

    def _streamed(self, request: Incoming, text: str, asked: Asked, context: Context) -> ASGIApp:
        connections = context.watchers.connections
        try:
            connections.check(context.desk.key_id)
        except TooMany:
            sentence = f"This key has {connections.most} sockets and streams open already: close one first."
            raise NotTaken(429, sentence, ErrorCode.THROTTLED) from None

        def refused(result: ExecutionResult) -> Answer:
            request.state.standing = context.standing
            telling.note(result)
            return _answer(result, RESPONSE)

        results = self._schema.events(text, asked.variables, context, asked.operation_name)
        telling = Telling(context, "stream")
        telling.text = text
        stream = EventStream(request, results, context, refused=refused)

        async def told(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await stream(scope, receive, send)
            finally:
                request.state.operation = telling.ended()

        return told


async def _asked(request: Incoming) -> Asked:
    if request.method != "POST":
        return asked_by_address(request.scope["query_string"])
    check_body_type(request.headers)
    return asked_of(decoded(await request.body(), "The body is not JSON in UTF-8."))


def _answer(result: ExecutionResult, media_type: str) -> Answer:
    status = 200 if was_run(result) else _status(result, media_type)
    return _encoded(content_of(result), status, media_type, {"Retry-After": "1"} if status == 503 else None)


def _status(result: ExecutionResult, media_type: str) -> int:
    first = ((result.errors or [])[0].extensions or {})["code"]
    return STATUSES[ErrorCode(first)][0 if media_type == RESPONSE else 1]


def _encoded(content: object, status: int, media_type: str, headers: Mapping[str, str] | None = None) -> Answer:
    body = msgspec.json.encode(content)
    spelled = [_KINDS[media_type], (b"content-length", str(len(body)).encode())]
    for name, value in (headers or {}).items():
        spelled.append((name.lower().encode("latin-1"), value.encode("latin-1")))
    return Answer(status, spelled, body)


_KINDS = {
    RESPONSE: (b"content-type", f"{RESPONSE}; charset=utf-8".encode()),
    JSON: (b"content-type", JSON.encode()),
}
