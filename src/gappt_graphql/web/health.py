"""Whether the process is alive, for those who watch it."""

from starlette.requests import Request
from starlette.responses import JSONResponse


async def livez(request: Request) -> JSONResponse:
    """Answer that the process runs, without asking the store or for a key."""
    return JSONResponse({"status": "ok"})
