"""Following external runs: gates and their answers, artifacts, who watches, what a connection allows"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    for name in ("gone_at", "watched_until", "looked_at"):
        op.add_column("external_run", sa.Column(name, moment, nullable=True))
    op.add_column(
        "external_run",
        sa.Column("artifacts", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
    )
    op.create_table(
        "gate_answer",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("settled_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id", "path"], ["step.run_id", "step.path"], name=op.f("fk_gate_answer_run_id_path")
        ),
        sa.ForeignKeyConstraint(["by"], ["principal.id"], name=op.f("fk_gate_answer_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_answer")),
        sa.UniqueConstraint("by", "idempotency_key", name=op.f("uq_gate_answer_by_idempotency_key")),
    )
    op.create_index(
        "one_answer_on_its_way",
        "gate_answer",
        ["run_id", "path", "gate"],
        unique=True,
        postgresql_where=sa.text("state = 'sent'"),
    )
    op.create_index("ix_gate_answer_run", "gate_answer", ["run_id", "asked_at"])
    op.create_table(
        "connection",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("held_until", moment, nullable=True),
        sa.Column("limit", sa.BigInteger(), nullable=True),
        sa.Column("remaining", sa.BigInteger(), nullable=True),
        sa.Column("resets_at", moment, nullable=True),
        sa.Column("told_at", moment, nullable=True),
        sa.Column("polled_at", moment, nullable=True),
        sa.Column("pace", sa.Double(), nullable=True),
        sa.Column("projects", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("open_runs", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("requests", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("streams", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_connection")),
    )


def downgrade() -> None:
    op.drop_table("connection")
    op.drop_index("ix_gate_answer_run", table_name="gate_answer")
    op.drop_index("one_answer_on_its_way", table_name="gate_answer", postgresql_where=sa.text("state = 'sent'"))
    op.drop_table("gate_answer")
    for name in ("artifacts", "looked_at", "watched_until", "gone_at"):
        op.drop_column("external_run", name)
