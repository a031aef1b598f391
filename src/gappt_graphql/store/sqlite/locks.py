"""Locks between processes on one machine, held on files beside the store. A process that dies lets go of them."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from gappt_graphql.store.shielding import in_thread
from gappt_graphql.store.sqlite.files import beside


class FileLock:
    """A lock on a file, which is made for it and stays: exclusive, unless it is shared. One holder for each object."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        os.fchmod(self._handle, 0o600)

    def take_at_once(self) -> bool:
        """Take the lock if nobody holds it, and tell whether that was so."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def share_at_once(self) -> bool:
        """Take the lock beside others who share it if nobody has it alone, and tell whether that was so."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def take(self) -> None:
        """Take the lock, however long that lasts."""
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def release(self) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the lock and of the file."""
        os.close(self._handle)


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """Hold the lock of this file."""
    lock = FileLock(path)
    try:
        lock.take()
        yield
    finally:
        lock.close()


class WritersQueue:
    """
    The queue of processes that want to write to one store, first come first served.

    The kernel hands a lock to whoever asks at the right moment, so that a busy server would pass a waiting command
    for ever. Hence two locks: who waits for the second holds the first, where the next one stops.
    """

    def __init__(self, path: Path, executor: Executor) -> None:
        self._queue = FileLock(beside(path, "queue"))
        self._writing = FileLock(beside(path, "writing"))
        self._executor = executor

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn, and have it."""
        await self._take(self._queue)
        try:
            await self._take(self._writing)
        finally:
            self._queue.release()
        try:
            yield
        finally:
            self._writing.release()

    def close(self) -> None:
        self._queue.close()
        self._writing.close()

    async def _take(self, lock: FileLock) -> None:
        if not lock.take_at_once():
            try:
                await in_thread(self._executor, lock.take)
            except asyncio.CancelledError:
                lock.release()
                raise
