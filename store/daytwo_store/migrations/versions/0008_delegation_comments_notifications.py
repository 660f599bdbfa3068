"""Terms of a stage, delegation, decisions taken back, comments, and what people are to be told"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column(
        "approval", sa.Column("terms", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False)
    )
    op.add_column("approval", sa.Column("reminded", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("approval", _time("escalated_at", nullable=True))
    op.create_table(
        "delegation",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("delegate", sa.Text(), nullable=False),
        sa.Column("approval_id", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _time("created_at"),
        _time("begins_at"),
        _time("ends_at"),
        _time("revoked_at", nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["principal"], ["principal.id"], name=op.f("fk_delegation_principal")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_delegation_approval_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
        sa.UniqueConstraint("principal", "idempotency_key", name=op.f("uq_delegation_principal_idempotency_key")),
    )
    op.create_index("ix_delegation_delegate", "delegation", ["delegate", "ends_at"])
    op.create_index(op.f("ix_delegation_approval_id"), "delegation", ["approval_id"])
    op.add_column("decision", sa.Column("no", sa.BigInteger(), server_default=sa.text("1"), nullable=False))
    op.add_column("decision", sa.Column("on_behalf_of", sa.Text(), nullable=True))
    op.add_column("decision", sa.Column("delegation", sa.Text(), nullable=True))
    op.add_column("decision", _time("withdrawn_at", nullable=True))
    op.create_foreign_key(op.f("fk_decision_on_behalf_of"), "decision", "principal", ["on_behalf_of"], ["id"])
    op.create_foreign_key(op.f("fk_decision_delegation"), "decision", "delegation", ["delegation"], ["id"])
    op.drop_constraint("pk_decision", "decision", type_="primary")
    op.create_primary_key("pk_decision", "decision", ["approval_id", "principal", "no"])
    standing = sa.text("withdrawn_at is null")
    op.create_index("one_decision", "decision", ["approval_id", "principal"], unique=True, postgresql_where=standing)
    op.create_index(
        "one_decision_for", "decision", ["approval_id", "on_behalf_of"], unique=True, postgresql_where=standing
    )
    op.create_table(
        "approval_comment",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("approval_id", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _time("at"),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_approval_comment_approval_id")),
        sa.ForeignKeyConstraint(["principal"], ["principal.id"], name=op.f("fk_approval_comment_principal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_comment")),
        sa.UniqueConstraint("principal", "idempotency_key", name=op.f("uq_approval_comment_principal_idempotency_key")),
    )
    op.create_index(op.f("ix_approval_comment_approval_id"), "approval_comment", ["approval_id"])
    op.create_table(
        "notification",
        sa.Column("n", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("approval_id", sa.Text(), nullable=True),
        sa.Column("audience", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("facts", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        _time("at"),
        _time("handled_at", nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_notification_run_id")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_notification_approval_id")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_notification")),
    )
    op.create_index(op.f("ix_notification_run_id"), "notification", ["run_id"])
    op.create_index("ix_notification_open", "notification", ["n"], postgresql_where=sa.text("handled_at is null"))


def downgrade() -> None:
    op.drop_table("notification")
    op.drop_table("approval_comment")
    op.execute("DELETE FROM decision WHERE withdrawn_at IS NOT NULL")
    op.drop_index("one_decision_for", table_name="decision")
    op.drop_index("one_decision", table_name="decision")
    op.drop_constraint("pk_decision", "decision", type_="primary")
    op.create_primary_key("pk_decision", "decision", ["approval_id", "principal"])
    for name in ("withdrawn_at", "delegation", "on_behalf_of", "no"):
        op.drop_column("decision", name)
    op.drop_table("delegation")
    for name in ("escalated_at", "reminded", "terms"):
        op.drop_column("approval", name)
