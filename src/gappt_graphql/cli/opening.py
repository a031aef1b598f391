"""How a command gets at the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gappt_graphql.cli.common import Failed, Misused
from gappt_graphql.observing import NOBODY, Observer

if TYPE_CHECKING:
    from gappt_graphql.store import Account, Store

_TRIES = 50


@asynccontextmanager
async def opened(
    url: str, *, alone: bool = False, create: bool = True, observer: Observer = NOBODY
) -> AsyncIterator[Store]:
    """
    Open the store, migrated, and close it afterwards.

    `alone` keeps every server out of it meanwhile; without `create` the store has to be there.

    :raises Failed: if there is no such store, it can't be opened, a server holds it, or what is done with it is refused
    """
    from gappt_graphql.scheduling.problems import Refused
    from gappt_graphql.store.opening import open_store

    path = file_of(url)
    if not create and not path.is_file():
        raise Failed(f"There is no database at {path}: name another with --database-url, or make one with `serve`")
    with told():
        await _migrate_if_behind(url)
        store = await open_store(url, serving=alone, observer=observer)
    try:
        yield store
    except Refused as refused:
        raise Failed(" ".join(problem.message for problem in refused.problems)) from None
    finally:
        await store.close()


def migrated(url: str) -> bool:
    """
    Bring an embedded store up to date, making it where there is none. Return whether there was anything to do.

    :raises Failed: if a server holds the store, or it is of a newer version
    """
    from gappt_graphql.store.migrations import is_behind, migrate
    from gappt_graphql.store.opening import exclusive

    file_of(url)
    with told(), exclusive(url):
        was_behind = is_behind(url)
        migrate(url)
        return was_behind


def file_of(url: str, *, readable: bool = True) -> Path:
    """
    Return the file of an embedded store, in a folder that exists; it may be damaged if it need not be `readable`.

    To be asked before this process opens the store: the look into the file that it takes, on closing, would drop the
    locks that SQLite holds on it, and another process would take away the log that this one writes.

    :raises Misused: if the address is of another kind of store
    :raises Failed: if no file can be there
    """
    if not url.startswith("sqlite:///"):
        raise Misused("This version serves SQLite only: give GAPPT_DATABASE_URL an address like sqlite:///book.db")
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
        raise Failed(f"{error.filename} can't be used: {error.strerror}") from None


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
