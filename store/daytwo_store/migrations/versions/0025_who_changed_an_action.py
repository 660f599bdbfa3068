"""Who last changed the file of an action, who does not approve its runs"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("action_version", sa.Column("editor", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("approval", sa.Column("editor", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("approval", "editor")
    op.drop_column("action_version", "editor")
