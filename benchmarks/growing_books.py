"""
Books of a chosen size for the benchmark of growth, filled past the triggers and proven sound afterwards.

A book ten times the size is a practice with four times the people over two and a half times the time, so that a
practitioner's day and a patient's year are the same in each. A second account has a tenth as many appointments.
"""

import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from math import log10
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import asyncpg
import msgspec

from gappt_graphql.demo.names import FIRST_NAMES, LAST_NAMES, email
from gappt_graphql.practice import changes
from gappt_graphql.scheduling.attendance import Attendee, CancellationReason
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import AccountId, Ids
from gappt_graphql.store import Edit, Record
from gappt_graphql.store.audit import chained
from gappt_graphql.store.migrations import HEAD, migrate
from gappt_graphql.store.postgres.connections import prepare
from gappt_graphql.store.records import codec
from gappt_graphql.store.sqlite.invariants import faults
from gappt_graphql.store.statements import plain
from gappt_graphql.store.tables import metadata

MEASURED, NEIGHBOUR = AccountId(11), AccountId(22)
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
_A_DAY_EACH = 6
"""Appointments of one practitioner on a working day."""
_SEATS = 10
_ARCHIVED, _CANCELLED = 0.03, 0.06
_BATCH = 2_000
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class Size(NamedTuple):
    """How large a practice is."""

    appointments: int

    @property
    def practitioners(self) -> int:
        """10 where there are 20,000 appointments, and four times as many where there are ten times as many."""
        return max(2, round(10 * 4 ** log10(self.appointments / 20_000)))

    @property
    def patients(self) -> int:
        """As many for each practitioner."""
        return 500 * self.practitioners

    @property
    def days(self) -> int:
        """How long the diary is, with its free days at weekends."""
        return self.appointments // (_A_DAY_EACH * self.practitioners) * 7 // 5 + 1


