"""Runs that break the glass, and the reviews of them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("run", sa.Column("break_glass", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_table(
        "review",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("needed_from", postgresql.ARRAY(sa.Text()), nullable=False),
        _time("opened_at"),
        _time("remind_at"),
        sa.Column("reminded", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        _time("closed_at", nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_review_run_id")),
        sa.ForeignKeyConstraint(["closed_by"], ["principal.id"], name=op.f("fk_review_closed_by")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_review")),
    )
    op.create_index("ix_review_open", "review", ["opened_at", "run_id"], postgresql_where=sa.text("closed_at is null"))


def downgrade() -> None:
    op.drop_table("review")
    op.drop_column("run", "break_glass")
