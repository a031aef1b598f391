"""
Calendars: one statement finds all that one shows. It reads no column that a calendar may not show.

And the feeds that open them, which are found before an account is known.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Subquery, and_, bindparam, select, union_all

from gappt_graphql.scheduling.calendars import MOST_AHEAD, MOST_PAST, Calendar, CalendarFeed, Entry, Whose, Window
from gappt_graphql.scheduling.directory import Business, Practitioner, joined
from gappt_graphql.scheduling.ids import LARGEST_ID, AccountId
from gappt_graphql.store import by_key, tables
from gappt_graphql.store.given import InOrder
from gappt_graphql.store.records import codec
from gappt_graphql.store.statements import Reading, Row, Rows, Statement, instant

_ACCOUNT: ColumnElement[Any] = bindparam("account")

FEED_BY_DIGEST = Statement(
    select(tables.calendar_feeds.c.account_id, *codec(CalendarFeed).columns).where(
        tables.calendar_feeds.c.digest == bindparam("digest")
    )
)
"""Takes :digest; gives the account and the codec's columns."""


async def feed_by_digest(connection: Reading, digest: str) -> tuple[AccountId, CalendarFeed] | None:
    """Return the feed with this digest, revoked or not, and its account."""
    rows = await connection.fetch(FEED_BY_DIGEST, {"digest": digest})
    return (rows[0][0], codec(CalendarFeed).decode(rows[0][1:])) if rows else None


async def calendar(rows: Rows, whose: Whose, window: Window) -> Calendar | None:
    """Return the calendar of a practitioner or a business; None if there is no such."""
    name = await _name(rows, whose)
    if name is None:
        return None
    column = "business_id" if whose.practitioner_id is None else "practitioner_id"
    parameters = {
        "account": rows.account,
        "whose": getattr(whose, column),
        "first": window.first,
        "today": window.today,
        "last": window.last,
        "most_past": MOST_PAST + 1,
        "most_ahead": MOST_AHEAD + 1,
    }
    found = [_entry(row) for row in await rows.fetch(entries_of(column), parameters)]
    past = sorted((each for each in found if each.starts_at < window.today), key=_by_time, reverse=True)
    ahead = sorted((each for each in found if each.starts_at >= window.today), key=_by_time)
    shown = (*reversed(past[:MOST_PAST]), *ahead[:MOST_AHEAD])
    return Calendar(name, shown, cut_short=len(shown) < len(found))


async def _name(rows: Rows, whose: Whose) -> str | None:
    """Return what a calendar is called; the names of one who has none are empty."""
    kind: type[Practitioner] | type[Business] = Business if whose.practitioner_id is None else Practitioner
    id = whose.practitioner_id or whose.business_id or 0
    if not 0 < id <= LARGEST_ID:
        return None
    found = await rows.fetch(by_key.find(kind), {"account": rows.account, "ids": [id]})
    for row in found:
        record = codec(kind).decode(row)
        return record.name if isinstance(record, Business) else record.label
    return None


def _by_time(entry: Entry) -> tuple[object, ...]:
    return entry.starts_at, entry.id


def _entry(row: Row) -> Entry:
    (id, starts_at, ends_at, seats, seats_taken, version, created_at, archived_at, updated_at, type_name,
     type_updated_at, business, business_updated_at, title, first_name, last_name,
     practitioner_updated_at) = row  # fmt: skip
    return Entry(
        id=id,
        starts_at=instant(starts_at),
        ends_at=instant(ends_at),
        appointment_type=type_name,
        business=business,
        practitioner=joined(title, first_name, last_name),
        seats=seats,
        seats_taken=seats_taken,
        version=version,
        created_at=instant(created_at),
        changed_at=instant(max(updated_at, type_updated_at, business_updated_at, practitioner_updated_at)),
        archived=archived_at is not None,
    )


@cache
def entries_of(column: str) -> Statement:
    """
    Takes :account, :whose, the instants :first, :today and :last, and :most_past and :most_ahead.

    The past is walked back from today, and what is to come from today on, each by the index of the column.
    """
    types, businesses, practitioners = tables.appointment_types, tables.businesses, tables.practitioners
    shown = _shown(column).subquery("shown")
    places = InOrder(shown, types, _same(types, shown, "appointment_type_id"))
    places = InOrder(places, businesses, _same(businesses, shown, "business_id"))
    places = InOrder(places, practitioners, _same(practitioners, shown, "practitioner_id"))
    return Statement(
        select(
            *(shown.c[name] for name in _OWN),
            *(types.c[name] for name in ("name", "updated_at")),
            *(businesses.c[name] for name in ("name", "updated_at")),
            *(practitioners.c[name] for name in ("title", "first_name", "last_name", "updated_at")),
        ).select_from(places),
        long=True,
    )


_OWN = (
    *("id", "starts_at", "ends_at", "max_attendees", "active_attendees"),
    *("version", "created_at", "archived_at", "updated_at"),
)


def _shown(column: str) -> CompoundSelect[Any]:
    groups = tables.group_appointments
    start = groups.c.starts_at
    past = [start >= bindparam("first"), start < bindparam("today")]
    ahead = [start >= bindparam("today"), start < bindparam("last")]
    halves = (
        _half(column, past, [start.desc(), groups.c.id.desc()], "most_past"),
        _half(column, ahead, [start, groups.c.id], "most_ahead"),
    )
    return union_all(*(select(*half.c) for half in halves))


def _half(column: str, when: Iterable[ColumnElement[bool]], order: Iterable[ColumnElement[Any]], most: str) -> Subquery:
    groups = tables.group_appointments
    names = ("account_id", *_OWN, "appointment_type_id", "business_id", "practitioner_id")
    return (
        select(*(groups.c[name] for name in names))
        .where(groups.c.account_id == _ACCOUNT, groups.c[column] == bindparam("whose"), *when)
        .order_by(*order)
        .limit(bindparam(most))
        .subquery()
    )


def _same(table: Any, shown: Subquery, key: str) -> ColumnElement[bool]:
    return and_(table.c.account_id == shown.c.account_id, table.c.id == shown.c[key])
