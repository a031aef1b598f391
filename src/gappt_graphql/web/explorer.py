"""The explorer: GraphiQL's page and its files, all from this server."""

from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(__file__).parent / "static"

# The editor inside GraphiQL writes style attributes, which no nonce covers; nothing else is relaxed.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Group appointments</title>
<h1>Group appointments</h1>
<p>The service runs, but its explorer has not been built here: <code>make setup</code> builds it.</p>
<p>GraphQL itself answers at <code>/graphql</code>.</p>
</html>
"""


def explorer_page(request: Request) -> Response:
    """Answer with the explorer, or with how to build it."""
    page = STATIC / "index.html"
    html = page.read_text(encoding="utf-8") if page.is_file() else _NOT_BUILT
    return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY, "Vary": "Accept"})


class ExplorerOr:
    """Show the explorer to a browser that opens the address, and give every other request to the application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in ("GET", "HEAD") and _wants_a_page(Headers(scope=scope).get("accept", "")):
            page = explorer_page(Request(scope))
            await page(scope, receive, send)
            return
        await self.app(scope, receive, send)


class ExplorerFiles:
    """Serve the explorer's files, to be kept by the browser: a file that changes has another name."""

    def __init__(self) -> None:
        self.files = StaticFiles(directory=STATIC / "explorer", check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not (STATIC / "explorer").is_dir():
            raise HTTPException(404)

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                # A worker is bound by the policy that comes with its own file.
                headers["Content-Security-Policy"] = _POLICY
                headers["Cache-Control"] = "public, max-age=31536000, immutable"
            await send(message)

        await self.files(scope, receive, send_with_policy)


def _wants_a_page(accept: str) -> bool:
    kinds = (kind.partition(";")[0].strip().lower() for kind in accept.split(","))
    return "text/html" in kinds
