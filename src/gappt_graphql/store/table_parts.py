"""What the tables are made of: names of keys, kinds of columns, and what each table of an account has."""

from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import UserDefinedType

Item = TypeVar("Item", CheckConstraint, UniqueConstraint, Index)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(UserDefinedType[Any]):
    """A moment in UTC to the microsecond: microseconds since 1970 in SQLite, timestamptz in PostgreSQL."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "BIGINT"


@compiles(Instant, "postgresql")
def _timestamptz(_type: Instant, _compiler: Any, **_: Any) -> str:
    return "TIMESTAMP WITH TIME ZONE"


BYTEWISE = Text().with_variant(Text(collation="C"), "postgresql")
"""Text in order of its bytes, as cursors compare it."""


def table(name: str, *columns: Any) -> Table:
    """A table whose rows belong to an account and are known by (account_id, id)."""
    return Table(
        name,
        metadata,
        Column("account_id", BigInteger, nullable=False),
        Column("id", BigInteger, nullable=False),
        *columns,
        PrimaryKeyConstraint("account_id", "id"),
        ForeignKeyConstraint(["account_id"], ["accounts.account_id"]),
        CheckConstraint("id > 0", name="id_positive"),
    )


def stamps(*, archived: bool = True) -> list[Column[Any]]:
    """When a record was made, changed and, where that can be, archived."""
    made = [Column("created_at", Instant, nullable=False), Column("updated_at", Instant, nullable=False)]
    return [*made, Column("archived_at", Instant)] if archived else made


def only(dialect: str, item: Item) -> Item:
    """What only one of the databases has."""
    item.ddl_if(dialect=dialect)
    return item


def to(column: str, table: str) -> ForeignKeyConstraint:
    """A reference within the account."""
    return ForeignKeyConstraint(["account_id", column], [f"{table}.account_id", f"{table}.id"])
