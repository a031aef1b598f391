"""What keeps a store from being written is told in a word."""

from pathlib import Path
from typing import Any

import pytest

from builders import Practice
from gappt_graphql.observing import NOBODY
from gappt_graphql.store import Fault, Store
from gappt_graphql.store.migrations import HEAD
from gappt_graphql.store.sqlite.checking import fault
from gappt_graphql.store.sqlite.connections import Connection
from gappt_graphql.store.sqlite.writer import Writer

pytestmark = pytest.mark.sqlite("what keeps a file from being written")


class Revision:
    """A book of this revision, open for writing."""

    def __init__(self, revision: str) -> None:
        self.revision = revision

    async def fetch(self, statement: object, parameters: object) -> list[tuple[Any, ...]]:
        return [(self.revision,)]

    async def run(self, statement: object, each: object) -> int:
        return 0


async def test_a_store_that_can_be_written_has_no_fault(store: Store) -> None:
    assert await store.fault() is None


async def test_a_disk_that_is_nearly_full_is_a_fault(tmp_path: Path) -> None:
    assert await fault(Revision(HEAD), tmp_path, least_free=2**62) is Fault.DISK


async def test_tables_of_another_version_are_a_fault(tmp_path: Path) -> None:
    assert await fault(Revision("0001"), tmp_path) is Fault.MIGRATIONS


async def test_a_file_that_can_only_be_read_is_a_fault(store: Store, tmp_path: Path) -> None:
    reading = await Connection.open(f"file:{tmp_path}/book.db?mode=ro", pragmas=(), interruptible=False)
    await reading.execute("BEGIN IMMEDIATE")

    found = await fault(Writer(reading, NOBODY.spans, abandoned=lambda: False), tmp_path)
    await reading.close()

    assert found is Fault.DISK


async def test_to_look_for_faults_writes_nothing(practice: Practice, tmp_path: Path) -> None:
    before = (tmp_path / "book.db-wal").stat().st_size

    await practice.store.fault()

    assert (tmp_path / "book.db-wal").stat().st_size == before
