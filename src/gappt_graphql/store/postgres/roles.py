"""What a role of the database may do: no more than serve."""

import asyncpg

from gappt_graphql.store import StoreBehind, UnsupportedStore
from gappt_graphql.store.tables import metadata

_RIGHTS = {
    "changes": "SELECT, INSERT",
    "audit": "SELECT, INSERT",
    "idempotency_keys": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_deliveries": "SELECT, INSERT, UPDATE, DELETE",
    "alembic_version": "SELECT",
}
"""In tables that are not read, added to and changed."""

_OWNS = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('accounts')"


async def let_serve(connection: asyncpg.Connection, role: str) -> None:
    """
    Give the role the rights in the tables that the program needs, and no others.

    :raises UnsupportedStore: if there is no such role
    :raises StoreBehind: if the connection's own role does not own the tables
    """
    if not await connection.fetchval("SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)", role):
        raise UnsupportedStore(f"The database has no role {role!r}. Make it first, with CREATE ROLE.")
    # To who does not own them, and may use them, GRANT says with a warning alone that nothing was given.
    if not await connection.fetchval(_OWNS):
        raise StoreBehind("Only the role that owns the tables can let another serve: give the address of that role.")
    to = await connection.fetchval("SELECT quote_ident($1)", role)
    schema = await connection.fetchval("SELECT quote_ident(current_schema())")
    await connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {to}")
    for table in (*metadata.tables, "alembic_version"):
        rights = _RIGHTS.get(table, "SELECT, INSERT, UPDATE")
        await connection.execute(f"REVOKE ALL ON {table} FROM {to}; GRANT {rights} ON {table} TO {to}")


async def sees_past_accounts(pool: asyncpg.Pool) -> bool:
    """Tell whether row-level security does not hold the role that this process uses."""
    found: bool = await pool.fetchval(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user", timeout=5
    )
    return found
