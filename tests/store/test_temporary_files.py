"""What patients told stays in the book's folder, which may lie on an encrypted disk."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from gappt_graphql.store import Edit

pytestmark = pytest.mark.sqlite("what SQLite sets aside")

MUCH = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000)
    SELECT printf('%.*c', 2000, 'n') AS much FROM n ORDER BY random(), much"""


def open_files() -> list[str]:
    """Return the files that this process has open, deleted ones too, but those of no name at all."""
    if not sys.platform.startswith("linux"):
        pytest.skip("Only Linux tells which files a process has open.")
    files = []
    for each in Path("/proc/self/fd").iterdir():
        try:
            files.append(os.readlink(each))
        except FileNotFoundError:  # the folder's own
            continue
    return files


async def test_what_a_unit_of_work_would_undo_is_in_no_temporary_file(practice):
    looked = []

    async def work(book):
        await book.save([Edit(None, practice.new_group(notes="n" * 4000)) for _ in range(40)])
        looked.append(open_files())

    await asyncio.gather(*(practice.store.write(practice.account.id, work) for _ in range(3)))

    assert len(looked) == 3
    assert not any("etilqs" in file for files in looked for file in files)


async def test_what_is_sorted_is_in_no_temporary_file(practice):
    async def work(book):
        rows = book._connection._connection._here.execute(MUCH)
        rows.fetchone()
        return open_files()

    assert not any("etilqs" in file for file in await practice.store.read(practice.account.id, work))
