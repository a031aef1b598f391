"""What plans answer is what graphql-core answers, for random operations on books with and without faults."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from graphql import parse
from strawberry.types import ExecutionResult

from faulty_books import Faults, FaultyStore
from gappt_graphql.demo import fill
from gappt_graphql.graph.context import Context
from gappt_graphql.graph.execution import compiling
from gappt_graphql.graph.measure import Measured
from gappt_graphql.graph.options import Limits, Options
from gappt_graphql.graph.schema import schema
from gappt_graphql.graph.shared import Shared
from gappt_graphql.graph.validation import problems
from gappt_graphql.practice.access import ensure_account
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.asking import Listing, Order, Slice
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.store.opening import open_store
from random_operations import Operation, Words, random_operation
from same_results import difference

# graphql-core leaves what it has begun where a field fails beside it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine 'Executor:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <coroutine object Executor"),
]

MANY_OPERATIONS = int(os.environ.get("GAPPT_FUZZ_OPERATIONS", "0"))
"""For each of the tests here; 0 is as many as take some seconds."""
FIRST = int(os.environ.get("GAPPT_FUZZ_SEED", "0"))
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
KINDS = (GroupAppointment, Patient, Practitioner, Business, AppointmentType, Attendee, UnavailableBlock)
NO_LIMITS = Limits(
    fields=10**6, aliases=10**6, directives=10**6, root_fields=10**6, depth=100, values=10**9, cost=10**9
)


class Side:
    """One way to run operations, on a book of its own."""

    def __init__(self, store: Any, account: int, *, compile: bool) -> None:
        self.store = FaultyStore(store)
        self.shared = Shared(Options(compile=compile, limits=NO_LIMITS))
        self.account, self.ids = account, Ids(77_000)

    async def run(self, operation: Operation, *, wants_cost: bool = False) -> ExecutionResult:
        desk = Desk(store=self.store, account=self.account, now=NOW, ids=self.ids, request_id="r")  # type: ignore[arg-type]
        scopes = frozenset({"read", "write"})
        context = Context(desk, scopes=scopes, options=self.shared.options, shared=self.shared)
        context.wants_cost = wants_cost
        # So that a plan is made for the first run: else it is for the second, which of a mutation is another one.
        self.shared.documents.keep(operation.text, Measured(parse(operation.text), schema._schema))
        self.store.statements = 0
        return await schema.execute(
            operation.text, msgspec.json.decode(msgspec.json.encode(operation.variables)), context
        )


@asynccontextmanager
async def two_sides(empty: Path, folder: Path) -> AsyncIterator[tuple[Side, Side, Words]]:
    """Give graphql-core's side, that of plans, and words that their books know; both books hold the same."""
    path = folder / "core.db"
    shutil.copy(empty, path)
    core = await open_store(f"sqlite:///{path}")
    account = await ensure_account(core, name="Demo", now=NOW, ids=Ids(0))
    await fill(core, account=account, size="small", now=NOW, ids=Ids(0), progress=lambda done, all: None)
    words = await words_of(core, account.id)
    await core.close()
    shutil.copy(path, folder / "plans.db")
    core, plans = await open_store(f"sqlite:///{path}"), await open_store(f"sqlite:///{folder / 'plans.db'}")
    yield Side(core, account.id, compile=False), Side(plans, account.id, compile=True), words
    await core.close()
    await plans.close()


async def words_of(store: Any, account: Any) -> Words:
    ids = {}
    for kind in KINDS:
        if kind is not Attendee:
            order = "id" if kind is GroupAppointment else "starts_at" if kind is UnavailableBlock else "name"
            listing = Listing((), (Order(order),))
            page = await store.read(
                account, lambda book, kind=kind, listing=listing: book.page(kind, listing, Slice(60))
            )
            ids[kind.__name__] = [record.id for record in page.records]
    found = await store.read(account, lambda book: book.attendees_of(ids["GroupAppointment"]))
    ids["Attendee"] = [attendee.id for attendees in found.values() for attendee in attendees][:60]
    instants = [(NOW + timedelta(hours=13 * n)).isoformat().replace("+00:00", "Z") for n in range(-12, 12)]
    return Words(ids, instants)


async def first(book: Any, *, kind: Any, order: str) -> Any:
    return (await book.page(kind, Listing((), (Order(order),)), Slice(60))).records


async def compared(sides: tuple[Side, Side, Words], seed: int, *, mutation: bool, faulty: bool) -> str:
    """Run a random operation on both sides, and tell what came of it in a word."""
    core, plans, words = sides
    random = Random(f"{seed} {mutation} {faulty}")
    operation = random_operation(schema._schema, words, random, mutation=mutation)
    if problems(schema._schema, parse(operation.text)):
        return "invalid"
    core.store.faults = plans.store.faults = Faults.random(random) if faulty else Faults()
    wants_cost = random.random() < 0.2
    expected, found = (
        await core.run(operation, wants_cost=wants_cost),
        await plans.run(operation, wants_cost=wants_cost),
    )
    told = f"seed {seed}, {core.store.faults}\n{operation.text}\n{str(operation.variables)[:2000]}"
    differs = difference(expected, found)
    assert differs is None, f"{differs}\n{told}"
    if not expected.errors:
        assert plans.store.statements <= core.store.statements, f"{plans.store.statements} statements: {told}"
    if found.data is not None and not isinstance(found.data, msgspec.Raw):
        return "not planned"
    return ("not run" if found.data is None else "failed") if found.errors else "answered"


async def went_through(
    empty: Path, folder: Path, operations: int, *, mutation: bool = False, faulty: bool = False
) -> dict[str, int]:
    """Compare so many operations, and return how many came to what."""
    told: dict[str, int] = {}
    async with two_sides(empty, folder) as sides:
        for seed in range(FIRST, FIRST + (MANY_OPERATIONS or operations)):
            word = await compared(sides, seed, mutation=mutation, faulty=faulty)
            told[word] = told.get(word, 0) + 1
    print(told)
    return told


async def test_queries_of_books_with_faults_are_answered_alike(
    empty_book: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # These books lose records that others name, which no book does: so a plan has to look for all of them.
    monkeypatch.setattr(compiling, "_KNOWN_BY_NAME", frozenset())
    told = await went_through(empty_book, tmp_path, 600, faulty=True)

    assert told["failed"] > 20
    assert "not planned" not in told


async def test_queries_are_answered_alike(empty_book: Path, tmp_path: Path) -> None:
    told = await went_through(empty_book, tmp_path, 250)

    assert told["answered"] > 20
    assert "not planned" not in told


async def test_mutations_do_and_answer_alike(empty_book: Path, tmp_path: Path) -> None:
    told = await went_through(empty_book, tmp_path, 300, mutation=True)

    assert told["answered"] > 20
    assert "not planned" not in told
