"""GraphQL over HTTP: requests to operations, results to answers; JSON both ways."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from gappt_graphql.graph.context import Context
from gappt_graphql.graph.documents import Documents
from gappt_graphql.graph.errors import ErrorCode
from gappt_graphql.graph.options import USUAL, Options
from gappt_graphql.graph.schema import EXECUTED, schema_of
from gappt_graphql.practice.desk import Desk
from gappt_graphql.store import ApiKey

OpenDesk = Callable[[Request], Awaitable[Desk]]


def graphql_app(open_desk: OpenDesk, options: Options = USUAL) -> ASGIApp:
    """
    Return the application that answers operations.

    `open_desk` finds out whose key a request carries, leaves the key in `request.state.key`, and raises Starlette's
    HTTPException for a request that gets no further.
    """
    return _Door(open_desk, options)


def refused(
    status: int, code: ErrorCode, message: str, headers: Mapping[str, str] | None = None, **more: str
) -> Response:
    """Return the answer to a request that is refused before an operation runs; `more` stands beside the code."""
    error = {"message": message, "extensions": {"code": code.value, **more}}
    return _json({"errors": [error]}, status, headers)


class _Malformed(Exception):
    """A request that holds no operation: the status and a sentence for a person."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


class _Request(Struct, frozen=True):
    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


class _Door:
    def __init__(self, open_desk: OpenDesk, options: Options) -> None:
        self._open_desk, self._options = open_desk, options
        self._schema = schema_of(directory=options.directory, tracing=options.tracing)
        self._documents = Documents()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except _Malformed as malformed:
            response = refused(malformed.status, ErrorCode.BAD_USER_INPUT, malformed.message, malformed.headers)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "POST"):
            raise _Malformed(405, "Operations are sent by POST, or queries by GET.", {"Allow": "GET, POST"})
        desk = await self._open_desk(request)
        asked = _from_address(request) if request.method == "GET" else await _from_body(request)
        key: ApiKey = request.state.key
        context = Context(desk, scopes=frozenset(key.scopes), options=self._options, documents=self._documents)
        result = await self._schema.execute(
            asked.query,
            variable_values=asked.variables,
            context_value=context,
            operation_name=asked.operation_name,
            allowed_operation_types=EXECUTED if request.method == "POST" else {OperationType.QUERY},
        )
        return _json(_formatted(result), _status(result))


def _from_address(request: Request) -> _Request:
    given = request.query_params
    variables = given.get("variables")
    return _checked(
        {
            "query": given.get("query"),
            "variables": None if not variables else _decoded(variables, "The variables are not JSON."),
            "operationName": given.get("operationName"),
        }
    )


async def _from_body(request: Request) -> _Request:
    content_type, _, _ = request.headers.get("content-type", "").partition(";")
    if content_type.strip().lower() != "application/json":
        raise _Malformed(415, "The body must be JSON, with Content-Type: application/json.")
    return _checked(_decoded(await request.body(), "The body is not JSON."))


def _decoded(text: bytes | str, message: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        raise _Malformed(400, message) from None


def _checked(body: object) -> _Request:
    if not isinstance(body, dict):
        raise _Malformed(400, "The body must be one JSON object with a query.")
    query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    if not isinstance(query, str) or not query:
        raise _Malformed(400, "The query must be a string, and is missing or is none.")
    if variables is not None and not isinstance(variables, dict):
        raise _Malformed(400, "The variables must be a JSON object.")
    if name is not None and not isinstance(name, str):
        raise _Malformed(400, "The operationName must be a string.")
    if not isinstance(body.get("extensions", {}), dict | None):
        raise _Malformed(400, "The extensions must be a JSON object.")
    return _Request(query, variables, name or None)


def _formatted(result: ExecutionResult) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    if result.data is not None or any(error.path for error in result.errors or ()):
        answer["data"] = result.data  # left out where nothing was run, as GraphQL's section 7.1 has it
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        answer["extensions"] = result.extensions
    return answer


def _status(result: ExecutionResult) -> int:
    # In application/json a status other than 200 tells of the request, not of the operation.
    forbidden = [error for error in result.errors or () if (error.extensions or {}).get("code") == ErrorCode.FORBIDDEN]
    return 403 if forbidden and result.data is None else 200


def _json(content: object, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, headers, media_type="application/json")
