"""Stores with something of everything in them, and what is in them as other programs see it."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import timedelta
from typing import Any

import asyncpg

from builders import A_MONDAY, Practice
from gappt_graphql.practice import archiving, calendars, repeating, waitlist, webhooks
from gappt_graphql.practice.access import ensure_account, issue_key, revoke_key
from gappt_graphql.practice.archiving import ArchiveGroupAppointment
from gappt_graphql.practice.calendars import CreateCalendarFeed, RevokeCalendarFeed
from gappt_graphql.practice.repeating import RepeatGroupAppointment
from gappt_graphql.practice.waitlist import JoinWaitlist
from gappt_graphql.practice.webhooks import CreateWebhook, RotateWebhookSecret, SendTestWebhook
from gappt_graphql.scheduling.directory import Patient, Practitioner
from gappt_graphql.scheduling.ids import LARGEST_ID
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.store import KeptOutcome, Store
from gappt_graphql.store.copying import copy
from gappt_graphql.store.opening import open_store
from gappt_graphql.store.tables import Instant, metadata
from reception import book, book_one, cancel

ODD = 'Zoë\n"quoted" \\ \U0001f469\u200d\u2695\ufe0f \u202eقلب\u202c \ufffd\U0010ffff\u0001 end '


def nothing(_done: int, _total: int) -> None:
    """Show no progress."""


async def copied(source: str, target: str, *, size: int = 7) -> Any:
    """Copy in small slices, so that there are many."""
    return await copy(source, target, progress=nothing, size=size)


class _Ended(Exception):
    """The copy is ended here."""


async def ended_after(source: str, target: str, slices: int) -> None:
    """Begin a copy and end it after so many slices."""
    left = slices

    def show(_done: int, _total: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise _Ended

    with suppress(_Ended):
        await copy(source, target, progress=show, size=5)
        raise AssertionError("The copy was done before that.")


async def furnished(url: str, now: Any) -> str:
    """Fill a store with two accounts that have something of everything, and return a key to the first."""
    store = await open_store(url)
    try:
        secret = await _lived_in(store, now)
        await Practice.open(store, name="Lakeside", now=now)
        await ensure_account(store, name="Nobody's", now=now, ids=(await _ids(store, now)))
    finally:
        await store.close()
    return secret


async def _ids(store: Store, now: Any) -> Any:
    return (await Practice.open(store, name="Hillside", now=now)).ids


async def _lived_in(store: Store, now: Any) -> str:
    practice = await Practice.open(store, name="Riverside", now=now + timedelta(microseconds=1))
    await practice.save(
        practice.new(
            Patient, id=LARGEST_ID, first_name=ODD, last_name=None, email=ODD, created_at=A_MONDAY.replace(year=1)
        ),
        practice.new(Practitioner, first_name=None, last_name=None, title=None, active=False),
        practice.new_block(A_MONDAY, notes=ODD),
        practice.new_block(A_MONDAY, minutes=3000, business_id=practice.business.id),
    )
    await calendars.create(practice.desk, CreateCalendarFeed(practitioner_id=practice.practitioner.id))
    feed = await calendars.create(practice.desk, CreateCalendarFeed(business_id=practice.business.id))
    await calendars.revoke(practice.desk, RevokeCalendarFeed(id=feed.id))
    hook = await webhooks.create(
        practice.desk, CreateWebhook(url="https://receiver.example/a?b=c", practitioner_ids=(practice.practitioner.id,))
    )
    await webhooks.rotate_secret(practice.desk, RotateWebhookSecret(id=hook.webhook_id))
    await webhooks.send_test(practice.desk, SendTestWebhook(id=hook.webhook_id))
    group = await practice.group(max_attendees=4, starts_at=A_MONDAY + timedelta(microseconds=999_999))
    await book(practice, group, *practice.patients[:3], idempotency_key="Bé-1")
    await book(practice, group, practice.patients[3], idempotency_key="a_1")
    await book(practice, await practice.group(), practice.patients[3], idempotency_key="B 1")
    for patient in practice.patients[4:7]:
        await waitlist.join_waitlist(practice.desk, JoinWaitlist(group_appointment_id=group.id, patient_id=patient.id))
    series = await practice.group(A_MONDAY + timedelta(days=1))
    left = await book_one(practice, series, practice.patients[0])
    await cancel(practice, left, note=ODD.replace("\u0001", "").strip())
    rule = RepeatRule(repeat_type=RepeatType.WEEKLY, repeating_interval=1, number_of_repeats=9)
    await repeating.repeat(practice.desk, RepeatGroupAppointment(id=series.id, repeat_rule=rule, copy_attendees=True))
    for n in range(20):
        await practice.group(A_MONDAY + timedelta(days=100 + n), patients=practice.patients[: n % 8])
    gone = await practice.group(A_MONDAY + timedelta(days=400), patients=practice.patients[:2])
    await archiving.archive(practice.desk, ArchiveGroupAppointment(id=gone.id))
    # An imported series may have a root with a larger id than its repeats have.
    root = practice.new_group(A_MONDAY + timedelta(days=500), id=LARGEST_ID, notes=ODD)
    early = practice.new_group(A_MONDAY + timedelta(days=507), id=1, repeated_from_id=LARGEST_ID, series_position=1)
    await practice.save(root, early)
    ids, account = practice.ids, practice.account.id
    old = await issue_key(store, account=account, scopes=["read"], now=now, ids=ids, browser=True, rate_limit=0)
    await revoke_key(store, account=account, id=old.key.id, now=now)
    await store.write(
        account, lambda book: book.keep_outcome(KeptOutcome(key="é", fingerprint="", outcome=ODD, at=now))
    )
    issued = await issue_key(store, account=account, scopes=["read", "write"], now=now, ids=ids, cost_budget=99_999_999)
    return issued.secret


async def everything(url: str) -> Mapping[str, list[tuple[Any, ...]]]:
    """Return every row of every table, as the database's own driver reads it, instants as microseconds."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return {name: sorted(connection.execute(_all(name, "{}")), key=repr) for name in metadata.tables}
    connection = await asyncpg.connect(url)
    try:
        found = {
            name: await connection.fetch(_all(name, "(extract(epoch FROM {}) * 1000000)::bigint"))
            for name in metadata.tables
        }
    finally:
        await connection.close()
    return {name: sorted((tuple(row) for row in rows), key=repr) for name, rows in found.items()}


def _all(name: str, instant: str) -> str:
    columns = metadata.tables[name].columns
    shown = [
        instant.format(f'"{each.name}"') if isinstance(each.type, Instant) else f'"{each.name}"' for each in columns
    ]
    return f"SELECT {', '.join(shown)} FROM {name}"
