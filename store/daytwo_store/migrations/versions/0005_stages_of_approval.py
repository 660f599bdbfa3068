"""Stages of approval: one row for each that has opened, those to come beside it"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("approval", sa.Column("stage", sa.BigInteger(), server_default=sa.text("1"), nullable=False))
    op.add_column("approval", sa.Column("first", sa.Text(), nullable=True))
    op.add_column("approval", sa.Column("again", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column(
        "approval", sa.Column("later", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False)
    )
    op.create_index("ix_approval_first", "approval", ["first"])


def downgrade() -> None:
    op.drop_index("ix_approval_first", table_name="approval")
    for name in ("later", "again", "first", "stage"):
        op.drop_column("approval", name)
