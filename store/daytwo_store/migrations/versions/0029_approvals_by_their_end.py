"""A page of approvals in whatever state is read without sorting all of them"""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_approval_expires", "approval", ["expires_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_approval_expires", table_name="approval")
