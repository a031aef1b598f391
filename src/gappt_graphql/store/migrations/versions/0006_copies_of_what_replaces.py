"""
An appointment that replaces its row takes its attendees' copies along.

SQLite runs no trigger of an update for REPLACE: attendees kept the times of the row that was taken away.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

ORIGINALS = """(NEW.starts_at, NEW.ends_at, NEW.is_long,
    cancelled_at IS NULL AND archived_at IS NULL AND NEW.archived_at IS NULL)"""


def upgrade() -> None:
    """Put right what is there, and make the trigger."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.get_bind().exec_driver_sql("UPDATE attendees SET is_busy = is_busy")  # whose trigger copies anew
    op.get_bind().exec_driver_sql(
        f"""CREATE TRIGGER copies_begin AFTER INSERT ON group_appointments BEGIN
  UPDATE attendees SET (starts_at, ends_at, is_long, is_busy) = {ORIGINALS}
    WHERE account_id = NEW.account_id AND group_appointment_id = NEW.id
      AND (starts_at, ends_at, is_long, is_busy) IS NOT {ORIGINALS};
END"""
    )