def write_sqlite(path: Path, size: Size) -> None:
    """Write the book, and prove it sound."""
    migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-200000"):
            connection.execute(f"PRAGMA {pragma}")
        # Row by row the triggers and indexes would take most of an hour. They come back as they were, over what is
        # right by then; `faults` asks each row what they would have asked, and compares them with the program's own.
        kept = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql IS NOT NULL"
        ).fetchall()
        connection.execute("BEGIN")
        for kind, name, _ in kept:
            connection.execute(f"DROP {kind} {name}")
        for account, part in ((MEASURED, size), (NEIGHBOUR, Size(size.appointments // 10))):
            _write_account(connection, account, part)
        for _, _, text in sorted(kept):
            connection.execute(text)
        connection.execute("COMMIT")
        found = next(faults(connection, revision=HEAD), None)
        if found is not None:
            raise AssertionError(f"The book that was made is not sound: {found}")


async def copy_to_postgres(path: Path, superuser_url: str) -> None:
    """Copy the book, which is sound, table by table into the migrated database, and let it look at the figures."""
    connection = await asyncpg.connect(superuser_url)
    try:
        await prepare(connection)
        # What the references ask has been asked of the file; who is bound by row-level security can't COPY.
        await connection.execute("SET session_replication_role = replica")
        with closing(sqlite3.connect(path)) as file:
            for table in metadata.sorted_tables:
                names = [column.name for column in table.columns]
                rows = file.execute(f"SELECT {', '.join(names)} FROM {table.name}")
                await connection.copy_records_to_table(table.name, columns=names, records=rows)
                [(there,)] = file.execute(f"SELECT count(*) FROM {table.name}")
                assert there == await connection.fetchval(f"SELECT count(*) FROM {table.name}"), table.name
        # As autovacuum does some minutes later.
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _write_account(connection: sqlite3.Connection, account: AccountId, size: Size) -> None:
    number, previous = 0, ""
    made = FIRST_DAY - 60 * _DAY
    connection.execute(
        "INSERT INTO accounts (account_id, name, last_number, created_at) VALUES (?, ?, 0, ?)",
        (account, f"Practice {account}", plain(made)),
    )
    for edits_at in _records(account, size):
        records = [record for _, group in edits_at for record in group]
        for kind, same in itertools.groupby(sorted(records, key=_kind_of), key=_kind_of):
            _insert(connection, kind, [_row(account, record, records) for record in same])
        told, audited = [], []
        for at, group in edits_at:
            edits = [Edit(None, record) for record in group]
            feed = changes.feed(edits, at=at)
            rows = changes.audit(edits, operation="Create", at=at, key_id=None, actor=None, request_id="benchmark")
            links = chained(rows, account=account, first=number + 1, previous=previous)
            for place, change in enumerate(feed, number + 1):
                fields = {name: plain(getattr(change, name)) for name in change.__struct_fields__}
                fields["changed_fields"] = msgspec.json.encode(change.changed_fields).decode()
                told.append(fields | {"number": place, "account_id": account})
            audited += [
                {name: plain(getattr(row, name)) for name in row.__struct_fields__} | {"account_id": account}
                for row in links
            ]
            number, previous = links[-1].number, links[-1].hash
        _insert(connection, "changes", told)
        _insert(connection, "audit", audited)
    connection.execute(
        "UPDATE accounts SET last_number = ?, audit_number = ?, audit_hash = ? WHERE account_id = ?",
        (number, number, previous, account),
    )


def _kind_of(record: Record) -> str:
    return codec(type(record)).table.name


def _row(account: AccountId, record: Record, others: Sequence[Record]) -> dict[str, object]:
    row = {"account_id": account, **codec(type(record)).encode(record)}
    if isinstance(record, Attendee):
        group = _groups[record.group_appointment_id]
        busy = record.active and group.archived_at is None
        row |= {"starts_at": plain(group.starts_at), "ends_at": plain(group.ends_at), "is_long": 0, "is_busy": busy}
    return row


_groups: dict[int, GroupAppointment] = {}


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    columns = [column.name for column in metadata.tables[table].columns]
    text = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    connection.executemany(text, ([row[name] for name in columns] for row in rows))


def _records(account: AccountId, size: Size) -> Iterator[list[tuple[datetime, list[Record]]]]:
    """Give what was made at once, with the moment, in batches."""
    random, ids, made = Random(account), Ids(account), FIRST_DAY - 60 * _DAY

    def new(kind: type[Any], at: datetime, **fields: object) -> Any:
        return kind(id=ids.next(at), created_at=at, updated_at=at, **fields)

    businesses = [
        new(Business, made, name=f"Practice {n}", time_zone="Europe/Vienna") for n in range(1 + size.practitioners // 5)
    ]
    practitioners = [
        new(Practitioner, made, first_name=random.choice(FIRST_NAMES), last_name=random.choice(LAST_NAMES))
        for _ in range(size.practitioners)
    ]
    types = [new(AppointmentType, made, name=f"Class {n}", duration_in_minutes=60, max_attendees=8) for n in range(10)]
    patients = [
        new(
            Patient,
            made,
            first_name=(first := random.choice(FIRST_NAMES)),
            last_name=(last := random.choice(LAST_NAMES)),
            email=email(first, last, n),
            date_of_birth=date(1930, 1, 1) + timedelta(days=random.randrange(80 * 365)),
        )
        for n in range(size.patients)
    ]
    yield [(made, [*businesses, *practitioners, *types, *patients])]
    batch: list[tuple[datetime, list[Record]]] = []
    for n in range(size.appointments):
        day, place = divmod(n, _A_DAY_EACH * size.practitioners)
        practitioner = place % size.practitioners
        day_off = practitioner % 7 == 0 and day % 10 == 0
        starts_at = FIRST_DAY + (day // 5 * 7 + day % 5) * _DAY + (8 + place // size.practitioners * 1.5) * _HOUR
        starts_at += random.choice((0, 0, 0, 0, 15, 45)) * timedelta(minutes=1)
        at = starts_at - 28 * _DAY
        wanted = random.sample(range(practitioner % 5, size.patients, 5), random.choice((5, 6, 7, 7, 8, 9)))
        places = [
            new(
                Attendee,
                at,
                group_appointment_id=0,
                patient_id=patients[patient].id,
                **(_cancelled(at) if random.random() < _CANCELLED else {}),
            )
            for patient in wanted
        ]
        group = new(
            GroupAppointment,
            at,
            starts_at=starts_at,
            ends_at=starts_at + _HOUR,
            max_attendees=_SEATS,
            active_attendees=sum(one.active for one in places),
            business_id=businesses[practitioner // 5].id,
            practitioner_id=practitioners[practitioner].id,
            appointment_type_id=random.choice(types).id,
            notes="Bring a towel." if random.random() < 0.6 else None,
            archived_at=at + 20 * _DAY if random.random() < _ARCHIVED else None,
        )
        _groups[group.id] = group
        together = [group, *(msgspec.structs.replace(one, group_appointment_id=group.id) for one in places)]
        if day_off and place < size.practitioners:
            block = {"practitioner_id": practitioners[practitioner].id, "business_id": None}
            together.append(
                new(UnavailableBlock, at, starts_at=starts_at + _HOUR, ends_at=starts_at + 3 * _HOUR, **block)
            )
        batch.append((at, together))
        if len(batch) == _BATCH:
            yield batch
            batch = []
            _groups.clear()
    yield batch


def _cancelled(at: datetime) -> dict[str, object]:
    return {"cancelled_at": at + 7 * _DAY, "cancellation_reason": CancellationReason.SICK}
