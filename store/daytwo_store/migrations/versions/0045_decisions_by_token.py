"""A decision says by which token it was taken, where it was"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decision", sa.Column("via_token", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("decision", "via_token")
