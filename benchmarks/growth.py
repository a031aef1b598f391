"""
Measure how what is asked most grows with the book, on both stores: in rows, pages and plans, and in CPU time.

    make bench-growth
    make bench-growth SIZES="20000 2000000"

Books of these sizes are filled, measured side by side and taken away again. An operation passes where it takes at most
a logarithm more in the largest book than in the smallest: steps and rows tell, CPU time is beside them with its spread.
The table of a run with 200,000 or more goes to benchmarks/RESULTS.md too.
"""

import argparse
import asyncio
import os
import platform
import re
import sqlite3
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple

from growing_books import MEASURED, Size, copy_to_postgres, write_sqlite
from growing_operations import OPERATIONS, Operation, Visit, begin
from watched_statements import Seen, watched

import postgres_server
from gappt_graphql.store.opening import open_store

RESULTS = Path(__file__).with_name("RESULTS.md")
_SECTION = "## Growth"
_ROUNDS, _EACH, _WATCHED = 7, 6, 3
_AT_MOST = 1.5


class Measured(NamedTuple):
    """What an operation took in one book: the median of some, and CPU milliseconds with their quartiles."""

    visited: float
    pages: float
    plans: frozenset[tuple[str, str]]
    cpu: tuple[float, float, float]


def main(sizes: Sequence[int], stores: Sequence[str]) -> None:
    """Print the table, and write it down."""
    began = time.monotonic()
    lines: list[str] = []
    version = ""
    with TemporaryDirectory(prefix="growth-") as folder, ExitStack() as servers:
        server = servers.enter_context(postgres_server.server()) if "postgres" in stores else None
        places: dict[tuple[str, int], str] = {}
        processes: dict[tuple[str, int], _Backends] = {}
        filled: list[str] = []
        for size in sizes:
            path = Path(folder, f"{size}.db")
            write_sqlite(path, Size(size))
            told = f"{size:,} appointments: SQLite {_megabytes(path.stat().st_size)}"
            if server is not None:
                database = servers.enter_context(postgres_server.database(server))
                asyncio.run(copy_to_postgres(path, database.superuser_url))
                places["postgres", size] = database.url
                processes["postgres", size] = _Backends(database)
                [(bytes_there,)] = database.fetch("SELECT pg_database_size(current_database())")
                version = str(database.fetch("SHOW server_version")[0][0])
                told += f", PostgreSQL {_megabytes(bytes_there)}"
            places["sqlite", size] = f"sqlite:///{path}"
            filled.append(told)
            print(f"{told} ({time.monotonic() - began:.0f} s)", flush=True)
        for store in stores:
            found = asyncio.run(_measure({size: places[store, size] for size in sizes}, processes, store))
            lines += [
                "",
                f"### {f'SQLite {sqlite3.sqlite_version}' if store == 'sqlite' else f'PostgreSQL {version}'}",
                "",
                *_table(found, sizes),
            ]
            print("\n".join(lines[-len(found) - 4 :]), flush=True)
    if max(sizes) >= 200_000:
        _write_down([_machine(), "", *(f"- {each}" for each in filled), *lines])
    print(f"Done in {time.monotonic() - began:.0f} s.")


