"""Asking a server as fast as it answers, and what that costs it."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.peers.asking import OPERATIONS, Asked
from benchmarks.peers.servers import Running, cpu, peak_memory, since
from benchmarks.peers.targets import HERE, Target

FASTEST = 12_000  # bookings in a second, at most: none is asked for twice


class Point(NamedTuple):
    """One target under one operation for a second or more."""

    answered: int
    per_second: float
    cpu: float  # microseconds a request, of the server's processes
    database_cpu: float | None  # those of PostgreSQL, if they are known
    p50: float  # milliseconds
    p99: float
    memory: float  # MiB at most, so far
    failed: int
    problem: str


class Load:
    """Asks; remembers what was booked where."""

    def __init__(self, asked: Asked, folder: Path, core: int | None, database: int | None, clients: int) -> None:
        self._asked, self._folder, self._core, self._database, self.clients = asked, folder, core, database, clients
        self._next: dict[str, int] = {}
        self._turn = 0
        self.booked: dict[str, int] = {}
        self.asked_for: dict[str, set[tuple[int, int]]] = {}

    def one_booking(self, running: Running) -> tuple[tuple[int, int], bytes]:
        """Return the next booking, and the request for it."""
        [pair] = self._bookings(running.target, 1)
        self.booked[running.target.key] = self.booked.get(running.target.key, 0) + 1
        self.asked_for[running.target.key].add(pair)
        self._next[running.target.key] += 1
        return pair, body(running.target, "M1", _of(pair))

    def run(self, running: Running, operation: str, seconds: int) -> Point:
        """Ask for so many seconds."""
        target = running.target
        if operation == "M1":
            pairs = self._bookings(target, FASTEST * seconds)
            variables = [_of(pair) for pair in pairs]
        else:
            pairs, all_of = [], self._asked.variables[operation]
            self._turn += 37
            begin = self._turn % len(all_of)
            variables = all_of[begin:] + all_of[:begin]
        requests = self._folder / f"{target.key}.{operation}.requests"
        requests.write_bytes(
            b"\n".join([running.key.encode(), *(body(target, operation, each) for each in variables), b""])
        )
        command = ["wrk", "-t1", f"-c{self.clients}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
        command += ["-s", str(HERE / "load.lua"), f"http://127.0.0.1:{running.port}", "--", str(requests)]
        if self._core is not None:
            command = ["taskset", "-c", str(self._core), *command]
        before, database_before = cpu(running.pid), self._database_cpu(target)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(r"^JSON (.*)$", done.stdout, re.MULTILINE)
        if not found:
            raise RuntimeError(f"wrk failed: {done.stdout[-500:]} {done.stderr[-500:]}")
        told: dict[str, Any] = json.loads(found[1])
        running.settle()
        sent = told["answered"] + self.clients  # those in flight at the end cost something too
        if operation == "M1":
            if sent + 1 >= len(pairs):
                raise RuntimeError(f"{target.key} books faster than this can ask")
            self.booked[target.key] = self.booked.get(target.key, 0) + told["answered"]
            # wrk passes over the first, to see what requests are like.
            self._next[target.key] += sent + 1
            self.asked_for[target.key] |= set(pairs[1 : sent + 1])
        database = self._database if database_before is not None else None
        return Point(
            told["answered"],
            told["answered"] / told["microseconds"] * 1e6,
            since(running.pid, before) / sent,
            since(database, database_before or {}) / sent if database else None,
            told["p50"] / 1e3,
            told["p99"] / 1e3,
            peak_memory(running.pid),
            told["failed"] + told["broken"],
            done.stderr.strip()[:300],
        )

    def _bookings(self, target: Target, number: int) -> list[tuple[int, int]]:
        begin = self._next.setdefault(target.key, 0)
        self.asked_for.setdefault(target.key, set())
        found = self._asked.bookings[begin : begin + number]
        if len(found) < min(number, 2_000):
            raise RuntimeError("all seats are taken: ask for fewer rounds")
        return found

    def _database_cpu(self, target: Target) -> dict[tuple[int, str], int] | None:
        return cpu(self._database) if self._database and target.store == "postgres" else None


def body(target: Target, operation: str, variables: dict[str, Any]) -> bytes:
    """Return a request."""
    for folder in (target.operations, "default"):
        path = HERE / "operations" / folder / f"{operation}.graphql"
        if path.exists():
            break
    asked = {"query": " ".join(path.read_text().split()), "operationName": operation, "variables": variables}
    assert operation in OPERATIONS
    return json.dumps(asked).encode()


def _of(pair: tuple[int, int]) -> dict[str, str]:
    return {"appointmentId": str(pair[0]), "patientId": str(pair[1])}
