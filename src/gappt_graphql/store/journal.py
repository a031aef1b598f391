"""The journal of an account: its change feed and its audit, numbered in the order of commits; and kept outcomes."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from gappt_graphql.store import AuditRow, Change, KeptOutcome, by_key
from gappt_graphql.store.audit import chained
from gappt_graphql.store.seats import Overtaken
from gappt_graphql.store.statements import Rows, WritableRows, instant, plain
from gappt_graphql.store.steps import Step, take


async def write(
    rows: WritableRows, changes: Sequence[Change], audit: Sequence[AuditRow], beside: Sequence[Step] = ()
) -> int:
    """
    Write the changes and the audit rows, and return the number that the counter has reached; 0 if there were none.

    Both are numbered on from the account's counter, so that a number tells what belongs to one transaction; the
    counter moves past the longer of the two. The audit rows are chained to those before them. What is written
    `beside` may be in the same statement.

    :raises Overtaken: if somebody else has written there since the counter was read
    """
    count = max(len(changes), len(audit))
    if not count:
        await take(rows, *beside)
        return 0
    end = rows.journal_end
    if end is None:
        [end] = await rows.fetch(by_key.JOURNAL_END, {"account": rows.account})
    was, audited, audit_hash = end
    links = chained(audit, account=rows.account, first=was + 1, previous=audit_hash)
    if links:
        audited, audit_hash = links[-1].number, links[-1].hash
    last = int(was) + count
    move = {"account": rows.account, "was": was, "last": last, "audit": audited, "audit_hash": audit_hash}
    await take(
        rows,
        *beside,
        Step(by_key.WRITE_CHANGE, [_change(rows, n, change) for n, change in enumerate(changes, was + 1)]),
        Step(by_key.WRITE_AUDIT, [_fields(row) | {"account_id": rows.account} for row in links]),
        Step(by_key.MOVE_JOURNAL_END, [move], Overtaken),
    )
    rows.journal_end = last, audited, audit_hash
    return last


async def kept_outcome(rows: Rows, key: str) -> KeptOutcome | None:
    """Return what this idempotency key did before."""
    found = await rows.fetch(by_key.KEPT_OUTCOME, {"account": rows.account, "idempotency_key": key})
    for key, fingerprint, outcome, at in found:
        return KeptOutcome(key=key, fingerprint=fingerprint, outcome=outcome, at=instant(at))
    return None


def kept(rows: WritableRows, outcome: KeptOutcome) -> Step:
    """Return what remembers what an idempotency key did, instead of what it did before, if anything."""
    return Step(by_key.KEEP_OUTCOME, [{"account_id": rows.account, **_fields(outcome)}])


async def forget_outcomes(rows: WritableRows, *, before: datetime, at_most: int) -> None:
    """Forget what idempotency keys did before this moment, the oldest first."""
    await rows.fetch(by_key.FORGET_OUTCOMES, {"account": rows.account, "before": before, "at_most": at_most})


def _change(rows: Rows, number: int, change: Change) -> dict[str, object]:
    changed_fields = msgspec.json.encode(change.changed_fields).decode()
    return _fields(change) | {"number": number, "account_id": rows.account, "changed_fields": changed_fields}


def _fields(row: Change | AuditRow | KeptOutcome) -> dict[str, object]:
    return {name: plain(getattr(row, name)) for name in row.__struct_fields__}
