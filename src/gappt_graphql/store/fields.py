"""What may be asked of each kind of record: the columns behind the names of fields."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause, bindparam

from gappt_graphql.store import Record
from gappt_graphql.store.given import unindexed

ACCOUNT: ColumnElement[Any] = bindparam("account")

SMALLEST_ID = -(2**63)
"""The smallest number that a database takes for an id, though no record has it."""

_NAMES = {"name": "sort_name", "deleted_at": "archived_at"}


class Fields:
    """The columns of one kind of record by the names under which they are asked about."""

    def __init__(
        self,
        kind: type[Record],
        table: FromClause,
        *,
        instead: Mapping[str, ColumnElement[Any]] | None = None,
        indexed: Collection[str] | None = None,
    ) -> None:
        """Take other columns instead of the table's own; only those named may be found by an index, if any are."""
        self.kind, self.table = kind, table
        self._instead = instead or {}
        self._indexed = indexed

    def column(self, field: str) -> ColumnElement[Any]:
        """
        Return the column to compare or to sort by.

        :raises LookupError: if this kind of record has no such field; doors check what they let through
        """
        name = _NAMES.get(field, field)
        if name not in (*self.kind.__struct_fields__, "sort_name", "search_name") or name not in self.table.c:
            raise LookupError(f"A {self.kind.__name__} cannot be asked about its {field}.")
        return self._instead.get(name, self.table.c[name])

    def searched(self, field: str) -> ColumnElement[Any]:
        """Return the column where a statement searches or sorts by it."""
        column = self.column(field)
        return column if self._indexed is None or _NAMES.get(field, field) in self._indexed else unindexed(column)
