"""
Measure how soon a subscription of one process sees what another process writes, both on one PostgreSQL database.

    .venv/bin/python benchmarks/across_processes.py [--polling]

With --polling nothing is told between the processes: what they find by looking, once a second.
"""

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from postgres_server import Database, database, server

COMMAND = [sys.executable, "-m", "gappt_graphql"]
TIMES = 60
SUBSCRIPTION = "subscription { groupAppointmentChanged { kind id } }"
WANTED = """{ groupAppointments(first: 1, filter: {startsAt: {gt: "2026-01-01T00:00:00Z"}}) { nodes { id } } }"""
UPDATE = """mutation ($input: UpdateGroupAppointmentInput!) {
  updateGroupAppointment(input: $input) { groupAppointment { id } userErrors { code message } }
}"""


def main() -> None:
    """Print the delays."""
    with server() as url, database(url) as made, ExitStack() as ends:
        if "--polling" in sys.argv:
            made.execute("CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS 'SELECT'")
            made.execute(f"ALTER ROLE {made.role} SET search_path = public, pg_catalog")
        _run(made, "demo", "--account", "Practice")
        key = json.loads(_run(made, "key", "create", "--account", "Practice", "--cost-budget", "0", "--json"))["key"]
        here, there = (ends.enter_context(_serving(made)) for _ in range(2))
        delays = asyncio.run(_delays(here, there, key))
    delays.sort()
    print(f"{len(delays)} changes written by one process and told by another, in milliseconds:")
    median, late = statistics.median(delays), delays[int(len(delays) * 0.95)]
    print(f"  median {median:.1f}, 95 of 100 {late:.1f}, most {delays[-1]:.1f}")


async def _delays(here: str, there: str, key: str) -> list[float]:
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=20) as client:
        found = (await client.post(f"{there}/graphql", json={"query": WANTED})).json()
        id = found["data"]["groupAppointments"]["nodes"][0]["id"]
        events = _events(client, here)
        told = asyncio.ensure_future(anext(events))
        await asyncio.sleep(1.5)  # until the stream waits, and listens
        delays = []
        for number in range(TIMES):
            await asyncio.sleep(0.05 + 0.013 * (number % 7))
            content = {"query": UPDATE, "variables": {"input": {"id": id, "notes": f"note {number}"}}}
            answer = (await client.post(f"{there}/graphql", json=content)).json()
            assert answer["data"]["updateGroupAppointment"]["userErrors"] == [], answer
            answered = time.perf_counter()
            delays.append(max(0.0, await told - answered) * 1000)
            told = asyncio.ensure_future(anext(events))
        told.cancel()
        return delays


async def _events(client: httpx2.AsyncClient, address: str) -> AsyncIterator[float]:
    """Give the moments at which something was told."""
    asked: Any = {"json": {"query": SUBSCRIPTION}, "headers": {"Accept": "text/event-stream"}}
    async with client.stream("POST", f"{address}/graphql", **asked) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data:") and "groupAppointmentChanged" in line:
                yield time.perf_counter()


@contextmanager
def _serving(made: Database) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [*COMMAND, "serve", "--port", str(port), "--database-url", made.url]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                if httpx2.get(f"{address}/readyz").status_code == 200:
                    break
            except httpx2.TransportError:
                pass
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _run(made: Database, *arguments: str) -> str:
    command = [*COMMAND, *arguments, "--database-url", made.url]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ).stdout


if __name__ == "__main__":
    main()
