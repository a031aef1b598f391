"""
What a list of 50 group appointments costs by REST and by GraphQL, in CPU, for the same fields on the large demo.

    .venv/bin/python benchmarks/rest_lists.py

Both doors are asked in this process, through the whole application and without a client's or a server's own cost. They
take turns, so that a busy machine slows both; the medians of the rounds are compared.
"""

import asyncio
import sys
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import msgspec

from gappt_graphql.demo import fill
from gappt_graphql.practice.access import ensure_account, issue_key
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.store.migrations import migrate
from gappt_graphql.store.opening import open_store
from gappt_graphql.web.app import create_app

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
ROUNDS, REQUESTS, AT_MOST = 15, 20, 1.5

REST = b"per_page=50&sort=starts_at&q[]=starts_at:>=2026-01-05T00:00:00Z"
GRAPHQL = """{
  groupAppointments(first: 50, filter: { startsAt: { gte: "2026-01-05T00:00:00Z" } }) {
    totalCount
    nodes {
      appointmentType { id } archivedAt business { id } createdAt deletedAt endsAt id maxAttendees notes patientIds
      practitioner { id } repeatRule { numberOfRepeats repeatType repeatingInterval } repeatedFrom { id } startsAt
      telehealthUrl updatedAt
    }
    pageInfo { hasNextPage }
  }
}"""

Ask = Callable[[], Awaitable[bytes]]


async def main() -> int:
    """Print both costs and their ratio; return 1 if REST's is too high."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'book.db'}"
        migrate(url)
        store = await open_store(url)
        try:
            ids = Ids(counter=1)
            account = await ensure_account(store, name="Large", now=NOW, ids=ids, demo=True)
            await fill(store, account=account, size="large", now=NOW, ids=ids, progress=lambda done, total: None)
            key = await issue_key(store, account=account.id, scopes=["read"], now=NOW, ids=ids)
            app = create_app(store, clock=lambda: NOW, ids=ids, rate_limit=0, cost_budget=0)
            return await _compare(_rest(app, key.secret), _graphql(app, key.secret))
        finally:
            await store.close()


async def _compare(rest: Ask, graphql: Ask) -> int:
    by_rest, by_graphql = msgspec.json.decode(await rest()), msgspec.json.decode(await graphql())
    nodes = by_graphql["data"]["groupAppointments"]["nodes"]
    assert [each["id"] for each in by_rest["group_appointments"]] == [each["id"] for each in nodes]
    assert len(nodes) == 50
    rounds = [(await _cost(rest), await _cost(graphql)) for _ in range(ROUNDS)]
    costs = [median(costs) * 1000 for costs in zip(*rounds, strict=True)]
    ratio = costs[0] / costs[1]
    print(f"REST {costs[0]:.2f} ms, GraphQL {costs[1]:.2f} ms of CPU for each list of 50: {ratio:.2f} times")
    return int(ratio > AT_MOST)


async def _cost(ask: Ask) -> float:
    """Return the seconds of CPU that one request takes, the store's threads included."""
    started = process_time()
    for _ in range(REQUESTS):
        await ask()
    return (process_time() - started) / REQUESTS


def _rest(app: Any, secret: str) -> Ask:
    credentials = b64encode(f"{secret}:".encode())
    scope = _scope("GET", "/v1/group_appointments", REST, {b"authorization": b"Basic " + credentials})
    return lambda: _ask(app, scope, b"")


def _graphql(app: Any, secret: str) -> Ask:
    headers = {b"authorization": b"Bearer " + secret.encode(), b"content-type": b"application/json"}
    scope, body = _scope("POST", "/graphql", b"", headers), msgspec.json.encode({"query": GRAPHQL})
    return lambda: _ask(app, scope, body)


def _scope(method: str, path: str, query: bytes, headers: Mapping[bytes, bytes]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": [(b"host", b"practice.example"), *headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 443),
    }


async def _ask(app: Any, scope: Mapping[str, Any], body: bytes) -> bytes:
    answered: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        answered.append(message)

    await app(dict(scope), receive, send)
    assert answered[0]["status"] == 200, answered
    return b"".join(message.get("body", b"") for message in answered)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
