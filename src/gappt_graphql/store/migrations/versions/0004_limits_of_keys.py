"""Keys may have limits of their own; those that exist have none."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the limits."""
    op.add_column("api_keys", sa.Column("rate_limit", sa.Integer))
    op.add_column("api_keys", sa.Column("cost_budget", sa.Integer))
