"""Whoever approves a stage fills in a form with the decision"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("approval", sa.Column("name", sa.Text(), nullable=True))
    op.add_column(
        "approval", sa.Column("asks", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("decision", sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    op.drop_column("decision", "answers")
    op.drop_column("approval", "asks")
    op.drop_column("approval", "name")
