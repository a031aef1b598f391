"""What the service answers where it refuses a request before an operation runs: JSON, in the words of the door."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from gappt_graphql.graph.errors import ErrorCode
from gappt_graphql.graph.http import refused
from gappt_graphql.store.unavailable import Unavailable

_CODES = {
    401: ErrorCode.UNAUTHENTICATED,
    403: ErrorCode.FORBIDDEN,
    413: ErrorCode.OPERATION_TOO_LARGE,
    429: ErrorCode.THROTTLED,
    500: ErrorCode.INTERNAL,
    503: ErrorCode.UNAVAILABLE,
}
_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
}


def refusal(scope: Scope, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a refusal: an error in GraphQL's shape at /graphql, a plain message elsewhere."""
    if scope["path"] != "/graphql":
        return JSONResponse({"message": message}, status, headers)
    more = {"correlationId": scope["state"]["request_id"]} if status == 500 else {}
    return refused(scope, status, _CODES.get(status, ErrorCode.BAD_USER_INPUT), message, headers, **more)


def answer_to(scope: Scope, exception: HTTPException | Unavailable) -> Response:
    """Answer what a route or the framework refused, or a request whose key the store could not be asked about."""
    if isinstance(exception, Unavailable):
        return refusal(scope, 503, str(exception), {"Retry-After": "1"})
    message = _SENTENCES.get(exception.status_code, exception.detail)
    return refusal(scope, exception.status_code, message, exception.headers)


async def refused_request(request: Request, exception: Exception) -> Response:
    """Answer as Starlette has it asked for."""
    assert isinstance(exception, (HTTPException, Unavailable))
    return answer_to(request.scope, exception)
