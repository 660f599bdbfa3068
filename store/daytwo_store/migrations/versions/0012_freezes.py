"""Freezes, exceptions to them, and the global stop"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.add_column("run", sa.Column("window", _JSON, nullable=True))
    op.create_table(
        "freeze",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("document", _JSON, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("body_sha256", sa.Text(), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("over_at", _TIME, nullable=True),
        sa.Column("removed_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["principal.id"], name=op.f("fk_freeze_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freeze")),
        sa.UniqueConstraint("created_by", "idempotency_key", name=op.f("uq_freeze_created_by_idempotency_key")),
    )
    op.create_index("ix_freeze_current", "freeze", ["id"], postgresql_where=sa.text("removed_at is null"))
    op.create_table(
        "freeze_exception",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("freeze_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", _TIME, nullable=True),
        sa.Column("group", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("until", _TIME, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_freeze_exception_run_id")),
        sa.ForeignKeyConstraint(["freeze_id"], ["freeze.id"], name=op.f("fk_freeze_exception_freeze_id")),
        sa.ForeignKeyConstraint(["asked_by"], ["principal.id"], name=op.f("fk_freeze_exception_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["principal.id"], name=op.f("fk_freeze_exception_decided_by")),
        sa.ForeignKeyConstraint(["ended_by"], ["principal.id"], name=op.f("fk_freeze_exception_ended_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freeze_exception")),
        sa.UniqueConstraint("asked_by", "idempotency_key", name=op.f("uq_freeze_exception_asked_by_idempotency_key")),
    )
    op.create_index("ix_freeze_exception_run", "freeze_exception", ["run_id", "asked_at"])
    op.create_index(
        "ix_freeze_exception_asked", "freeze_exception", ["asked_at"], postgresql_where=sa.text("state = 'asked'")
    )
    op.create_index(
        "one_live_exception",
        "freeze_exception",
        ["run_id", "freeze_id"],
        unique=True,
        postgresql_where=sa.text("state in ('asked', 'granted')"),
    )
    op.create_table(
        "stop",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.Column("lifted_at", _TIME, nullable=True),
        sa.Column("lifted_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["by"], ["principal.id"], name=op.f("fk_stop_by")),
        sa.ForeignKeyConstraint(["lifted_by"], ["principal.id"], name=op.f("fk_stop_lifted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stop")),
    )
    op.create_index(
        "one_stop", "stop", [sa.text("(lifted_at is null)")], unique=True, postgresql_where=sa.text("lifted_at is null")
    )


def downgrade() -> None:
    op.drop_table("stop")
    op.drop_table("freeze_exception")
    op.drop_table("freeze")
    op.drop_column("run", "window")
