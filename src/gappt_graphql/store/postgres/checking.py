"""Whether a database can be served."""

from sqlalchemy import text

from gappt_graphql.store import Fault
from gappt_graphql.store.migrations import HEAD
from gappt_graphql.store.statements import Reading, Statement

_REVISION = Statement(text("SELECT version_num FROM alembic_version"))
# Of the session: the transaction that asks is one that only reads.
_ONLY_READS = Statement(text("SELECT current_setting('default_transaction_read_only'), pg_is_in_recovery()"))


async def fault(reading: Reading) -> Fault | None:
    """Return what keeps the database from being written: other tables than are expected, or that it is a standby."""
    if [tuple(row) for row in await reading.fetch(_REVISION, {})] != [(HEAD,)]:
        return Fault.MIGRATIONS
    [(only_reads, stands_by)] = await reading.fetch(_ONLY_READS, {})
    return Fault.READ_ONLY if stands_by or only_reads == "on" else None
