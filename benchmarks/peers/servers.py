"""Servers that run: started on a core of their own, measured, and ended by their number."""

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from benchmarks.peers.targets import HERE, Target

Spent = dict[tuple[int, str], int]


class Running:
    """A started server; `url` is its database's."""

    def __init__(self, target: Target, url: str, key: str, core: int | None, log: Path) -> None:
        self.target, self.url, self.key, self.log = target, url, key, log
        self.port = free_port()

        def filled(text: str) -> str:
            return text.replace("{url}", url).replace("{port}", str(self.port))

        environment = {name: value for name, value in os.environ.items() if not name.startswith("GAPPT_")}
        environment |= {name: filled(value) for name, value in target.environment.items()}
        with log.open("w") as output:
            self._process = subprocess.Popen(
                [filled(word) for word in target.command],
                cwd=HERE,
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.pid = self._process.pid
        if core is not None:
            os.sched_setaffinity(self.pid, {core})

    def wait(self, seconds: float = 40) -> None:
        """
        Wait until it answers.

        :raises RuntimeError: if it doesn't
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.target.key} ended: {self.log.read_text()[-1500:]}")
            try:
                self.ask(b'{"query": "query Q4 { __typename }", "operationName": "Q4"}', seconds=5)
                return
            except (URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"{self.target.key} does not answer: {self.log.read_text()[-1500:]}")

    def ask(self, body: bytes, seconds: float = 15) -> bytes:
        """Send one request, and return the answer."""
        headers = {"content-type": "application/json", "accept": "application/json"}
        if self.key:
            headers["authorization"] = f"Bearer {self.key}"
        request = Request(f"http://127.0.0.1:{self.port}/graphql", body, headers)
        with urlopen(request, timeout=seconds) as answer:
            return bytes(answer.read())

    def settle(self) -> None:
        """Wait until it has finished what it was asked: that costs CPU too, and would disturb the next."""
        until, last = time.monotonic() + 15, -(10**9)
        while time.monotonic() < until:
            current = sum(cpu(self.pid).values())
            if current - last < 2_000_000:
                return
            last = current
            time.sleep(0.05)

    def stop(self) -> None:
        """End it, and whom it has started."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(8)
        except subprocess.TimeoutExpired:
            for number in reversed(_family(self.pid)):
                os.kill(number, signal.SIGKILL)
            self._process.wait()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def cpu(pid: int) -> Spent:
    """Return the nanoseconds that each thread of a process and its descendants has run."""
    spent: Spent = {}
    for number in _family(pid):
        try:
            for thread in os.listdir(f"/proc/{number}/task"):
                spent[number, thread] = int(Path(f"/proc/{number}/task/{thread}/schedstat").read_text().split()[0])
        except OSError:
            pass  # it has ended
    return spent


def since(pid: int, before: Spent) -> float:
    """Return the microseconds that were run since; those of threads that have ended meanwhile are not known."""
    return sum(spent - before.get(thread, 0) for thread, spent in cpu(pid).items()) / 1e3


def peak_memory(pid: int) -> float:
    """Return the most memory that a process and its descendants have held, in MiB."""
    total = 0
    for number in _family(pid):
        try:
            found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{number}/status").read_text())
        except OSError:
            continue
        total += int(found[1]) if found else 0
    return total / 1024


def _family(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parent = int(Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(name))
    found = [pid]
    for number in found:
        found += children.get(number, [])
    return found
