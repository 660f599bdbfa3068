"""Sessions know when they were last used, and are found by whose they are"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE session SET last_used_at = created_at")
    op.alter_column("session", "last_used_at", nullable=False)
    op.create_index(op.f("ix_session_principal"), "session", ["principal"])


def downgrade() -> None:
    op.drop_index(op.f("ix_session_principal"), table_name="session")
    op.drop_column("session", "last_used_at")
