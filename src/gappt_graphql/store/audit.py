"""The audit's chain: each row's hash covers the hash of the row before it, so that no row changes or goes unseen."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from gappt_graphql.scheduling.ids import LARGEST_ID, AccountId, GroupAppointmentId
from gappt_graphql.store import AuditEnd, AuditRow, Unreadable, audit_hash, by_key
from gappt_graphql.store.statements import Row, Rows, instant


def chained(rows: Sequence[AuditRow], *, account: AccountId, first: int, previous: str) -> list[AuditRow]:
    """Return the rows numbered from the first number on, each with its hash."""
    done: list[AuditRow] = []
    for number, row in enumerate(rows, first):
        row = replace(row, number=number)
        previous = audit_hash(row, account=account, previous=previous)
        done.append(replace(row, hash=previous))
    return done


async def audit(rows: Rows, *, after: int, limit: int) -> Sequence[AuditRow]:
    """Return the audit rows after this number, oldest first."""
    found = await rows.fetch(by_key.AUDIT, {"account": rows.account, "after": after, "limit": limit})
    return [_row(row) for row in found]


async def audit_end(rows: Rows) -> AuditEnd:
    """Return where the account's audit ends by its own count."""
    [(number, hash)] = await rows.fetch(by_key.AUDIT_END, {"account": rows.account})
    return AuditEnd(number, hash)


async def history_of(
    rows: Rows, appointments: Collection[GroupAppointmentId], *, limit: int, before: int | None
) -> Mapping[GroupAppointmentId, Sequence[AuditRow]]:
    """Return what was done to each appointment, its attendees and its waitlist, newest first."""
    found: dict[GroupAppointmentId, list[AuditRow]] = {appointment: [] for appointment in appointments}
    known = [appointment for appointment in found if 0 < appointment <= LARGEST_ID]
    if known:
        end = LARGEST_ID if before is None else before
        parameters = {"account": rows.account, "ids": known, "limit": limit, "before": end}
        for appointment, *row in await rows.fetch(by_key.HISTORY_OF, parameters):
            found[appointment].append(_row(tuple(row)))
    return found


def _row(row: Row) -> AuditRow:
    number, at, key_id, actor, request_id, operation, record_kind, record_id, before, after, hash = row
    return AuditRow(
        number=number,
        at=_instant(at),
        key_id=key_id,
        actor=actor,
        request_id=request_id,
        operation=operation,
        record_kind=record_kind,
        record_id=record_id,
        before=before,
        after=after,
        hash=hash,
    )


def _instant(microseconds: int) -> datetime:
    try:
        return instant(microseconds)
    except (TypeError, OverflowError):
        raise Unreadable from None
