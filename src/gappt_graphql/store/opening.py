"""How a store is opened, and how a command has one to itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gappt_graphql.observing import NOBODY, Observer
from gappt_graphql.store import Store, StoreBehind, StoreInUse
from gappt_graphql.store.migrations import is_behind
from gappt_graphql.store.postgres.terms import USUAL, Terms
from gappt_graphql.store.postgres.urls import is_postgres
from gappt_graphql.store.sqlite.files import beside, file_of
from gappt_graphql.store.sqlite.locks import FileLock
from gappt_graphql.store.sqlite.store import SqliteStore


async def open_store(url: str, *, serving: bool = False, observer: Observer = NOBODY, terms: Terms = USUAL) -> Store:
    """
    Open the store; the one process that serves it says so. `observer` is told of the work, and
    `terms` are those of a PostgreSQL database, which many may serve.

    :raises UnsupportedStore: if the URL names no store that this program knows
    :raises StoreInUse: if another process replaces it; or it shall be served, and another serves it or has it to itself
    :raises StoreBehind: if it has not been migrated
    :raises StoreError: if it can't be reached
    :raises StoreTooNew: if a newer program has migrated it
    """
    if is_postgres(url):
        from gappt_graphql.store.postgres.opening import open_postgres  # it imports asyncpg, an extra

        return await open_postgres(url, terms, observer, serving=serving)
    path = file_of(url)
    if is_behind(url):
        raise StoreBehind(f"The store {path} is not up to date. Migrate it first: gappt-graphql migrate")
    present = _come_in(path)
    lock = None
    try:
        lock = _take(path) if serving else None
        return await SqliteStore.open(path, present=present, serving=lock, observer=observer)
    except BaseException:
        present.close()
        if lock is not None:
            lock.close()
        raise


@contextmanager
def exclusive(url: str) -> Iterator[None]:
    """
    Have the store to oneself: nobody serves it meanwhile.

    :raises StoreInUse: if a process serves it or has it to itself
    :raises UnsupportedStore: if the URL names no store that this program knows
    """
    if is_postgres(url):
        yield
        return
    lock = _take(file_of(url))
    try:
        yield
    finally:
        lock.close()


@contextmanager
def replacing(url: str) -> Iterator[None]:
    """
    Have the store's file to oneself, to copy it or to give its name to another: nobody serves it or has it open.

    Whoever had a former file open would write its log where SQLite looks for that of the other.

    :raises StoreInUse: if a process has it open
    :raises UnsupportedStore: if the URL names no store that this program knows
    """
    path = file_of(url)
    with exclusive(url):
        lock = FileLock(beside(path, "open"))
        try:
            if not lock.take_at_once():
                raise StoreInUse(f"Another command has the store {path} open. Let it end first.")
            yield
        finally:
            lock.close()


def _come_in(path: Path) -> FileLock:
    lock = FileLock(beside(path, "open"))
    if not lock.share_at_once():
        lock.close()
        raise StoreInUse(f"The store {path} is being replaced by a backup, or copied. Try again when that is done.")
    return lock


def _take(path: Path) -> FileLock:
    lock = FileLock(beside(path, "serving"))
    if not lock.take_at_once():
        lock.close()
        raise StoreInUse(f"Another process holds the store {path}. Stop it first, or use another store.")
    return lock
