"""What Prometheus is told. Its labels are words of this program: never ids, and nothing that a client wrote."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gappt_graphql.graph.watchers import Watchers
from gappt_graphql.observing import Operation, Spans
from gappt_graphql.practice.bounds import Bounds
from gappt_graphql.store import Store
from gappt_graphql.web.observe import Logging, Write, to_log
from gappt_graphql.web.tallies import Gauge, Spread, Tally

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_WAITS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics(Logging):
    """Counts what it is told."""

    def __init__(self, write: Write = to_log, spans: Spans | None = None) -> None:
        super().__init__(write, spans)
        self._requests = Tally("gappt_requests", "Requests", "door", "status")
        self._request_seconds = Spread("gappt_request_seconds", "How long requests took", "door", bounds=_SECONDS)
        self._running = Gauge("gappt_requests_running", "Requests and streams that have not ended", "door")
        self._operations = Tally("gappt_operations", "Operations of GraphQL", "door", "kind", "operation", "outcome")
        self._operation_seconds = Spread(
            "gappt_operation_seconds", "How long queries and mutations took", "operation", bounds=_SECONDS
        )
        self._at_work = Gauge("gappt_operations_running", "Operations of both doors that run")
        self._errors = Tally("gappt_errors", "Requests and operations that had an error of this code", "code")
        self._commands = Tally("gappt_commands", "What was asked to be written", "command", "outcome")
        self._refusals = Tally("gappt_refusals", "Commands that were refused for a reason of this code", "code")
        self._seats = Tally("gappt_seats_given", "Seats that patients were given")
        self._batches = Spread("gappt_batch_keys", "Records or lists that were loaded at once", bounds=_COUNTS)
        self._waits = Spread("gappt_write_wait_seconds", "How long writers waited for their turn", bounds=_WAITS)
        self._commits = Spread("gappt_commit_seconds", "How long commits took, with the disk", bounds=_WAITS)
        self._units = Spread("gappt_commit_units", "Units of work that were committed together", bounds=_COUNTS)
        self._readers = Gauge("gappt_readers_in_use", "Reading connections to the store's file in use")
        self._connections = Gauge("gappt_connections_in_use", "Connections to the database in use")
        self._bytes = Gauge("gappt_store_bytes", "Size of the store's files", "file")
        self._open = Gauge("gappt_open", "Sockets and streams that are open, and subscriptions on them", "what")
        self._messages = Tally("gappt_webhook_messages", "Messages that were sent to webhooks", "outcome")
        self._message_seconds = Spread("gappt_webhook_seconds", "How long webhooks took to answer", bounds=_SECONDS)
        self._backlog = Gauge("gappt_webhook_backlog", "Changes that webhooks have yet to be told of")
        self._failing_since = Gauge(
            "gappt_webhook_failing_since_timestamp_seconds",
            "When the webhook that has gone longest without a success began to fail",
        )
        self._under_way: Counter[tuple[str, ...]] = Counter()
        self._running.now = lambda: self._under_way
        self._process = ProcessCollector(registry=None)

    @property
    def all(self) -> Iterable[Tally | Spread | Gauge]:
        """Everything that is counted here."""
        return [one for one in vars(self).values() if isinstance(one, (Tally, Spread, Gauge))]

    def watch(self, store: Store, watchers: Watchers, bounds: Bounds) -> None:
        """Look at these whenever somebody asks."""
        self._at_work.now = lambda: {(): bounds.count}
        self._look_at(store)
        self._open.now = lambda: {
            ("connections",): watchers.connections.count,
            ("strangers",): watchers.strangers.count,
            ("subscriptions",): watchers.subscriptions.count,
        }

    def _look_at(self, store: Store) -> None:
        """Tell of the store what there is of its kind: a database has its sizes told by its own tools."""
        if store.figures().bytes is None:
            self._connections.now = lambda: {(): store.figures().in_use}
            return
        self._readers.now = lambda: {(): store.figures().in_use}
        self._bytes.now = lambda: {
            ("book",): store.figures().bytes or 0,
            ("log",): store.figures().log_bytes or 0,
        }

    def arrived(self, door: str) -> None:
        self._under_way[(door,)] += 1

    def requested(self, door: str, status: int, seconds: float, codes: Collection[str]) -> None:
        self._under_way[(door,)] -= 1
        self._requests.add(door, str(status))
        self._request_seconds.add(seconds, door)
        for code in codes:
            self._errors.add(code)

    def operated(self, operation: Operation) -> None:
        super().operated(operation)
        self._operations.add(operation.door, operation.kind, operation.name, operation.outcome)
        if operation.kind != "subscription":
            self._operation_seconds.add(operation.seconds, operation.name)
        if operation.door == "socket":  # those of requests are counted with their requests
            for code in operation.codes:
                self._errors.add(code)

    def commanded(self, command: str, outcome: str, *, codes: Collection[str] = (), seats: int = 0) -> None:
        self._commands.add(command, outcome)
        self._seats.add(by=seats)
        for code in set(codes):
            self._refusals.add(code)

    def loaded(self, keys: int) -> None:
        self._batches.add(keys)

    def sent(self, outcome: str, seconds: float) -> None:
        self._messages.add(outcome)
        self._message_seconds.add(seconds)

    def behind(self, changes: int, failing_since: datetime | None) -> None:
        self._backlog.now = lambda: {(): changes}
        self._failing_since.now = lambda: {} if failing_since is None else {(): failing_since.timestamp()}

    def waited(self, seconds: float) -> None:
        self._waits.add(seconds)

    def committed(self, units: int, seconds: float) -> None:
        self._units.add(units)
        self._commits.add(seconds)

    async def text(self) -> bytes:
        """Return everything in Prometheus' format."""
        families = [one.family() for one in self.all]
        return await asyncio.to_thread(self._written, families)

    def _written(self, families: Iterable[Metric]) -> bytes:
        registry = CollectorRegistry()
        registry.register(_These([*families, *self._process.collect()]))
        return generate_latest(registry)


def metrics_app(metrics: Metrics) -> Starlette:
    """Return the application that Prometheus asks: on a port of its own, without a key."""

    async def answer(request: Request) -> Response:
        headers: Mapping[str, str] = {"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"}
        return Response(await metrics.text(), headers=headers)

    return Starlette(routes=[Route("/metrics", answer, methods=["GET"])])


class _These:
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families
