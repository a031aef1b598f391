"""The description of this interface for programs: OpenAPI 3.1, kept true by tests."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

DESCRIPTION = (Path(__file__).parent / "openapi.yaml").read_bytes()


async def description(request: Request) -> Response:
    """Answer with the description, for which nobody needs a key."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": "GET, HEAD, OPTIONS"})
    return Response(DESCRIPTION, media_type="application/yaml")
