"""A freeze that somebody ends early holds their own runs on for a while"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "freeze_end",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("freeze_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["freeze_id"], ["freeze.id"], name=op.f("fk_freeze_end_freeze_id")),
        sa.ForeignKeyConstraint(["by"], ["principal.id"], name=op.f("fk_freeze_end_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freeze_end")),
    )
    op.create_index("ix_freeze_end_over", "freeze_end", ["over_at"])


def downgrade() -> None:
    op.drop_table("freeze_end")
