"""
What replaces a row goes by the rules too.

SQLite runs no trigger for a row that REPLACE takes away, and CHECKs are off for a connection that wants them off.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

TRIGGERS = {
    # An attendee who is replaced by one who has cancelled would hold the seat for ever.
    "attendee_replaced": (
        """BEFORE INSERT ON attendees WHEN EXISTS (SELECT 1 FROM attendees
    WHERE account_id = NEW.account_id AND id = NEW.id)""",
        "The id is taken",
    ),
    # UPDATE OR REPLACE takes away who has that row number.
    "attendees_keep_their_rows": (
        "BEFORE UPDATE ON attendees WHEN NEW.rowid IS NOT OLD.rowid",
        "A key never changes",
    ),
    "seats_stay": (
        "BEFORE UPDATE OF max_attendees ON group_appointments WHEN NEW.max_attendees < NEW.active_attendees",
        "There are no seats left",
    ),
    # Numbers that were given once would be given again.
    "numbers_go_on": (
        """AFTER INSERT ON accounts
  WHEN NEW.last_number < coalesce((SELECT max(number) FROM changes WHERE account_id = NEW.account_id), 0)
    OR NEW.last_number < coalesce((SELECT max(number) FROM audit WHERE account_id = NEW.account_id), 0)""",
        "The numbers of an account only rise",
    ),
}


def upgrade() -> None:
    """Make the triggers, one of them anew."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("DROP TRIGGER attendee_replaced")
    for name, (event, sentence) in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {event} BEGIN SELECT RAISE(ABORT, '{sentence}'); END")
