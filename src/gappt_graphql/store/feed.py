"""The change feed: what happened after a number, oldest first."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, or_, select

from gappt_graphql.scheduling.ids import LARGEST_ID, BusinessId, GroupAppointmentId, PractitionerId
from gappt_graphql.store import Change, by_key
from gappt_graphql.store.statements import Row, Rows, Statement, in_keys, instant
from gappt_graphql.store.tables import changes as table

_COLUMNS = (
    "number",
    "kind",
    "group_appointment_id",
    "practitioner_id",
    "business_id",
    "former_practitioner_id",
    "former_business_id",
    "changed_fields",
    "at",
)


async def changes(
    rows: Rows,
    *,
    after: int,
    limit: int,
    ids: Collection[int] | None,
    practitioners: Collection[int] | None,
    businesses: Collection[int] | None,
) -> Sequence[Change]:
    """Return the changes after this number, oldest first; None does not filter, an empty collection matches none."""
    asked = {"group_appointment_id": ids, "practitioner_id": practitioners, "business_id": businesses}
    keys = {name: tuple(id for id in of if 0 < id <= LARGEST_ID) for name, of in asked.items() if of is not None}
    if after >= LARGEST_ID:
        return []
    parameters = {"account": rows.account, "after": after, "limit": limit, **keys}
    return [_change(row) for row in await rows.fetch(_changes(tuple(keys)), parameters)]


async def last_number(rows: Rows) -> int:
    """Return the number that the account's feed has reached."""
    found = await rows.fetch(by_key.LAST_NUMBER, {"account": rows.account})
    return int(found[0][0]) if found else 0


@lru_cache
def _changes(filters: tuple[str, ...]) -> Statement:
    found = select(*(table.c[name] for name in _COLUMNS)).where(
        table.c.account_id == bindparam("account"),
        table.c.number > bindparam("after"),
        *(_of(name) for name in filters),
    )
    # With filters it may walk a long feed for few changes.
    return Statement(found.order_by(table.c.number).limit(bindparam("limit")), long=bool(filters))


def _of(name: str) -> ColumnElement[Any]:
    former = table.c.get(f"former_{name}")
    now = in_keys(table.c[name], name)
    return now if former is None else or_(now, in_keys(former, name))


def _change(row: Row) -> Change:
    number, kind, appointment, practitioner, business, former_practitioner, former_business, changed_fields, at = row
    return Change(
        number=number,
        kind=kind,
        group_appointment_id=GroupAppointmentId(appointment),
        practitioner_id=PractitionerId(practitioner),
        business_id=BusinessId(business),
        former_practitioner_id=former_practitioner,
        former_business_id=former_business,
        changed_fields=msgspec.json.decode(changed_fields, type=tuple[str, ...]),
        at=instant(at),
    )
