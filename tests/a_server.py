"""A server as a process of its own, to be asked, and killed at any moment."""

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import httpx2

BOOK = """mutation ($input: BookAttendeesInput!) {
  bookAttendees(input: $input) { outcomes { attendee { id } } userErrors { code } }
}"""
PATIENCE = 60
"""Seconds to wait for a server to start on a machine that has other things to do."""


class AServer:
    """A server of the store. Whoever makes one kills it."""

    def __init__(
        self,
        url: str,
        *,
        key: str = "",
        flags: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        log: IO[Any] | None = None,
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        arguments = [sys.executable, "-m", "gappt_graphql", "serve", "--database-url", url, "--port", str(port), *flags]
        self.process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **(environment or {})}
        )
        self.address = f"http://127.0.0.1:{port}"
        self.headers = {"Authorization": f"Bearer {key}"}

    def wait_until_it_answers(self) -> None:
        """Wait for the server's own word that it serves, and for an answer; not for ever."""
        begun = time.monotonic()
        self.told("Serving")
        assert httpx2.get(f"{self.address}/livez", timeout=PATIENCE).status_code == 200

        self.seconds_to_start = time.monotonic() - begun

    def told(self, before: str) -> str:
        """Wait for a line of the server's with this, and return what is after it."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        assert ready, "The server does not start."
        for line in self.process.stdout:
            if before in line:
                return line.partition(before)[2].strip()
        raise AssertionError("The server ended without a word of it.")

    def seconds_at_work(self) -> float:
        """Return the time that the process has had of the processors, or where nobody tells that, what it took."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            return self.seconds_to_start
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

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
