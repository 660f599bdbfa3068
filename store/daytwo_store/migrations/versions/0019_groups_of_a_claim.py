"""Groups may come from an identity provider, which is asked again while a session is open"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("principal", sa.Column("groups", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("principal", sa.Column("groups_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_principal_ref"), "principal", ["ref"])
    op.add_column("session", sa.Column("refresh", sa.LargeBinary(), nullable=True))
    op.add_column("session", sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_session_checked_at"), "session", ["checked_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_session_checked_at"), table_name="session")
    op.drop_column("session", "checked_at")
    op.drop_column("session", "refresh")
    op.drop_index(op.f("ix_principal_ref"), table_name="principal")
    op.drop_column("principal", "groups_until")
    op.drop_column("principal", "groups")
