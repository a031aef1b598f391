"""Keys have a mark that says whether they are for the pages of a site; those that exist are not."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the mark."""
    op.add_column("api_keys", sa.Column("browser", sa.Integer, nullable=False, server_default=sa.text("0")))
