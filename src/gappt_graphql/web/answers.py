"""What the service answers where it refuses a request before an operation runs: JSON, in the words of the door."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Scope

_CODES = {
    400: "BAD_USER_INPUT",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "OPERATION_TOO_LARGE",
    429: "THROTTLED",
    500: "INTERNAL",
}
_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
}


def refusal(scope: Scope, status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return a refusal: an error in GraphQL's shape at /graphql, a plain message elsewhere."""
    if scope["path"] != "/graphql":
        return JSONResponse({"message": message}, status, headers)
    extensions = {"code": _CODES.get(status, "BAD_USER_INPUT")}
    if status == 500:
        extensions["correlationId"] = scope["state"]["request_id"]
    return JSONResponse({"errors": [{"message": message, "extensions": extensions}]}, status, headers)


async def http_exception(request: Request, exception: Exception) -> JSONResponse:
    """Answer what a route or the framework refused."""
    assert isinstance(exception, HTTPException)
    message = _SENTENCES.get(exception.status_code, exception.detail)
    return refusal(request.scope, exception.status_code, message, exception.headers)
