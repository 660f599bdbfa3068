"""What could not be asked for because something did not answer is asked for again after a while, and not at once"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reaction", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("firing", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("firing", "retry_at")
    op.drop_column("reaction", "retry_at")
