"""Bring a store to the tables that this program expects. Alembic is imported only where there is something to do."""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import uniform
from time import monotonic, sleep
from urllib.parse import quote

from gappt_graphql.store import StoreInUse, StoreTooNew, UnsupportedStore
from gappt_graphql.store.postgres.urls import is_postgres
from gappt_graphql.store.sqlite.files import beside, file_of, make_private
from gappt_graphql.store.sqlite.locks import holding

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")
"""Every revision that this program knows, oldest first."""

HEAD = REVISIONS[-1]
"""The revision that this program expects."""


_SECONDS_TO_MIGRATE = 120
"""For how long a migration of a database tries to get at tables that others use."""


def is_behind(url: str) -> bool:
    """
    Tell whether the store has yet to be migrated; a file that does not exist has.

    :raises UnsupportedStore: if the URL names no store that this program knows, or a file that is none
    :raises StoreTooNew: if a newer program has migrated it
    """
    name: object
    if is_postgres(url):
        from gappt_graphql.store.postgres import migrating  # it imports asyncpg, an extra

        name, revision = "in the database", migrating.revision_of(url)
    else:
        name, revision = file_of(url), _revision(file_of(url))
    if revision is not None and revision not in REVISIONS:
        raise StoreTooNew(f"The store {name} was migrated by a newer version of this program. Install that version.")
    return revision != HEAD


def migrate(url: str) -> None:
    """
    Make the store, or bring its tables up to date. If several processes start at once, one does it, the others wait.

    :raises UnsupportedStore: if the URL names no store that this program knows, or a file that is none
    :raises StoreTooNew: if a newer program has migrated it
    :raises StoreBehind: if the role of a database may not migrate it
    :raises StoreInUse: if others keep the tables of a database for long
    """
    if not is_behind(url):
        return
    if is_postgres(url):
        _migrate_postgres(url)
        return
    path = file_of(url)
    if not path.parent.is_dir():
        raise UnsupportedStore(f"There is no directory {path.parent} for the store {path.name}.")
    with holding(beside(path, "migrating")):
        if is_behind(url):
            from gappt_graphql.store.migrations.upgrading import upgrade  # it imports Alembic

            make_private(path)
            upgrade(path)


def grant(url: str, role: str) -> None:
    """
    Let a role of a PostgreSQL database serve it, without the rights to do more. To be asked after each migration.

    :raises UnsupportedStore: if there is no such role, or the URL is that of a store without roles
    """
    if not is_postgres(url):
        raise UnsupportedStore("Only a PostgreSQL database has roles to serve it.")
    from gappt_graphql.store.postgres import migrating  # it imports asyncpg, an extra

    migrating.grant(url, role)


def _migrate_postgres(url: str) -> None:
    from gappt_graphql.store.postgres import migrating  # it imports asyncpg, an extra

    give_up = monotonic() + _SECONDS_TO_MIGRATE
    while not migrating.upgrade(url):
        sleep(uniform(0, 0.5))
        if not is_behind(url):
            return
        if monotonic() > give_up:
            raise StoreInUse("Others have kept the tables of the database from being migrated. Try again.")


def _revision(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=rw", uri=True)) as connection:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise UnsupportedStore(f"The file {path} can't be read as a store: {error}.") from None
    return None if row is None else str(row[0])
