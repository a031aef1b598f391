"""What is kept beside the records: accounts and their keys, the change feed, the audit, and outcomes of retries."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

import msgspec
from msgspec import Struct

from gappt_graphql.scheduling.ids import AccountId, BusinessId, GroupAppointmentId, KeyId, PractitionerId


class Change(Struct, frozen=True, kw_only=True):
    """
    What a client of the change feed sees of one appointment. `number` is 0 until it is written.

    The former practitioner and business are set where it moved away from them: who watches those sees it go.
    """

    number: int = 0
    kind: str
    group_appointment_id: GroupAppointmentId
    practitioner_id: PractitionerId
    business_id: BusinessId
    former_practitioner_id: PractitionerId | None = None
    former_business_id: BusinessId | None = None
    changed_fields: tuple[str, ...]
    at: datetime


class AuditRow(Struct, frozen=True, kw_only=True):
    """Who did what to one record: `before` and `after` are JSON objects of the fields that differ."""

    number: int = 0
    at: datetime
    key_id: KeyId | None
    actor: str | None
    request_id: str
    operation: str
    record_kind: str
    record_id: int
    before: str | None
    after: str
    hash: str = ""
    """Covers this row and those before it; set when it is written."""


def audit_hash(row: AuditRow, *, account: AccountId, previous: str) -> str:
    """
    Return the row's hash: SHA-256 in hex of a JSON array without spaces, in UTF-8, nothing escaped but what must be.

    It holds the hash before (empty for the first row), the account, and the row's fields in their order, `at` as
    microseconds since 1970.
    """
    fields = [row.number, _microseconds(row.at), row.key_id, row.actor, row.request_id, row.operation, row.record_kind]
    chained = [previous, account, *fields, row.record_id, row.before, row.after]
    return sha256(msgspec.json.encode(chained)).hexdigest()


class AuditEnd(NamedTuple):
    """Where an account's audit ends by its own count: the number and the hash of its last row, or 0 and nothing."""

    number: int
    hash: str


class KeptOutcome(Struct, frozen=True, kw_only=True):
    """What an idempotency key once did: the fingerprint of its request, and the outcome as JSON."""

    key: str
    fingerprint: str
    outcome: str
    at: datetime


class Account(Struct, frozen=True):
    """A tenant: one practice group. `demo` marks one that the demo made."""

    id: AccountId
    name: str
    created_at: datetime
    demo: bool = False


class ApiKey(Struct, frozen=True, kw_only=True):
    """
    An API key as it is stored: by its digest, never itself. `browser` marks one that the pages of a site use.

    The limits are its own, requests and points a minute: None is what the server has for all, 0 is none.
    """

    id: KeyId
    account_id: AccountId
    digest: str
    last_four: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None = None
    browser: bool = False
    rate_limit: int | None = None
    cost_budget: int | None = None


class WebhookFigures(NamedTuple):
    """
    How far deliveries are behind: changes that webhooks have yet to be told of, or that wait to be told again.

    `failing_since` is that of the webhook that has gone longest without a success.
    """

    behind: int
    failing_since: datetime | None


def _microseconds(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
