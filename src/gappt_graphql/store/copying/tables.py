"""The statements that read and write whole tables in either database."""

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Table, Text, bindparam, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from gappt_graphql.store.invariants import INVARIANTS
from gappt_graphql.store.statements import Statement, in_keys
from gappt_graphql.store.tables import accounts, api_keys, calendar_feeds, group_appointments, metadata, webhooks

LET_IN = (api_keys, calendar_feeds, webhooks)
"""Tables whose rows let somebody in, or tell others what happens. They are written last, when all else is there."""


class Part(NamedTuple):
    """Rows of a table that may be written when all rows of the parts before them are there."""

    table: Table
    rows: Statement
    """Takes :account; gives all columns, in the order of the keys."""


def key_of(table: Table) -> Column[Any]:
    """Return the column that tells the rows of an account apart."""
    key: Column[Any] = [*table.primary_key.columns][-1]
    return key


def position_of(table: Table) -> int:
    """Return at which place of a row its key is."""
    return [*table.columns].index(key_of(table))


@cache
def rows_of(table: Table) -> Statement:
    """Takes :account; gives all columns, in the order of the keys, which is the same in every database."""
    return _rows(table)


@cache
def rows_by_key(table: Table) -> Statement:
    """Takes :account and the set :keys; gives all columns."""
    return Statement(select(*table.columns).where(_of_the_account(table), in_keys(key_of(table), "keys")))


@cache
def count_of(table: Table) -> Statement:
    """Takes :account; gives how many rows there are."""
    return Statement(select(func.count()).select_from(table).where(_of_the_account(table)))


def parts() -> list[Part]:
    """
    Return all that an account has but its own row and what lets somebody in, in an order in which it can be written.

    A repeat refers to an appointment of the same table, which is none.
    """
    ordered = [Part(table, rows_of(table)) for table in metadata.sorted_tables if table not in (accounts, *LET_IN)]
    root = group_appointments.c.repeated_from_id
    place = next(n for n, part in enumerate(ordered) if part.table is group_appointments)
    ordered[place : place + 1] = [
        Part(group_appointments, _rows(group_appointments, only)) for only in (root.is_(None), root.is_not(None))
    ]
    return ordered


ACCOUNTS = Statement(select(*accounts.columns).order_by(accounts.c.account_id))
"""Gives all columns."""

ACCOUNT = Statement(select(*accounts.columns).where(accounts.c.account_id == bindparam("account")))
"""Takes :account; gives all columns."""

ACCOUNTS_LIKE = Statement(
    select(*accounts.columns).where(or_(in_keys(accounts.c.account_id, "ids"), in_keys(accounts.c.name, "names")))
)
"""Takes the sets :ids and :names; gives all columns of the accounts that have one of them."""

BEGIN_ACCOUNT = Statement(
    upsert(accounts).values({each.name: bindparam(each.name) for each in accounts.columns}).on_conflict_do_nothing()
)
"""Takes all columns. Where there is such an account already it stays as it is."""

UNSOUND = {
    meaning: Statement(text(f"SELECT kind, id FROM ({found}) AS found WHERE account_id = :account"))
    for meaning, found in INVARIANTS.items()
}
"""For each thing that is wrong with a record, in words: takes :account, gives its kind and its id."""

FINISH_ACCOUNT = Statement(
    update(accounts)
    .where(accounts.c.account_id == bindparam("account"))
    .values({name: bindparam(name) for name in ("name", "last_number", "audit_number", "audit_hash")})
)
"""Takes :account and the columns that are written last."""


def _rows(table: Table, only: ColumnElement[bool] | None = None) -> Statement:
    key = key_of(table)
    # Numbers have no collation, and an index serves them.
    order = _Bytewise(key) if isinstance(key.type, Text) else key
    chosen = _of_the_account(table) if only is None else _of_the_account(table) & only
    return Statement(select(*table.columns).where(chosen).order_by(order))


def _of_the_account(table: Table) -> ColumnElement[bool]:
    return table.c.account_id == bindparam("account")


class _Bytewise(FunctionElement[Any]):
    inherit_cache = True
    name = "bytewise"
    type = NullType()


@compiles(_Bytewise, "sqlite")
def _as_it_is(element: _Bytewise, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(_Bytewise, "postgresql")
def _collated(element: _Bytewise, compiler: Any, **options: Any) -> str:
    return f'{compiler.process(element.clauses, **options)} COLLATE "C"'
