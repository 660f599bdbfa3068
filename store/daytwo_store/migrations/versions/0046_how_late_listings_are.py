"""A connection keeps how late a run was first listed there"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connection", sa.Column("listing_lag", sa.Float(), nullable=True))
    op.add_column("connection", sa.Column("listing_lag_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("connection", "listing_lag_at")
    op.drop_column("connection", "listing_lag")
