"""
PostgreSQL keeps the accounts apart by itself, and refuses what SQLite's triggers refuse.

Row-level security holds even for a statement that forgets the account. What it rests on is said once for each
transaction, and a transaction that says nothing sees nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = (
    "accounts",
    "api_keys",
    "businesses",
    "practitioners",
    "patients",
    "appointment_types",
    "unavailable_blocks",
    "group_appointments",
    "attendees",
    "waitlist_entries",
    "changes",
    "audit",
    "idempotency_keys",
)
OF_THE_ACCOUNT = "account_id = nullif(current_setting('gappt.account', true), '')::bigint"
# What is asked before the account is known, for reading alone.
ASKED = {
    "accounts": "current_setting('gappt.accounts', true) = 'all'",
    "api_keys": "digest = nullif(current_setting('gappt.digest', true), '')",
}

LONG = "is_long = CASE WHEN ends_at - starts_at > INTERVAL '24 hours' THEN 1 ELSE 0 END"
CHECKS = {
    "accounts": {"demo": "demo IN (0, 1)", "name": "trim(name) <> ''", "numbers": "last_number >= 0"},
    "api_keys": {"browser": "browser IN (0, 1)"},
    "practitioners": {"active": "active IN (0, 1)"},
    "appointment_types": {"telehealth": "telehealth_enabled IN (0, 1)"},
    "unavailable_blocks": {"long": LONG},
    "group_appointments": {
        "long": LONG,
        "version": "version >= 1",
        "rule": "(repeat_type IS NULL) = (repeating_interval IS NULL)"
        " AND (repeat_type IS NULL) = (number_of_repeats IS NULL)",
        "repeat_type": "repeat_type IN ('DAILY', 'WEEKLY', 'MONTHLY')",
        "repeats": "repeating_interval >= 1 AND number_of_repeats >= 1",
        "root": "repeated_from_id <> id",
        "plan": "(planned_zone IS NULL) = (planned_local IS NULL)"
        " AND (planned_zone IS NULL) = (planned_duration IS NULL)",
    },
    "attendees": {
        "span": "ends_at > starts_at",
        "long": LONG,
        "busy": "is_busy IN (0, 1)",
        "arrived": "arrived IN (0, 1)",
        "reason": "cancellation_reason IN"
        " ('FEELING_BETTER', 'CONDITION_WORSE', 'SICK', 'COVID_19_RELATED', 'AWAY', 'OTHER', 'WORK')",
    },
    "audit": {"hash": "length(hash) = 64"},
}

REFUSE = """CREATE FUNCTION gappt_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$"""
KEYS = dict.fromkeys(TABLES[1:10], ("account_id", "id")) | {"accounts": ("account_id",)}
KEYS |= {place: (*KEYS[place], "group_appointment_id", "patient_id") for place in ("attendees", "waitlist_entries")}


def upgrade() -> None:
    """Let keys, checks, policies and triggers come. SQLite serves one machine, and has had its triggers before."""
    if op.get_bind().dialect.name == "sqlite":
        return
    op.drop_constraint(op.f("uq_api_keys_digest"), "api_keys")
    op.create_unique_constraint(op.f("uq_api_keys_account_id_digest"), "api_keys", ["account_id", "digest"])
    op.create_index(op.f("ix_api_keys_digest"), "api_keys", ["digest"])
    for table, checks in CHECKS.items():
        for name, test in checks.items():
            op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, sa.text(test))
    _refuse_what_is_never_done()
    for table in TABLES:
        op.execute(f"CREATE POLICY of_the_account ON {table} USING ({OF_THE_ACCOUNT}) WITH CHECK ({OF_THE_ACCOUNT})")
        if table in ASKED:
            op.execute(f"CREATE POLICY asked ON {table} FOR SELECT USING ({ASKED[table]})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")


def _refuse_what_is_never_done() -> None:
    """Make triggers. Nothing rests on them: they are for whoever writes past the program."""
    op.get_bind().exec_driver_sql(REFUSE)
    for table in ("changes", "audit"):
        _trigger(f"{table}_grow", f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW", f"The {table} are only added to")
    _trigger(
        "numbers_rise",
        "BEFORE UPDATE ON accounts FOR EACH ROW WHEN (NEW.last_number < OLD.last_number)",
        "The numbers of an account only rise",
    )
    for table, columns in KEYS.items():
        changes = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in columns)
        event = f"BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({changes})"
        _trigger(f"{table}_keep_their_keys", event, "A key never changes")


def _trigger(name: str, event: str, sentence: str) -> None:
    op.get_bind().exec_driver_sql(f"CREATE TRIGGER {name} {event} EXECUTE FUNCTION gappt_refuse('{sentence}')")
