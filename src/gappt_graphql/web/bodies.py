"""How large a request may be."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gappt_graphql.graph.incoming import Fields, Head
from gappt_graphql.web.answers import refusal


class BodyLimit:
    """Refuse a body that is larger, before it is read where its length is stated, else while it is read."""

    def __init__(self, app: ASGIApp, largest: int) -> None:
        """`largest` is in bytes."""
        self.app, self.largest = app, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif is_too_long(Head(scope["headers"]), self.largest):
            await refusal(scope, 413, too_long(self.largest))(scope, receive, send)
        else:
            await self.app(scope, up_to(self.largest, receive), send)


def is_too_long(headers: Fields, largest: int) -> bool:
    """Tell whether the headers state a longer body, or a length that is none."""
    stated = headers.get("content-length", "0")
    return not stated.isascii() or not stated.isdigit() or int(stated[:20]) > largest


def up_to(largest: int, receive: Receive) -> Receive:
    """Return what receives a body, and raises Starlette's HTTPException once there is more of it."""
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > largest:
            raise HTTPException(413, too_long(largest))
        return message

    return counted


def too_long(largest: int) -> str:
    """Return what is said of a longer body."""
    return f"The request's body is larger than the {largest // 1024} KiB that are taken."
