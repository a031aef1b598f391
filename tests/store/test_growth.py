"""What conflicts cost grows with the appointments asked about, not with the diary: counted in steps, not in time."""

import random
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from builders import A_MONDAY
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Slice
from gappt_graphql.scheduling.conflicts import Claim, ConflictKind
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import AccountId, GroupAppointmentId, PatientId, PractitionerId
from gappt_graphql.scheduling.spans import Span
from gappt_graphql.store import conflicts, paging
from gappt_graphql.store.statements import microseconds
from gappt_graphql.store.tables import metadata
from watched_rows import WatchedRows

pytestmark = pytest.mark.sqlite("SQLite's plans and steps; PostgreSQL's are in test_plans_of_postgres.py")

HOUR = 3_600_000_000
DAY = 24 * HOUR
ATTENDEES = 4
PER_DAY = 20
PRACTITIONERS = 10
SMALL, LARGE = 2_000, 20_000


@pytest.fixture(scope="module")
def diary(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., WatchedRows]:
    """Open a diary of these measures, which is written once."""
    folder = tmp_path_factory.mktemp("diaries")

    def open_(appointments: int, *, wider: int = 1, analyzed: bool = False) -> WatchedRows:
        path = folder / f"{appointments}-{wider}-{analyzed}.db"
        if not path.exists():
            write_diary(path, appointments, wider=wider, analyzed=analyzed)
        return WatchedRows(path, AccountId(1))

    return open_


def write_diary(path: Path, appointments: int, *, wider: int, analyzed: bool) -> None:
    """
    Write so many appointments with four patients each; so many a day for a longer time, or with more practitioners.

    `wider` multiplies the practice: practitioners, patients and appointments a day. `analyzed` gives SQLite figures
    about the tables, with which it chooses other ways.
    """
    chance = random.Random(appointments)
    engine = create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()
    start, patients = microseconds(A_MONDAY), 200 * wider
    groups, attendees, blocks = [], [], []
    for id in range(1, appointments + 1):
        day = (id - 1) // (PER_DAY * wider)
        starts_at = start + day * DAY + chance.randrange(20) * HOUR // 2
        ends_at, practitioner = starts_at + HOUR, chance.randrange(PRACTITIONERS * wider) + 1
        groups.append((id, starts_at, ends_at, practitioner, starts_at, starts_at))
        for patient in chance.sample(range(1, patients + 1), ATTENDEES):
            attendees.append((len(attendees) + 1, id, patient, starts_at, ends_at, starts_at, starts_at))
        if id % 10 == 0:
            blocks.append((id, practitioner, starts_at + 3 * HOUR, ends_at + 3 * HOUR, starts_at, starts_at))
    connection = sqlite3.connect(path)
    with connection:
        connection.executemany(
            "INSERT INTO group_appointments (account_id, id, starts_at, ends_at, practitioner_id, created_at,"
            " updated_at, is_long, max_attendees, active_attendees, appointment_type_id, business_id, version)"
            " VALUES (1, ?, ?, ?, ?, ?, ?, 0, 4, 4, 1, 1, 1)",
            groups,
        )
        connection.executemany(
            "INSERT INTO attendees (account_id, id, group_appointment_id, patient_id, starts_at, ends_at, created_at,"
            " updated_at, is_long, is_busy) VALUES (1, ?, ?, ?, ?, ?, ?, ?, 0, 1)",
            attendees,
        )
        connection.executemany(
            "INSERT INTO unavailable_blocks (account_id, id, practitioner_id, starts_at, ends_at, created_at,"
            " updated_at, is_long) VALUES (1, ?, ?, ?, ?, ?, ?, 0)",
            blocks,
        )
    if analyzed:
        connection.execute("ANALYZE")
    connection.close()


async def _conflicts(rows: WatchedRows, ids: list[GroupAppointmentId]) -> int:
    return sum(map(len, (await conflicts.conflicts_of(rows, ids, tuple(ConflictKind))).values()))


async def _conflicting(rows: WatchedRows, ids: list[GroupAppointmentId]) -> int:
    return len(await conflicts.conflicting(rows, ids, tuple(ConflictKind)))


@pytest.mark.parametrize("ask", [_conflicts, _conflicting])
@pytest.mark.parametrize("wider", [1, LARGE // SMALL], ids=["ten times as long", "ten times as many people"])
@pytest.mark.parametrize("analyzed", [False, True])
async def test_conflicts_of_fifty_cost_the_same_in_a_diary_ten_times_the_size(
    diary: Callable[..., WatchedRows], ask: Callable[..., Awaitable[int]], wider: int, analyzed: bool
) -> None:
    ids = [GroupAppointmentId(SMALL // 2 + n) for n in range(50)]
    steps, found = [], []
    for size in (SMALL, LARGE):
        rows = diary(size, wider=wider if size == LARGE else 1, analyzed=analyzed)
        found.append(await ask(rows, ids))
        steps.append(rows.steps)
        await rows.close()

    assert min(found) > 0
    assert steps[1] < 1.5 * steps[0]


async def test_fifty_proposals_cost_the_same_in_a_diary_ten_times_as_long(
    diary: Callable[..., WatchedRows],
) -> None:
    claims = [
        Claim(
            key=n,
            span=Span(A_MONDAY + timedelta(days=n), A_MONDAY + timedelta(days=n, hours=5)),
            practitioner_id=PractitionerId(n % PRACTITIONERS + 1),
            patient_ids=tuple(PatientId(n + patient) for patient in range(1, 10)),
        )
        for n in range(50)
    ]
    steps = []
    for size in (SMALL, LARGE):
        rows = diary(size, analyzed=True)
        found = await conflicts.conflicts_with(rows, claims, tuple(ConflictKind), leaving_out=[GroupAppointmentId(1)])
        assert any(found.values())
        steps.append(rows.steps)
        await rows.close()

    assert steps[1] < 1.5 * steps[0]


async def test_a_week_with_conflicts_costs_the_same_in_a_diary_ten_times_as_long(
    diary: Callable[..., WatchedRows],
) -> None:
    starts_at = A_MONDAY + timedelta(days=30)
    where = (
        Condition("starts_at", Operator.GREATER_OR_EQUAL, (starts_at,)),
        Condition("starts_at", Operator.LESS, (starts_at + timedelta(days=7),)),
        Condition("has_conflicts", Operator.IN, (True,)),
    )
    steps = []
    for size in (SMALL, LARGE):
        rows = diary(size)
        page = await paging.page(rows, GroupAppointment, Listing(where, (Order("starts_at"),)), Slice(1000))
        assert page.records
        steps.append(rows.steps)
        await rows.close()

    assert steps[1] < 1.5 * steps[0]


async def test_a_page_costs_the_same_in_a_diary_ten_times_as_long(
    diary: Callable[..., WatchedRows],
) -> None:
    steps = []
    for size in (SMALL, LARGE):
        rows = diary(size)
        after = (A_MONDAY + timedelta(days=50), 1)
        await paging.page(rows, GroupAppointment, Listing((), (Order("starts_at"),)), Slice(50, after=after))
        steps.append(rows.steps)
        await rows.close()

    assert steps[1] < 1.5 * steps[0]
