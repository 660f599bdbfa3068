"""Four eyes of tasks keep off who last changed the action's file, as those of approvals do"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("task", sa.Column("editors", ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")))


def downgrade() -> None:
    op.drop_column("task", "editors")
