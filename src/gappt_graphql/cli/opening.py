"""How a command gets at the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gappt_graphql.cli.common import Failed, Misused
from gappt_graphql.observing import NOBODY, Observer
from gappt_graphql.settings import without_password
from gappt_graphql.store.postgres.terms import Terms

if TYPE_CHECKING:
    from gappt_graphql.store import Account, Store

_TRIES = 50
_OF_A_COMMAND = Terms(connections=2, statement_seconds=600)
"""A command has the time that it takes, and nobody waits for an answer of its."""


@asynccontextmanager
async def opened(
    url: str, *, alone: bool = False, create: bool = True, observer: Observer = NOBODY, terms: Terms = _OF_A_COMMAND
) -> AsyncIterator[Store]:
    """
    Open the store, migrated, and close it afterwards.

    `alone` keeps every server out of an embedded store meanwhile; without `create` that has to be there. `terms` are
    those of a PostgreSQL database.

    :raises Failed: if there is no such store, it can't be opened, a server holds it, or what is done with it is refused
    """
    from gappt_graphql.scheduling.problems import Refused
    from gappt_graphql.store.opening import open_store
    from gappt_graphql.store.unavailable import OutcomeUnknown, Unavailable

    if is_embedded(url):
        path = file_of(url)
        if not create and not path.is_file():
            raise Failed(f"There is no database at {path}: name another with --database-url, or make one with `serve`")
    with told():
        await _migrate_if_behind(url)
        store = await open_store(url, serving=alone, observer=observer, terms=terms)
    try:
        yield store
    except (Unavailable, OutcomeUnknown) as lost:
        raise Failed(str(lost)) from None
    except Refused as refused:
        raise Failed(" ".join(problem.message for problem in refused.problems)) from None
    finally:
        await store.close()


def migrated(url: str, *, role: str | None = None) -> bool:
    """
    Bring a store up to date, making an embedded one where there is none. Return whether there was anything to do.

    A role of a database is given the rights to serve it.

    :raises Failed: if a server holds the store, it is of a newer version, or it has no such role
    """
    from gappt_graphql.store.migrations import grant, is_behind, migrate
    from gappt_graphql.store.opening import exclusive

    if is_embedded(url):
        file_of(url)
    with told(), exclusive(url):
        was_behind = is_behind(url)
        migrate(url)
        if role is not None:
            grant(url, role)
        return was_behind


def is_embedded(url: str) -> bool:
    """Tell whether the store is a file of this machine."""
    return url.startswith("sqlite:")


def place_of(url: str) -> str:
    """Return where the store is, for a person, without any password."""
    return str(file_of(url)) if is_embedded(url) else without_password(url)


def file_of(url: str, *, readable: bool = True) -> Path:
    """
    Return the file of an embedded store, in a folder that exists; it may be damaged if it need not be `readable`.

    To be asked before this process opens the store: the look into the file that it takes, on closing, would drop the
    locks that SQLite holds on it, and another process would take away the log that this one writes.

    :raises Misused: if the address is of another kind of store
    :raises Failed: if no file can be there
    """
    if not is_embedded(url):
        raise Misused(
            "This command works on a store in a file; PostgreSQL is backed up and restored with its own tools, like "
            "pg_dump or pgBackRest (docs/backup.md)"
        )
    path = Path(url.removeprefix("sqlite:///"))
    if not path.parent.is_dir():
        raise Failed(f"There is no folder {path.parent}, so there can be no database {path.name} in it")
    if path.is_dir():
        raise Failed(f"{path} is a folder, not a database")
    if readable and path.is_file() and not _may_be_sqlite(path):
        raise Failed(f"{path} is not a SQLite database")
    return path


async def account_named(store: Store, name: str) -> Account:
    """
    Return the account of this name.

    :raises Failed: if there is none
    """
    account = await store.account_named(name)
    if account is None:
        names = ", ".join(repr(account.name) for account in await store.accounts()) or "none yet"
        raise Failed(f"There is no account named {name!r}; there are: {names}")
    return account


@contextmanager
def told() -> Iterator[None]:
    """Tell what is wrong with a store in its own sentence."""
    from gappt_graphql.store import StoreError

    try:
        yield
    except StoreError as error:
        raise Failed(str(error)) from None
    except OSError as error:
        raise Failed(f"{error.filename or 'The store'} can't be used: {error.strerror or error}") from None


async def _migrate_if_behind(url: str) -> None:
    from gappt_graphql.store import StoreInUse
    from gappt_graphql.store.migrations import is_behind, migrate
    from gappt_graphql.store.opening import exclusive

    tries = 0
    while is_behind(url):
        try:
            with exclusive(url):
                migrate(url)
        except StoreInUse:
            # Perhaps by a command that was started together with this one, and is at this very point.
            tries += 1
            if tries == _TRIES:
                raise
            await asyncio.sleep(0.1)


def _may_be_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(16) in (b"", b"SQLite format 3\x00")
    except OSError as error:
        raise Failed(f"{path} can't be read: {error.strerror}") from None
