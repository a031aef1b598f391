"""Delivering webhooks as long as the server runs: many rounds at once, each of one webhook, all within bounds."""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from secrets import token_hex
from time import monotonic

import msgspec
from msgspec import Struct

from gappt_graphql.observing import NOBODY, Observer
from gappt_graphql.practice import delivering
from gappt_graphql.practice.delivering import Done, Lost, Round
from gappt_graphql.scheduling.ids import AccountId, Ids, WebhookDeliveryId, WebhookId
from gappt_graphql.scheduling.receivers import BadReceiver, Receiver, Receivers
from gappt_graphql.scheduling.webhooks import Attempt, Failure, WebhookDelivery, WebhookState, payload
from gappt_graphql.sending.lines import USUAL, Line, Patience
from gappt_graphql.sending.names import Names, Resolve
from gappt_graphql.sending.signing import headers
from gappt_graphql.store import Store
from gappt_graphql.store.unavailable import OutcomeUnknown, Unavailable

log = logging.getLogger("gappt_graphql.sending")


class Pace(Struct, frozen=True, kw_only=True):
    """How much is done at once, and for how long."""

    rounds: int = 50
    """Webhooks at once."""
    lines: int = 4
    """Requests at once to one webhook; to one whose last deliveries have failed there is one."""
    requests: int = 100
    """At once, of all webhooks."""
    round_seconds: float = 10.0
    """After which a round begins no further request."""
    look_seconds: float = 1.0
    """Between looks for something to deliver."""
    leaving_seconds: float = 5.0
    """That requests under way have when the server ends."""


_USUAL_PACE = Pace()


