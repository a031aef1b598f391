"""What a database says when something fails, and what that is worth."""

from collections.abc import Awaitable
from typing import TypeVar

import asyncpg

T = TypeVar("T")

_LOST = ("08", "57", "25P03")
"""The server or somebody between cuts the connection: trouble on the line, a shutdown, a transaction that idled."""
_FULL = "53"
"""Its disk, its memory or its connections are used up."""
_READ_ONLY = "25006"
"""The server has become a standby, or has yet to stop being one."""
_CANCELLED = "57014"
"""A statement took longer than it may."""
_UNKNOWN = "40003"
"""CockroachDB's word for a commit of which it does not know what became."""


class Lost(Exception):
    """A connection broke, could not be had, or did not answer in time."""


async def of_the_driver(asked: Awaitable[T]) -> T:
    """
    Return what the driver returns.

    :raises Lost: instead of an OSError, TimeoutError among them, which a unit of work may also raise of its own
    """
    try:
        return await asked
    except OSError as error:
        raise Lost(type(error).__qualname__) from error


def is_contended(error: BaseException) -> bool:
    """Tell whether others were in the way, so that the same may be done when it is run again from its start."""
    if isinstance(error, asyncpg.PostgresError):
        # 40001, 40P01, 55P03; and what old CockroachDBs say without such a number.
        contended = asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError
        return isinstance(error, contended) or str(error.args[0]).startswith("restart transaction")
    return False


def is_clash_of_ids(error: BaseException) -> bool:
    """Tell whether another process made the same id in the same millisecond."""
    return isinstance(error, asyncpg.UniqueViolationError) and str(error.constraint_name).startswith("pk_")


def is_lost(error: BaseException) -> bool:
    """Tell whether the connection is gone, could not be had, or leads to where nothing can be written."""
    if isinstance(error, asyncpg.PostgresError):
        state = str(error.sqlstate)
        if state == _CANCELLED:
            return False
        fatal = getattr(error, "severity_en", None) in ("FATAL", "PANIC")
        return fatal or state.startswith(_LOST) or state == _READ_ONLY
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error.args[0]) or "terminated" in str(error.args[0])
    return isinstance(error, Lost)


def is_passing(error: BaseException) -> bool:
    """Tell whether the database would rather be asked later."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(_FULL) or error.sqlstate == _CANCELLED
    return False


def is_refused_commit(error: BaseException) -> bool:
    """Tell whether a COMMIT that failed with this has surely come to nothing."""
    return isinstance(error, asyncpg.PostgresError) and not is_lost(error) and error.sqlstate != _UNKNOWN


def without_values(error: BaseException) -> None:
    """Take out of an error what it quotes of rows and parameters, which may be a patient's data."""
    if not isinstance(error, (asyncpg.PostgresError, asyncpg.InterfaceError)):
        return
    state = getattr(error, "sqlstate", None)
    place = getattr(error, "constraint_name", None) or getattr(error, "table_name", None)
    error.args = (" ".join(str(part) for part in (state, place) if part is not None) or "no state",)
    for name in ("detail", "hint", "context", "internal_query", "message", "query"):
        if getattr(error, name, None) is not None:
            setattr(error, name, None)
    # The driver's complaint about a parameter is raised from one that holds it.
    error.__cause__, error.__context__ = None, None


def name_of(error: BaseException) -> str:
    """Return what an error is in a word or two, for the log."""
    if isinstance(error, Lost):
        return str(error)
    state = getattr(error, "sqlstate", None)
    return type(error).__qualname__ if state is None else f"{type(error).__qualname__} ({state})"
