"""A run: databases are filled, servers started and checked, and all of them asked in turn, round by round."""

import argparse
import math
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.peers.about import about
from benchmarks.peers.asking import Asked, make_asked
from benchmarks.peers.checking import wrong_answers, wrong_bookings
from benchmarks.peers.load import Load, Point
from benchmarks.peers.postgres import Server, postgres
from benchmarks.peers.report import report
from benchmarks.peers.rows import make_rows
from benchmarks.peers.servers import Running
from benchmarks.peers.stores import Databases
from benchmarks.peers.targets import Target

BOOKINGS = 170_000  # there are 184,000 free seats
LONGEST = 4  # seconds at a time, for those that answer a few times in that

Points = dict[tuple[str, str], list[Point]]


class Found(NamedTuple):
    """What a run found: what was wrong, and the results if anything was measured."""

    wrong: list[str]
    text: str


def run(chosen: Sequence[Target], options: argparse.Namespace) -> Found:
    """Measure the chosen servers, and end everything that was started."""
    cores = sorted(os.sched_getaffinity(0))
    core, others = (cores[0], cores[1]) if len(cores) > 1 else (None, None)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="gappt-peers-")))
        server = None
        if any(target.store == "postgres" for target in chosen):
            server = stack.enter_context(postgres(others))
        print("Making the data ...", flush=True)
        rows = make_rows()
        asked = make_asked(rows, BOOKINGS)
        databases = Databases(folder, rows, options.product, server)
        stack.callback(databases.close)
        load = Load(asked, folder, others, server.pid if server else None, options.clients)
        addresses = {target.key: _filled(target, databases) for target in chosen}
        databases.settle()
        began = time.monotonic()
        running, wrong = [], []
        for target in chosen:
            one = Running(target, *addresses[target.key], core, folder / f"{target.key}.log")
            stack.callback(one.stop)
            problems = _begun(one, asked, load)
            print(f"{'BAD' if problems else 'ok '} {target.key}", *problems, flush=True)
            wrong += [f"{target.key}: {problem}" for problem in problems]
            if problems:
                one.stop()
            else:
                running.append(one)
        if options.check or not running:
            return Found(wrong, "")
        points, failed = _measured(running, load, options, began)
        wrong += failed.values()
        for one in running:
            key, stored = one.target.key, databases.booked(one.url, ours=one.target.kind == "ours")
            problems = wrong_bookings(stored, load.asked_for.get(key, set()), load.booked.get(key, 0))
            wrong += [f"{key}: {problem}" for problem in problems]
        measured = [one.target for one in running if one.target.key not in failed]
        return Found(wrong, _text(measured, points, load, server, options) if measured else "")


def _filled(target: Target, databases: Databases) -> tuple[str, str]:
    print(f"Filling the database of {target.key} ...", flush=True)
    if target.kind == "ours":
        return databases.ours(target.store, target.key)
    return databases.peers(target.store, target.key), ""


def _begun(one: Running, asked: Asked, load: Load) -> list[str]:
    try:
        one.wait()
        return wrong_answers(one, asked, load)
    except (OSError, RuntimeError) as error:
        return [str(error)]


def _measured(
    running: list[Running], load: Load, options: argparse.Namespace, began: float
) -> tuple[Points, dict[str, str]]:
    """Ask in rounds, as many as fit: in each everyone is asked for the same back to back. Who fails once is out."""
    seconds: dict[tuple[str, str], int] = {}
    points: Points = defaultdict(list)
    failed: dict[str, str] = {}
    longest, rounds = 0.0, -1  # the round before the first warms them, and tells how fast they are
    while rounds < options.rounds and (rounds < 2 or time.monotonic() - began + longest < options.minutes * 60):
        round_began = time.monotonic()
        # Each round in another order, so that nobody always follows the same neighbour.
        turned = running[rounds % len(running) :] + running[: rounds % len(running)]
        for name in options.operations:
            for one in turned:
                key = one.target.key
                if key in failed:
                    continue
                point = load.run(one, name, seconds.get((key, name), 1))
                if point.failed:
                    failed[key] = f"{key} failed {point.failed} times in {name}: {point.problem}"
                elif rounds < 0:
                    enough = math.ceil(3 * load.clients / max(point.per_second, 1))
                    seconds[key, name] = min(LONGEST, max(options.seconds, enough))
                else:
                    points[key, name].append(point)
        rounds += 1
        longest = max(longest, time.monotonic() - round_began)
        print(f"{f'round {rounds}' if rounds else 'warm'}: {time.monotonic() - round_began:.0f} s", flush=True)
    return points, failed


def _text(
    measured: list[Target], points: Points, load: Load, server: Server | None, options: argparse.Namespace
) -> str:
    rounds = len(points[measured[0].key, options.operations[0]])
    how = f"{load.clients} clients, {rounds} rounds; ± is half of the range over the rounds."
    busy = f"{os.getloadavg()[1]:.1f} threads wanted a core at a time in the last five minutes."
    booked = f"{sum(load.booked.values()):,} bookings were told, and each is in its database once."
    return "\n\n".join(
        [
            about(options.product, options.node, server.version if server else None),
            f"{how} {busy} {booked}",
            report(measured, points, options.operations),
        ]
    )
