"""Connections to a PostgreSQL database, and what they say that is worth another try."""

from collections.abc import Mapping, Sequence

import asyncpg

_SINCE_1970 = 946_684_800_000_000
"""Microseconds from 1970 to 2000, from when PostgreSQL counts."""

AGAIN = (
    asyncpg.SerializationError,  # 40001, also CockroachDB's "restart transaction"
    asyncpg.DeadlockDetectedError,  # 40P01
    asyncpg.LockNotAvailableError,  # 55P03
)
"""What a unit of work is run again for, from its start."""

LOST = (
    asyncpg.PostgresConnectionError,  # 08xxx
    asyncpg.OperatorInterventionError,  # 57xxx: the server is shut down, or cuts the connection
    asyncpg.InterfaceError,
    OSError,
)
"""What is raised where a connection breaks."""


async def prepare(connection: asyncpg.Connection) -> None:
    """Let the connection read and write instants as microseconds since 1970."""
    await connection.set_type_codec(
        "timestamptz",
        schema="pg_catalog",
        encoder=lambda microseconds: (microseconds - _SINCE_1970,),
        decoder=lambda counted: counted[0] + _SINCE_1970,
        format="tuple",
    )


async def open_pool(url: str, *, most: int) -> asyncpg.Pool:
    """Open a pool of connections; each is made when it is first needed."""
    return await asyncpg.create_pool(url, min_size=1, max_size=most, init=prepare, reset=_nothing)


async def _nothing(_connection: asyncpg.Connection) -> None:
    """Do nothing: no unit of work leaves anything in a session."""


def begin(account: int, *, writing: bool, asking: Mapping[str, str] | None = None) -> str:
    """
    Return the statements that begin a unit of work on an account's book, to be sent at once.

    Who writes waits for the account's row first: the numbers of its feed are in the order of commits anyway. Row-level
    security lets the unit see the account's rows, and what else it is `asking` for: the key of a `digest`, or `all` of
    the `accounts`.
    """
    mode = "READ COMMITTED" if writing else "REPEATABLE READ READ ONLY"
    texts: Sequence[str] = (
        f"BEGIN ISOLATION LEVEL {mode}",
        f"SET LOCAL gappt.account = '{int(account)}'",
        *(f"SET LOCAL gappt.{name} = {_quoted(value)}" for name, value in (asking or {}).items()),
        *([f"SELECT 1 FROM accounts WHERE account_id = {int(account)} FOR NO KEY UPDATE"] if writing else []),
    )
    return "; ".join(texts)


def _quoted(text: str) -> str:
    # With E it means the same whatever standard_conforming_strings is.
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
