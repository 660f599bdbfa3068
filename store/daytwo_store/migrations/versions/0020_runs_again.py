"""A run may be another one's inputs again"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("rerun_of", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("run", "rerun_of")
