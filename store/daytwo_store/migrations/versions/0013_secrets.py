"""Secret inputs of runs and credentials of connections, encrypted; a step knows who has collected its secrets"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "secret",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_secret_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret")),
        sa.UniqueConstraint("run_id", "name", name=op.f("uq_secret_run_id_name")),
    )
    op.create_index("one_credential", "secret", ["name"], unique=True, postgresql_where=sa.text("run_id is null"))
    op.create_index("ix_secret_key_id", "secret", ["key_id"], postgresql_where=sa.text("sealed is not null"))
    op.add_column("step", sa.Column("secrets_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("step", sa.Column("secrets_by", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("step", "secrets_by")
    op.drop_column("step", "secrets_at")
    op.drop_table("secret")
