"""Of a long log the first and the last lines are kept, and a row stands for those in between"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("log_chunk", sa.Column("tail", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("log_chunk", sa.Column("left_out", sa.BigInteger(), nullable=True))
    op.add_column("log_source", sa.Column("whole", sa.Text(), nullable=True))
    # Workers of before write it while others are upgraded: it stays for them until a later version.
    op.alter_column("log_source", "chars", server_default=sa.text("0"))


def downgrade() -> None:
    op.execute("ALTER TABLE log_source ADD COLUMN IF NOT EXISTS chars bigint DEFAULT 0 NOT NULL")
    op.drop_column("log_source", "whole")
    op.execute("DELETE FROM log_chunk WHERE left_out IS NOT NULL")
    op.drop_column("log_chunk", "left_out")
    op.drop_column("log_chunk", "tail")
