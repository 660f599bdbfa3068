"""A run that a step of another one called knows which"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("parent_run", sa.Text(), nullable=True))
    op.add_column("run", sa.Column("parent_path", sa.Text(), nullable=True))
    op.create_index(
        "ix_run_parent", "run", ["parent_run", "parent_path"], postgresql_where=sa.text("parent_run is not null")
    )


def downgrade() -> None:
    op.drop_index("ix_run_parent", table_name="run")
    op.drop_column("run", "parent_path")
    op.drop_column("run", "parent_run")
