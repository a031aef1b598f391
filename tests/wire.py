"""The client's end of a socket, without a network: what the application gets, and what it sends."""

import asyncio
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any

from starlette.types import ASGIApp

PROTOCOL = "graphql-transport-ws"


class Wire:
    """A socket to an application in this process. `stuck` is a client that takes nothing."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        headers: dict[str, str] | None = None,
        subprotocols: tuple[str, ...] = (PROTOCOL,),
        query_string: bytes = b"",
    ) -> None:
        self._app = app
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._takes = asyncio.Event()
        self._takes.set()
        self.waiting: Callable[[], int] = lambda: 0
        """How many wait for the store's feed to grow, where a test wants to know."""
        raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        self._scope = {
            "type": "websocket",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "root_path": "",
            "query_string": query_string,
            "scheme": "ws",
            "headers": [(b"host", b"practice.example"), *raw],
            "subprotocols": list(subprotocols),
            "extensions": {"websocket.http.response": {}},
        }

    async def __aenter__(self) -> "Wire":
        self._to_app.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(self._app(self._scope, self._to_app.get, self._send))  # type: ignore[arg-type]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
        await asyncio.wait_for(self.task, 10)

    async def _send(self, message: Any) -> None:
        await self._takes.wait()
        self._from_app.put_nowait(message)

    def stuck(self) -> None:
        """Take nothing any more."""
        self._takes.clear()

    def leave(self, code: int = 1000) -> None:
        """Go away."""
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": code})

    def put(self, message: Any) -> None:
        """Send a message: an object, or text as it is."""
        text = message if isinstance(message, str) else json.dumps(message)
        self._to_app.put_nowait({"type": "websocket.receive", "text": text})

    def put_bytes(self, data: bytes) -> None:
        self._to_app.put_nowait({"type": "websocket.receive", "bytes": data})

    async def raw(self) -> dict[str, Any]:
        """Return what the application sends next, as ASGI has it."""
        return await asyncio.wait_for(self._from_app.get(), 10)

    async def get(self) -> dict[str, Any]:
        """Return the next message."""
        raw = await self.raw()
        assert raw["type"] == "websocket.send", raw
        message: dict[str, Any] = json.loads(raw["text"])
        return message

    async def accepted(self) -> str | None:
        """Pass the handshake, and return the subprotocol."""
        raw = await self.raw()
        assert raw["type"] == "websocket.accept", raw
        return raw.get("subprotocol")  # type: ignore[no-any-return]

    async def closed(self) -> tuple[int, str]:
        """Return the code and the reason with which the application closes next, past pings."""
        while (raw := await self.raw()).get("text") == '{"type":"ping"}':
            pass
        assert raw["type"] == "websocket.close", raw
        return raw["code"], raw["reason"]

    async def denied(self) -> tuple[int, Any]:
        """Return the status and the body with which the application refuses the handshake."""
        start, body = await self.raw(), await self.raw()
        assert start["type"] == "websocket.http.response.start", start
        return start["status"], json.loads(body["body"])

    async def welcomed(self, secret: str) -> None:
        """Say who one is, and be let in."""
        await self.accepted()
        self.put({"type": "connection_init", "payload": {"Authorization": f"Bearer {secret}"}})
        assert await self.get() == {"type": "connection_ack"}

    def subscribe(self, query: str, id: str = "1", **payload: Any) -> None:
        self.put({"type": "subscribe", "id": id, "payload": {"query": query, **payload}})

    async def is_quiet(self) -> bool:
        """Tell whether the application sends nothing although everything has had its turns."""
        for _ in range(200):
            await asyncio.sleep(0)
        return self._from_app.empty()
