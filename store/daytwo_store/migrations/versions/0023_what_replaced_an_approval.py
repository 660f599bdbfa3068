"""What replaced an approval is found without reading all of them"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_approval_supersedes", "approval", ["supersedes"], postgresql_where=sa.text("supersedes is not null")
    )


def downgrade() -> None:
    op.drop_index("ix_approval_supersedes", table_name="approval")
