"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

revision = "0001"
down_revision = None

# In order of their bytes, as SQLite has them and as cursors compare them.
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Make every table. Written out, so that the program's own tables can go on without changing this one."""
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("demo", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("last_number", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
    )
    op.create_table(
        "api_keys",
        *_key("api_keys"),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("last_four", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )
    op.create_table(
        "businesses",
        *_key("businesses"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("sort_name", BYTEWISE, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("archived_at", INSTANT),
    )
    _index("ix_businesses_name", "businesses", "account_id", "sort_name", "id")
    op.create_table(
        "practitioners",
        *_key("practitioners"),
        sa.Column("first_name", sa.Text),
        sa.Column("last_name", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("designation", sa.Text),
        sa.Column("active", sa.Integer, nullable=False),
        sa.Column("sort_name", BYTEWISE, nullable=False),
        sa.Column("search_name", BYTEWISE, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
    )
    _index("ix_practitioners_name", "practitioners", "account_id", "sort_name", "id")
    op.create_table(
        "patients",
        *_key("patients"),
        sa.Column("first_name", sa.Text),
        sa.Column("last_name", sa.Text),
        sa.Column("email", sa.Text),
        sa.Column("date_of_birth", sa.Text),
        sa.Column("sort_name", BYTEWISE, nullable=False),
        sa.Column("search_name", BYTEWISE, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("archived_at", INSTANT),
    )
    _index("ix_patients_name", "patients", "account_id", "sort_name", "id")
    op.create_table(
        "appointment_types",
        *_key("appointment_types"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("duration_in_minutes", sa.Integer, nullable=False),
        sa.Column("max_attendees", sa.Integer, nullable=False),
        sa.Column("color", sa.Text),
        sa.Column("category", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("telehealth_enabled", sa.Integer, nullable=False),
        sa.Column("sort_name", BYTEWISE, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("archived_at", INSTANT),
        sa.CheckConstraint("max_attendees BETWEEN 0 AND 100", name=op.f("ck_appointment_types_max_attendees")),
        sa.CheckConstraint("duration_in_minutes BETWEEN 0 AND 1440", name=op.f("ck_appointment_types_duration")),
    )
    _index("ix_appointment_types_name", "appointment_types", "account_id", "sort_name", "id")
    op.create_table(
        "unavailable_blocks",
        *_key("unavailable_blocks"),
        sa.Column("practitioner_id", sa.BigInteger, nullable=False),
        sa.Column("business_id", sa.BigInteger),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("is_long", sa.Integer, nullable=False),
        sa.Column("notes", sa.Text),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("archived_at", INSTANT),
        _to("unavailable_blocks", "practitioner_id", "practitioners"),
        _to("unavailable_blocks", "business_id", "businesses"),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_unavailable_blocks_span")),
    )
    _index(
        "ix_unavailable_blocks_long",
        "unavailable_blocks",
        "account_id",
        "practitioner_id",
        "ends_at",
        where="is_long = 1",
    )
    _index("ix_unavailable_blocks_practitioner", "unavailable_blocks", "account_id", "practitioner_id", "starts_at")
    _index("ix_unavailable_blocks_start", "unavailable_blocks", "account_id", "starts_at", "id")
    op.create_table(
        "group_appointments",
        *_key("group_appointments"),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("is_long", sa.Integer, nullable=False),
        sa.Column("max_attendees", sa.Integer, nullable=False),
        sa.Column("active_attendees", sa.Integer, nullable=False),
        sa.Column("notes", sa.Text),
        sa.Column("telehealth_url", sa.Text),
        sa.Column("appointment_type_id", sa.BigInteger, nullable=False),
        sa.Column("business_id", sa.BigInteger, nullable=False),
        sa.Column("practitioner_id", sa.BigInteger, nullable=False),
        sa.Column("repeat_type", sa.Text),
        sa.Column("repeating_interval", sa.Integer),
        sa.Column("number_of_repeats", sa.Integer),
        sa.Column("repeated_from_id", sa.BigInteger),
        sa.Column("series_position", sa.Integer),
        sa.Column("planned_local", sa.BigInteger),
        sa.Column("planned_zone", sa.Text),
        sa.Column("planned_duration", sa.BigInteger),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("archived_at", INSTANT),
        _to("group_appointments", "appointment_type_id", "appointment_types"),
        _to("group_appointments", "business_id", "businesses"),
        _to("group_appointments", "practitioner_id", "practitioners"),
        _to("group_appointments", "repeated_from_id", "group_appointments"),
        sa.CheckConstraint("max_attendees BETWEEN 1 AND 100", name=op.f("ck_group_appointments_max_attendees")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_group_appointments_span")),
        sa.CheckConstraint("active_attendees BETWEEN 0 AND max_attendees", name=op.f("ck_group_appointments_seats")),
    )
    _index("ix_group_appointments_business", "group_appointments", "account_id", "business_id", "starts_at", "id")
    _index("ix_group_appointments_created", "group_appointments", "account_id", "created_at", "id")
    _index("ix_group_appointments_end", "group_appointments", "account_id", "ends_at", "id")
    _index(
        "ix_group_appointments_long",
        "group_appointments",
        "account_id",
        "practitioner_id",
        "ends_at",
        where="is_long = 1",
    )
    _index(
        "ix_group_appointments_practitioner", "group_appointments", "account_id", "practitioner_id", "starts_at", "id"
    )
    _index(
        "ix_group_appointments_series",
        "group_appointments",
        "account_id",
        "repeated_from_id",
        "starts_at",
        "id",
        where="repeated_from_id IS NOT NULL",
    )
    _index("ix_group_appointments_start", "group_appointments", "account_id", "starts_at", "id")
    _index("ix_group_appointments_type", "group_appointments", "account_id", "appointment_type_id", "starts_at", "id")
    _index("ix_group_appointments_updated", "group_appointments", "account_id", "updated_at", "id")
    op.create_table(
        "attendees",
        *_key("attendees"),
        sa.Column("group_appointment_id", sa.BigInteger, nullable=False),
        sa.Column("patient_id", sa.BigInteger, nullable=False),
        sa.Column("arrived", sa.Integer),
        sa.Column("notes", sa.Text),
        sa.Column("cancelled_at", INSTANT),
        sa.Column("cancellation_reason", sa.Text),
        sa.Column("cancellation_note", sa.Text),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("is_long", sa.Integer, nullable=False),
        sa.Column("is_busy", sa.Integer, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("archived_at", INSTANT),
        _to("attendees", "group_appointment_id", "group_appointments"),
        _to("attendees", "patient_id", "patients"),
    )
    _index("ix_attendees_appointment", "attendees", "account_id", "group_appointment_id", "created_at", "id")
    _index(
        "ix_attendees_busy",
        "attendees",
        "account_id",
        "patient_id",
        "starts_at",
        "ends_at",
        "group_appointment_id",
        where="is_busy = 1",
    )
    _index("ix_attendees_long", "attendees", "account_id", "patient_id", "ends_at", where="is_busy = 1 AND is_long = 1")
    _index("ix_attendees_patient", "attendees", "account_id", "patient_id", "starts_at", "group_appointment_id")
    _index(
        "uq_attendees_active",
        "attendees",
        "account_id",
        "group_appointment_id",
        "patient_id",
        unique=True,
        where="cancelled_at IS NULL AND archived_at IS NULL",
    )
    op.create_table(
        "waitlist_entries",
        *_key("waitlist_entries"),
        sa.Column("group_appointment_id", sa.BigInteger, nullable=False),
        sa.Column("patient_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("left_at", INSTANT),
        _to("waitlist_entries", "group_appointment_id", "group_appointments"),
        _to("waitlist_entries", "patient_id", "patients"),
    )
    _index(
        "uq_waitlist_entries_waiting",
        "waitlist_entries",
        "account_id",
        "group_appointment_id",
        "patient_id",
        unique=True,
        where="left_at IS NULL",
    )
    op.create_table(
        "changes",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("group_appointment_id", sa.BigInteger, nullable=False),
        sa.Column("practitioner_id", sa.BigInteger, nullable=False),
        sa.Column("business_id", sa.BigInteger, nullable=False),
        sa.Column("former_practitioner_id", sa.BigInteger),
        sa.Column("former_business_id", sa.BigInteger),
        sa.Column("changed_fields", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        _account("changes"),
        sa.PrimaryKeyConstraint("account_id", "number", name=op.f("pk_changes")),
    )
    op.create_table(
        "audit",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("key_id", sa.BigInteger),
        sa.Column("actor", sa.Text),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("record_kind", sa.Text, nullable=False),
        sa.Column("record_id", sa.BigInteger, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text, nullable=False),
        _account("audit"),
        sa.PrimaryKeyConstraint("account_id", "number", name=op.f("pk_audit")),
    )
    _index("ix_audit_record", "audit", "account_id", "record_kind", "record_id", "number")
    op.create_table(
        "idempotency_keys",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        _account("idempotency_keys"),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_idempotency_keys")),
    )
    _index("ix_idempotency_keys_age", "idempotency_keys", "account_id", "at")


def _key(table: str) -> list[SchemaItem]:
    return [
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f(f"pk_{table}")),
        _account(table),
        sa.CheckConstraint("id > 0", name=op.f(f"ck_{table}_id_positive")),
    ]


def _account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f(f"fk_{table}_account_id"))


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_account_id_{column}")
    return sa.ForeignKeyConstraint(["account_id", column], [f"{other}.account_id", f"{other}.id"], name=name)


def _index(name: str, table: str, *columns: str, unique: bool = False, where: str | None = None) -> None:
    only = None if where is None else sa.text(where)
    op.create_index(name, table, list(columns), unique=unique, sqlite_where=only, postgresql_where=only)
