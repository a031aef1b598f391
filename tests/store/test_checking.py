"""What keeps a store from being written is told in a word."""

from pathlib import Path
from typing import Any

from gappt_graphql.store import Fault, Store
from gappt_graphql.store.migrations import HEAD
from gappt_graphql.store.sqlite.checking import fault


class Revision:
    """A book of this revision, open for writing."""

    def __init__(self, revision: str) -> None:
        self.revision = revision

    async def fetch(self, statement: object, parameters: object) -> list[tuple[Any, ...]]:
        return [(self.revision,)]

    async def run(self, statement: object, each: object) -> int:
        raise AssertionError("nothing is written")


async def test_a_store_that_can_be_written_has_no_fault(store: Store) -> None:
    assert await store.fault() is None


async def test_a_disk_that_is_nearly_full_is_a_fault(tmp_path: Path) -> None:
    assert await fault(Revision(HEAD), tmp_path, least_free=2**62) is Fault.DISK


async def test_tables_of_another_version_are_a_fault(tmp_path: Path) -> None:
    assert await fault(Revision("0001"), tmp_path) is Fault.MIGRATIONS
