"""A server as a process of its own, to be asked, and killed at any moment."""

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import httpx2

BOOK = """mutation ($input: BookAttendeesInput!) {
  bookAttendees(input: $input) { outcomes { attendee { id } } userErrors { code } }
}"""
SECONDS_TO_START = 5
"""How long a server may take from its start to its first answer, also after a crash."""


class AServer:
    """A server of the store. Whoever makes one kills it."""

    def __init__(self, url: str, *, key: str = "", environment: Mapping[str, str] | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        arguments = [sys.executable, "-m", "gappt_graphql", "serve", "--database-url", url, "--port", str(port)]
        self.process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
        )
        self.address = f"http://127.0.0.1:{port}"
        self.headers = {"Authorization": f"Bearer {key}"}

    def wait_until_it_answers(self) -> None:
        """Wait for the server's own word that it serves, and for an answer; not for ever."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS_TO_START)
        assert ready, "The server does not start."
        assert "Serving" in self.process.stdout.readline()
        assert httpx2.get(f"{self.address}/livez", timeout=SECONDS_TO_START).status_code == 200

    def kill(self) -> None:
        """End the process as a crash does, if it runs."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def client(self) -> httpx2.AsyncClient:
        """Return a client for many requests at once."""
        return httpx2.AsyncClient(base_url=self.address, headers=self.headers, timeout=60)


async def booked(client: httpx2.AsyncClient, group: int, patient: int, key: str | None = None) -> int:
    """Book a patient over GraphQL and return the attendee's id."""
    asked: dict[str, Any] = {"groupAppointmentId": str(group), "patientIds": [str(patient)], "idempotencyKey": key}
    answer = await client.post("/graphql", json={"query": BOOK, "variables": {"input": asked}})
    payload = json.loads(answer.text)["data"]["bookAttendees"]
    assert payload["userErrors"] == []
    return int(payload["outcomes"][0]["attendee"]["id"])
