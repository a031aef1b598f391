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


async def fault(writing: Writing, path: Path, *, least_free: int = LEAST_FREE) -> Fault | None:
    """
    Return what keeps the store from being written.

    It is asked in a writing transaction, so that half of the answer is that there is one.
    """
    if await writing.fetch(_REVISION, {}) != [(HEAD,)]:
        return Fault.MIGRATIONS
    disk = os.statvfs(path)
    if disk.f_flag & os.ST_RDONLY or disk.f_bavail * disk.f_frsize < least_free:
        return Fault.DISK
    return None
