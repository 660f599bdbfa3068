"""Who claimed an attempt, what a step reported, what people found out about a held attempt"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempt", sa.Column("claimed_by", sa.Text(), nullable=True))
    op.add_column("attempt", sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("step", sa.Column("outputs", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("step", sa.Column("outputs_source", sa.Text(), nullable=True))
    op.add_column("step", sa.Column("outputs_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "finding",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["principal"], ["principal.id"], name=op.f("fk_finding_principal")),
        sa.ForeignKeyConstraint(
            ["run_id", "path", "no"], ["attempt.run_id", "attempt.path", "attempt.no"], name=op.f("fk_finding_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "path", "no", "principal", name=op.f("pk_finding")),
    )
