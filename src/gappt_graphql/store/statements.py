"""Statements: built with Core, compiled once to the text of each dialect, and run by the driver."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol, TypeGuard

import msgspec
from sqlalchemy import ColumnElement, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from gappt_graphql.scheduling.ids import AccountId

Row = tuple[Any, ...]
"""A row as the driver gives it: instants are integer microseconds, booleans 0 or 1, dates ISO text."""


class Statement:
    """
    A statement with named parameters. `long` marks one that may take more than a moment: it gets a thread.

    Constants in the element become parameters of their own, so that the text holds no values at all. What shall match
    the condition of a partial index has to stand in the text: write it as `literal_column`.
    """

    def __init__(self, element: ClauseElement, *, long: bool = False) -> None:
        self._element = element
        self.long = long

    @cached_property
    def sqlite(self) -> str:
        """The text for SQLite, with parameters as `:name`."""
        return self._for_sqlite[0]

    @cached_property
    def postgres(self) -> str:
        """The text for PostgreSQL, with parameters as `$1`."""
        return self._for_postgres[0]

    def sqlite_parameters(self, parameters: Mapping[str, object]) -> dict[str, object]:
        """Return the parameters as SQLite takes them."""
        return self._for_sqlite[1] | {name: for_sqlite(value) for name, value in parameters.items()}

    def postgres_parameters(self, parameters: Mapping[str, object]) -> list[object]:
        """Return the parameters as PostgreSQL takes them, in the order of the text."""
        _, constants, order = self._for_postgres
        values = constants | {name: for_postgres(value) for name, value in parameters.items()}
        return [values[name] for name in order]

    @cached_property
    def _for_sqlite(self) -> tuple[str, dict[str, object]]:
        compiled = self._element.compile(dialect=sqlite.dialect(paramstyle="named"))
        constants = {name: for_sqlite(value) for name, value in compiled.params.items() if value is not None}
        return str(compiled), constants

    @cached_property
    def _for_postgres(self) -> tuple[str, dict[str, object], list[str]]:
        dialect = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
        compiled: Any = self._element.compile(dialect=dialect)
        constants = {name: for_postgres(value) for name, value in compiled.params.items() if value is not None}
        return str(compiled), constants, list(compiled.positiontup or ())


class Reading(Protocol):
    """A connection in a transaction, to read."""

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        """Run the statement and return all its rows."""


class Writing(Reading, Protocol):
    """A connection in a transaction, to read and write."""

    journal_end: tuple[int, int, str] | None
    """The account's last number, its last audit row's, and that one's hash, where they are known in the transaction."""

    @property
    def keeps_counts(self) -> bool:
        """Whether the database counts the seats taken and keeps attendees' copies of their appointments by itself."""

    async def run(self, statement: Statement, each: Sequence[Mapping[str, object]]) -> int:
        """Run the statement with each of these parameters, plain values all, and return how many rows it touched."""

    async def run_together(self, all: Sequence[tuple["Statement", Sequence[Mapping[str, object]]]]) -> Sequence[int]:
        """
        Run statements of which none sees what another does, and return how many rows each touched.

        Each has parameters at least once. They run in this order, or all as one.
        """


class Rows(Reading, Protocol):
    """What a question needs of the book it is asked of: the account, and a way to run statements."""

    account: AccountId


class WritableRows(Rows, Writing, Protocol):
    """What an edit needs of the book it is written in."""


def in_keys(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """
    Tell whether the column is one of a set of keys, which is one parameter whatever its size.

    The set is given as any collection; an empty one matches nothing.
    """
    return _InKeys(column, bindparam(name))


class _InKeys(FunctionElement[Any]):
    inherit_cache = True
    name = "in_keys"
    # Not Boolean: SQLite has none, and Core would compare the test with 1.
    type = NullType()


@compiles(_InKeys, "sqlite")
def _in_json(element: _InKeys, compiler: Any, **options: Any) -> str:
    column, keys = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({keys}))"


@compiles(_InKeys, "postgresql")
def _any_of(element: _InKeys, compiler: Any, **options: Any) -> str:
    column, keys = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY({keys})"


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(instant: datetime) -> int:
    """Return the microseconds since 1970, exactly: no float is involved."""
    return (instant - EPOCH) // _MICROSECOND


def instant(microseconds: int) -> datetime:
    """Return the moment so many microseconds after 1970."""
    return EPOCH + microseconds * _MICROSECOND


def plain(value: Any) -> object:
    """Return a value as a column keeps it: instants as microseconds, dates as ISO text, booleans as 0 or 1."""
    encode = _PLAIN.get(type(value))
    return value if encode is None else encode(value)


def for_sqlite(value: Any) -> object:
    """Return a value as SQLite takes it; a collection is JSON, to be read by `json_each`."""
    if type(value) in _SINGLE:
        return value
    return msgspec.json.encode(_plain_all(value)).decode() if _is_set(value) else plain(value)


def for_postgres(value: Any) -> object:
    """Return a value as PostgreSQL takes it; its connections read and write timestamptz as microseconds since 1970."""
    if type(value) in _SINGLE:
        return value
    return _plain_all(value) if _is_set(value) else plain(value)


def _is_set(value: object) -> TypeGuard[Collection[object]]:
    return isinstance(value, Collection) and not isinstance(value, str)


def _plain_all(values: Collection[object]) -> list[object]:
    if _PLAIN.keys().isdisjoint(map(type, values)):
        return list(values)
    return [plain(value) for value in values]


_SINGLE = frozenset({int, str, type(None)})
_PLAIN: Mapping[type, Callable[[Any], object]] = {datetime: microseconds, date: date.isoformat, bool: int}
