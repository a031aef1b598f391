"""What tests of the store look at besides the store."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest


@pytest.fixture
def raw(store, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The file as any other program sees it, with foreign keys on."""
    with closing(sqlite3.connect(tmp_path / "book.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        yield connection
