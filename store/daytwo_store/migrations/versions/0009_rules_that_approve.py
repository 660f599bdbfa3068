"""A rule of an action approves a stage in place of people"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("approval", sa.Column("rule", sa.Text(), nullable=True))
    op.add_column("decision", sa.Column("rule", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("decision", "rule")
    op.drop_column("approval", "rule")
