"""Steps of many kinds, that need each other; an approval may belong to a step"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(none_as_null=True)
_COLUMNS: tuple[sa.Column[Any], ...] = (
    sa.Column("kind", sa.Text(), server_default=sa.text("'dispatch'"), nullable=False),
    sa.Column("needs", postgresql.ARRAY(sa.Text()), nullable=True),
    sa.Column("asks", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    sa.Column("on_error", sa.Text(), server_default=sa.text("'fail'"), nullable=False),
    sa.Column("tries", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
    sa.Column("retry_wait", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    sa.Column("results", _JSON, nullable=True),
    sa.Column("given", _JSON, nullable=True),
    sa.Column("data", _JSON, nullable=True),
    sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
)
_PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("step", column)
    op.add_column("approval", sa.Column("path", sa.Text(), nullable=True))
    op.drop_index("one_pending_approval", table_name="approval")
    op.create_index(
        "one_pending_approval",
        "approval",
        ["run_id", sa.text("coalesce(path, '')")],
        unique=True,
        postgresql_where=_PENDING,
    )


def downgrade() -> None:
    op.drop_index("one_pending_approval", table_name="approval")
    op.create_index("one_pending_approval", "approval", ["run_id"], unique=True, postgresql_where=_PENDING)
    op.drop_column("approval", "path")
    for column in reversed(_COLUMNS):
        op.drop_column("step", column.name)
