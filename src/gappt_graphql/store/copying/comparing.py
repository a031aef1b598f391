"""Whether two stores hold the same rows of a table."""

from collections.abc import AsyncIterator, Callable
from hashlib import sha256

import msgspec
from msgspec import Struct
from sqlalchemy import Table

from gappt_graphql.store.copying.sides import Reading
from gappt_graphql.store.copying.tables import position_of, rows_of
from gappt_graphql.store.statements import Row


class Compared(Struct, frozen=True):
    """What both stores hold of an account's table: its rows, and the digest of all their values in order."""

    rows: int
    sha256: str


async def digest(
    reading: Reading, table: Table, account: int, *, size: int, counted: Callable[[int], None]
) -> Compared:
    """Read all that there is of an account's table; `counted` is told of each slice."""
    count, digest = 0, sha256()
    async for rows in reading.slices(rows_of(table), {"account": account}, size):
        for row in rows:
            digest.update(_canonical(row))
        count += len(rows)
        counted(len(rows))
    return Compared(count, digest.hexdigest())


async def first_difference(here: Reading, there: Reading, table: Table, account: int, *, size: int) -> object:
    """Return the key of the first row that is not the same in both, None if all are."""
    ours, theirs = (each_row(reading, table, account, size=size) for reading in (here, there))
    while True:
        one, other = await anext(ours, None), await anext(theirs, None)
        if one != other:
            return min(row[position_of(table)] for row in (one, other) if row is not None)
        if one is None:
            return None


async def each_row(reading: Reading, table: Table, account: int, *, size: int) -> AsyncIterator[Row]:
    """Give an account's rows of the table, in the order of their keys."""
    async for rows in reading.slices(rows_of(table), {"account": account}, size):
        for row in rows:
            yield row


def _canonical(row: Row) -> bytes:
    """Return the row as a line of JSON: numbers, texts and null, in the order of the columns."""
    return msgspec.json.encode(row) + b"\n"
