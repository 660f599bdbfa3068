"""The newest deliveries of a connection are found without looking at all of them"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_webhook_newest", "webhook_inbox", ["connection", "received_at", "delivery"])


def downgrade() -> None:
    op.drop_index("ix_webhook_newest", table_name="webhook_inbox")
