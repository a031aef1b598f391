"""
Measure how many bookings a second PostgreSQL takes from one process and from two, for one account and for several.

    PYTHONPATH=tests .venv/bin/python benchmarks/processes.py

Each booking is a whole GraphQL operation in process, 16 at a time in each process. The database is on the same machine.
"""

import asyncio
import itertools
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from statistics import median
from typing import Any

import msgspec
from booking import BOOK, NOW, _fill

import postgres_server
from gappt_graphql.graph.context import Context
from gappt_graphql.graph.results import content_of
from gappt_graphql.graph.schema import schema
from gappt_graphql.graph.shared import Shared
from gappt_graphql.practice.access import authenticate, ensure_account, issue_key
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.ids import AccountId, Ids
from gappt_graphql.store import Store
from gappt_graphql.store.opening import open_store

_AT_ONCE, _SECONDS, _ROUNDS = 16, 5.0, 3


def main() -> None:
    """Print the figures."""
    with postgres_server.server() as server, ProcessPoolExecutor(2, get_context("spawn")) as pool:
        found: dict[tuple[int, int], list[float]] = {}
        for _ in range(_ROUNDS):
            for processes, accounts in itertools.product((1, 2), (1, 8)):
                with postgres_server.database(server) as database:
                    made = asyncio.run(_make(database.url, accounts))
                    work = [pool.submit(_book, database.url, made, n, processes) for n in range(processes)]
                    rate = sum(each.result() for each in work)
                found.setdefault((processes, accounts), []).append(rate)
        for (processes, accounts), rates in found.items():
            told = f"{median(rates):5.0f} bookings a second ({min(rates):.0f}-{max(rates):.0f})"
            print(f"{told}: {processes} process(es), {accounts} account(s)")


Made = list[tuple[int, list[int], list[int]]]
"""Accounts, each with its appointments and patients."""


async def _make(url: str, accounts: int) -> Made:
    store, ids = await open_store(url), Ids(0)
    made: Made = []
    for number in range(accounts):
        account = await ensure_account(store, name=f"Practice {number}", now=NOW, ids=ids)
        desk = Desk(store=store, account=account.id, now=NOW, ids=ids, request_id="benchmark")
        groups, patients = await _fill(desk)
        made.append((account.id, [group.id for group in groups], [patient.id for patient in patients]))
    await store.close()
    return made


def _book(url: str, made: Made, place: int, processes: int) -> float:
    return asyncio.run(_bookings_a_second(url, made, place, processes))


async def _bookings_a_second(url: str, made: Made, place: int, processes: int) -> float:
    store = await open_store(url, serving=True)
    desks = [await _desk(store, AccountId(account), place) for account, _, _ in made]
    shared = Shared()
    # Each pair of a patient and an appointment once, and another part of them in each process.
    pairs = [
        (desk, key, group, patient)
        for n in range(40)
        for turn in range(place, 600, processes)
        for (desk, key), (_, groups, patients) in zip(desks, made, strict=True)
        for group, patient in [(groups[(n + turn) % 40], patients[turn])]
    ]
    waiting, done, until = iter(pairs), 0, time.monotonic() + _SECONDS

    async def client() -> None:
        nonlocal done
        for desk, key, group, patient in waiting:
            if time.monotonic() > until:
                return
            asked: Any = {"input": {"groupAppointmentId": str(group), "patientIds": [str(patient)]}}
            result = await schema.execute(BOOK, asked, Context.of(key, desk, shared))
            answer = msgspec.json.encode(content_of(result))
            # Where a group is full it is refused, which is no booking.
            if b'"userErrors":[]' in answer:
                done += 1
            else:
                assert b"CAPACITY_FULL" in answer, answer

    began = time.monotonic()
    await asyncio.gather(*(client() for _ in range(_AT_ONCE)))
    took = time.monotonic() - began
    await store.close()
    return done / took


async def _desk(store: Store, account: AccountId, place: int) -> tuple[Desk, Any]:
    ids = Ids(place * 1_000_000 + 1)
    now = NOW + timedelta(seconds=place)
    issued = await issue_key(store, account=account, scopes=["read", "write"], now=now, ids=ids, cost_budget=0)
    desk = Desk(store=store, account=account, now=now, ids=ids, request_id="benchmark")
    return desk, await authenticate(store, issued.secret)


if __name__ == "__main__":
    sys.exit(main())
