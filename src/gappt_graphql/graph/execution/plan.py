"""A plan: how one operation is run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from graphql import FragmentDefinitionNode, OperationDefinitionNode
from msgspec import Struct, defstruct

if TYPE_CHECKING:
    from gappt_graphql.graph.execution.completing import Column
    from gappt_graphql.graph.execution.fields import Field, Rows
    from gappt_graphql.graph.execution.places import Place
    from gappt_graphql.graph.execution.running import Run
    from gappt_graphql.graph.execution.variables import Variables
    from gappt_graphql.graph.schema import Schema


class Selection:
    """What is selected of objects of one type."""

    def __init__(self, fields: Sequence[Field], names: frozenset[str]) -> None:
        """`names` are those that the schema has for the fields."""
        self._fields, self.names = fields, names
        for number, field in enumerate(fields):
            field.attribute = _attribute(number)
        self._row = _row(tuple(field.key for field in fields))

    def rows(self, run: Run, sources: Column, place: Place) -> Rows:
        """Return an object of the answer for each source; some of their values may come in later waves."""
        if not self._fields:
            return [self._row() for _ in sources]
        rows: Rows = []
        columns = [field.column(run, sources, rows, place) for field in self._fields]
        rows += map(self._row, *columns)
        return rows


def _attribute(number: int) -> str:
    # A name of ours, whatever the document calls the field.
    return f"f{number}"


@lru_cache(maxsize=1_000)
def _row(keys: tuple[str, ...]) -> Any:
    """Return a struct: made from columns by one call, smaller than a dictionary, and encoded faster."""
    names = {_attribute(number): key for number, key in enumerate(keys)}
    return defstruct("Row", [(name, Any) for name in names], rename=names, gc=False)


class Plan(Struct, frozen=True, eq=False):
    """How one operation is run, where its flags are set so."""

    schema: Schema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    variables: Variables
    roots: Sequence[Selection]
    """One for a query; for a mutation one for each field, which are run one after the other."""
    size: int
    """Fields, each counted as often as it is in a selection."""
