"""The journal of an account: its change feed and its audit, numbered in the order of commits; and kept outcomes."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from gappt_graphql.store import AuditRow, Change, KeptOutcome, by_key
from gappt_graphql.store.audit import chained
from gappt_graphql.store.statements import Rows, WritableRows, instant, plain


async def write(rows: WritableRows, changes: Sequence[Change], audit: Sequence[AuditRow]) -> int:
    """
    Write the changes and the audit rows, and return the number that the counter has reached; 0 if there were none.

    Both are numbered on from the account's counter, so that a number tells what belongs to one transaction; the
    counter moves past the longer of the two. The audit rows are chained to those before them.
    """
    count = max(len(changes), len(audit))
    if not count:
        return 0
    [(last, audit_hash)] = await rows.fetch(by_key.TAKE_NUMBERS, {"account": rows.account, "count": count})
    first = last - count + 1
    await rows.run(by_key.WRITE_CHANGE, [_change(rows, n, change) for n, change in enumerate(changes, first)])
    if audit:
        links = chained(audit, account=rows.account, first=first, previous=audit_hash)
        await rows.run(by_key.WRITE_AUDIT, [_fields(row) | {"account_id": rows.account} for row in links])
        end = {"account": rows.account, "last": links[-1].number, "last_hash": links[-1].hash}
        await rows.run(by_key.END_AUDIT, [end])
    return int(last)


async def kept_outcome(rows: Rows, key: str) -> KeptOutcome | None:
    """Return what this idempotency key did before."""
    found = await rows.fetch(by_key.KEPT_OUTCOME, {"account": rows.account, "idempotency_key": key})
    for key, fingerprint, outcome, at in found:
        return KeptOutcome(key=key, fingerprint=fingerprint, outcome=outcome, at=instant(at))
    return None


async def keep_outcome(rows: WritableRows, kept: KeptOutcome) -> None:
    """Remember what an idempotency key did, instead of what it did before, if anything."""
    await rows.run(by_key.KEEP_OUTCOME, [{"account_id": rows.account, **_fields(kept)}])


async def forget_outcomes(rows: WritableRows, *, before: datetime, at_most: int) -> None:
    """Forget what idempotency keys did before this moment, the oldest first."""
    await rows.fetch(by_key.FORGET_OUTCOMES, {"account": rows.account, "before": before, "at_most": at_most})


def _change(rows: Rows, number: int, change: Change) -> dict[str, object]:
    changed_fields = msgspec.json.encode(change.changed_fields).decode()
    return _fields(change) | {"number": number, "account_id": rows.account, "changed_fields": changed_fields}


def _fields(row: Change | AuditRow | KeptOutcome) -> dict[str, object]:
    return {name: plain(getattr(row, name)) for name in row.__struct_fields__}