class Deliveries:
    """What delivers the webhooks of a store, with others that may do so too."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], datetime],
        ids: Ids,
        jitter: Callable[[], float],
        receivers: Receivers,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        patience: Patience = USUAL,
        pace: Pace = _USUAL_PACE,
        observer: Observer = NOBODY,
    ) -> None:
        """`jitter` gives numbers from 0 to 1. Names are looked up by the system, unless there is another resolver."""
        self._store, self._clock, self._ids, self._jitter = store, clock, ids, jitter
        self._receivers, self._resolve = receivers, resolve or Names()
        self._tls = tls or ssl.create_default_context()
        self._patience, self._pace, self._observer = patience, pace, observer
        self._by = token_hex(8)
        self._requests = asyncio.Semaphore(pace.requests)
        self._rounds: dict[tuple[AccountId, WebhookId], asyncio.Task[None]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._look = asyncio.Event()
        self._tell_again_at = 0.0
        self.leaving = False

    async def run(self) -> None:
        """Deliver until `leave`, and return when what was under way has been noted."""
        while not self.leaving:
            try:
                await self._begin_rounds()
                await self._tell_how_far()
            except (Unavailable, OutcomeUnknown):
                pass  # the store has said so in the log; nothing is lost by looking again
            except Exception as failure:
                log.error("Webhooks could not be looked for", exc_info=failure)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.look_seconds):
                    await self._look.wait()
            self._look.clear()
        await self._finish()

    def leave(self) -> None:
        """Begin nothing more."""
        self.leaving = True
        self._look.set()

    async def _begin_rounds(self) -> None:
        free = self._pace.rounds - len(self._rounds)
        if free <= 0:
            return
        for place in await self._store.webhooks_at_work(now=self._clock(), limit=free):
            if place not in self._rounds and not self.leaving:
                task = asyncio.create_task(self._round(*place))
                self._rounds[place] = task
                task.add_done_callback(lambda _, place=place: self._ended(place))  # type: ignore[misc]  # mypy knows no defaults

    async def _tell_how_far(self) -> None:
        """Tell how far deliveries are behind: not after each round, of which there may be many in a second."""
        if monotonic() >= self._tell_again_at:
            self._tell_again_at = monotonic() + self._pace.look_seconds
            figures = await self._store.webhook_figures()
            self._observer.behind(figures.behind, figures.failing_since)

    def _ended(self, place: tuple[AccountId, WebhookId]) -> None:
        del self._rounds[place]
        self._look.set()  # there may be more for it, and there is room for another

    async def _finish(self) -> None:
        """Wait for what is under way; what takes too long is broken off, and due again."""
        if self._rounds:
            await asyncio.wait(self._rounds.values(), timeout=self._pace.leaving_seconds)
        for worker in self._workers:
            worker.cancel()
        if self._rounds:
            await asyncio.wait(self._rounds.values())

    async def _round(self, account: AccountId, id: WebhookId) -> None:
        try:
            now, began = self._clock(), monotonic()
            begun = await delivering.begin(
                self._store, account=account, webhook=id, by=self._by, now=now, ids=self._ids
            )
            if begun is None:
                return
            # From when it was held, however long the store took.
            done = await self._delivered(begun, until=began + self._pace.round_seconds)
            webhook = await delivering.end(
                self._store, begun, done, by=self._by, now=self._clock(), jitter=self._jitter
            )
            if webhook.state is WebhookState.DISABLED:
                log.warning("webhook disabled", extra={"fields": {"account": str(account), "webhook": str(id)}})
        except (Lost, Unavailable, OutcomeUnknown):
            pass  # the hold ends by itself, and what was not noted is delivered again
        except Exception as failure:
            log.error("A round of webhooks failed", exc_info=failure)

    async def _delivered(self, round: Round, *, until: float) -> dict[WebhookDeliveryId, Done]:
        """Try what there is to deliver, and return what came of what was tried."""
        done: dict[WebhookDeliveryId, Done] = {}
        lines = deque(round.lines)
        count = min(len(lines), 1 if round.webhook.failing_since else self._pace.lines)
        workers = [asyncio.create_task(self._work(round, lines, done, until)) for _ in range(count)]
        self._workers.update(workers)
        try:
            for outcome in await asyncio.gather(*workers, return_exceptions=True):
                if isinstance(outcome, Exception):
                    log.error("A delivery failed", exc_info=outcome)
        finally:
            self._workers.difference_update(workers)
        return done

    async def _work(
        self,
        round: Round,
        lines: deque[Sequence[WebhookDelivery]],
        done: dict[WebhookDeliveryId, Done],
        until: float,
    ) -> None:
        """Deliver line after line, each no further than to the first that fails."""
        try:
            receiver = self._receivers.read(round.webhook.url)
        except BadReceiver:  # it was taken under other settings
            receiver = None
        line = None if receiver is None else self._line(receiver)
        try:
            while lines and not self._is_over(until):
                for delivery in lines.popleft():
                    async with self._requests:
                        if self._is_over(until):  # by now
                            return
                        attempt = await self._tried(round, delivery, line)
                    done[delivery.id] = Done(attempt, self._clock())
                    if not attempt.succeeded:
                        break
        finally:
            if line is not None:
                line.close()

    def _line(self, receiver: Receiver) -> Line:
        return Line(receiver, receivers=self._receivers, resolve=self._resolve, tls=self._tls, patience=self._patience)

    def _is_over(self, until: float) -> bool:
        return self.leaving or monotonic() >= until

    async def _tried(self, round: Round, delivery: WebhookDelivery, line: Line | None) -> Attempt:
        now, began = self._clock(), monotonic()
        if line is None:
            attempt = Attempt(failure=Failure.URL_REFUSED)
        else:
            body = msgspec.json.encode(payload(delivery))
            signed = headers(delivery.message_id, body, secrets=round.webhook.secrets_at(now), at=now)
            attempt = await line.post(
                body, {"Content-Type": "application/json", "User-Agent": "gappt-graphql", **signed}
            )
        self._tell(round, delivery, attempt, monotonic() - began)
        return attempt

    def _tell(self, round: Round, delivery: WebhookDelivery, attempt: Attempt, seconds: float) -> None:
        """Count the attempt, and log it without the URL, which may hold a secret, and without what was sent."""
        self._observer.sent("delivered" if attempt.succeeded else "failed", seconds)
        level = logging.INFO if attempt.succeeded else logging.WARNING
        fields = {
            "account": str(round.account),
            "webhook": str(round.webhook.id),
            "message_id": delivery.message_id,
            "attempt": delivery.attempts + 1,
            "status": attempt.status,
            "reason": attempt.failure,
            "ms": int(seconds * 10_000) / 10,
        }
        log.log(level, "webhook sent" if attempt.succeeded else "webhook failed", extra={"fields": fields})
