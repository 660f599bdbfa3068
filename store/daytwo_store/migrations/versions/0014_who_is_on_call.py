"""Approvals that ask whoever is on call"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("approval", sa.Column("looks_up", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index(
        "ix_approval_looks_up", "approval", ["id"], postgresql_where=sa.text("state = 'pending' and looks_up")
    )


def downgrade() -> None:
    op.drop_index("ix_approval_looks_up", table_name="approval")
    op.drop_column("approval", "looks_up")
