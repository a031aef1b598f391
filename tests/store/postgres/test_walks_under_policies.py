"""What row-level security would keep PostgreSQL from finding along an index: seen in its plans, as the serving role."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise

import asyncpg

from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Slice
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import paging
from gappt_graphql.store.postgres.connections import begin, prepare
from gappt_graphql.store.statements import Row, Statement


class ExplainedRows:
    """Remember the plans of statements, without reading tables whole though they are small."""

    def __init__(self, account: int, connection: asyncpg.Connection) -> None:
        self.account = account
        self.plan: list[str] = []
        self._connection = connection

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        values = statement.postgres_parameters(parameters)
        rows = await self._connection.fetch(f"EXPLAIN {statement.postgres}", *values)
        self.plan += [row[0] for row in rows]
        return await self._connection.fetch(statement.postgres, *values)


async def test_the_past_of_a_patient_is_not_walked_for_conflicts(practice: Practice, database) -> None:
    groups = [practice.new_group(A_MONDAY + timedelta(hours=2 * n)) for n in range(200)]
    booked = [practice.new_attendee(group, patient) for group in groups for patient in practice.patients[:4]]
    await practice.save(*groups, *booked)
    database.execute("ANALYZE")
    connection = await asyncpg.connect(database.url)
    await prepare(connection)
    await connection.execute(begin(practice.account.id, writing=False))
    await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    rows = ExplainedRows(practice.account.id, connection)
    where = (
        Condition("starts_at", Operator.GREATER_OR_EQUAL, (A_MONDAY,)),
        Condition("starts_at", Operator.LESS, (A_MONDAY + timedelta(days=7),)),
        Condition("has_conflicts", Operator.IN, (True,)),
    )
    await paging.page(rows, GroupAppointment, Listing(where, (Order("starts_at"),)), Slice(50))
    await connection.close()

    conditions = [step for scan, step in pairwise(rows.plan) if " on attendees " in scan and "Index Cond" in step]
    assert any("starts_at >" in step and "starts_at <" in step for step in conditions), "\n".join(rows.plan)
