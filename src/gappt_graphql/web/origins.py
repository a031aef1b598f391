"""Pages of other origins: whose may ask from a browser, and that no other page can write."""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gappt_graphql.graph.incoming import Fields, Head
from gappt_graphql.graph.origins import is_welcome
from gappt_graphql.web.answers import refusal

_TOLD = (
    "Location",
    "Retry-After",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-Id",
)
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Sharing(CORSMiddleware):
    """
    Let the pages of these origins ask and read the answers.

    It belongs in front of all else, so that a page can read every refusal. Nobody is let in by it: a page sends its
    key itself, and what a browser adds on its own is not taken.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        super().__init__(
            app,
            allow_origins=sorted(origins),
            allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=("*",),  # clients and their tracing add headers of their own
            allow_credentials=False,
            expose_headers=_TOLD,
        )


class ForeignPages:
    """
    Refuse what the pages of other sites make a browser write.

    A browser that was given a key in its box for passwords adds it to every request, whichever page makes it do that,
    and some of our addresses take a POST without a body, which needs no leave beforehand. So a browser's word on where
    a request comes from decides: `Sec-Fetch-Site`, or `Origin` where that is missing. Programs send neither.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self.app, self.origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http" and not may_write(scope["method"], Head(scope["headers"]), self.origins):
            app = foreign(scope)
        await app(scope, receive, send)


def may_write(method: str, headers: Fields, origins: Collection[str]) -> bool:
    """Tell whether a request only reads, or comes from no page, or from one that may write."""
    if method in _READING:
        return True
    site = headers.get("sec-fetch-site", "")
    # "none" is a person's own doing, such as a reload.
    if site in ("same-origin", "none"):
        return True
    if site or "sec-fetch-site" in headers:
        return headers.get("origin", "") in origins
    return is_welcome(headers, origins)


def foreign(scope: Scope) -> Response:
    """Return what a page of another site is told."""
    return refusal(scope, 403, "Pages of this origin may not write here.")
