"""Triggers, and what events caused by them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.add_column("event", sa.Column("reacted_at", _TIME, nullable=True))
    op.execute("update event set reacted_at = received_at")
    op.create_index("ix_event_fresh", "event", ["received_at"], postgresql_where=sa.text("reacted_at is null"))
    op.create_table(
        "trigger",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("writers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("listens", sa.Text(), nullable=False),
        sa.Column("document", _JSON, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("paused_at", _TIME, nullable=True),
        sa.Column("paused_by", sa.Text(), nullable=True),
        sa.Column("paused_why", sa.Text(), nullable=True),
        sa.Column("failures", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("removed_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trigger")),
    )
    op.create_index("ix_trigger_source", "trigger", ["listens"], postgresql_where=sa.text("removed_at is null"))
    op.create_table(
        "reaction",
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("depth", sa.BigInteger(), nullable=False),
        sa.Column("asked", _JSON, nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("settled_at", _TIME, nullable=True),
        sa.Column("counted_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["trigger"], ["trigger.id"], name=op.f("fk_reaction_trigger")),
        sa.ForeignKeyConstraint(["by"], ["principal.id"], name=op.f("fk_reaction_by")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_reaction_run_id")),
        sa.PrimaryKeyConstraint("trigger", "event", "item", "turn", name=op.f("pk_reaction")),
        sa.UniqueConstraint("key", name=op.f("uq_reaction_key")),
    )
    op.create_index("ix_reaction_due", "reaction", ["at"], postgresql_where=sa.text("state = 'due'"))
    op.create_index(
        "ix_reaction_uncounted",
        "reaction",
        ["at"],
        postgresql_where=sa.text("state = 'started' and counted_at is null"),
    )
    op.create_index("ix_reaction_newest", "reaction", ["trigger", "at"])
    op.create_index("ix_reaction_event", "reaction", ["event"])
    op.create_index("ix_reaction_run", "reaction", ["run_id"])


def downgrade() -> None:
    op.drop_table("reaction")
    op.drop_table("trigger")
    op.drop_column("event", "reacted_at")
