"""A run keeps the `allow.see` that showed it to everybody by an expression: the database works none out"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("see_held", JSONB(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("run", "see_held")
