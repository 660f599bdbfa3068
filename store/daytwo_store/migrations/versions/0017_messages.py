"""Messages: what is sent of a notification, by which channel, and whether anybody could be told"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notification", sa.Column("outcome", sa.Text(), nullable=True))
    op.add_column("notification", sa.Column("why", sa.Text(), nullable=True))
    op.create_index(
        "ix_notification_unheard",
        "notification",
        ["at"],
        postgresql_where=sa.text("outcome in ('nobody', 'failed')"),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("notification", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["notification"], ["notification.n"], name=op.f("fk_message_notification_notification")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint(
            "notification", "channel", "recipient", name=op.f("uq_message_notification_channel_recipient")
        ),
    )
    op.create_index("ix_message_waiting", "message", ["next_at"], postgresql_where=sa.text("state = 'waiting'"))


def downgrade() -> None:
    op.drop_table("message")
    op.drop_index("ix_notification_unheard", table_name="notification")
    op.drop_column("notification", "why")
    op.drop_column("notification", "outcome")
