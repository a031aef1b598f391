"""A way to ask the store's questions while watching what SQLite does about them."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gappt_graphql.scheduling.ids import AccountId
from gappt_graphql.store.statements import Row, Statement


class WatchedRows:
    """Run statements on a connection of its own; remember them, their plans, whether they are long, and their steps."""

    def __init__(self, path: Path, account: AccountId) -> None:
        self.account = account
        self.statements: list[str] = []
        self.plans: list[list[str]] = []
        self.long: list[bool] = []
        self.steps = 0
        self._connection = sqlite3.connect(path)

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        values: Any = statement.sqlite_parameters(parameters)
        self.statements.append(statement.sqlite)
        self.long.append(statement.long)
        plan = self._connection.execute(f"EXPLAIN QUERY PLAN {statement.sqlite}", values)
        self.plans.append([row[3] for row in plan])
        self._connection.set_progress_handler(self._step, 1)
        try:
            return self._connection.execute(statement.sqlite, values).fetchall()
        finally:
            self._connection.set_progress_handler(None, 0)

    def _step(self) -> None:
        self.steps += 1

    async def close(self) -> None:
        self._connection.close()
