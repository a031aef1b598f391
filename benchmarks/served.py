"""A revision of the service, started as its users start it, on a large demo book that it has made itself."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks.peers.servers import cpu, free_port, since

_ASKED = Path(__file__).parent / "peers" / "operations"
_WARM = 30
_EACH = {"Q1": 40, "Q2": 15, "Q3": 60, "Q4": 150, "M1": 40}
_LISTED = """{
  groupAppointments(first: 100, filter: { hasAvailableSeats: true, startsAt: { gte: "2026-04-01T00:00:00Z" } }) {
    nodes { id startsAt availableSeats patients { id } }
  }
  patients(first: 100) { nodes { id } }
}"""


class Served:
    """The server; `variables` are of each operation, those of bookings until the seats are taken."""

    def __init__(self, source: Path, folder: Path, *, counting: bool) -> None:
        self._folder, self.port = folder, free_port()
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("GAPPT_")}
        self._environment |= {"PYTHONPATH": str(source), "PYTHONHASHSEED": "0"}
        self._command = [sys.executable, "-m", "gappt_graphql"]
        folder.mkdir()
        book = ["--database-url", f"sqlite:///{folder / 'book.db'}"]
        self._run("demo", "--size", "large", "--account", "Benchmark", *book)
        endless = ["--rate-limit", "0", "--cost-budget", "0"]
        self.key = json.loads(self._run("key", "create", "--json", "--account", "Benchmark", *endless, *book))["key"]
        valgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/counted"]
        command = [*(valgrind if counting else ()), *self._command, "serve", "--port", str(self.port), *book]
        with (folder / "log").open("w") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        self.pid = self._process.pid
        try:
            self._connection = self._connected()
            self.variables = self._made_variables()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def warm(self, operation: str) -> str:
        """Ask often enough for everything to be known; return what is wrong, if anything is."""
        for answer in self._asked(operation, _WARM):
            if '"errors"' in answer or '"userErrors":[{' in answer:
                return answer[:200]
        return ""

    def microseconds(self, operation: str) -> float:
        """Return the CPU time of a request."""
        before = cpu(self.pid)
        self._asked(operation, _EACH[operation])
        return since(self.pid, before) / _EACH[operation]

    def instructions(self, operation: str) -> float:
        """Return the instructions of a request, the kernel's not counted."""
        self._control("--instr=on")
        self._asked(operation, 3)
        self._control("--zero")
        self._asked(operation, _EACH[operation])
        self._control("--dump")
        self._control("--instr=off")
        newest = max(self._folder.glob("counted*"), key=lambda path: path.stat().st_mtime_ns)
        counted = re.findall(r"^(?:totals|summary): (\d+)", newest.read_text(), re.MULTILINE)
        return int(counted[-1]) / _EACH[operation]

    def _asked(self, operation: str, times: int) -> list[str]:
        text = text_of(operation)
        self._connection.close()  # the server may have closed it meanwhile; it opens itself anew
        return [self._answer(text, each) for each in islice(self.variables[operation], times)]

    def _answer(self, query: str, variables: object) -> str:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        body = json.dumps({"query": query, "variables": variables})
        self._connection.request("POST", "/graphql", body, headers)
        return self._connection.getresponse().read().decode()

    def _made_variables(self) -> dict[str, Iterator[dict[str, Any]]]:
        found = json.loads(self._answer(_LISTED, {}))["data"]
        groups, patients = found["groupAppointments"]["nodes"], [each["id"] for each in found["patients"]["nodes"]]
        windows = [{"from": each["startsAt"], "to": "2027-12-31T00:00:00Z", "limit": 50} for each in groups]
        bookings = (
            {"appointmentId": each["id"], "patientId": patient}
            for each in groups
            for patient in list(dict.fromkeys(patients).keys() - {one["id"] for one in each["patients"]})[
                : each["availableSeats"]
            ]
        )
        return {
            "Q1": cycle(windows),
            "Q2": cycle(windows),
            "Q3": cycle([{"id": each["id"]} for each in groups]),
            "Q4": cycle([{}]),
            "M1": bookings,
        }

    def _connected(self) -> HTTPConnection:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            with suppress(OSError):
                connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
                connection.connect()
                return connection
            time.sleep(0.2)
        raise SystemExit(f"The server does not start: {(self._folder / 'log').read_text()[-1500:]}")

    def _run(self, *arguments: str) -> str:
        command = [*self._command, *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=True).stdout

    def _control(self, what: str) -> None:
        subprocess.run(["callgrind_control", what, str(self.pid)], capture_output=True, check=True)


def text_of(operation: str) -> str:
    ours, anybodys = _ASKED / "ours" / f"{operation}.graphql", _ASKED / "default" / f"{operation}.graphql"
    return (ours if ours.exists() else anybodys).read_text()
