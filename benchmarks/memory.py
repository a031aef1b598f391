"""
Look whether a server's memory stays flat over a million requests.

    make bench-memory
    make bench-memory REQUESTS=100000

A large demo book is served, and asked by wrk as clients of a practice would: mostly small questions and single
appointments, some lists, a few lists with everybody in them, and a few writes. What is held is told ten times. It is
flat if the last tenth holds at most a tenth more than the second: the first fills what is kept on purpose.
"""

import argparse
import json
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.served import Served, text_of

AT_MOST = 1.10
_CLIENTS, _SECONDS = 16, 5
_LOAD = Path(__file__).parent / "peers" / "load.lua"
_OF_A_HUNDRED = {"Q4": 60, "Q3": 30, "Q1": 6, "Q2": 2, "update": 2}
_UPDATE = """mutation ($id: ID!, $notes: String) {
  updateGroupAppointment(input: { id: $id, notes: $notes }) { groupAppointment { id version } userErrors { code } }
}"""


def main(requests: int) -> int:
    """Print what is held as the requests go by; return 1 if it grows."""
    with TemporaryDirectory(prefix="gappt-memory-") as folder:
        asked = Path(folder) / "requests"
        with Served(Path(__file__).parent.parent / "src", Path(folder) / "served", counting=False) as served:
            asked.write_text("\n".join([served.key, *map(json.dumps, _bodies(served)), ""]))
            held: list[float] = []
            done = 0
            while done < requests:
                done += _answered(served, asked)
                while len(held) < min(10, done * 10 // requests):
                    held.append(_resident(served.pid))
                    print(f"{done:10,} requests  {held[-1]:6.1f} MiB", flush=True)
    flat = held[-1] <= held[1] * AT_MOST
    print(f"{held[-1] / held[1]:.2f} of what the second tenth held{'' if flat else ': it grows'}")
    return int(not flat)


def _bodies(served: Served) -> list[dict[str, Any]]:
    """Return requests of all kinds, in turns: ten times a hundred, with other variables each."""
    bodies: list[dict[str, Any]] = []
    for number in range(1000):
        for kind, share in _OF_A_HUNDRED.items():
            if number % 100 * share % 100 < share:
                [variables] = islice(served.variables["Q3" if kind == "update" else kind], 1)
                if kind == "update":
                    variables = variables | {"notes": f"Bring a mat {number}"}
                query = _UPDATE if kind == "update" else text_of(kind)
                bodies.append({"query": query, "variables": variables})
    return bodies


def _answered(served: Served, asked: Path) -> int:
    command = ["wrk", "-t1", f"-c{_CLIENTS}", f"-d{_SECONDS}s", "--timeout", "10s", "-s", str(_LOAD)]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{served.port}", "--", str(asked)], capture_output=True, text=True, check=True
    )
    found = re.search(r"^JSON (.*)$", done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    told = json.loads(found[1])
    if told["failed"] or told["broken"]:
        raise SystemExit(f"Not everything was answered well: {done.stderr[:500]}")
    return int(told["answered"])


def _resident(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("requests", nargs="?", type=int, default=1_000_000)
    sys.exit(main(parser.parse_args().requests))
