"""Each job of an execution asks: which start of it was let through, so that a job that is run again is known as one"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("claimed_jobs", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False)
    op.add_column("attempt", column)


def downgrade() -> None:
    op.drop_column("attempt", "claimed_jobs")
