"""
What databases do about the statements of a store that is at work: how many rows they visit, and by which plan.

SQLite counts the steps of its machine. PostgreSQL runs each statement once more under EXPLAIN (ANALYZE, BUFFERS), with
the plan that it gives to a statement that a connection has run five times before, in the same transaction.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from gappt_graphql.store.postgres.units import Unit
from gappt_graphql.store.sqlite.connections import Connection
from gappt_graphql.store.sqlite.readers import Reader
from gappt_graphql.store.statements import Statement


class Seen(NamedTuple):
    """What one statement took: steps or rows, the pages touched (of PostgreSQL alone), and the shape of its plan."""

    text: str
    visited: int
    pages: int
    plan: str


@contextmanager
def watched() -> Iterator[list[Seen]]:
    """Give what the statements of every store take meanwhile."""
    seen: list[Seen] = []
    kept = Reader.fetch, Connection.run, Unit.fetch, Unit.run
    Reader.fetch, Connection.run = _read_on_sqlite(kept[0], seen), _written_on_sqlite(kept[1], seen)  # type: ignore[method-assign]
    Unit.fetch, Unit.run = _on_postgres(kept[2], seen), _on_postgres(kept[3], seen)  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        Reader.fetch, Connection.run, Unit.fetch, Unit.run = kept  # type: ignore[method-assign]


def _read_on_sqlite(ask: Any, seen: list[Seen]) -> Any:
    async def asked(reader: Reader, statement: Statement, parameters: Mapping[str, object]) -> Any:
        text, values = statement.sqlite, statement.sqlite_parameters(parameters)
        here = reader._connection._here
        plan = _plan(here, text, values)
        if text.startswith(("SELECT", "WITH")):
            # Once more, by itself: the store counts the steps of long ones for its own sake.
            with _counted(here) as steps:
                here.execute(text, values).fetchall()
            done = await ask(reader, statement, parameters)
        else:
            with _counted(here) as steps:
                done = await ask(reader, statement, parameters)
        seen.append(Seen(text, len(steps), 0, plan))
        return done

    return asked


def _written_on_sqlite(ask: Any, seen: list[Seen]) -> Any:
    async def asked(connection: Connection, text: str, each: Sequence[Mapping[str, Any]], *, long: bool) -> Any:
        if not each:
            return await ask(connection, text, each, long=long)
        plan = _plan(connection._here, text, each[0])
        with _counted(connection._here) as steps:
            done = await ask(connection, text, each, long=long)
        seen.append(Seen(text, len(steps), 0, plan))
        return done

    return asked


def _plan(here: sqlite3.Connection, text: str, values: Mapping[str, Any]) -> str:
    return "\n".join(row[3] for row in here.execute(f"EXPLAIN QUERY PLAN {text}", values))


@contextmanager
def _counted(here: sqlite3.Connection) -> Iterator[list[None]]:
    """Give a list that grows by one with each step of SQLite's machine."""
    steps: list[None] = []
    here.set_progress_handler(lambda: steps.append(None), 1)
    try:
        yield steps
    finally:
        here.set_progress_handler(None, 0)


def _on_postgres(ask: Any, seen: list[Seen]) -> Any:
    async def asked(unit: Unit, statement: Statement, values: Any) -> Any:
        each = [values] if isinstance(values, Mapping) else list(values)
        if each:
            seen.append(await _explained(unit._connection, statement, each))
        return await ask(unit, statement, values)

    return asked


_prepared: dict[tuple[int, str], str] = {}


async def _explained(connection: Any, statement: Statement, each: Sequence[Mapping[str, object]]) -> Seen:
    text = statement.postgres
    name = await _prepare(connection, statement, each[0])
    await connection.execute("SAVEPOINT watched")
    visited = pages = 0
    shape = ""
    for values in each:
        arguments = await _arguments(connection, statement, values)
        told = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {name}{arguments}")
        [answer] = json.loads(told)
        visited += _rows(answer["Plan"])
        pages += answer["Plan"]["Shared Hit Blocks"] + answer["Plan"]["Shared Read Blocks"]
        shape = "\n".join(_shape(answer["Plan"]))
    await connection.execute("ROLLBACK TO watched")
    return Seen(text, visited, pages, shape)


async def _prepare(connection: Any, statement: Statement, values: Mapping[str, object]) -> str:
    """Bring the statement to where PostgreSQL decides for good whether its plan depends on the values."""
    key = (await connection.fetchval("SELECT pg_backend_pid()"), statement.postgres)
    if key not in _prepared:
        _prepared[key] = f"watched_{len(_prepared)}"
        await connection.execute(f"PREPARE {_prepared[key]} AS {statement.postgres}")
        for _ in range(5):
            await connection.fetch(f"EXPLAIN EXECUTE {_prepared[key]}{await _arguments(connection, statement, values)}")
    return _prepared[key]


async def _arguments(connection: Any, statement: Statement, values: Mapping[str, object]) -> str:
    kinds = (await connection.prepare(statement.postgres)).get_parameters()
    given = zip(statement.postgres_parameters(values), kinds, strict=True)
    texts = [_literal(value, kind.name) for value, kind in given]
    return f"({', '.join(texts)})" if texts else ""


def _literal(value: Any, kind: str) -> str:
    if value is None:
        return "NULL"
    if kind == "timestamptz":
        return f"(TIMESTAMPTZ 'epoch' + {value} * INTERVAL '1 microsecond')"
    if isinstance(value, list):
        value = f"{{{','.join(map(str, value))}}}"
    return "'" + str(value).replace("'", "''") + "'"


def _rows(node: Mapping[str, Any]) -> int:
    """Count the rows of tables that were looked at, found or not."""
    own = 0
    if "Relation Name" in node and "Scan" in node["Node Type"]:
        each = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        own = round(sum(node.get(name, 0) for name in each) * node["Actual Loops"])
    return own + sum(_rows(part) for part in node.get("Plans", []))


def _shape(node: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    what = [node.get(name) for name in ("Node Type", "Index Name", "Relation Name", "CTE Name")]
    yield "  " * depth + " ".join(str(part) for part in what if part)
    for part in node.get("Plans", []):
        yield from _shape(part, depth + 1)
