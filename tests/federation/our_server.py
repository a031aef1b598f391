"""A server of ours in a thread of the tests: real, on a port of its own, and it writes down what it is asked."""

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn

from asking import CountingStore
from builders import Practice
from gappt_graphql.graph.options import Options
from gappt_graphql.practice.access import issue_key
from gappt_graphql.store.migrations import migrate
from gappt_graphql.store.opening import open_store
from gappt_graphql.web.app import create_app

PATIENTS, GROUPS = 300, 3


class OurServer:
    """The service with a practice of 300 patients and three groups, until it is ended."""

    key: str
    records: dict[str, list[str]]

    def __init__(self, book: Path, options: Options) -> None:
        self.asked: list[dict[str, Any]] = []
        """What was sent to /graphql: the document, the variables, and the headers."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}/graphql"
        self._url, self._options = f"sqlite:///{book}", options
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> "OurServer":
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(60)
        assert not self._thread.is_alive()

    @property
    def statements(self) -> int:
        return self._store.statements

    async def _serve(self) -> None:
        migrate(self._url)
        real = await open_store(self._url)
        practice = await Practice.open(real, name="Riverside", now=datetime.now(UTC))
        more = practice.new_patients(PATIENTS - len(practice.patients))
        await practice.save(*more)
        practice.patients += more
        groups = [
            await practice.group(practice.now + timedelta(days=n + 1), patients=practice.patients[2 * n : 2 * n + 2])
            for n in range(GROUPS)
        ]
        self.records = {
            "patients": [str(patient.id) for patient in practice.patients],
            "groupAppointments": [str(group.id) for group in groups],
        }
        issued = await issue_key(
            real, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
        )
        self.key, self._store = issued.secret, _Counting(real)
        app = create_app(self._store, clock=lambda: datetime.now(UTC), ids=practice.ids, options=self._options)  # type: ignore[arg-type]
        config = uvicorn.Config(self._recorded(app), log_config=None, access_log=False, timeout_graceful_shutdown=5)
        self._server = uvicorn.Server(config)
        asyncio.get_running_loop().call_soon(self._ready.set)
        try:
            await self._server.serve(sockets=[self._listener])
        finally:
            await real.close()

    def _recorded(self, app: Any) -> Any:
        async def record(scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
            body = b""
            headers = {name.decode(): value.decode() for name, value in scope.get("headers", ())}
            if scope["type"] == "http" and scope["method"] == "GET":
                self.asked.append({**dict(parse_qsl(scope["query_string"].decode())), "headers": headers})

            async def receive_and_keep() -> Any:
                nonlocal body
                message = await receive()
                if message["type"] == "http.request":
                    body += message.get("body", b"")
                    if body and not message.get("more_body"):
                        self.asked.append({**json.loads(body), "headers": headers})
                        body = b""
                return message

            await app(scope, receive_and_keep, send)

        return record


class _Counting(CountingStore):
    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
