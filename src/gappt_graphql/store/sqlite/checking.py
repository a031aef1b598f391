"""Whether the store can be written."""

import os
from pathlib import Path

from sqlalchemy import text

from gappt_graphql.store import Fault
from gappt_graphql.store.migrations import HEAD
from gappt_graphql.store.statements import Statement, Writing

LEAST_FREE = 64 * 1024 * 1024
"""Bytes on the disk: what the write-ahead log may take up in a few busy minutes."""

_REVISION = Statement(text("SELECT version_num FROM alembic_version"))
# What is written is what was there: no page that stays as it is would go to the disk, but the first one does.
_NOTHING = Statement(text("PRAGMA user_version = 0"))


async def fault(writing: Writing, path: Path, *, prove: bool = False, least_free: int = LEAST_FREE) -> Fault | None:
    """
    Return what keeps the store from being written.

    It is asked in a writing transaction, so that half of the answer is that there is one. To prove that it can be
    written it writes a page, which then is committed, or is not.
    """
    if await writing.fetch(_REVISION, {}) != [(HEAD,)]:
        return Fault.MIGRATIONS
    if prove:
        await writing.fetch(_NOTHING, {})
    disk = os.statvfs(path)
    if disk.f_flag & os.ST_RDONLY or disk.f_bavail * disk.f_frsize < least_free:
        return Fault.DISK
    return None
