"""An exception is for the freeze as it was when somebody asked for it

Those of before: for the freeze as it is, where that has not changed since; else they are void.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("freeze_exception", sa.Column("freeze_digest", sa.Text(), server_default="", nullable=False))
    op.execute(
        'UPDATE freeze_exception SET freeze_digest = f.digest FROM "freeze" f '
        "WHERE f.id = freeze_id AND f.changed_at <= asked_at"
    )
    op.alter_column("freeze_exception", "freeze_digest", server_default=None)


def downgrade() -> None:
    op.drop_column("freeze_exception", "freeze_digest")
