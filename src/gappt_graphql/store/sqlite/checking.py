"""Whether the store can be written."""

import os
import sqlite3
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
# It begins to write, and finds nothing to do. For a file that can only be read, BEGIN IMMEDIATE is a plain BEGIN.
_NO_CHANGE = Statement(text("DELETE FROM alembic_version WHERE false"))
_PRIMARY = 0xFF
"""The part of an error's code that says what it is; the rest says which of its kind."""


async def fault(writing: Writing, path: Path, *, prove: bool = False, least_free: int = LEAST_FREE) -> Fault | None:
    """
    Return what keeps the store from being written.

    It is asked in a writing transaction, so that half of the answer is that there is one. To prove that it can be
    written it writes a page, which then is committed, or is not.
    """
    try:
        await writing.run(_NO_CHANGE, [{}])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_READONLY:
            raise
        return Fault.DISK
    if await writing.fetch(_REVISION, {}) != [(HEAD,)]:
        return Fault.MIGRATIONS
    if prove:
        await writing.fetch(_NOTHING, {})
    disk = os.statvfs(path)
    if disk.f_flag & os.ST_RDONLY or disk.f_bavail * disk.f_frsize < least_free:
        return Fault.DISK
    return None
