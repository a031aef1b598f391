"""
The store itself holds what must be true of a book, and its audit is chained.

Triggers count the seats taken, keep attendees' copies of their appointments, refuse values of another kind than the
column's, and let no key and no audit row change. SQLite checks each statement, so what two statements make true
together is kept by the triggers and not asked of who writes.
"""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

SLICE = 1_000
RECORDS = (
    "api_keys",
    "businesses",
    "practitioners",
    "patients",
    "appointment_types",
    "unavailable_blocks",
    "group_appointments",
    "attendees",
    "waitlist_entries",
)
INTEGERS = ("BIGINT", "INTEGER")
NULL = "'null'"
# Beside the kinds of the columns: what else every row has to be.
HOLDS = {
    "accounts": ["demo IN (0, 1)", "last_number >= 0", "trim(name) <> ''"],
    "api_keys": ["browser IN (0, 1)"],
    "practitioners": ["active IN (0, 1)"],
    "appointment_types": ["telehealth_enabled IN (0, 1)"],
    "unavailable_blocks": ["is_long = (ends_at - starts_at > 86400000000)"],
    "group_appointments": [
        "is_long = (ends_at - starts_at > 86400000000)",
        "version >= 1",
        "(repeat_type IS NULL) = (repeating_interval IS NULL)",
        "(repeat_type IS NULL) = (number_of_repeats IS NULL)",
        "repeat_type IS NULL OR repeat_type IN ('DAILY', 'WEEKLY', 'MONTHLY')",
        "repeating_interval IS NULL OR repeating_interval >= 1",
        "number_of_repeats IS NULL OR number_of_repeats >= 1",
        "repeated_from_id IS NULL OR repeated_from_id <> id",
        "(planned_zone IS NULL) = (planned_local IS NULL)",
        "(planned_zone IS NULL) = (planned_duration IS NULL)",
    ],
    "attendees": [
        "arrived IS NULL OR arrived IN (0, 1)",
        "cancellation_reason IS NULL OR cancellation_reason IN "
        "('FEELING_BETTER', 'CONDITION_WORSE', 'SICK', 'COVID_19_RELATED', 'AWAY', 'OTHER', 'WORK')",
    ],
}

TAKEN = """(SELECT count(*) FROM attendees AS taken
    WHERE taken.account_id = {row}.account_id AND taken.group_appointment_id = {row}.{key}
      AND taken.cancelled_at IS NULL AND taken.archived_at IS NULL)"""
SEATS = """UPDATE group_appointments SET active_attendees = active_attendees + {more}
    WHERE account_id = {row}.account_id AND id = {row}.group_appointment_id"""
ACTIVE = "({row}.cancelled_at IS NULL AND {row}.archived_at IS NULL)"
NEW_ACTIVE, OLD_ACTIVE = ACTIVE.format(row="NEW"), ACTIVE.format(row="OLD")
COPIES = "(starts_at, ends_at, is_long, is_busy)"
ORIGINALS = """(held.starts_at, held.ends_at, held.is_long,
    attendees.cancelled_at IS NULL AND attendees.archived_at IS NULL AND held.archived_at IS NULL)"""
COPY = f"""UPDATE attendees SET {COPIES} = {ORIGINALS} FROM group_appointments AS held
    WHERE attendees.account_id = NEW.account_id AND attendees.{{key}} = NEW.id
      AND held.account_id = attendees.account_id AND held.id = attendees.group_appointment_id
      AND {COPIES.replace("(", "(attendees.").replace(", ", ", attendees.")} IS NOT {ORIGINALS}"""


