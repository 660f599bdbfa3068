"""What people do in the middle of a run"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(astext_type=sa.Text())
_TIME = sa.DateTime(timezone=True)
_TEXTS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    op.create_table(
        "task",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("needed_from", _TEXTS, nullable=False),
        sa.Column("looks_up", sa.Boolean(), nullable=False),
        sa.Column("four_eyes", sa.Boolean(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("ends_at", _TIME, nullable=False),
        sa.Column("remind", _JSON, nullable=False),
        sa.Column("reminded", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("escalate", _TEXTS, nullable=False),
        sa.Column("escalated_at", _TIME, nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_at", _TIME, nullable=True),
        sa.Column("settled_at", _TIME, nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("answers", _JSON, nullable=True),
        sa.ForeignKeyConstraint(["run_id", "path"], ["step.run_id", "step.path"], name=op.f("fk_task_run_id_path")),
        sa.ForeignKeyConstraint(["settled_by"], ["principal.id"], name=op.f("fk_task_settled_by")),
        sa.ForeignKeyConstraint(["on_behalf_of"], ["principal.id"], name=op.f("fk_task_on_behalf_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    op.create_index(
        "one_open_task", "task", ["run_id", "path"], unique=True, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index("ix_task_state", "task", ["state", "due_at", "id"])
    op.create_index(
        "ix_task_asked", "task", ["needed_from"], postgresql_using="gin", postgresql_where=sa.text("state = 'open'")
    )


def downgrade() -> None:
    op.drop_table("task")
