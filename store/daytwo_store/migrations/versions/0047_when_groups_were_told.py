"""When an identity provider said last in which groups somebody is"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("principal", sa.Column("groups_at", sa.DateTime(timezone=True), nullable=True))
    # At most `grace_minutes` too late, and never in the future: what is known of those who were told of before.
    op.execute("UPDATE principal SET groups_at = least(groups_until, now()) WHERE groups IS NOT NULL")


def downgrade() -> None:
    op.drop_column("principal", "groups_at")
