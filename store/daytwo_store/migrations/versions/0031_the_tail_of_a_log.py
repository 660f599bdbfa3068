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
    op.drop_column("log_source", "chars")


def downgrade() -> None:
    op.add_column("log_source", sa.Column("chars", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.drop_column("log_source", "whole")
    op.execute("DELETE FROM log_chunk WHERE left_out IS NOT NULL")
    op.drop_column("log_chunk", "left_out")
    op.drop_column("log_chunk", "tail")