class _Backends:
    """The processes in which a database works for a role."""

    def __init__(self, database: postgres_server.Database) -> None:
        self._database = database

    def seconds(self) -> float:
        pids = self._database.fetch("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return sum(_cpu_of(row["pid"]) for row in pids)


def _cpu_of(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return 0.0


async def _measure(
    urls: dict[int, str], backends: dict[tuple[str, int], _Backends], store: str
) -> dict[str, dict[int, Measured]]:
    async with AsyncExitStack() as opened:
        visits: dict[int, Visit] = {}
        for size, url in urls.items():
            there = await open_store(url, serving=True)
            opened.push_async_callback(there.close)
            visits[size] = await begin(there, MEASURED)
        turns = count()
        seen: dict[tuple[str, int], list[list[Seen]]] = {}
        spent: dict[tuple[str, int], list[float]] = {}
        for operation in OPERATIONS:
            for size, visit in visits.items():
                for n in range(_WATCHED):
                    with watched() as statements:
                        await operation.ask(visit, n)
                    seen.setdefault((operation.name, size), []).append(list(statements))
        for n in range(_ROUNDS + 1):
            for operation in OPERATIONS:
                turn = next(turns) % len(visits)
                for size in [*visits][turn:] + [*visits][:turn]:
                    of_server = backends.get((store, size))
                    took = await _cpu(operation, visits[size], n, of_server)
                    if n:  # the first round warms up
                        spent.setdefault((operation.name, size), []).append(took)
        return {
            operation.name: {size: _measured(seen[operation.name, size], spent[operation.name, size]) for size in urls}
            for operation in OPERATIONS
        }


async def _cpu(operation: Operation, visit: Visit, n: int, backends: _Backends | None) -> float:
    times = max(1, round(_EACH * operation.weight))
    before, used = backends.seconds() if backends else 0.0, time.process_time()
    for one in range(times):
        await operation.ask(visit, _WATCHED + n * times + one)
    used = time.process_time() - used
    return (used + (backends.seconds() - before if backends else 0.0)) / times * 1e3


def _measured(seen: list[list[Seen]], spent: list[float]) -> Measured:
    low, middle, high = quantiles(spent, n=4)
    return Measured(
        visited=median(sum(each.visited for each in one) for one in seen),
        pages=median(sum(each.pages for each in one) for one in seen),
        plans=frozenset((each.text, each.plan) for one in seen for each in one),
        cpu=(low, middle, high),
    )


def _table(found: dict[str, dict[int, Measured]], sizes: Sequence[int]) -> list[str]:
    titles = [f"visited at {size // 1000}k" for size in sizes]
    pages = [f"pages at {size // 1000}k" for size in sizes] if any(_any_pages(each) for each in found.values()) else []
    cpus = [f"CPU ms at {size // 1000}k" for size in sizes]
    head = ["operation", *titles, "ratio", *pages, "plan", *cpus, "ratio", "at most log n"]
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 2)}---|"]
    for name, by_size in found.items():
        few, many = by_size[sizes[0]], by_size[sizes[-1]]
        cells = [name, *(f"{by_size[size].visited:,.0f}" for size in sizes), _ratio(many.visited, few.visited)]
        if pages:
            cells += [f"{by_size[size].pages:,.0f}" for size in sizes]
        cells.append("same" if few.plans == many.plans else "differs")
        cells += [f"{middle:.2f} ({low:.2f}-{high:.2f})" for low, middle, high in (by_size[s].cpu for s in sizes)]
        cells += [_ratio(many.cpu[1], few.cpu[1]), _verdict(name, few, many)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _any_pages(by_size: dict[int, Measured]) -> bool:
    return any(each.pages for each in by_size.values())


def _verdict(name: str, few: Measured, many: Measured) -> str:
    # A hundred more are no growth: PostgreSQL reads a table whole that fits on a page or two. Rows that lie further
    # apart touch more pages, but each only its own, and that of an index.
    if many.visited <= _AT_MOST * few.visited + 100 and many.pages <= 2 * max(few.pages, few.visited) + 10:
        return "yes"
    reason = next((each.grows_because for each in OPERATIONS if each.name == name), "")
    return f"no: {reason}" if reason else "NO"


def _ratio(many: float, few: float) -> str:
    return f"{many / few:.2f}" if few else "-"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def _machine() -> str:
    processor = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text()) if os.name == "posix" else None
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores"
        f"{f' ({processor[1]})' if processor else ''}, load {os.getloadavg()[0]:.1f} beside other work. "
        f"Visited: steps of SQLite's machine, or rows of PostgreSQL. CPU: median and quartiles of {_ROUNDS} rounds, "
        "sizes interleaved; of PostgreSQL with its own processes."
    )


def _write_down(lines: Sequence[str]) -> None:
    text = RESULTS.read_text() if RESULTS.exists() else "# What was measured\n"
    before, _, rest = text.partition(_SECTION)
    _, mark, after = rest.partition("\n## ")
    section = "\n".join([_SECTION, "", "From `make bench-growth`.", "", *lines])
    RESULTS.write_text(f"{before.rstrip()}\n\n{section}\n{mark}{after}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure how what is asked most grows with the book.")
    parser.add_argument("sizes", nargs="*", type=int, default=[20_000, 200_000])
    parser.add_argument("--store", action="append", choices=["sqlite", "postgres"])
    options = parser.parse_args()
    if min(options.sizes) < 2_000:
        parser.error("Books of 2,000 appointments at least: in smaller ones there is too little to ask about.")
    main(sorted(options.sizes), options.store or ["sqlite", "postgres"])
