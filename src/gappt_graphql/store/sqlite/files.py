"""The file that an embedded store is: which one a URL names, and how it is made."""

import os
from pathlib import Path

from gappt_graphql.store import UnsupportedStore

_SCHEME = "sqlite:///"


def file_of(url: str) -> Path:
    """
    Return the file that `sqlite:///relative.db` or `sqlite:////absolute.db` names.

    :raises UnsupportedStore: if the URL names anything else
    """
    name = url.removeprefix(_SCHEME)
    if name == url or not name or name == ":memory:" or "?" in name or "\0" in name:
        raise UnsupportedStore(
            f"A store is a file, as in sqlite:///book.db or sqlite:////var/lib/book.db, not {_without_password(url)!r}."
        )
    return Path(name)


def beside(path: Path, purpose: str) -> Path:
    """Return the file next to a store that serves this purpose."""
    return path.with_name(f"{path.name}-{purpose}")


def make_private(path: Path) -> None:
    """
    Make the file if there is none, for its owner's eyes only, whatever the umask.

    SQLite gives its own files beside it the same mode. A file that exists is not even opened: closing it would drop
    the locks that this process holds on it through SQLite.
    """
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    try:
        os.fchmod(handle, 0o600)
    finally:
        os.close(handle)


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def size_of(path: Path) -> int:
    """Return the bytes of a file, 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
