"""The text that a definition was loaded from: what is wrong in it is told with its line"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("action_version", sa.Column("text", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("action_version", "text")
