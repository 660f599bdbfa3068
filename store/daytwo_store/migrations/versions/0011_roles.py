"""Roles are given to groups and people

Until the company's files are loaded for the first time everybody views and requests, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = op.create_table(
        "role_grant",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("role", "member", name=op.f("pk_role_grant")),
    )
    op.create_index(op.f("ix_role_grant_member"), "role_grant", ["member"])
    op.bulk_insert(
        table, [{"role": role, "member": "everyone", "source": "built in"} for role in ("viewer", "requester")]
    )


def downgrade() -> None:
    op.drop_table("role_grant")
