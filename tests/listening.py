"""The client's end of a stream of events, without a network: what the application gets, and what it sends."""

import asyncio
import json
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp


class Listening:
    """A request for a stream to an application in this process."""

    def __init__(
        self,
        app: ASGIApp,
        query: str,
        *,
        secret: str = "",
        method: str = "POST",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.app = app
        usual = {
            "Host": "practice.example",
            "Accept": "text/event-stream",
            "Authorization": f"Bearer {secret}",
            "Content-Type": "application/json",
        }
        asked = {"query": query, **more}
        self._body = json.dumps(asked).encode() if method == "POST" else b""
        self._scope = {
            "type": "http",
            "method": method,
            "path": "/graphql",
            "raw_path": b"/graphql",
            "root_path": "",
            "query_string": b"" if method == "POST" else urlencode(asked).encode(),
            "scheme": "http",
            "headers": [(name.lower().encode(), value.encode()) for name, value in (usual | (headers or {})).items()],
        }
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._takes = asyncio.Event()
        self._takes.set()
        self._left = asyncio.Event()
        self._text = ""
        self._more = True

    async def __aenter__(self) -> "Listening":
        self.task = asyncio.create_task(self.app(self._scope, self._receive, self._send))  # type: ignore[arg-type]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
        await asyncio.wait_for(self.task, 10)

    async def _receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None  # type: ignore[assignment]
            return {"type": "http.request", "body": body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        await self._takes.wait()
        self._from_app.put_nowait(message)

    def stuck(self) -> None:
        """Take nothing any more."""
        self._takes.clear()

    def leave(self) -> None:
        """Go away."""
        self._left.set()

    async def _get(self) -> dict[str, Any]:
        return await asyncio.wait_for(self._from_app.get(), 10)

    async def head(self) -> tuple[int, dict[str, str]]:
        """Return the status and the headers."""
        start = await self._get()
        assert start["type"] == "http.response.start", start
        return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}

    async def block(self) -> str | None:
        """Return the text up to the next empty line; None at the end of the stream."""
        while "\n\n" not in self._text:
            if not self._more:
                assert self._text == ""
                return None
            part = await self._get()
            self._text += part["body"].decode()
            self._more = part.get("more_body", False)
        block, _, self._text = self._text.partition("\n\n")
        return block

    async def event(self) -> tuple[str | None, str, Any] | None:
        """Return the id, the name and the data of the next event, past signs of life; None at the end."""
        while (block := await self.block()) == ":":
            pass
        if block is None:
            return None
        fields = dict(line.split(":", 1) for line in block.split("\n"))
        data = fields["data"].strip()
        return fields.get("id", "").strip() or None, fields["event"].strip(), json.loads(data) if data else None

    async def json(self) -> Any:
        """Return the body of an answer that is no stream."""
        body = b""
        while True:
            part = await self._get()
            body += part["body"]
            if not part.get("more_body"):
                return json.loads(body)

    async def is_quiet(self) -> bool:
        """Tell whether the application sends nothing although everything has had its turns."""
        for _ in range(200):
            await asyncio.sleep(0)
        return self._from_app.empty()
