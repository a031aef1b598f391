"""Copying whole accounts from one store to another, as they are: ids, versions, numbers, hashes, instants."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from gappt_graphql.store import StoreError, UnsupportedStore
from gappt_graphql.store.copying.account import LOOKS, CopiedAccount, Copying, CopyStopped, fields_of, is_unfinished
from gappt_graphql.store.copying.sides import Reading, Side
from gappt_graphql.store.copying.tables import ACCOUNTS, ACCOUNTS_LIKE, count_of
from gappt_graphql.store.migrations import HEAD, migrate
from gappt_graphql.store.opening import replacing
from gappt_graphql.store.postgres.urls import is_postgres
from gappt_graphql.store.sqlite.bulk import sqlite_side
from gappt_graphql.store.sqlite.files import file_of
from gappt_graphql.store.statements import Row
from gappt_graphql.store.tables import metadata

__all__ = ["SLICE", "CopiedAccount", "CopyStopped", "Progress", "copy"]

Progress = Callable[[int, int], None]

SLICE = 1_000
"""Rows in memory, and in a transaction."""


async def copy(source_url: str, target_url: str, *, progress: Progress, size: int = SLICE) -> Sequence[CopiedAccount]:
    """
    Copy every account to the other store, and compare what is there with what was to be copied.

    Embedded stores are had to oneself meanwhile. Of a PostgreSQL database one moment is copied.

    :raises StoreError: if that can't be done; the same copy can be begun again, and goes on
    """
    _check_that_both_may_be(source_url, target_url)
    async with _side(source_url) as source, _side(target_url) as target:
        for side in (source, target):
            revision = await side.revision()
            if revision != HEAD:
                raise StoreError(
                    f"{side.name} is at revision {revision or 'none'}, and both stores have to be at {HEAD}: "
                    "migrate it first with this version of the program"
                )
        async with source.reading() as reading:
            rows = await reading.fetch(ACCOUNTS, {})
            await _check_that_they_fit(rows, source, target)
            done = _Done(progress, await _count(reading, rows) * LOOKS)
            return [await Copying(reading, target, row, size=size, done=done.more).copy() for row in rows]


class _Done:
    """How far the copy is."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._done, self._total = progress, 0, total

    def more(self, rows: int) -> None:
        self._done = min(self._done + rows, self._total)
        self._progress(self._done, self._total)


def _check_that_both_may_be(source_url: str, target_url: str) -> None:
    """Make the target where it is a file that is not there."""
    same = source_url == target_url
    if not is_postgres(source_url):
        path = file_of(source_url)
        if not path.is_file():
            raise UnsupportedStore(f"There is no database at {path}")
        same = not is_postgres(target_url) and file_of(target_url).exists() and path.samefile(file_of(target_url))
    if same:
        raise UnsupportedStore("Both addresses are of the same store")
    if not is_postgres(target_url) and not file_of(target_url).exists():
        if not file_of(target_url).parent.is_dir():
            raise UnsupportedStore(f"There is no directory for the store {file_of(target_url)}")
        with replacing(target_url):
            migrate(target_url)


@asynccontextmanager
async def _side(url: str) -> AsyncIterator[Side]:
    if is_postgres(url):
        from gappt_graphql.store.postgres.bulk import postgres_side  # it imports asyncpg, an extra

        async with postgres_side(url) as postgres:
            yield postgres
        return
    with replacing(url), sqlite_side(file_of(url)) as sqlite:
        yield sqlite


async def _check_that_they_fit(rows: Sequence[Row], source: Side, target: Side) -> None:
    """
    Find place for all the accounts before anything is written.

    :raises CopyStopped: if another account has the name of one of them, or one is an unfinished copy itself
    """
    for fields in map(fields_of, rows):
        if is_unfinished(fields):
            raise CopyStopped(f"{source.name} holds an unfinished copy itself: end that first, or use its source")
    names = {fields["name"]: fields["account_id"] for fields in map(fields_of, rows)}
    async with target.reading() as reading:
        there = await reading.fetch(ACCOUNTS_LIKE, {"ids": [*names.values()], "names": [*names]})
    for fields in map(fields_of, there):
        if names.get(fields["name"], fields["account_id"]) != fields["account_id"]:
            raise CopyStopped(f"There is another account named {fields['name']!r} in {target.name}")


async def _count(reading: Reading, rows: Sequence[Row]) -> int:
    total = 0
    for account in (fields_of(row)["account_id"] for row in rows):
        await reading.see(account)
        for table in metadata.sorted_tables:
            [(count,)] = await reading.fetch(count_of(table), {"account": account})
            total += count
    return total
