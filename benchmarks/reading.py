"""
Measure what reading costs in the large demo practice, made anew on this machine: 20,000 appointments.

    .venv/bin/python benchmarks/reading.py [FOLDER]

FOLDER is where the book is made, by default the system's for temporary files.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from gappt_graphql.practice.access import issue_key
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Slice
from gappt_graphql.scheduling.conflicts import ConflictKind
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.store import Book
from gappt_graphql.store.opening import open_store
from gappt_graphql.web.app import create_app

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LIVE = Condition("archived_at", Operator.IS_NOT_SET)
FROM_NOW = Condition("starts_at", Operator.GREATER_OR_EQUAL, (NOW,))
A_MONTH = Condition("starts_at", Operator.LESS, (NOW + timedelta(days=30),))
TORN = Condition("has_conflicts", Operator.IN, (True,))
DIARY = """{
  groupAppointments(first: 50) {
    nodes {
      id startsAt endsAt availableSeats
      practitioner { label } business { name } appointmentType { name }
      attendees { id patient { label } }
      conflicts { exist }
    }
  }
}"""


async def main(folder: str | None) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        url = f"sqlite:///{Path(made) / 'book.db'}"
        await asyncio.to_thread(_make, url)
        store = await open_store(url, serving=True)
        try:
            [account] = await store.accounts()

            def page(*where: Condition, first: int = 50) -> Awaitable[object]:
                listing = Listing((LIVE, *where), (Order("starts_at"),))
                return store.read(account.id, lambda book: book.page(GroupAppointment, listing, Slice(first)))

            def asked(question: Callable[[Book, list[Any]], Awaitable[object]], many: int) -> Awaitable[object]:
                return store.read(account.id, lambda book: question(book, list(range(1, many + 1))))

            every = list(ConflictKind)

            await _print_time("a page of 50 by time", lambda: page(FROM_NOW))
            await _print_time("a page of 50 with conflicts in a month", lambda: page(FROM_NOW, A_MONTH, TORN))
            await _print_time(
                "the conflicts of 100", lambda: asked(lambda book, ids: book.conflicts_of(ids, every), 100)
            )
            await _print_time(
                "which of 100 conflict", lambda: asked(lambda book, ids: book.conflicting(ids, every), 100)
            )
            await _print_time("the attendees of 50", lambda: asked(lambda book, ids: book.attendees_of(ids), 50))
            await _print_time("the patients of 50", lambda: asked(lambda book, ids: book.patients_of(ids), 50))
            issued = await issue_key(store, account=account.id, scopes=["read"], now=NOW, ids=Ids(0), cost_budget=0)
            app = create_app(store, clock=lambda: NOW, ids=Ids(0), cost_budget=0)
            headers = {"Authorization": f"Bearer {issued.secret}"}
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://here", headers=headers) as client:
                answer = await client.post("/graphql", json={"query": DIARY})
                assert "errors" not in answer.json(), answer.text
                await _print_time(
                    "a diary of 50 over GraphQL", lambda: client.post("/graphql", json={"query": DIARY}), times=20
                )
        finally:
            await store.close()


def _make(url: str) -> None:
    command = [sys.executable, "-m", "gappt_graphql", "demo", "--size", "large", "--account", "Benchmark"]
    subprocess.run([*command, "--database-url", url], check=True, capture_output=True)


async def _print_time(name: str, work: Callable[[], Awaitable[object]], *, times: int = 100) -> None:
    await work()  # the first time compiles the statement
    started = time.perf_counter()
    for _ in range(times):
        await work()
    print(f"{(time.perf_counter() - started) / times * 1e3:8.2f} ms {name}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
