"""
The copy of one account.

It is begun under a name that says that it is unfinished, without its keys and calendar feeds, so that nobody can be
let in. Its rows follow in slices, each in a transaction of its own. When every table has been compared with the
source's, the keys and the account's own values are written in one transaction. So a copy may be ended at any moment,
and begun again: what is there and equal is passed over.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct
from sqlalchemy import Table

from gappt_graphql.store import StoreError
from gappt_graphql.store.copying.comparing import Compared, digest, each_row, first_difference
from gappt_graphql.store.copying.sides import NotTaken, Reading, Side, Writing
from gappt_graphql.store.copying.tables import (
    ACCOUNT,
    BEGIN_ACCOUNT,
    FINISH_ACCOUNT,
    LET_IN,
    UNSOUND,
    Part,
    key_of,
    parts,
    position_of,
    rows_by_key,
)
from gappt_graphql.store.statements import Row
from gappt_graphql.store.tables import accounts, group_appointments, metadata

LOOKS = 3
"""How often each row is read: to be written, and to be compared in both stores."""

_UNTIL_IT_IS_FINISHED = {"last_number": 0, "audit_number": 0, "audit_hash": ""}


class CopyStopped(StoreError):
    """The copy can't go on; what has been copied stays."""


class CopiedAccount(Struct, frozen=True):
    """An account that is complete in the target."""

    id: int
    name: str
    written: int
    """Rows that this copy has written; the others were there."""
    tables: Mapping[str, Compared]
    unsound: Sequence[str]
    """What is wrong with it, in both stores, its audit's chain aside."""


