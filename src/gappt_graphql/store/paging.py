"""Parts of lists, one list at a time or the same part of many; statements are kept by the shape of the question."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, FromClause, Select, Table, and_, bindparam, func, select

from gappt_graphql.scheduling.asking import Listing, Page, Slice
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import LARGEST_ID
from gappt_graphql.store import Record
from gappt_graphql.store.asking import ABOVE, BELOW, Shape, asked, clauses, found_by_key, is_costly, is_of_the_archive
from gappt_graphql.store.fields import ACCOUNT, Fields
from gappt_graphql.store.given import InOrder, as_rows, given
from gappt_graphql.store.keyset import Terms, order_by, past, position, terms, turned, within_range
from gappt_graphql.store.records import codec
from gappt_graphql.store.statements import Rows, Statement, in_keys
from gappt_graphql.store.tables import attendees

R = TypeVar("R", bound=Record)

_STATEMENTS_KEPT = 512


async def page(rows: Rows, kind: type[R], listing: Listing, part: Slice) -> Page[R]:
    """Return a part of a list."""
    where, window = await asked(rows, listing.where), _Window.of(listing, part)
    parameters = {"account": rows.account, **where.parameters, **window.parameters(part)}
    statement = _page(kind, where.shape, window)  # type: ignore[arg-type] # mypy: no type variable is hashable
    decode = codec(kind).decode
    return _as_page([decode(row) for row in await rows.fetch(statement, parameters)], part)


async def pages(
    rows: Rows, kind: type[R], listing: Listing, part: Slice, *, parent: str, parents: Collection[int]
) -> Mapping[int, Page[R]]:
    """Return the same part of one list for each parent; it costs what the parts cost, not the lists."""
    found: dict[int, list[R]] = {each: [] for each in parents}
    known = [each for each in found if 0 < each <= LARGEST_ID]
    if known:
        where, window = await asked(rows, listing.where), _Window.of(listing, part)
        given_parents = {"account": rows.account, "parents": as_rows((each,) for each in known)}
        parameters = {**given_parents, **where.parameters, **window.parameters(part)}
        statement = _page_of_each(kind, where.shape, window, parent)  # type: ignore[arg-type] # as in page
        decode = codec(kind).decode
        for row in await rows.fetch(statement, parameters):
            found[row[0]].append(decode(row[1:]))
    return {each: _as_page(records, part) for each, records in found.items()}


async def count(rows: Rows, kind: type[Record], listing: Listing) -> int:
    """Return the length of a list."""
    where = await asked(rows, listing.where)
    found = await rows.fetch(_count(kind, where.shape), {"account": rows.account, **where.parameters})
    return int(found[0][0])


async def counts(
    rows: Rows, kind: type[Record], listing: Listing, *, parent: str, parents: Collection[int]
) -> Mapping[int, int]:
    """Return the length of the list of each parent."""
    found = dict.fromkeys(parents, 0)
    known = tuple(each for each in found if 0 < each <= LARGEST_ID)
    if known:
        where = await asked(rows, listing.where)
        parameters = {"account": rows.account, "parents": known, **where.parameters}
        found.update(
            {row[0]: row[1] for row in await rows.fetch(_count_of_each(kind, where.shape, parent), parameters)}
        )
    return found


class _Window(NamedTuple):
    """
    What of an order and a slice decides the text: in which order rows are walked, and whether between positions.

    A backward slice is walked from its far end, so that its limit is the database's too.
    """

    order: Terms
    start: bool
    stop: bool
    skip: bool

    @classmethod
    def of(cls, listing: Listing, part: Slice) -> "_Window":
        order = terms(listing.order)
        start, stop = _ends(part)
        walked = turned(order) if part.backward else order
        return cls(walked, start is not None, stop is not None, part.offset > 0)

    def parameters(self, part: Slice) -> dict[str, object]:
        """Return the values of the positions, and one row more than asked for: it tells whether there is more."""
        start, stop = _ends(part)
        values: dict[str, object] = {"limit": part.limit + 1}
        if start is not None:
            values |= position(self.order, start, "s")
        if stop is not None:
            values |= position(self.order, stop, "e")
        return values | ({"offset": within_range(part.offset)} if self.skip else {})

    def cut(self, found: Select[Any], shape: Shape, fields: Fields) -> Select[Any]:
        """Return the part of what the shape finds, in the order of walking."""
        first = self.order[0]
        tight = ((BELOW if first.descending else ABOVE) if self.start else ()) + (
            (ABOVE if first.descending else BELOW) if self.stop else ()
        )
        found = found.where(*clauses(shape, fields, bounded=(first.field, tight)))
        if self.start:
            found = found.where(past(self.order, fields, "s"))
        if self.stop:
            found = found.where(past(turned(self.order), fields, "e"))
        found = found.order_by(*order_by(self.order, fields)).limit(bindparam("limit"))
        return found.offset(bindparam("offset")) if self.skip else found


def _ends(part: Slice) -> tuple[Sequence[Any] | None, Sequence[Any] | None]:
    return (part.before, part.after) if part.backward else (part.after, part.before)


def _as_page(walked: list[R], part: Slice) -> Page[R]:
    more = len(walked) > part.limit
    records = walked[: part.limit]
    if part.backward:
        return Page(records[::-1], has_next=part.before is not None, has_previous=more or part.after is not None)
    skipped = part.after is not None or part.offset > 0
    return Page(records, has_next=more or part.before is not None, has_previous=skipped)


@lru_cache(maxsize=_STATEMENTS_KEPT)
def _page(kind: type[Record], shape: Shape, window: _Window) -> Statement:
    by_key = found_by_key(shape)
    few = {"id"} if by_key else {"archived_at"} if kind is GroupAppointment and is_of_the_archive(shape) else None
    fields = Fields(kind, codec(kind).table, indexed=few)
    first = window.order[0].field
    # Without an index that has its order a page costs what the list costs, and so may one of a high number.
    whole = not by_key and (window.skip or not _has_index(codec(kind).table, fields.column(first).name))
    return Statement(window.cut(select(*codec(kind).columns), shape, fields), long=whole or is_costly(shape, first))


def _has_index(table: Table, column: str) -> bool:
    """Tell whether all rows of an account can be walked in the order of the column."""
    first = ["account_id", column]
    whole = (index for index in table.indexes if index.dialect_options["sqlite"]["where"] is None)
    return column == "id" or any([each.name for each in index.columns][:2] == first for index in whole)


@lru_cache(maxsize=_STATEMENTS_KEPT)
def _page_of_each(kind: type[Record], shape: Shape, window: _Window, parent: str) -> Statement:
    """
    A parent's rows are picked by an index that begins with the parent, then read by their ids.

    So the list of a parent is walked no further than the part reaches, if it is ordered by time.
    """
    parents, table = given("parents", "id"), codec(kind).table
    by_time = window.order[0].field == "starts_at"
    source, key, fields = _children(kind, parent, indexed={"starts_at", "id"} if by_time else {"starts_at"})
    picked = window.cut(select(fields.column("id")).select_from(source), shape, fields)
    picked = picked.where(key == parents.c.id).correlate(parents)
    each = InOrder(parents, table, and_(table.c.account_id == ACCOUNT, table.c.id.in_(picked)))
    found = select(parents.c.id, *codec(kind).columns).select_from(each)
    return Statement(found.order_by(parents.c.id, *order_by(window.order, Fields(kind, table))), long=True)


@lru_cache(maxsize=_STATEMENTS_KEPT)
def _count(kind: type[Record], shape: Shape) -> Statement:
    table = codec(kind).table
    return Statement(select(func.count()).select_from(table).where(*clauses(shape, Fields(kind, table))), long=True)


@lru_cache(maxsize=_STATEMENTS_KEPT)
def _count_of_each(kind: type[Record], shape: Shape, parent: str) -> Statement:
    source, key, fields = _children(kind, parent, indexed=set())
    found = select(key, func.count()).select_from(source).where(in_keys(key, "parents"), *clauses(shape, fields))
    return Statement(found.group_by(key), long=True)


def _children(kind: type[Record], parent: str, *, indexed: set[str]) -> tuple[FromClause, ColumnElement[Any], Fields]:
    """Return where the records of parents are found, the column that names the parent, and the fields to ask about."""
    table = codec(kind).table.alias()
    if parent != "patient_ids" or kind is not GroupAppointment:
        fields = Fields(kind, table, indexed=indexed)
        return table, fields.column(parent), fields
    place = attendees.alias()
    theirs = and_(
        place.c.account_id == ACCOUNT,
        place.c.cancelled_at.is_(None),
        place.c.archived_at.is_(None),
        table.c.id == place.c.group_appointment_id,
    )
    attended = InOrder(place, table, theirs)
    # The attendee knows when the appointment is, so that a patient's appointments are walked in order of time.
    instead = {"id": place.c.group_appointment_id, "starts_at": place.c.starts_at, "ends_at": place.c.ends_at}
    return attended, place.c.patient_id, Fields(kind, table, instead=instead, indexed=indexed)
