"""Events from other systems are kept, and steps wait for them by a key"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("source", "delivery", name=op.f("uq_event_source_delivery")),
    )
    op.create_index("ix_event_key", "event", ["source", "key", "received_at"])
    op.create_index("ix_event_received", "event", ["received_at"])
    op.add_column("step", sa.Column("awaits", sa.Text(), nullable=True))
    op.create_index("ix_step_awaits", "step", ["awaits"], postgresql_where=sa.text("awaits is not null"))


def downgrade() -> None:
    op.drop_index("ix_step_awaits", table_name="step")
    op.drop_column("step", "awaits")
    op.drop_table("event")
