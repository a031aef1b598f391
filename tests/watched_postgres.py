"""A way to ask the store's questions while watching what PostgreSQL does about them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg

from gappt_graphql.scheduling.ids import AccountId
from gappt_graphql.store.postgres.connections import prepare
from gappt_graphql.store.statements import Row, Statement, instant

Plan = dict[str, Any]


class WatchedPostgres:
    """
    Run statements on a connection of its own, as the role that serves; remember them and their plans.

    A plan is made for the values of its parameters, and a `generic` one for any values: PostgreSQL takes to that after
    some runs of a prepared statement.
    """

    def __init__(self, connection: asyncpg.Connection, account: AccountId, *, generic: bool) -> None:
        self.account = account
        self.statements: list[str] = []
        self.plans: list[Plan] = []
        self.long: list[bool] = []
        self._connection, self._generic = connection, generic

    @classmethod
    async def open(cls, url: str, account: AccountId, *, generic: bool = False) -> "WatchedPostgres":
        connection = await asyncpg.connect(url)
        await prepare(connection)
        await connection.execute(f"SET gappt.account = '{account}'")
        if generic:
            await connection.execute("SET plan_cache_mode = force_generic_plan")
        return cls(connection, account, generic=generic)

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        values = statement.postgres_parameters(parameters)
        self.statements.append(statement.postgres)
        self.long.append(statement.long)
        self.plans.append(await self._plan(statement.postgres, values))
        found: list[Row] = await self._connection.fetch(statement.postgres, *values)
        return found

    async def _plan(self, text: str, values: list[object]) -> Plan:
        if not self._generic:
            told = await self._connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {text}", *values)
        else:
            taken = (await self._connection.prepare(text)).get_parameters()
            given = [_literal(value, type.name) for value, type in zip(values, taken, strict=True)]
            await self._connection.execute(f"PREPARE asked AS {text}")
            values_of = f"({', '.join(given)})" if given else ""
            told = await self._connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked{values_of}")
            await self._connection.execute("DEALLOCATE asked")
        return json.loads(told)[0]["Plan"]  # type: ignore[no-any-return]

    async def close(self) -> None:
        await self._connection.close()


def steps(plan: Plan) -> Iterator[Plan]:
    """Give every step of a plan, the outer ones first."""
    yield plan
    for inner in plan.get("Plans", ()):
        yield from steps(inner)


def _literal(value: Any, type: str) -> str:
    if isinstance(value, list):
        return f"'{{{', '.join(map(str, value))}}}'"
    text = str(instant(value)) if type == "timestamptz" else str(value).replace("'", "''")
    return f"'{text}'"