def upgrade() -> None:
    """Count and chain what is there, and make the triggers."""
    op.add_column("audit", sa.Column("hash", sa.Text, nullable=False, server_default=sa.text("''")))
    op.add_column("accounts", sa.Column("audit_number", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.add_column("accounts", sa.Column("audit_hash", sa.Text, nullable=False, server_default=sa.text("''")))
    op.create_index("ix_waitlist_entries_appointment", "waitlist_entries", ["account_id", "group_appointment_id", "id"])
    _chain()
    op.execute(
        f"""UPDATE group_appointments SET active_attendees = {TAKEN.format(row="group_appointments", key="id")}
        WHERE active_attendees <> {TAKEN.format(row="group_appointments", key="id")}"""
    )
    if op.get_bind().dialect.name != "sqlite":
        return  # what holds there is in 0008
    for name, event, body in _triggers():
        # A colon would begin a parameter.
        op.get_bind().exec_driver_sql(f"CREATE TRIGGER {name} {event} BEGIN\n  {body};\nEND")


def _triggers() -> Iterator[tuple[str, str, str]]:
    """Give the name, the event and the body of each."""
    yield "seats_come", f"AFTER INSERT ON attendees WHEN {NEW_ACTIVE}", SEATS.format(row="NEW", more="1")
    yield (
        "seats_change",
        f"AFTER UPDATE OF cancelled_at, archived_at ON attendees WHEN {NEW_ACTIVE} <> {OLD_ACTIVE}",
        SEATS.format(row="NEW", more=f"{NEW_ACTIVE} - {OLD_ACTIVE}"),
    )
    yield "seats_go", f"AFTER DELETE ON attendees WHEN {OLD_ACTIVE}", SEATS.format(row="OLD", more="-1")
    taken = TAKEN.format(row="NEW", key="id")
    yield (
        "seats_begin",
        f"AFTER INSERT ON group_appointments WHEN NEW.active_attendees <> {taken}",
        f"UPDATE group_appointments SET active_attendees = {taken} WHERE account_id = NEW.account_id AND id = NEW.id",
    )
    # Refused in words, though a CHECK would refuse it too: what is done OR IGNORE passes over a CHECK.
    yield (
        "seats_are_counted",
        "BEFORE UPDATE OF active_attendees ON group_appointments",
        f"""SELECT CASE WHEN NEW.active_attendees > NEW.max_attendees THEN RAISE(ABORT, 'There are no seats left')
    WHEN NEW.active_attendees IS NOT {taken} THEN RAISE(ABORT, 'The seats taken are counted from the attendees') END""",
    )
    yield (
        "attendee_replaced",
        """BEFORE INSERT ON attendees WHEN EXISTS (SELECT 1 FROM attendees
    WHERE account_id = NEW.account_id AND id = NEW.id AND group_appointment_id <> NEW.group_appointment_id)""",
        _refusal("The id is taken"),
    )
    yield "copies_come", "AFTER INSERT ON attendees", COPY.format(key="id")
    yield (
        "copies_change",
        "AFTER UPDATE OF starts_at, ends_at, is_long, is_busy, cancelled_at, archived_at ON attendees",
        COPY.format(key="id"),
    )
    yield (
        "copies_follow",
        """AFTER UPDATE OF starts_at, ends_at, is_long, archived_at ON group_appointments
  WHEN (OLD.starts_at, OLD.ends_at, OLD.archived_at) IS NOT (NEW.starts_at, NEW.ends_at, NEW.archived_at)""",
        COPY.format(key="group_appointment_id"),
    )
    keys = {table: ["account_id", "id"] for table in RECORDS}
    keys |= {"accounts": ["account_id"], "changes": ["account_id", "number"]}
    for place in ("attendees", "waitlist_entries"):
        keys[place] += ["group_appointment_id", "patient_id"]
    for table, columns in keys.items():
        changes = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in columns)
        event = f"BEFORE UPDATE OF {', '.join(columns)} ON {table} WHEN {changes}"
        yield f"{table}_keep_their_keys", event, _refusal("A key never changes")
    yield (
        "numbers_rise",
        "BEFORE UPDATE OF last_number ON accounts WHEN NEW.last_number < OLD.last_number",
        _refusal("The numbers of an account only rise"),
    )
    for change in ("UPDATE", "DELETE"):
        yield f"audit_no_{change.lower()}", f"BEFORE {change} ON audit", _refusal("The audit is only added to")
    yield (
        "audit_grows",
        """BEFORE INSERT ON audit WHEN length(NEW.hash) <> 64
    OR NEW.number <= coalesce((SELECT max(number) FROM audit WHERE account_id = NEW.account_id), 0)""",
        _refusal("The audit is only added to, at its end"),
    )
    for table in ("accounts", *RECORDS, "changes", "audit"):
        wrong = "\n    OR ".join(f"({test}) IS NOT 1" for test in _tests(table))
        # The counting of seats looks at its own column.
        looked_at = ", ".join(name for name in _kinds(table) if name != "active_attendees")
        for change in ("INSERT", "UPDATE"):
            event = "INSERT" if change == "INSERT" else f"UPDATE OF {looked_at}"
            # After the change, when a value is what the column's affinity has made of it.
            yield (
                f"{table}_kinds_{change.lower()}",
                f"AFTER {event} ON {table} WHEN {wrong}",
                _refusal("A value is not what its column takes"),
            )


def _kinds(table: str) -> dict[str, str]:
    """Give the kind of value of each column, and whether it may be missing."""
    columns = op.get_bind().exec_driver_sql(f"PRAGMA table_info({table})").fetchall()
    return {
        column.name: f"'{'integer' if column.type in INTEGERS else 'text'}'{'' if column.notnull else ', ' + NULL}"
        for column in columns
    }


def _tests(table: str) -> list[str]:
    """Give what must be true of each row that comes or changes."""
    kinds = _kinds(table)
    tests = [f"typeof({name}) IN ({kind})" for name, kind in kinds.items()]
    names = re.compile(rf"\b({'|'.join(kinds)})\b")
    return [names.sub(r"NEW.\1", test) for test in [*tests, *HOLDS.get(table, [])]]


def _refusal(sentence: str) -> str:
    return f"SELECT RAISE(ABORT, '{sentence}')"


def _chain() -> None:
    """Chain the rows that exist, slice by slice: a book may have millions."""
    bind = op.get_bind()
    chain = sa.text("UPDATE audit SET hash = :hash WHERE account_id = :account AND number = :number")
    end = sa.text("UPDATE accounts SET audit_number = :number, audit_hash = :hash WHERE account_id = :account")
    for (account,) in bind.exec_driver_sql("SELECT account_id FROM accounts").fetchall():
        number, previous = 0, ""
        while rows := _slice(bind, account, after=number):
            chained = []
            for row in rows:
                text = json.dumps([previous, account, *row], ensure_ascii=False, separators=(",", ":"))
                number, previous = row[0], sha256(text.encode()).hexdigest()
                chained.append({"hash": previous, "account": account, "number": number})
            bind.execute(chain, chained)
        bind.execute(end, {"number": number, "hash": previous, "account": account})


def _slice(bind: sa.Connection, account: int, *, after: int) -> list[Any]:
    at = "at" if bind.dialect.name == "sqlite" else "CAST(extract(epoch FROM at) * 1000000 AS bigint)"
    found = bind.execute(
        sa.text(
            f"""SELECT number, {at}, key_id, actor, request_id, operation, record_kind,
            record_id, before, after FROM audit WHERE account_id = :account AND number > :after
            ORDER BY number LIMIT :slice"""
        ),
        {"account": account, "after": after, "slice": SLICE},
    )
    return [tuple(row) for row in found]
