"""Schedules and their firings, and what asked for a run in somebody's name"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.add_column("run", sa.Column("cause", _JSON, nullable=True))
    op.create_table(
        "schedule",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=True),
        sa.Column("writers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=True),
        sa.Column("document", _JSON, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("body_sha256", sa.Text(), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("next_at", _TIME, nullable=True),
        sa.Column("paused_at", _TIME, nullable=True),
        sa.Column("paused_by", sa.Text(), nullable=True),
        sa.Column("paused_why", sa.Text(), nullable=True),
        sa.Column("failures", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("removed_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["principal"], ["principal.id"], name=op.f("fk_schedule_principal")),
        sa.ForeignKeyConstraint(["created_by"], ["principal.id"], name=op.f("fk_schedule_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint("created_by", "idempotency_key", name=op.f("uq_schedule_created_by_idempotency_key")),
    )
    op.create_index(
        "ix_schedule_next",
        "schedule",
        ["next_at"],
        postgresql_where=sa.text("removed_at is null and paused_at is null and next_at is not null"),
    )
    op.create_table(
        "firing",
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("count", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("last_at", _TIME, nullable=True),
        sa.Column("asked", _JSON, nullable=True),
        sa.Column("until", _TIME, nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("settled_at", _TIME, nullable=True),
        sa.Column("counted_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["schedule"], ["schedule.id"], name=op.f("fk_firing_schedule")),
        sa.ForeignKeyConstraint(["by"], ["principal.id"], name=op.f("fk_firing_by")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_firing_run_id")),
        sa.PrimaryKeyConstraint("schedule", "at", name=op.f("pk_firing")),
    )
    op.create_index(
        "ix_firing_open", "firing", ["schedule", "at"], postgresql_where=sa.text("state in ('due', 'waiting')")
    )
    op.create_index(
        "ix_firing_uncounted",
        "firing",
        ["at"],
        postgresql_where=sa.text("state = 'started' and counted_at is null"),
    )
    op.create_index("ix_firing_run", "firing", ["run_id"])


def downgrade() -> None:
    op.drop_table("firing")
    op.drop_table("schedule")
    op.drop_column("run", "cause")
