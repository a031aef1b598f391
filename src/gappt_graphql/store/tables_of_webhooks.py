"""The tables of webhooks: who is told of changes, and the deliveries that did not succeed at once."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Text, text

from gappt_graphql.store.table_parts import Instant, stamps, table

webhooks = table(
    "webhooks",
    Column("url", Text, nullable=False),
    # Lists, as JSON; empty where anything is wanted.
    Column("kinds", Text, nullable=False),
    Column("practitioner_ids", Text, nullable=False),
    Column("business_ids", Text, nullable=False),
    Column("state", Text, nullable=False),
    # Kept as they are: who signs needs them.
    Column("secret", Text, nullable=False),
    Column("former_secret", Text),
    Column("former_secret_until", Instant),
    Column("position", BigInteger, nullable=False),
    Column("waiting", Integer, nullable=False),
    Column("stalled", Integer, nullable=False),
    Column("due_at", Instant),
    Column("failing_since", Instant),
    Column("delivered_at", Instant),
    # Which process delivers at the moment, and until when the others leave it alone.
    Column("held_by", Text),
    Column("held_until", Instant, nullable=False),
    *stamps(),
    CheckConstraint("state IN ('ACTIVE', 'PAUSED', 'DISABLED')", name="state"),
    CheckConstraint("position >= 0 AND waiting >= 0", name="counts"),
    Index("ix_webhooks_created", "account_id", "created_at", "id"),
)

# Without references: what was to be told stays what it is, and is copied before the webhooks are.
webhook_deliveries = table(
    "webhook_deliveries",
    Column("webhook_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("group_appointment_id", BigInteger),
    Column("changed_fields", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant),
    Column("tried_at", Instant),
    Column("status", Integer),
    Column("failure", Text),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("state IN ('WAITING', 'DELIVERED', 'DEAD')", name="state"),
    CheckConstraint("(state = 'WAITING') = (due_at IS NOT NULL)", name="due"),
    Index("ix_webhook_deliveries_created", "account_id", "created_at", "id"),
    Index("ix_webhook_deliveries_webhook", "account_id", "webhook_id", "created_at", "id"),
    Index(
        "ix_webhook_deliveries_waiting",
        "account_id",
        "webhook_id",
        "number",
        "id",
        sqlite_where=text("state = 'WAITING'"),
        postgresql_where=text("state = 'WAITING'"),
    ),
)
