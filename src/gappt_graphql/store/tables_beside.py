"""The tables of what is kept beside the records for other programs: secret addresses of calendars."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Text, UniqueConstraint

from gappt_graphql.store.table_parts import Instant, only, table, to

calendar_feeds = table(
    "calendar_feeds",
    Column("digest", Text, nullable=False),
    Column("last_four", Text, nullable=False),
    Column("practitioner_id", BigInteger),
    Column("business_id", BigInteger),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    to("practitioner_id", "practitioners"),
    to("business_id", "businesses"),
    CheckConstraint("(practitioner_id IS NULL) <> (business_id IS NULL)", name="whose"),
    only("postgresql", UniqueConstraint("account_id", "digest")),
    only("postgresql", Index("ix_calendar_feeds_digest", "digest")),
    only("sqlite", UniqueConstraint("digest")),  # which is all on one machine
    Index("ix_calendar_feeds_created", "account_id", "created_at", "id"),
)
