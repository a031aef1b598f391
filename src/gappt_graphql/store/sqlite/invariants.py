"""What is wrong with a file. Tests ask it, and so does who is about to put a backup in a store's place."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from gappt_graphql.store.invariants import INVARIANTS

_KINDS = re.compile(r"CREATE TRIGGER \w+_kinds_insert AFTER INSERT ON (\w+) WHEN (.+) BEGIN ")


def faults(connection: sqlite3.Connection, *, revision: str) -> Iterator[str]:
    """
    Give a sentence for each thing that is wrong with the book, which is of this revision: none if it is sound.

    What comes first is what the rest stands on: whoever meets a fault may stop there. The audit's chain is walked
    elsewhere. No sentence holds what people wrote.
    """
    try:
        yield from _damage(connection)
        yield from _strange_schema(connection, revision)
        yield from _lost_references(connection)
        for meaning, statement in INVARIANTS.items():
            for kind, id, _ in connection.execute(statement):
                yield f"The {kind} {id} is wrong: {meaning}"
        yield from _strange_values(connection)
    except sqlite3.DatabaseError as error:
        yield f"SQLite finds the file damaged: {error}"


def _damage(connection: sqlite3.Connection) -> Iterator[str]:
    for (found,) in connection.execute("PRAGMA integrity_check(5)"):
        if found != "ok":
            yield f"SQLite finds the file damaged: {' '.join(str(found).split())}"


def _lost_references(connection: sqlite3.Connection) -> Iterator[str]:
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"Row {row} of {table} refers to a row of {parent} that is not there"


def _strange_schema(connection: sqlite3.Connection, revision: str) -> Iterator[str]:
    """
    Give what is missing or changed of the tables, indexes and triggers of the revision, and triggers beside them.

    Without its triggers a book would no longer hold its own rules, and a trigger of somebody else's runs with each
    write. Other tables and indexes do no harm: litestream, for one, makes tables.
    """
    expected, found = _schema_of(revision), _schema(connection)
    for (kind, name), text in expected.items():
        if (kind, name) not in found:
            yield f"The {kind} {name} is missing"
        elif found[kind, name] != text:
            yield f"The {kind} {name} is not the one that this program makes"
    for kind, name in found.keys() - expected.keys():
        if kind == "trigger":
            yield f"The trigger {name} is none that this program makes"


def _strange_values(connection: sqlite3.Connection) -> Iterator[str]:
    """Ask each row what a trigger asks of those that come; the triggers have been found to be this program's."""
    for (kind, name), text in _schema(connection).items():
        asked = _KINDS.match(text) if kind == "trigger" else None
        if asked:
            table, wrong = asked.groups()
            for (row,) in connection.execute(f"SELECT rowid FROM {table} WHERE {wrong.replace('NEW.', '')}"):
                yield f"Row {row} of {table}, of which {name} takes care, holds what its columns do not take"


def _schema_of(revision: str) -> dict[tuple[str, str], str]:
    from gappt_graphql.store.migrations.upgrading import upgrade  # it imports Alembic

    with TemporaryDirectory() as folder:
        upgrade(Path(folder, "empty.db"), revision)
        with closing(sqlite3.connect(Path(folder, "empty.db"))) as connection:
            return _schema(connection)


def _schema(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(kind, name): re.sub(r"\s+", " ", sql) for kind, name, sql in rows}
