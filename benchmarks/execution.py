"""
Measure what an operation costs in CPU time through the whole stack, in process, in the large demo practice.

    .venv/bin/python benchmarks/execution.py [FOLDER] [ROUNDS]

FOLDER is where the book is made, or found again; by default the system's for temporary files. Each figure is the least
of the rounds, with the spread to their median: other work on the machine only ever adds. Past HTTP is from the text of
a known operation to its encoded answer; past the store is the same with everything that is read already in memory.
"""

import asyncio
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from gappt_graphql.demo.large import TODAY
from gappt_graphql.graph.context import Context
from gappt_graphql.graph.options import Options
from gappt_graphql.graph.results import content_of
from gappt_graphql.graph.schema import schema
from gappt_graphql.graph.shared import Shared
from gappt_graphql.practice.access import authenticate, issue_key
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Slice
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.store import ApiKey, Store
from gappt_graphql.store.opening import open_store
from gappt_graphql.web.app import create_app

LIST = """query ($filter: GroupAppointmentFilter) {
  groupAppointments(filter: $filter, first: 50) {
    nodes {
      id startsAt endsAt maxAttendees attendeeCount availableSeats isFull notes version createdAt
      appointmentType { name } business { name } practitioner { label }
    }
  }
}"""
DEEP = """query ($filter: GroupAppointmentFilter) {
  groupAppointments(filter: $filter, first: 50) {
    nodes {
      id startsAt endsAt
      patients { id firstName lastName email dateOfBirth }
      conflicts { exist items { kind startsAt endsAt } }
    }
  }
}"""
ONE = """query ($id: ID!) {
  groupAppointment(id: $id) {
    id startsAt endsAt maxAttendees attendeeCount notes
    appointmentType { name } business { name } practitioner { label } patients { id label }
  }
}"""
BOOK = """mutation ($input: BookAttendeesInput!) {
  bookAttendees(input: $input) {
    groupAppointment { id availableSeats } outcomes { attendee { id } } userErrors { code message }
  }
}"""


Ask = Callable[[str, dict[str, Any]], Awaitable[bytes]]


class Work(NamedTuple):
    """An operation, and its variables from one request to the next."""

    name: str
    query: str
    variables: Iterator[dict[str, Any]]
    times: int
    writes: bool = False


