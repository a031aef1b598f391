"""Connections to a PostgreSQL database: how they are made, kept, and told in which transaction they are."""

from collections.abc import Mapping, Sequence

import asyncpg

from gappt_graphql.store.postgres.terms import Terms

_SINCE_1970 = 946_684_800_000_000
"""Microseconds from 1970 to 2000, from when PostgreSQL counts."""
_KEPT_STATEMENTS = 512
_GRACE = 2
"""Seconds after which a server that should have given up by itself is given up."""


LOST = (
    asyncpg.PostgresConnectionError,  # 08xxx
    asyncpg.OperatorInterventionError,  # 57xxx: the server is shut down, or cuts the connection
    asyncpg.InterfaceError,
    OSError,
)
"""What is raised where a connection breaks."""


async def open_pool(url: str, terms: Terms, *, kind: type[asyncpg.Connection] = asyncpg.Connection) -> asyncpg.Pool:
    """Open a pool of connections. One is made at once, each other when it is first needed."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=terms.connections,
        init=prepare,
        reset=_nothing,
        connection_class=kind,
        timeout=terms.connect_seconds,
        command_timeout=terms.statement_seconds + _GRACE,
        statement_cache_size=0 if terms.pooler else _KEPT_STATEMENTS,
        max_cached_statement_lifetime=0,
        server_settings={"application_name": "gappt-graphql", **({} if terms.pooler else terms.each)},
    )


def begin(
    account: int, *, writing: bool, asking: Mapping[str, str] | None = None, each: Mapping[str, str] | None = None
) -> str:
    """
    Return the statements that begin a unit of work on an account's book, to be sent at once.

    Who writes waits for the account's row first: the numbers of its feed are in the order of commits anyway. Row-level
    security lets the unit see the account's rows, and what else it is `asking` for: the key of a `digest`, or `all` of
    the `accounts`. `each` is what is set where no session keeps it.
    """
    mode = "READ COMMITTED" if writing else "REPEATABLE READ READ ONLY"
    texts: Sequence[str] = (
        f"BEGIN ISOLATION LEVEL {mode}",
        *(f"SET LOCAL {name} = {_quoted(value)}" for name, value in (each or {}).items()),
        f"SET LOCAL gappt.account = '{int(account)}'",
        *(f"SET LOCAL gappt.{name} = {_quoted(value)}" for name, value in (asking or {}).items()),
        *([f"SELECT 1 FROM accounts WHERE account_id = {int(account)} FOR NO KEY UPDATE"] if writing else []),
    )
    return "; ".join(texts)


def _quoted(text: str) -> str:
    # With E it means the same whatever standard_conforming_strings is.
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


async def prepare(connection: asyncpg.Connection) -> None:
    """Let the connection read and write instants as microseconds since 1970."""
    await connection.set_type_codec(
        "timestamptz",
        schema="pg_catalog",
        encoder=lambda microseconds: (microseconds - _SINCE_1970,),
        decoder=lambda counted: counted[0] + _SINCE_1970,
        format="tuple",
    )


async def _nothing(_connection: asyncpg.Connection) -> None:
    """Do nothing: no unit of work leaves anything in a session."""
