"""Deliveries that were refused are counted, so that a wrong secret can be seen on the page; decided approvals by age"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refused_webhook",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("connection", "why", "source", name=op.f("pk_refused_webhook")),
    )
    op.create_index("ix_refused_webhook_newest", "refused_webhook", ["connection", "last_at"])
    op.create_index(
        "ix_approval_decided", "approval", ["created_at", "id"], postgresql_where=sa.text("state <> 'pending'")
    )


def downgrade() -> None:
    op.drop_index("ix_approval_decided", "approval")
    op.drop_table("refused_webhook")
