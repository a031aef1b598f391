"""The demo practice, served by a process of its own on a free port."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import httpx2

COMMAND = [sys.executable, "-m", "gappt_graphql"]


class DemoServer:
    """A server with the demo practice; leaving the context ends it."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.url = f"sqlite:///{folder / 'demo.db'}"
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = str(listener.getsockname()[1])
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [*COMMAND, "serve", "--demo", "--port", port, "--database-url", self.url, *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.key = self._key()

    def _key(self) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("API key:"):
                return line.split()[-1]
        raise AssertionError("The server ended before it printed a key.")

    def ask(self, query: str, **variables: Any) -> Any:
        """Run an operation with the demo's key. Return its data."""
        answer = httpx2.post(
            f"{self.address}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {self.key}"},
        ).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def another_key(self, account: str = "Demo practice", *, browser: bool = False) -> tuple[str, str]:
        """Make a key to the demo practice, or to an empty one of another name. Return its id, and the key."""
        made = json.loads(
            self._command("key", "create", "--account", account, "--for", "browser" if browser else "server", "--json")
        )
        keys = json.loads(self._command("key", "list", "--account", account, "--json"))
        return str(keys[-1]["id"]), made["key"]

    def revoke(self, key_id: str) -> None:
        """Make the key worthless."""
        self._command("key", "revoke", key_id, "--account", "Demo practice")

    def _command(self, *arguments: str) -> str:
        command = [*COMMAND, *arguments, "--database-url", self.url]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    def end(self) -> None:
        """Ask the server to end, and wait until it has."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
