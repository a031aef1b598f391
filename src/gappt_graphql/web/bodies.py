"""How large a request may be."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gappt_graphql.web.answers import refusal


class BodyLimit:
    """Refuse a body that is larger, before it is read where its length is stated, else while it is read."""

    def __init__(self, app: ASGIApp, largest: int) -> None:
        """`largest` is in bytes."""
        self.app, self.largest = app, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sentence = f"The request's body is larger than the {self.largest // 1024} KiB that are taken."
        stated = Headers(scope=scope).get("content-length", "0")
        if not stated.isascii() or not stated.isdigit() or int(stated[:20]) > self.largest:
            await refusal(scope, 413, sentence)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.largest:
                raise HTTPException(413, sentence)
            return message

        await self.app(scope, counted, send)
