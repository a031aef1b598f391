"""What tests of the store look at besides the store."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from builders import Practice
from watched_postgres import WatchedPostgres
from watched_rows import WatchedRows


@pytest.fixture
def raw(store, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The file as any other program sees it, with foreign keys on."""
    with closing(sqlite3.connect(tmp_path / "book.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        yield connection


@pytest.fixture
async def rows(practice: Practice, store_url: str) -> AsyncIterator[WatchedRows | WatchedPostgres]:
    """A way to ask the store's questions while watching what the database does about them."""
    watched: WatchedRows | WatchedPostgres
    if store_url.startswith("sqlite:"):
        watched = WatchedRows(Path(store_url.removeprefix("sqlite:///")), practice.account.id)
    else:
        watched = await WatchedPostgres.open(store_url, practice.account.id)
    yield watched
    await watched.close()
