"""
Copies of a store's file: made while others write, looked into without being changed, and put in the store's place.

A copy is made page by page by SQLite's own backup, in a transaction that reads. Such a transaction sees one moment of
the book, however long it lasts and whatever is written meanwhile, and in WAL nobody waits for it. Without it the backup
would begin anew whenever another process writes, and in a storm never end. VACUUM INTO would do as well, but it can't
tell how far it is, takes longer, and numbers the rows anew.

These functions are for a process that does not serve the store: to close a file drops the locks that SQLite holds on
it for the whole process.
"""

import errno
import os
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from msgspec import Struct

from gappt_graphql.observing import NOBODY
from gappt_graphql.scheduling.ids import AccountId
from gappt_graphql.store import Account, Book, StoreError, StoreInUse, StoreTooNew, UnsupportedStore, access, book
from gappt_graphql.store.migrations import REVISIONS
from gappt_graphql.store.sqlite.files import beside
from gappt_graphql.store.sqlite.invariants import faults
from gappt_graphql.store.sqlite.readers import Readers

T = TypeVar("T")
Progress = Callable[[int, int], None]

_STEP = 256
"""Pages that are copied between two looks at the progress: a megabyte."""
_COUNTED = ("accounts", "group_appointments", "attendees", "audit")
_LOGS = ("wal", "shm", "journal")


class BadBackup(StoreError):
    """The file is no sound book of a version that this program knows."""


class Contents(Struct, frozen=True):
    """What a copy holds: its tables' revision, how many rows of some tables, and each account's last number."""

    revision: str
    rows: dict[str, int]
    last_numbers: dict[str, int]


class Copied(Struct, frozen=True):
    """A backup that was made: its size in bytes and its digest, so that a change of any byte can be seen."""

    contents: Contents
    bytes: int
    sha256: str


def back_up(store: Path, file: Path, *, progress: Progress) -> Copied:
    """
    Copy the store as it is at this moment to the file, which must not exist, and look whether the copy is sound.

    :raises BadBackup: if there is no room, or the copy, and so most likely the store, is damaged
    :raises FileExistsError: if the file is there, or a log that SQLite would take for the file's
    :raises StoreTooNew: if a newer program has migrated the store
    """
    for each in (file, *(beside(file, log) for log in _LOGS)):
        if os.path.lexists(each):
            raise FileExistsError(errno.EEXIST, "it is there already, and nothing is overwritten", str(each))
    with _unfinished(file) as copy:
        contents = _copy(store, copy, progress)
        with reading(copy) as connection:
            if _contents(connection) != contents:
                raise BadBackup(f"The copy of {store} does not hold what the store holds. Try again.")
            found = _looked_over(connection)
            if found != "ok":
                raise BadBackup(f"{store} is damaged; keep the backups that there are. SQLite says: {found}.")
        made = Copied(contents, copy.stat().st_size, _digest(copy))
        _appear(copy, file)
    return made


@contextmanager
def copied(file: Path, store: Path, *, progress: Progress) -> Iterator[Path]:
    """Give a copy of the backup beside the store, which goes away unless it is put in the store's place."""
    with _unfinished(store) as copy:
        _copy(file, copy, progress)
        yield copy


def check(file: Path, *, shown: Path) -> Contents:
    """
    Find the file a sound book, its audit's chain aside.

    :raises BadBackup: if it is not; the message begins with the name that is shown, and says what is wrong first
    """
    with reading(file) as connection:
        try:
            contents = _contents(connection)
        except sqlite3.DatabaseError as error:
            raise BadBackup(f"{shown} is damaged. SQLite says: {error}.") from None
        for fault in faults(connection, revision=contents.revision):
            raise BadBackup(f"{shown} is not sound. {fault}.")
        return contents


def put_in_place(copy: Path, store: Path, *, now: datetime) -> Path | None:
    """
    Make the copy the store, and return where the former one is kept, if there was one.

    At every moment there is one of the two under the store's name. The caller has the store to itself.

    :raises StoreInUse: if another program has the store open
    """
    with closing(_connect(copy, mode="rw")) as connection:
        # A store is in WAL: whoever opens it need not wait for who reads it.
        connection.execute("PRAGMA journal_mode=WAL")
    _sync(copy)
    kept = store.with_name(f"{store.name}.before-restore-{now:%Y%m%dT%H%M%SZ}")
    with _nobody_else(store):
        former = store.exists()
        if former:
            if os.geteuid() == 0:  # the server may run as somebody else, who has to be able to open it
                os.chown(copy, store.stat().st_uid, store.stat().st_gid)
            _link(store, kept)
        for log in _LOGS:  # what SQLite left there because it can't read the store; it would take it for the new one's
            if beside(store, log).exists():
                os.replace(beside(store, log), beside(kept, log))
        os.replace(copy, store)
        _sync(store.parent)
    return kept if former else None


@contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """
    Open a file that may be anything, to read it as it is at one moment.

    :raises UnsupportedStore: if it is not a SQLite database, or can't be read
    """
    try:
        connection = _connect(file, mode="ro")
    except sqlite3.DatabaseError as error:
        raise UnsupportedStore(f"{file} can't be read as a database. SQLite says: {error}.") from None
    with closing(connection):
        try:
            for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        except sqlite3.DatabaseError as error:
            raise UnsupportedStore(f"{file} can't be read as a database. SQLite says: {error}.") from None
        yield connection


class ReadOnlyStore:
    """A sound file that is read by accounts, as a store is, and never changed. Nobody else writes to it."""

    def __init__(self, file: Path) -> None:
        self._readers = Readers(file, NOBODY.spans)

    async def read(self, account: AccountId, work: Callable[[Book], Awaitable[T]]) -> T:
        """Run the work with the account's book."""
        return await self._readers.run(lambda reader: work(book.ReadableBook(account, reader)))

    async def accounts(self) -> Sequence[Account]:
        """Return every account, by name."""
        return await self._readers.run(access.accounts)

    async def close(self) -> None:
        await self._readers.close()


def _copy(source: Path, copy: Path, progress: Progress) -> Contents:
    def show(_status: int, left: int, total: int) -> None:
        progress(total - left, total)

    with reading(source) as connection:
        try:
            contents = _contents(connection)
            with closing(_connect(copy, mode="rw")) as target:
                # A copy that breaks off is thrown away.
                target.execute("PRAGMA journal_mode=OFF")
                target.execute("PRAGMA synchronous=OFF")
                connection.backup(target, pages=_STEP, progress=show)
            with closing(_connect(copy, mode="rw")) as target:
                # One file, which can be read where nothing can be written.
                target.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.DatabaseError as error:
            damaged = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
            what = "is damaged" if damaged else f"can't be copied to {copy.parent}"
            raise BadBackup(f"{source} {what}. SQLite says: {error}.") from None
    _sync(copy)
    return contents


def _looked_over(connection: sqlite3.Connection) -> str:
    """Return what SQLite finds wrong in its pages, or ok."""
    try:
        return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)


def _contents(connection: sqlite3.Connection) -> Contents:
    # Not views, which may do anything.
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables >= {"alembic_version", *_COUNTED}:
        raise UnsupportedStore("The file is a SQLite database, but no store of this program.")
    revision = [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]
    if len(revision) != 1 or revision[0] not in REVISIONS:
        raise StoreTooNew("The file was migrated by a newer version of this program. Install that version.")
    rows = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _COUNTED}
    numbers = dict(connection.execute("SELECT name, last_number FROM accounts ORDER BY name"))
    return Contents(revision[0], rows, numbers)


def _connect(path: Path, *, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, isolation_level=None)


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """Give an empty file beside the path, for its owner's eyes only, that nobody takes for what it will be."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")  # made 0600
    except OSError as error:
        error.filename = str(path)  # the name that was given, which says more to a person
        raise
    os.close(handle)
    try:
        yield Path(name)
    finally:
        for left in (Path(name), *(beside(Path(name), log) for log in _LOGS)):
            left.unlink(missing_ok=True)


def _appear(copy: Path, file: Path) -> None:
    """Give the copy its name, unless something has it."""
    try:
        os.link(copy, file)
    except FileExistsError:
        raise FileExistsError(errno.EEXIST, "it is there already, and nothing is overwritten", str(file)) from None
    except OSError:  # a disk without links, such as a stick
        if os.path.lexists(file):
            raise
        os.rename(copy, file)
    _sync(file.parent)


def _link(path: Path, name: Path) -> None:
    """Give the file a second name. To copy it would be to open it, and to wait."""
    os.link(path, name)
    _sync(path.parent)


@contextmanager
def _nobody_else(store: Path) -> Iterator[None]:
    """
    Hold the former store so that nobody has it open, its log written into it. Who comes meanwhile can't write to it.

    One that SQLite can't open is left as it is.
    """
    if not store.exists():
        yield
        return
    with closing(_connect(store, mode="rw")) as connection:
        try:
            connection.execute("PRAGMA busy_timeout=2000")
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            # The store is often restored because this fails.
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise StoreInUse(f"Another program has the store {store} open. End it first.") from None
        else:
            yield
            return
    yield


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError:
        if not path.is_dir():  # not every disk syncs folders
            raise
    finally:
        os.close(handle)


def _digest(file: Path) -> str:
    with file.open("rb") as pieces:
        return file_digest(pieces, "sha256").hexdigest()
