"""Webhooks: who is told of which changes, what they are told, and when a delivery that failed is tried again."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from gappt_graphql.scheduling.ids import (
    BusinessId,
    GroupAppointmentId,
    PractitionerId,
    WebhookDeliveryId,
    WebhookId,
)

SECRET_PREFIX = "whsec_"
"""Of every secret, as Standard Webhooks has it: what follows is base64."""

MOST_WEBHOOKS = 20
"""Of one account."""
MOST_FILTERED = 100
"""Practitioners, or businesses, that one webhook may name."""

MOST_WAITING = 1_000
"""Deliveries of one webhook that are kept to be tried again, or are held back behind those."""
MOST_FAILING = 20
"""Appointments whose deliveries fail, with none that succeeds, after which no further changes are tried."""

DELAYS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=6),
    timedelta(hours=10),
)
"""Between one attempt and the next: a little less than a day in all."""
_LONGEST_ASKED = timedelta(hours=6)
"""For which a receiver may ask to be left alone."""

DISABLED_AFTER = timedelta(days=3)
"""Of nothing but failures."""
SECRETS_OVERLAP = timedelta(days=1)
"""For which deliveries are signed with the former secret too."""
KEPT_FOR = timedelta(days=30)
"""For which deliveries that are done with, dead ones too, can be looked at."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

GONE = 410
"""The status by which a receiver says that it wants nothing more."""


class WebhookState(StrEnum):
    """Whether a webhook is told of changes."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"


class DeliveryState(StrEnum):
    """How far a delivery is."""

    WAITING = "WAITING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"


class Failure(StrEnum):
    """Why an attempt had no answer."""

    URL_REFUSED = "URL_REFUSED"
    NAME_NOT_FOUND = "NAME_NOT_FOUND"
    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    CONNECTION_REFUSED = "CONNECTION_REFUSED"
    CONNECTION_LOST = "CONNECTION_LOST"
    CERTIFICATE = "CERTIFICATE"
    TLS = "TLS"
    TIMEOUT = "TIMEOUT"
    PROTOCOL = "PROTOCOL"


class Webhook(Struct, frozen=True, kw_only=True):
    """
    A URL that is told of an account's changes.

    Empty `kinds`, `practitioner_ids` or `business_ids` let through any. `position` is the number of the feed up to
    which every change has been delivered or has a delivery that waits, `waiting` how many do, and `due_at` when the
    first of those is due. `stalled` says that so many wait that the feed is not read on. `failing_since` is when the
    first of a row of failures was, without a success or a time since in which nothing waited.
    """

    id: WebhookId
    url: str
    kinds: tuple[str, ...] = ()
    practitioner_ids: tuple[PractitionerId, ...] = ()
    business_ids: tuple[BusinessId, ...] = ()
    state: WebhookState = WebhookState.ACTIVE
    secret: str
    former_secret: str | None = None
    former_secret_until: datetime | None = None
    position: int
    waiting: int = 0
    stalled: bool = False
    due_at: datetime | None = None
    failing_since: datetime | None = None
    delivered_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None

    def wants(self, kind: str) -> bool:
        """Tell whether changes of this kind are told to it."""
        return not self.kinds or kind in self.kinds

    def secrets_at(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets to sign with, the newest first."""
        until = self.former_secret_until
        if self.former_secret is None or until is None or until <= now:
            return (self.secret,)
        return (self.secret, self.former_secret)


class WebhookDelivery(Struct, frozen=True, kw_only=True):
    """
    What one webhook is told of one change, or of nothing, to test it: then it has no appointment, and the number 0.

    Those that succeed at the first attempt are not kept. `status` is the last answer's, `failure` why there was none.
    """

    id: WebhookDeliveryId
    webhook_id: WebhookId
    number: int
    kind: str
    group_appointment_id: GroupAppointmentId | None
    changed_fields: tuple[str, ...] = ()
    at: datetime
    state: DeliveryState = DeliveryState.WAITING
    attempts: int = 0
    due_at: datetime | None = None
    tried_at: datetime | None = None
    status: int | None = None
    failure: Failure | None = None
    created_at: datetime

    @property
    def line(self) -> int:
        """Those of one line are delivered one after another."""
        return self.group_appointment_id or self.id

    @property
    def message_id(self) -> str:
        """
        By what a receiver knows that it has had this before: the same at every attempt, and of no other message.

        The moment is in it because numbers are given again in a book that was restored from a backup.
        """
        moment = (self.at - _EPOCH) // _MICROSECOND
        return f"msg_{self.webhook_id}_{self.number or f'test{self.id}'}_{moment:x}"


class Attempt(Struct, frozen=True):
    """What came of one attempt: the status of the answer, or why there was none."""

    status: int | None = None
    failure: Failure | None = None
    retry_after: timedelta | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def heads(waiting: Sequence[WebhookDelivery]) -> Sequence[WebhookDelivery]:
    """Return the first of each line: those that hold back the others. They are given in order of their numbers."""
    first: dict[int, WebhookDelivery] = {}
    for delivery in waiting:
        first.setdefault(delivery.line, delivery)
    return list(first.values())


def is_stalled(webhook: Webhook, waiting: Sequence[WebhookDelivery]) -> bool:
    """Tell whether no further changes are to be tried until some of those that wait are done with."""
    if len(waiting) >= MOST_WAITING:
        return True
    return webhook.failing_since is not None and len(heads(waiting)) >= MOST_FAILING


def after(delivery: WebhookDelivery, attempt: Attempt, *, now: datetime, jitter: float) -> WebhookDelivery:
    """
    Return the delivery as it is after an attempt: delivered, due again, or dead after the last.

    `jitter`, from 0 to 1, moves the next attempt by up to a fifth either way, so that those that failed together do
    not come back together. A receiver may ask for more time (Retry-After), six hours at most.
    """
    tried = replace(
        delivery, attempts=delivery.attempts + 1, tried_at=now, status=attempt.status, failure=attempt.failure
    )
    if attempt.succeeded:
        return replace(tried, state=DeliveryState.DELIVERED, due_at=None)
    if delivery.attempts >= len(DELAYS):
        return replace(tried, state=DeliveryState.DEAD, due_at=None)
    pause = DELAYS[delivery.attempts] * (0.8 + 0.4 * jitter)
    if attempt.retry_after is not None:
        pause = max(pause, min(attempt.retry_after, _LONGEST_ASKED))
    return replace(tried, due_at=now + pause)


def payload(delivery: WebhookDelivery) -> Mapping[str, object]:
    """Return what a receiver is told: what changed, and nothing of what it changed to."""
    if delivery.group_appointment_id is None:
        return {"id": delivery.message_id, "type": "webhook.test", "timestamp": delivery.at, "data": {}}
    return {
        "id": delivery.message_id,
        "type": "group_appointment.changed",
        "timestamp": delivery.at,
        "data": {
            "number": delivery.number,
            "kind": delivery.kind,
            # A string, as everywhere: it is larger than the numbers that JavaScript reads exactly.
            "groupAppointmentId": str(delivery.group_appointment_id),
            "changedFields": [_as_clients_know_it(field) for field in delivery.changed_fields],
        },
    }


def _as_clients_know_it(field: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), field)
