"""
Lists by creation, and of what was archived when, walk an index.

Without one each page sorted every attendee of an account.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

BY_CREATION = ("patients", "unavailable_blocks", "attendees")
ARCHIVED = sa.text("archived_at IS NOT NULL")


def upgrade() -> None:
    """Make the indexes."""
    for table in BY_CREATION:
        op.create_index(f"ix_{table}_created", table, ["account_id", "created_at", "id"])
    op.create_index(
        "ix_group_appointments_archived",
        "group_appointments",
        ["account_id", "archived_at"],
        sqlite_where=ARCHIVED,
        postgresql_where=ARCHIVED,
    )
