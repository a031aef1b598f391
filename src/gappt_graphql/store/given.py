"""What a statement is given besides plain values: whole tables as one parameter, and an order in which to join."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, bindparam, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import CTE, Join

from gappt_graphql.store.statements import for_sqlite
from gappt_graphql.store.tables import Instant


def given(name: str, *columns: str) -> CTE:
    """
    Return a table that comes as one parameter: the JSON text that `as_rows` makes.

    Columns are integers; one whose name ends in `_at` holds instants.
    """
    rows = _Rows(bindparam(name)).table_valued("value")
    found = select(*(_column(rows.c.value, place, column) for place, column in enumerate(columns)))
    return worked_out(found.cte(name))


def as_rows(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as the parameter of a given table."""
    return msgspec.json.encode([[for_sqlite(value) for value in row] for row in rows]).decode()


class InOrder(Join):
    """
    A join whose left side is walked first, and the right one searched by an index for each of its rows.

    SQLite has no figures about the tables by which to choose, and would sometimes walk the large one. PostgreSQL has,
    but none about what is given, nor about which spans meet: it takes many rows to do so, and would walk all of them.
    """

    inherit_cache = True


@compiles(InOrder, "sqlite")
def _cross_join(join: InOrder, compiler: Any, asfrom: bool = False, from_linter: Any = None, **options: Any) -> str:
    left, right = (compiler.process(side, asfrom=True, **options) for side in (join.left, join.right))
    return f"{left} CROSS JOIN {right} ON {compiler.process(join.onclause, **options)}"


@compiles(InOrder, "postgresql")
def _search_for_each(
    join: InOrder, compiler: Any, asfrom: bool = False, from_linter: Any = None, **options: Any
) -> str:
    left, right = (compiler.process(side, asfrom=True, **options) for side in (join.left, join.right))
    name = right.split()[-1]  # a table's own, or its alias
    found = f"SELECT {name}.* FROM {right} WHERE {compiler.process(join.onclause, **options)}"
    # Without the OFFSET it would be the same to PostgreSQL as any join.
    return f"{left} JOIN LATERAL ({found} OFFSET 0) AS {name} ON true"


def a_day_before(instant: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the instant 24 hours before this one."""
    return _DayBefore(instant)


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """
    Return the column, but no index is to be walked for its sake.

    Where few rows are found by other means, SQLite would otherwise walk a whole table to spare their sorting.
    """
    return _Unindexed(column)


def worked_out(table: CTE) -> CTE:
    """
    Return the table, to be worked out by SQLite anew wherever a statement reads it, and by PostgreSQL once.

    SQLite takes a table of its own making for a large one. Where figures about the others exist, because somebody ran
    ANALYZE, it would read all of those once to spare itself searches, of which there are few. PostgreSQL, under
    row-level security, walks no index for what a function makes of another table's column, which might tell of rows
    that nobody is to see: a column that is made already, it does.
    """
    return table.prefix_with("NOT MATERIALIZED", dialect="sqlite").prefix_with("MATERIALIZED", dialect="postgresql")


class _DayBefore(FunctionElement[Any]):
    inherit_cache = True
    type = Instant()


@compiles(_DayBefore, "sqlite")
def _microseconds_before(element: _DayBefore, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} - 86400000000)"


@compiles(_DayBefore, "postgresql")
def _hours_before(element: _DayBefore, compiler: Any, **options: Any) -> str:
    # Not '1 day', which has 23 or 25 hours where the session's clocks change.
    return f"({compiler.process(element.clauses, **options)} - INTERVAL '24 hours')"


class _Unindexed(FunctionElement[Any]):
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(_Unindexed, "sqlite")
def _plus(element: _Unindexed, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@compiles(_Unindexed, "postgresql")
def _plain(element: _Unindexed, compiler: Any, **options: Any) -> str:
    return compiler.process(element.clauses, **options)  # type: ignore[no-any-return]


class _Rows(FunctionElement[Any]):
    inherit_cache = True
    name = "rows"


@compiles(_Rows, "sqlite")
def _json_each(element: _Rows, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Rows, "postgresql")
def _json_elements(element: _Rows, compiler: Any, **options: Any) -> str:
    return f"json_array_elements(CAST({compiler.process(element.clauses, **options)} AS json))"


class _Item(FunctionElement[Any]):
    """One value of a row."""

    inherit_cache = True

    def __init__(self, row: ColumnElement[Any], place: int, column: str) -> None:
        super().__init__(row)
        self.place = place
        self.type = Instant() if column.endswith("_at") else BigInteger()


def _column(row: ColumnElement[Any], place: int, column: str) -> ColumnElement[Any]:
    return _Item(row, place, column).label(column)


@compiles(_Item, "sqlite")
def _extract(element: _Item, compiler: Any, **options: Any) -> str:
    return f"json_extract({compiler.process(element.clauses, **options)}, '$[{element.place}]')"


@compiles(_Item, "postgresql")
def _arrow(element: _Item, compiler: Any, **options: Any) -> str:
    number = f"CAST({compiler.process(element.clauses, **options)} ->> {element.place} AS bigint)"
    if isinstance(element.type, Instant):
        return f"(TIMESTAMPTZ 'epoch' + {number} * INTERVAL '1 microsecond')"
    return number