class Copying:
    """The copy of one account."""

    def __init__(self, source: Reading, target: Side, row: Row, *, size: int, done: Callable[[int], None]) -> None:
        self._source, self._target, self._size, self._done = source, target, size, done
        self._row = row
        self._fields = fields_of(row)
        self._account = int(self._fields["account_id"])
        self._written = 0

    async def copy(self) -> CopiedAccount:
        await self._source.see(self._account)
        await self._begin()
        for part in parts():
            async for rows in self._source.slices(part.rows, {"account": self._account}, self._size):
                await self._bring(part, rows)
                self._done(len(rows))
        compared: dict[str, Compared] = {}
        for table in metadata.sorted_tables:
            if table not in (accounts, *LET_IN):
                async with self._seen() as reading:
                    compared[table.name] = await self._compare(reading, table)
        compared |= await self._finish()
        return CopiedAccount(self._account, self._fields["name"], self._written, compared, await self._unsound())

    async def _begin(self) -> None:
        try:
            async with self._target.writing(self._account) as writing:
                await writing.run(BEGIN_ACCOUNT, self._unfinished)
                await self._is_finished(writing)
        except NotTaken as refused:
            raise self._not_taken(accounts, self._account, refused) from None

    async def _bring(self, part: Part, rows: Sequence[Row]) -> None:
        """Write the rows that are not there, in one transaction."""
        place = position_of(part.table)
        try:
            async with self._target.writing(self._account) as writing:
                finished = await self._is_finished(writing)
                missing = await self._missing(writing, part.table, rows)
                if missing and finished:
                    raise self._differs(part.table, missing[0][place])
                if missing:
                    await writing.insert(part.table, missing)
        except NotTaken as refused:
            if len(rows) == 1:
                raise self._not_taken(part.table, rows[0][place], refused) from None
            for row in rows:  # so that the one that is not taken can be named
                await self._bring(part, [row])
            return
        self._written += len(missing)

    async def _finish(self) -> Mapping[str, Compared]:
        """Write and compare the keys and the account's own values, all at once: with them it can be used."""
        keys = {
            table: [row async for row in each_row(self._source, table, self._account, size=self._size)]
            for table in LET_IN
        }
        try:
            async with self._target.writing(self._account) as writing:
                if not await self._is_finished(writing):
                    for table, rows in keys.items():
                        if missing := await self._missing(writing, table, rows):
                            await writing.insert(table, missing)
                            self._written += len(missing)
                    own = {name: self._fields[name] for name in ("name", *_UNTIL_IT_IS_FINISHED)}
                    await writing.run(FINISH_ACCOUNT, {"account": self._account} | own)
                    self._written += 1
                self._done(sum(map(len, keys.values())) + 1)
                return {each.name: await self._compare(writing, each) for each in (accounts, *LET_IN)}
        except NotTaken as refused:
            raise self._not_taken(accounts, self._account, refused) from None

    async def _missing(self, writing: Writing, table: Table, rows: Sequence[Row]) -> list[Row]:
        """
        Return those of the rows that are not in the target.

        :raises CopyStopped: if one is there with other values
        """
        place = position_of(table)
        parameters = {"account": self._account, "keys": [row[place] for row in rows]}
        there = {row[place]: row for row in await writing.fetch(rows_by_key(table), parameters)}
        for row in rows:
            found = there.get(row[place])
            if found is not None and self._as_written(table, found) != self._as_written(table, row):
                raise self._differs(table, row[place])
        return [row for row in rows if row[place] not in there]

    def _as_written(self, table: Table, row: Row) -> Row:
        if table is group_appointments and self._target.keeps_counts:
            # Counted by the database while attendees come; compared when they are there.
            return tuple(
                value for each, value in zip(table.columns, row, strict=True) if each.name != "active_attendees"
            )
        return row

    async def _is_finished(self, writing: Writing) -> bool:
        """
        Tell whether the account is complete in the target.

        :raises CopyStopped: if what is there was not begun by a copy of this account
        """
        found = await writing.fetch(ACCOUNT, {"account": self._account})
        if found == [self._row]:
            return True
        if not found or fields_of(found[0]) != self._unfinished:
            raise self._differs(accounts, self._account)
        return False

    @property
    def _unfinished(self) -> dict[str, Any]:
        return _unfinished(self._fields)

    async def _compare(self, there: Reading, table: Table) -> Compared:
        """
        Read the table in both stores, and return what both hold.

        :raises CopyStopped: if they don't hold the same
        """
        one, other = [await self._digest(reading, table) for reading in (self._source, there)]
        if one != other:
            key = await first_difference(self._source, there, table, self._account, size=self._size)
            raise self._differs(table, key)
        return one

    async def _unsound(self) -> Sequence[str]:
        async with self._seen() as reading:
            return [
                f"the {kind} {id} is wrong: {meaning}"
                for meaning, statement in UNSOUND.items()
                for kind, id in await reading.fetch(statement, {"account": self._account})
            ]

    @asynccontextmanager
    async def _seen(self) -> AsyncIterator[Reading]:
        async with self._target.reading() as reading:
            await reading.see(self._account)
            yield reading

    async def _digest(self, reading: Reading, table: Table) -> Compared:
        return await digest(reading, table, self._account, size=self._size, counted=self._done)

    def _differs(self, table: Table, key: object) -> CopyStopped:
        return CopyStopped(
            f"The account {self._fields['name']!r} is not the same in both stores: {_named(table, key)} differs. "
            "One of them has been written to since the copy was begun; nothing is overwritten"
        )

    def _not_taken(self, table: Table, key: object, refused: NotTaken) -> CopyStopped:
        return CopyStopped(
            f"{self._target.name} does not take {_named(table, key)} of the account {self._fields['name']!r}: {refused}"
        )


def fields_of(row: Row) -> dict[str, Any]:
    """Return the row of an account as a mapping."""
    return dict(zip((column.name for column in accounts.columns), row, strict=True))


def is_unfinished(fields: Mapping[str, Any]) -> bool:
    """Tell whether an account is one whose copy has not ended."""
    return str(fields["name"]).endswith(_mark(fields))


def _unfinished(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {**fields, **_UNTIL_IT_IS_FINISHED, "name": fields["name"] + _mark(fields)}


def _mark(fields: Mapping[str, Any]) -> str:
    return f" (unfinished copy of account {fields['account_id']})"


def _named(table: Table, key: object) -> str:
    # A key of idempotency is what a client says.
    return f"a row of {table.name}" if isinstance(key, str) else f"{key_of(table).name} {key} of {table.name}"
