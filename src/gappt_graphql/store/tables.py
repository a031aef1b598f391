"""
The tables. Every key starts with the account, so that no reference crosses accounts and one account fits on one shard.

What triggers hold besides is in migrations/versions/0003_what_must_hold.py: the seats taken are counted and attendees'
copies kept by the store itself.

Accounts and their keys are the exception: they are found by name and by digest before the account is known.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gappt_graphql.store.checks import CHECKS
from gappt_graphql.store.table_parts import BYTEWISE, Instant, metadata, only, stamps, table, to
from gappt_graphql.store.tables_beside import calendar_feeds
from gappt_graphql.store.tables_of_webhooks import webhook_deliveries, webhooks

__all__ = [
    "Instant",
    "accounts",
    "api_keys",
    "appointment_types",
    "attendees",
    "audit",
    "businesses",
    "calendar_feeds",
    "changes",
    "group_appointments",
    "idempotency_keys",
    "metadata",
    "patients",
    "practitioners",
    "unavailable_blocks",
    "waitlist_entries",
    "webhook_deliveries",
    "webhooks",
]

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("demo", Integer, nullable=False, server_default=text("0")),
    Column("last_number", BigInteger, nullable=False, server_default=text("0")),
    Column("created_at", Instant, nullable=False),
    # The end of the account's audit, which tells of rows that were cut off.
    Column("audit_number", BigInteger, nullable=False, server_default=text("0")),
    Column("audit_hash", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("name"),
)

api_keys = table(
    "api_keys",
    Column("digest", Text, nullable=False),
    Column("last_four", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("browser", Integer, nullable=False, server_default=text("0")),
    Column("rate_limit", Integer),
    Column("cost_budget", Integer),
    only("postgresql", UniqueConstraint("account_id", "digest")),
    only("postgresql", Index("ix_api_keys_digest", "digest")),
    only("sqlite", UniqueConstraint("digest")),  # which is all on one machine
)

businesses = table(
    "businesses",
    Column("name", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("sort_name", BYTEWISE, nullable=False),
    *stamps(),
    Index("ix_businesses_name", "account_id", "sort_name", "id"),
)

practitioners = table(
    "practitioners",
    Column("first_name", Text),
    Column("last_name", Text),
    Column("title", Text),
    Column("designation", Text),
    Column("active", Integer, nullable=False),
    Column("sort_name", BYTEWISE, nullable=False),
    Column("search_name", BYTEWISE, nullable=False),
    *stamps(archived=False),
    Index("ix_practitioners_name", "account_id", "sort_name", "id"),
)

patients = table(
    "patients",
    Column("first_name", Text),
    Column("last_name", Text),
    Column("email", Text),
    Column("date_of_birth", Text),
    Column("sort_name", BYTEWISE, nullable=False),
    Column("search_name", BYTEWISE, nullable=False),
    *stamps(),
    Index("ix_patients_name", "account_id", "sort_name", "id"),
    Index("ix_patients_created", "account_id", "created_at", "id"),
)

appointment_types = table(
    "appointment_types",
    Column("name", Text, nullable=False),
    Column("duration_in_minutes", Integer, nullable=False),
    Column("max_attendees", Integer, nullable=False),
    Column("color", Text),
    Column("category", Text),
    Column("description", Text),
    Column("telehealth_enabled", Integer, nullable=False),
    Column("sort_name", BYTEWISE, nullable=False),
    *stamps(),
    CheckConstraint("duration_in_minutes BETWEEN 0 AND 1440", name="duration"),
    CheckConstraint("max_attendees BETWEEN 0 AND 100", name="max_attendees"),
    Index("ix_appointment_types_name", "account_id", "sort_name", "id"),
)

unavailable_blocks = table(
    "unavailable_blocks",
    Column("practitioner_id", BigInteger, nullable=False),
    Column("business_id", BigInteger),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    # 1 where it lasts longer than a day. What is shorter and overlaps a span starts at most a day before it, so that
    # an index on the start finds it; the few long ones have an index of their own.
    Column("is_long", Integer, nullable=False),
    Column("notes", Text),
    *stamps(),
    to("practitioner_id", "practitioners"),
    to("business_id", "businesses"),
    CheckConstraint("ends_at > starts_at", name="span"),
    Index("ix_unavailable_blocks_start", "account_id", "starts_at", "id"),
    Index("ix_unavailable_blocks_created", "account_id", "created_at", "id"),
    Index("ix_unavailable_blocks_practitioner", "account_id", "practitioner_id", "starts_at"),
    Index(
        "ix_unavailable_blocks_long",
        "account_id",
        "practitioner_id",
        "ends_at",
        sqlite_where=text("is_long = 1"),
        postgresql_where=text("is_long = 1"),
    ),
)

group_appointments = table(
    "group_appointments",
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("is_long", Integer, nullable=False),
    Column("max_attendees", Integer, nullable=False),
    Column("active_attendees", Integer, nullable=False),
    Column("notes", Text),
    Column("telehealth_url", Text),
    Column("appointment_type_id", BigInteger, nullable=False),
    Column("business_id", BigInteger, nullable=False),
    Column("practitioner_id", BigInteger, nullable=False),
    Column("repeat_type", Text),
    Column("repeating_interval", Integer),
    Column("number_of_repeats", Integer),
    Column("repeated_from_id", BigInteger),
    Column("series_position", Integer),
    # The plan: a wall clock's reading, as microseconds since 1970 as if it were UTC, in the zone beside it.
    Column("planned_local", BigInteger),
    Column("planned_zone", Text),
    Column("planned_duration", BigInteger),
    Column("version", Integer, nullable=False),
    *stamps(),
    to("appointment_type_id", "appointment_types"),
    to("business_id", "businesses"),
    to("practitioner_id", "practitioners"),
    to("repeated_from_id", "group_appointments"),
    CheckConstraint("ends_at > starts_at", name="span"),
    CheckConstraint("max_attendees BETWEEN 1 AND 100", name="max_attendees"),
    CheckConstraint("active_attendees BETWEEN 0 AND max_attendees", name="seats"),
    Index("ix_group_appointments_start", "account_id", "starts_at", "id"),
    Index("ix_group_appointments_end", "account_id", "ends_at", "id"),
    Index("ix_group_appointments_created", "account_id", "created_at", "id"),
    Index("ix_group_appointments_updated", "account_id", "updated_at", "id"),
    Index("ix_group_appointments_practitioner", "account_id", "practitioner_id", "starts_at", "id"),
    Index("ix_group_appointments_business", "account_id", "business_id", "starts_at", "id"),
    Index("ix_group_appointments_type", "account_id", "appointment_type_id", "starts_at", "id"),
    Index(
        "ix_group_appointments_series",
        "account_id",
        "repeated_from_id",
        "starts_at",
        "id",
        sqlite_where=text("repeated_from_id IS NOT NULL"),
        postgresql_where=text("repeated_from_id IS NOT NULL"),
    ),
    # Of the few that are archived: a booking never touches it.
    Index(
        "ix_group_appointments_archived",
        "account_id",
        "archived_at",
        sqlite_where=text("archived_at IS NOT NULL"),
        postgresql_where=text("archived_at IS NOT NULL"),
    ),
    Index(
        "ix_group_appointments_long",
        "account_id",
        "practitioner_id",
        "ends_at",
        sqlite_where=text("is_long = 1"),
        postgresql_where=text("is_long = 1"),
    ),
)

attendees = table(
    "attendees",
    Column("group_appointment_id", BigInteger, nullable=False),
    Column("patient_id", BigInteger, nullable=False),
    Column("arrived", Integer),
    Column("notes", Text),
    Column("cancelled_at", Instant),
    Column("cancellation_reason", Text),
    Column("cancellation_note", Text),
    # When the patient is needed: the span of the appointment, and 1 where the attendee is active and the appointment
    # not archived. The store keeps them with the appointment, so that a patient's other bookings are found by one
    # index, whatever the size of the diary.
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("is_long", Integer, nullable=False),
    Column("is_busy", Integer, nullable=False),
    *stamps(),
    to("group_appointment_id", "group_appointments"),
    to("patient_id", "patients"),
    Index("ix_attendees_appointment", "account_id", "group_appointment_id", "created_at", "id"),
    Index("ix_attendees_created", "account_id", "created_at", "id"),
    Index(
        "uq_attendees_active",
        "account_id",
        "group_appointment_id",
        "patient_id",
        unique=True,
        sqlite_where=text("cancelled_at IS NULL AND archived_at IS NULL"),
        postgresql_where=text("cancelled_at IS NULL AND archived_at IS NULL"),
    ),
    Index("ix_attendees_patient", "account_id", "patient_id", "starts_at", "group_appointment_id"),
    Index(
        "ix_attendees_busy",
        "account_id",
        "patient_id",
        "starts_at",
        "ends_at",
        "group_appointment_id",
        sqlite_where=text("is_busy = 1"),
        postgresql_where=text("is_busy = 1"),
    ),
    Index(
        "ix_attendees_long",
        "account_id",
        "patient_id",
        "ends_at",
        sqlite_where=text("is_busy = 1 AND is_long = 1"),
        postgresql_where=text("is_busy = 1 AND is_long = 1"),
    ),
)

waitlist_entries = table(
    "waitlist_entries",
    Column("group_appointment_id", BigInteger, nullable=False),
    Column("patient_id", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("left_at", Instant),
    to("group_appointment_id", "group_appointments"),
    to("patient_id", "patients"),
    Index("ix_waitlist_entries_appointment", "account_id", "group_appointment_id", "id"),
    Index(
        "uq_waitlist_entries_waiting",
        "account_id",
        "group_appointment_id",
        "patient_id",
        unique=True,
        sqlite_where=text("left_at IS NULL"),
        postgresql_where=text("left_at IS NULL"),
    ),
)

changes = Table(
    "changes",
    metadata,
    Column("account_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("group_appointment_id", BigInteger, nullable=False),
    Column("practitioner_id", BigInteger, nullable=False),
    Column("business_id", BigInteger, nullable=False),
    Column("former_practitioner_id", BigInteger),
    Column("former_business_id", BigInteger),
    Column("changed_fields", Text, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("account_id", "number"),
    ForeignKeyConstraint(["account_id"], ["accounts.account_id"]),
)

audit = Table(
    "audit",
    metadata,
    Column("account_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("key_id", BigInteger),
    Column("actor", Text),
    Column("request_id", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("record_kind", Text, nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("before", Text),
    Column("after", Text, nullable=False),
    Column("hash", Text, nullable=False, server_default=text("''")),
    PrimaryKeyConstraint("account_id", "number"),
    ForeignKeyConstraint(["account_id"], ["accounts.account_id"]),
    Index("ix_audit_record", "account_id", "record_kind", "record_id", "number"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("account_id", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("account_id", "key"),
    ForeignKeyConstraint(["account_id"], ["accounts.account_id"]),
    Index("ix_idempotency_keys_age", "account_id", "at"),
)

for _table_name, _checks in CHECKS.items():
    for _name, _test in _checks.items():
        metadata.tables[_table_name].append_constraint(only("postgresql", CheckConstraint(_test, name=_name)))
