"""On what, with what and when it was measured."""

import json
import os
import re
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers.targets import HERE

_PYTHON = (
    "strawberry-graphql",
    "graphql-core",
    "starlette",
    "uvicorn",
    "uvloop",
    "sqlalchemy",
    "aiosqlite",
    "asyncpg",
    "orjson",
)
_NODE = (
    "@apollo/server",
    "graphql-yoga",
    "mercurius",
    "graphql-jit",
    "fastify",
    "graphql",
    "better-sqlite3",
    "pg",
    "postgraphile",
)


def about(product: Path, node: Path, postgres: str | None) -> str:
    """Return a paragraph of versions and the day."""
    commit = _said("git", "-C", str(HERE), "rev-parse", "--short", "HEAD")
    packages = {name: json.loads(path.read_text())["version"] for name in _NODE if (path := _package(name)).exists()}
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    known = [
        f"{_said(str(product), '--version').replace(', version', '')} at {commit}",
        f"Python {_said(str(product.parent / 'python'), '-c', 'import platform; print(platform.python_version())')}",
        f"SQLite {sqlite3.sqlite_version}",
        *([f"PostgreSQL {postgres}"] if postgres else []),
        f"Node {_said(str(node), '--version').removeprefix('v')}",
        *(f"{name} {version(name)}" for name in _PYTHON),
        *(f"{name} {found}" for name, found in packages.items()),
        _said("wrk", "-v").split(" [")[0],
    ]
    cores = len(os.sched_getaffinity(0))
    where = f"{cores} cores{f' ({model[1]})' if model else ''}"
    return f"{datetime.now(UTC):%Y-%m-%d}, {where}. Versions: {'; '.join(known)}."


def _package(name: str) -> Path:
    return HERE / "node_modules" / name / "package.json"


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return (done.stdout or done.stderr).strip().partition("\n")[0]