async def main(folder: str | None, rounds: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as made:
        book = Path(folder or made) / "book.db"
        url = f"sqlite:///{book}"
        if not book.exists():
            await asyncio.to_thread(_make, url)
        store = await open_store(url, serving=True)
        try:
            await _measure(store, rounds)
        finally:
            await store.close()


async def _measure(store: Store, rounds: int) -> None:
    account = next(one for one in await store.accounts() if one.name == "Benchmark")
    issued = await issue_key(
        store, account=account.id, scopes=["read", "write"], now=TODAY, ids=Ids(time.time_ns() % 2**21), cost_budget=0
    )
    key = await authenticate(store, issued.secret)
    assert key is not None
    ids = Ids(time.time_ns() % 2**21)
    desk = Desk(store=store, account=account.id, now=TODAY, ids=ids, request_id="benchmark", key_id=key.id)
    remembering = replace(desk, store=_Remembering(store))  # type: ignore[arg-type]  # what is not read goes through
    works = await _works(desk)
    doors = {}
    for compile in (False, True):
        options = Options(compile=compile)
        app = create_app(store, clock=lambda: TODAY, ids=ids, options=options)
        doors["HTTP", compile] = _over_http(app, issued.secret)
        doors["past HTTP", compile] = _past_http(desk, key, options)
        doors["past the store", compile] = _past_http(remembering, key, options)
    spent: dict[Any, list[float]] = {}
    for _ in range(rounds):
        for work in works:
            for door, ask in doors.items():
                spent.setdefault((work.name, *door), []).append(await _spent(work, ask))
    print("CPU us                     graphql-core             plans   ratio")
    for work in works:
        for door in ("HTTP", "past HTTP", "past the store"):
            core, plans = spent[work.name, door, False], spent[work.name, door, True]
            print(f"{work.name:10} {door:14} {_told(core)} {_told(plans)}  {min(core) / min(plans):5.1f}")


async def _spent(work: Work, ask: Ask) -> float:
    variables = [next(work.variables) for _ in range(work.times)]
    # Until the operation is known, and its records are remembered.
    for one in variables[:3] if work.writes else variables:
        await ask(work.query, one)
    began = time.process_time_ns()
    for one in variables[3 if work.writes else 0 :]:
        await ask(work.query, one)
    return (time.process_time_ns() - began) / len(variables[3 if work.writes else 0 :]) / 1e3


def _told(times: list[float]) -> str:
    return f"{min(times):8.0f} (+{median(times) / min(times) - 1:3.0%})"


async def _works(desk: Desk) -> list[Work]:
    live = Condition("archived_at", Operator.IS_NOT_SET)
    free = Condition("has_available_seats", Operator.IN, (True,))
    coming = Condition("starts_at", Operator.GREATER_OR_EQUAL, (TODAY,))

    async def page(kind: type[Any], *where: Condition, by: str) -> Any:
        return (
            await desk.read(lambda book: book.page(kind, Listing((live, *where), (Order(by),)), Slice(500)))
        ).records

    groups = await page(GroupAppointment, coming, by="starts_at")
    with_seats = await page(GroupAppointment, coming, free, by="starts_at")
    patients = await page(Patient, by="name")
    days = itertools.cycle(range(200))

    def windows() -> Iterator[dict[str, Any]]:
        for day in days:
            begins = TODAY + timedelta(days=day - 100)
            yield {"filter": {"startsAt": {"gte": begins.isoformat(), "lt": (begins + timedelta(days=7)).isoformat()}}}

    def bookings() -> Iterator[dict[str, Any]]:
        random = Random()
        for group in itertools.cycle(with_seats):
            patient = random.choice(patients)
            yield {"input": {"groupAppointmentId": str(group.id), "patientIds": [str(patient.id)]}}

    ids = ({"id": str(group.id)} for group in itertools.cycle(groups))
    return [
        Work("Q1 list", LIST, windows(), 20),
        Work("Q2 deep", DEEP, windows(), 20),
        Work("Q3 one", ONE, ids, 50),
        Work("Q4 small", "{ __typename }", itertools.repeat({}), 200),
        Work("M1 booking", BOOK, bookings(), 20, writes=True),
    ]


def _over_http(app: Any, secret: str) -> Ask:
    headers = [
        (b"host", b"here"),
        (b"content-type", b"application/json"),
        (b"accept", b"application/graphql-response+json, application/json"),
        (b"authorization", f"Bearer {secret}".encode()),
    ]

    async def ask(query: str, variables: dict[str, Any]) -> bytes:
        body = msgspec.json.encode({"query": query, "variables": variables})
        parts: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            parts.append(message.get("body", b""))

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "root_path": "",
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 5),
            "server": ("here", 80),
        }
        await app(scope, receive, send)
        return _checked(b"".join(parts))

    return ask


def _past_http(desk: Desk, key: ApiKey, options: Options) -> Ask:
    shared = Shared(options)

    async def ask(query: str, variables: dict[str, Any]) -> bytes:
        result = await schema.execute(query, variables, Context.of(key, desk, shared))
        return _checked(msgspec.json.encode(content_of(result)))

    return ask


class _Remembering:
    """A store that remembers what was read: what is measured on it is the rest."""

    def __init__(self, store: Store) -> None:
        self._store, self._answers = store, dict[Any, Any]()

    async def read(self, account: Any, work: Callable[[Any], Awaitable[Any]]) -> Any:
        return await self._store.read(account, lambda book: work(_RememberingBook(book, self._answers)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _RememberingBook:
    def __init__(self, book: Any, answers: dict[Any, Any]) -> None:
        self._book, self._answers = book, answers

    def __getattr__(self, name: str) -> Any:
        async def ask(*arguments: Any, **named: Any) -> Any:
            asked = (name, *(tuple(one) if isinstance(one, dict) else str(one) for one in arguments), str(named))
            if asked not in self._answers:
                self._answers[asked] = await getattr(self._book, name)(*arguments, **named)
            return self._answers[asked]

        return ask


def _checked(answer: bytes) -> bytes:
    assert b'"errors"' not in answer, answer
    assert b"CAPACITY_FULL" not in answer, answer
    return answer


def _make(url: str) -> None:
    command = [sys.executable, "-m", "gappt_graphql", "demo", "--size", "large", "--account", "Benchmark"]
    subprocess.run([*command, "--database-url", url], check=True, capture_output=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None, int(sys.argv[2]) if len(sys.argv) > 2 else 7))
