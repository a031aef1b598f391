"""Webhooks, and their deliveries that did not succeed at once."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

INSTANT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
KINDS: dict[str, Any] = {"BIGINT": sa.BigInteger(), "INTEGER": sa.Integer(), "TEXT": sa.Text(), "INSTANT": INSTANT}
# Of each column its kind, with a question mark where there may be none.
COLUMNS = {
    "webhooks": {
        "url": "TEXT",
        "kinds": "TEXT",
        "practitioner_ids": "TEXT",
        "business_ids": "TEXT",
        "state": "TEXT",
        "secret": "TEXT",
        "former_secret": "TEXT?",
        "former_secret_until": "INSTANT?",
        "position": "BIGINT",
        "waiting": "INTEGER",
        "stalled": "INTEGER",
        "due_at": "INSTANT?",
        "failing_since": "INSTANT?",
        "delivered_at": "INSTANT?",
        "held_by": "TEXT?",
        "held_until": "INSTANT",
        "created_at": "INSTANT",
        "updated_at": "INSTANT",
        "archived_at": "INSTANT?",
    },
    "webhook_deliveries": {
        "webhook_id": "BIGINT",
        "number": "BIGINT",
        "kind": "TEXT",
        "group_appointment_id": "BIGINT?",
        "changed_fields": "TEXT",
        "at": "INSTANT",
        "state": "TEXT",
        "attempts": "INTEGER",
        "due_at": "INSTANT?",
        "tried_at": "INSTANT?",
        "status": "INTEGER?",
        "failure": "TEXT?",
        "created_at": "INSTANT",
    },
}
CHECKS = {
    "webhooks": {
        "state": "state IN ('ACTIVE', 'PAUSED', 'DISABLED')",
        "counts": "position >= 0 AND waiting >= 0",
    },
    "webhook_deliveries": {
        "state": "state IN ('WAITING', 'DELIVERED', 'DEAD')",
        "due": "(state = 'WAITING') = (due_at IS NOT NULL)",
    },
}
KEPT = {
    "webhooks": ("account_id", "id"),
    "webhook_deliveries": ("account_id", "id", "webhook_id", "number", "group_appointment_id"),
}
WAITING = sa.text("state = 'WAITING'")
OF_THE_ACCOUNT = "account_id = nullif(current_setting('gappt.account', true), '')::bigint"
ASKED = "current_setting('gappt.accounts', true) = 'all'"


def upgrade() -> None:
    """Make the tables, and what keeps them right: triggers in SQLite, and policies in PostgreSQL."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table, columns in COLUMNS.items():
        op.create_table(
            table,
            sa.Column("account_id", sa.BigInteger, nullable=False),
            sa.Column("id", sa.BigInteger, nullable=False),
            *(sa.Column(name, KINDS[kind.rstrip("?")], nullable=kind.endswith("?")) for name, kind in columns.items()),
            sa.PrimaryKeyConstraint("account_id", "id", name=op.f(f"pk_{table}")),
            sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f(f"fk_{table}_account_id")),
            sa.CheckConstraint("id > 0", name=op.f(f"ck_{table}_id_positive")),
            *(sa.CheckConstraint(test, name=op.f(f"ck_{table}_{name}")) for name, test in CHECKS[table].items()),
        )
        op.create_index(f"ix_{table}_created", table, ["account_id", "created_at", "id"])
        if is_sqlite:
            _keep_with_triggers(table)
        else:
            _keep_with_policies(table)
    deliveries = "webhook_deliveries"
    op.create_index("ix_webhook_deliveries_webhook", deliveries, ["account_id", "webhook_id", "created_at", "id"])
    op.create_index(
        "ix_webhook_deliveries_waiting",
        deliveries,
        ["account_id", "webhook_id", "number", "id"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    if not is_sqlite:
        # Who delivers asks of which accounts there is something to deliver.
        op.execute(f"CREATE POLICY asked ON webhooks FOR SELECT USING ({ASKED})")


def _keep_with_policies(table: str) -> None:
    op.execute(f"CREATE POLICY of_the_account ON {table} USING ({OF_THE_ACCOUNT}) WITH CHECK ({OF_THE_ACCOUNT})")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    changes = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in KEPT[table])
    op.get_bind().exec_driver_sql(
        f"CREATE TRIGGER {table}_keep_their_keys BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({changes})"
        " EXECUTE FUNCTION gappt_refuse('A key never changes')"
    )


def _keep_with_triggers(table: str) -> None:
    """Refuse what CHECKs and foreign keys would, for connections that have those off."""
    changes = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in KEPT[table])
    event = f"BEFORE UPDATE OF {', '.join(KEPT[table])} ON {table} WHEN {changes}"
    _refuse(f"{table}_keep_their_keys", event, "A key never changes")
    wrong = "\n    OR ".join(f"({test}) IS NOT 1" for test in _tests(table))
    for change in ("INSERT", "UPDATE"):
        event = f"AFTER {change} ON {table} WHEN {wrong}"
        _refuse(f"{table}_kinds_{change.lower()}", event, "A value is not what its column takes")
    lost = "NOT EXISTS (SELECT 1 FROM accounts WHERE account_id = NEW.account_id)"
    _refuse(f"{table}_refer_insert", f"BEFORE INSERT ON {table} WHEN {lost}", "It refers to a record that is not there")
    named = f"SELECT 1 FROM {table} WHERE account_id = OLD.account_id"
    event = f"BEFORE DELETE ON accounts WHEN EXISTS ({named})"
    _refuse(f"accounts_stay_for_{table}", event, "Other records refer to it")


def _tests(table: str) -> list[str]:
    """Give what must be true of each row."""
    columns = {"account_id": "BIGINT", "id": "BIGINT", **COLUMNS[table]}
    tests = []
    for column, kind in columns.items():
        kinds = ["'text'" if kind.startswith("TEXT") else "'integer'", *(["'null'"] if kind.endswith("?") else [])]
        tests.append(f"typeof(NEW.{column}) IN ({', '.join(kinds)})")
    if table == "webhooks":
        return [*tests, "NEW.state IN ('ACTIVE', 'PAUSED', 'DISABLED')", "NEW.position >= 0 AND NEW.waiting >= 0"]
    due = "(NEW.state = 'WAITING') = (NEW.due_at IS NOT NULL)"
    return [*tests, "NEW.state IN ('WAITING', 'DELIVERED', 'DEAD')", due]


def _refuse(name: str, event: str, sentence: str) -> None:
    op.get_bind().exec_driver_sql(f"CREATE TRIGGER {name} {event} BEGIN SELECT RAISE(ABORT, '{sentence}'); END")
