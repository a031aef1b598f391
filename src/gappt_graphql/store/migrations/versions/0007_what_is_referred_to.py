"""
References hold where foreign keys are off too.

SQLite checks them for a connection that asks for it only, and neither its shell nor Python's driver asks by itself.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = (
    "api_keys",
    "businesses",
    "practitioners",
    "patients",
    "appointment_types",
    "unavailable_blocks",
    "group_appointments",
    "attendees",
    "waitlist_entries",
    "changes",
    "audit",
    "idempotency_keys",
)


class Reference(NamedTuple):
    """From which table to which, and the columns there for those here."""

    table: str
    other: str
    columns: dict[str, str]


def upgrade() -> None:
    """Make the triggers."""
    if op.get_bind().dialect.name != "sqlite":
        return  # nobody turns foreign keys off there
    references = [reference for table in TABLES for reference in _references(table)]
    for table in TABLES:
        own = [reference for reference in references if reference.table == table]
        lost = "\n    OR ".join(_is_lost(reference) for reference in own)
        named = {column for reference in own for column in reference.columns.values()}
        columns = sorted(named - {"account_id"} or named)  # a record's account never changes
        changes = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in columns)
        sentence = "It refers to a record that is not there"
        _refuse(f"{table}_refer_insert", f"INSERT ON {table} WHEN {lost}", sentence)
        event = f"UPDATE OF {', '.join(columns)} ON {table} WHEN ({changes})\n    AND ({lost})"
        _refuse(f"{table}_refer_update", event, sentence)
    for other, referring in groupby(sorted(references, key=lambda each: each.other), key=lambda each: each.other):
        found = "\n    OR ".join(_is_named(reference) for reference in referring)
        _refuse(f"{other}_stay", f"DELETE ON {other} WHEN {found}", "Other records refer to it")


def _references(table: str) -> Iterator[Reference]:
    rows = op.get_bind().exec_driver_sql(f"PRAGMA foreign_key_list({table})").fetchall()
    for _, columns in groupby(sorted(rows, key=lambda row: row[:2]), key=lambda row: row[0]):
        each = list(columns)
        yield Reference(table, each[0][2], {there: here for _, _, _, here, there, *_ in each})


def _is_lost(reference: Reference) -> str:
    known = " AND ".join(f"{there} = NEW.{here}" for there, here in reference.columns.items())
    named = [f"NEW.{here} IS NOT NULL AND " for here in reference.columns.values() if here != "account_id"]
    return f"{''.join(named)}NOT EXISTS (SELECT 1 FROM {reference.other} WHERE {known})"


def _is_named(reference: Reference) -> str:
    names = " AND ".join(f"{here} = OLD.{there}" for there, here in reference.columns.items())
    return f"EXISTS (SELECT 1 FROM {reference.table} WHERE {names})"


def _refuse(name: str, event: str, sentence: str) -> None:
    op.get_bind().exec_driver_sql(f"CREATE TRIGGER {name} BEFORE {event} BEGIN SELECT RAISE(ABORT, '{sentence}'); END")
