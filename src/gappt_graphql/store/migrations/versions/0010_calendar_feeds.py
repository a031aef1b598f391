"""Secret addresses of calendars, each of one practitioner or one business."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

INSTANT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
TABLE = "calendar_feeds"
KEPT = ("account_id", "id", "digest", "practitioner_id", "business_id")
INTEGERS = ("account_id", "id", "created_at")
TEXTS = ("digest", "last_four")
INTEGERS_OR_NULL = ("practitioner_id", "business_id", "revoked_at")
REFERENCES = {"practitioner_id": "practitioners", "business_id": "businesses"}
OF_THE_ACCOUNT = "account_id = nullif(current_setting('gappt.account', true), '')::bigint"
ASKED = "digest = nullif(current_setting('gappt.digest', true), '')"


def upgrade() -> None:
    """Make the table, and what keeps it right: triggers in SQLite, and policies in PostgreSQL."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    unique = ["digest"] if is_sqlite else ["account_id", "digest"]
    op.create_table(
        TABLE,
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("last_four", sa.Text, nullable=False),
        sa.Column("practitioner_id", sa.BigInteger),
        sa.Column("business_id", sa.BigInteger),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_calendar_feeds")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_calendar_feeds_account_id")),
        *(
            sa.ForeignKeyConstraint(
                ["account_id", column],
                [f"{other}.account_id", f"{other}.id"],
                name=op.f(f"fk_calendar_feeds_account_id_{column}"),
            )
            for column, other in REFERENCES.items()
        ),
        sa.CheckConstraint("id > 0", name=op.f("ck_calendar_feeds_id_positive")),
        sa.CheckConstraint("(practitioner_id IS NULL) <> (business_id IS NULL)", name=op.f("ck_calendar_feeds_whose")),
        sa.UniqueConstraint(*unique, name=op.f(f"uq_calendar_feeds_{'_'.join(unique)}")),
    )
    op.create_index("ix_calendar_feeds_created", TABLE, ["account_id", "created_at", "id"])
    if is_sqlite:
        _keep_with_triggers()
        return
    op.create_index("ix_calendar_feeds_digest", TABLE, ["digest"])
    op.execute(f"CREATE POLICY of_the_account ON {TABLE} USING ({OF_THE_ACCOUNT}) WITH CHECK ({OF_THE_ACCOUNT})")
    op.execute(f"CREATE POLICY asked ON {TABLE} FOR SELECT USING ({ASKED})")
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    changes = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in KEPT)
    op.get_bind().exec_driver_sql(
        f"CREATE TRIGGER {TABLE}_keep_their_keys BEFORE UPDATE ON {TABLE} FOR EACH ROW WHEN ({changes})"
        " EXECUTE FUNCTION gappt_refuse('A key never changes')"
    )


def _keep_with_triggers() -> None:
    """Refuse what CHECKs and foreign keys would, for connections that have those off."""
    changes = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in KEPT)
    event = f"BEFORE UPDATE OF {', '.join(KEPT)} ON {TABLE} WHEN {changes}"
    _refuse(f"{TABLE}_keep_their_keys", event, "A key never changes")
    wrong = "\n    OR ".join(f"({test}) IS NOT 1" for test in _tests())
    for change in ("INSERT", "UPDATE"):
        event = f"AFTER {change} ON {TABLE} WHEN {wrong}"
        _refuse(f"{TABLE}_kinds_{change.lower()}", event, "A value is not what its column takes")
    lost = ["NOT EXISTS (SELECT 1 FROM accounts WHERE account_id = NEW.account_id)"]
    for column, other in REFERENCES.items():
        there = f"SELECT 1 FROM {other} WHERE account_id = NEW.account_id AND id = NEW.{column}"
        lost.append(f"NEW.{column} IS NOT NULL AND NOT EXISTS ({there})")
        named = f"SELECT 1 FROM {TABLE} WHERE account_id = OLD.account_id AND {column} = OLD.id"
        event = f"BEFORE DELETE ON {other} WHEN EXISTS ({named})"
        _refuse(f"{other}_stay_for_{TABLE}", event, "Other records refer to it")
    event = f"BEFORE INSERT ON {TABLE} WHEN {' OR '.join(lost)}"
    _refuse(f"{TABLE}_refer_insert", event, "It refers to a record that is not there")
    named = f"SELECT 1 FROM {TABLE} WHERE account_id = OLD.account_id"
    event = f"BEFORE DELETE ON accounts WHEN EXISTS ({named})"
    _refuse(f"accounts_stay_for_{TABLE}", event, "Other records refer to it")


def _tests() -> list[str]:
    """Give what must be true of each row."""
    kinds = {"'integer'": INTEGERS, "'text'": TEXTS, "'integer', 'null'": INTEGERS_OR_NULL}
    tests = [f"typeof(NEW.{column}) IN ({kind})" for kind, columns in kinds.items() for column in columns]
    return [*tests, "(NEW.practitioner_id IS NULL) <> (NEW.business_id IS NULL)"]


def _refuse(name: str, event: str, sentence: str) -> None:
    op.get_bind().exec_driver_sql(f"CREATE TRIGGER {name} {event} BEGIN SELECT RAISE(ABORT, '{sentence}'); END")
