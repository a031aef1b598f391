"""
Measure what a booking costs: statements, time, commits and bookings a second, in a new book on this machine.

    .venv/bin/python benchmarks/booking.py [FOLDER]

FOLDER is where the book is made, by default the system's for temporary files. Each commit waits for its disk.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx2

from gappt_graphql.practice import attendance
from gappt_graphql.practice.access import ensure_account, issue_key
from gappt_graphql.practice.attendance import BookAttendees
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.store import Edit, Record
from gappt_graphql.store.migrations import migrate
from gappt_graphql.store.opening import open_store
from gappt_graphql.store.sqlite.store import SqliteStore
from gappt_graphql.web.app import create_app

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
GROUPS, PATIENTS, BOOKINGS = 40, 600, 400
BOOK = """mutation ($input: BookAttendeesInput!) {
  bookAttendees(input: $input) {
    groupAppointment { id availableSeats } outcomes { attendee { id } } userErrors { code }
  }
}"""


async def main(folder: str | None) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        async with _opened(Path(made)) as (store, desk):
            groups, patients = await _fill(desk)

            async def book(n: int, turn: int) -> None:
                group, patient = groups[(n + turn) % GROUPS], patients[n]
                await attendance.book(desk, BookAttendees(group_appointment_id=group.id, patient_ids=(patient.id,)))

            print(f"{await _statements(store, lambda: book(0, 0)):6} statements a booking, BEGIN and COMMIT included")
            measure = partial(_print_rate, store)
            await measure("one after the other", lambda n: book(n, 1), at_once=1)
            await measure("64 at a time", lambda n: book(n, 2), at_once=64)
            await measure("one after the other, beside four readers", lambda n: book(n, 3), at_once=1, beside=desk)
            async with _client(desk) as client:

                async def ask(n: int, turn: int) -> None:
                    group, patient = groups[(n + turn) % GROUPS], patients[n]
                    asked = {"groupAppointmentId": str(group.id), "patientIds": [str(patient.id)]}
                    answer = await client.post("/graphql", json={"query": BOOK, "variables": {"input": asked}})
                    assert answer.json()["data"]["bookAttendees"]["userErrors"] == [], answer.text

                await measure("over GraphQL, one after the other", lambda n: ask(n, 4), at_once=1)
                await measure("over GraphQL, 64 at a time", lambda n: ask(n, 5), at_once=64)


@asynccontextmanager
async def _opened(folder: Path) -> AsyncIterator[tuple[SqliteStore, Desk]]:
    url = f"sqlite:///{folder / 'book.db'}"
    migrate(url)
    store, ids = await open_store(url, serving=True), Ids(0)
    assert isinstance(store, SqliteStore)
    try:
        account = await ensure_account(store, name="Benchmark", now=NOW, ids=ids)
        yield store, Desk(store=store, account=account.id, now=NOW, ids=ids, request_id="benchmark")
    finally:
        await store.close()


async def _fill(desk: Desk) -> tuple[Sequence[GroupAppointment], Sequence[Patient]]:
    def new(kind: type, **fields: object) -> Record:
        return kind(id=desk.ids.next(NOW), created_at=NOW, updated_at=NOW, **fields)  # type: ignore[no-any-return]

    business, practitioner = (
        new(Business, name="North", time_zone="Australia/Sydney"),
        new(Practitioner, first_name="Robin", last_name="Hale"),
    )
    kind = new(AppointmentType, name="Pilates", duration_in_minutes=60, max_attendees=8)
    patients = [new(Patient, first_name=f"Patient {n}", last_name="Lee") for n in range(PATIENTS)]
    groups = [
        new(
            GroupAppointment,
            starts_at=NOW + timedelta(hours=2 * n),
            ends_at=NOW + timedelta(hours=2 * n + 1),
            max_attendees=100,
            business_id=business.id,
            practitioner_id=practitioner.id,
            appointment_type_id=kind.id,
        )
        for n in range(GROUPS)
    ]
    records = [business, practitioner, kind, *patients, *groups]
    await desk.store.write(desk.account, lambda book: book.save([Edit(None, record) for record in records]))
    return groups, patients  # type: ignore[return-value]  # made of these kinds above


async def _statements(store: SqliteStore, work: Callable[[], Awaitable[None]]) -> int:
    with _told(store) as told:
        await work()
    return len(told)


@contextmanager
def _told(store: SqliteStore) -> Iterator[list[str]]:
    """Give the statements that the writing connection runs meanwhile."""
    told: list[str] = []
    store._connection._here.set_trace_callback(told.append)
    yield told
    store._connection._here.set_trace_callback(None)


async def _print_rate(
    store: SqliteStore,
    name: str,
    work: Callable[[int], Awaitable[None]],
    *,
    at_once: int,
    beside: Desk | None = None,
) -> None:
    reading = [asyncio.create_task(_read_for_ever(beside)) for _ in range(4)] if beside else []
    started, used = time.perf_counter(), time.process_time()
    waiting = iter(range(1, BOOKINGS + 1))

    async def client() -> None:
        for n in waiting:
            await work(n)

    with _told(store) as told:
        await asyncio.gather(*(client() for _ in range(at_once)))
    took, used = time.perf_counter() - started, time.process_time() - used
    for task in reading:
        task.cancel()
    print(
        f"{BOOKINGS / took:6.0f} a second {name} ({took / BOOKINGS * 1e3:.2f} ms, {used / BOOKINGS * 1e3:.2f} ms CPU, "
        f"{BOOKINGS / told.count('COMMIT'):.1f} a commit)"
    )


async def _read_for_ever(desk: Desk) -> None:
    while True:
        await desk.read(lambda book: book.find(Patient, range(50)))
        await asyncio.sleep(0)


@asynccontextmanager
async def _client(desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    issued = await issue_key(desk.store, account=desk.account, scopes=["read", "write"], now=NOW, ids=desk.ids)
    app = create_app(desk.store, clock=lambda: NOW, ids=desk.ids, cost_budget=0)
    headers = {"Authorization": f"Bearer {issued.secret}"}
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://here", headers=headers
    ) as client:
        yield client


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
