"""Requests and answers as the GraphQL door has them: Starlette's own spell each header anew at every look."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope

from gappt_graphql.graph.negotiation import accepted_by

RawHeaders = Sequence[tuple[bytes, bytes]]
"""Names in lower case, as servers and answers have them."""


class Fields(Protocol):
    """The headers of a request, by names in lower case."""

    def get(self, key: str, default: str, /) -> str:
        """Return the first header of this name."""

    def getlist(self, key: str, /) -> list[str]:
        """Return every header of this name."""

    def __contains__(self, key: object, /) -> bool: ...


class Head:
    """The headers of a request, found by their names, in lower case, without a look at all of them."""

    __slots__ = ("_first", "_raw")

    def __init__(self, raw: RawHeaders) -> None:
        self._raw = raw
        self._first = {name.decode("latin-1"): value for name, value in reversed(raw)}

    def __getitem__(self, key: str, /) -> str:
        return self._first[key].decode("latin-1")

    def get(self, key: str, default: str = "", /) -> str:
        value = self._first.get(key)
        return default if value is None else value.decode("latin-1")

    def getlist(self, key: str, /) -> list[str]:
        value = self._first.get(key)
        if value is None:
            return []
        if len(self._first) == len(self._raw):
            return [value.decode("latin-1")]
        name = key.encode("latin-1")
        return [value.decode("latin-1") for one, value in self._raw if one == name]

    def __contains__(self, key: object, /) -> bool:
        return key in self._first


class State:
    """What is known of a request so far: what stands in its scope, by attributes."""

    def __init__(self, known: dict[str, Any]) -> None:
        self.__dict__ = known

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

        def __setattr__(self, name: str, value: Any) -> None: ...


class Incoming:
    """A request."""

    __slots__ = ("accepted", "headers", "method", "receive", "scope", "state")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope, self.receive = scope, receive
        self.method: str = scope["method"]
        self.headers = Head(scope["headers"])
        self.accepted = accepted_by(", ".join(self.headers.getlist("accept")))
        self.state = State(scope.setdefault("state", {}))

    async def body(self) -> bytes:
        """
        Return the whole body.

        :raises ClientDisconnect: if the client goes before it has sent all of it
        """
        parts: list[bytes] = []
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                return parts[0] if len(parts) == 1 else b"".join(parts)


class Answer(Response):
    """An answer whose headers are spelled already."""

    def __init__(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        self.status_code, self.raw_headers, self.body, self.background = status, list(headers), body, None
