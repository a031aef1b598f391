"""
Measure bookings a second on PostgreSQL: of one account and of eight, by one process and by four.

    .venv/bin/python benchmarks/accounts.py postgresql://OWNER@HOST/DATABASE

The database is migrated, and gets accounts of its own. The writers of one account in one process share transactions.
"""

import asyncio
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

from gappt_graphql.practice.access import ensure_account
from gappt_graphql.practice.attendance import BookAttendees, book
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.store import Edit, Record, Store
from gappt_graphql.store.migrations import migrate
from gappt_graphql.store.opening import open_store

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
BOOKINGS, AT_ONCE = 800, 32
Ask = tuple[int, int, int]
"""An account, a group appointment and a patient."""


def main(url: str) -> None:
    """Print the figures."""
    migrate(url)
    for accounts in (1, 8):
        for processes in (1, 4):
            asks = asyncio.run(_fill(url, accounts))
            seconds = _seconds(url, [asks[n::processes] for n in range(processes)])
            print(f"{accounts} accounts, {processes} processes: {len(asks) / seconds:7.0f} bookings a second")


async def _fill(url: str, accounts: int) -> list[Ask]:
    store, ids = await open_store(url), Ids(counter=0)
    each = [await _fill_one(store, ids, BOOKINGS // accounts) for _ in range(accounts)]
    await store.close()
    return [ask for asks in zip(*each, strict=True) for ask in asks]


async def _fill_one(store: Store, ids: Ids, patients: int) -> list[Ask]:
    account = await ensure_account(store, name=f"Benchmark {ids.next(_now())}", now=NOW, ids=ids)
    stamps = {"created_at": NOW, "updated_at": NOW}
    business = Business(id=ids.next(_now()), name="North", time_zone="Australia/Sydney", **stamps)
    practitioner = Practitioner(id=ids.next(_now()), first_name="Robin", last_name="Hale", **stamps)
    kind = AppointmentType(id=ids.next(_now()), name="Pilates", duration_in_minutes=60, max_attendees=8, **stamps)
    people = [Patient(id=ids.next(_now()), first_name=f"{n}", last_name="Lee", **stamps) for n in range(patients)]
    groups = [
        GroupAppointment(
            id=ids.next(_now()),
            starts_at=NOW + timedelta(days=n),
            ends_at=NOW + timedelta(days=n, hours=1),
            max_attendees=100,
            business_id=business.id,
            practitioner_id=practitioner.id,
            appointment_type_id=kind.id,
            **stamps,
        )
        for n in range(40)
    ]
    records: list[Record] = [business, practitioner, kind, *people, *groups]
    await store.write(account.id, lambda written: written.save([Edit(None, record) for record in records]))
    return [(account.id, groups[n % 40].id, person.id) for n, person in enumerate(people)]


def _seconds(url: str, lots: list[list[Ask]]) -> float:
    """Let a process book each of these lots, all from the same moment on."""
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, url, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for n in range(len(lots))
    ]
    for process, lot in zip(processes, lots, strict=True):
        assert process.stdin
        assert process.stdout
        print(json.dumps(lot), file=process.stdin, flush=True)
        process.stdout.readline()
    begun = time.monotonic()
    for process in processes:
        print("go", file=process.stdin, flush=True)
    for process in processes:
        assert process.stdout
        process.stdout.readline()
    seconds = time.monotonic() - begun
    for process in processes:
        process.communicate()
    return seconds


async def _work(url: str, number: int) -> None:
    """Book what comes on stdin, upon the word."""
    asks, store, ids = json.loads(sys.stdin.readline()), await open_store(url), Ids(counter=1000 * number)
    await asyncio.gather(*(store.accounts() for _ in range(8)))  # makes the connections
    print("ready", flush=True)
    sys.stdin.readline()

    async def client() -> None:
        while asks:
            account, group, patient = asks.pop()
            desk = Desk(store=store, account=account, now=_now(), ids=ids, request_id="benchmark")
            await book(desk, BookAttendees(group_appointment_id=group, patient_ids=(patient,)))

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    print("done", flush=True)
    await store.close()


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], int(sys.argv[2]))) if len(sys.argv) > 2 else main(sys.argv[1])
