"""Who sees an action stands beside its document: whoever does not sees none of its runs, and lists are filtered by it"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    see = sa.Computed("(document #> '{spec,allow,see}')::jsonb", persisted=True)
    op.add_column("action_version", sa.Column("see", JSONB(), see, nullable=True))
    op.create_index("ix_action_version_see", "action_version", ["name"], postgresql_where=sa.text("see is not null"))


def downgrade() -> None:
    op.drop_index("ix_action_version_see", table_name="action_version")
    op.drop_column("action_version", "see")
