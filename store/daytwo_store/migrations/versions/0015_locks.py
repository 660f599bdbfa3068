"""Several keys of a run, holds of people, orders of a queue, locks that are taken away"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TEXTS = postgresql.ARRAY(sa.Text())
_TIME = sa.DateTime(timezone=True)
_ENDS = "'cancelled', 'expired', 'failed', 'refused', 'rejected', 'succeeded', 'superseded', 'withdrawn'"


def upgrade() -> None:
    op.add_column("run", sa.Column("lock_keys", _TEXTS, nullable=True))
    op.add_column("run", sa.Column("lock_queue", sa.Text(), server_default=sa.text("'fifo'"), nullable=False))
    op.add_column("run", sa.Column("lock_priority", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("run", sa.Column("lock_lost_to", sa.Text(), nullable=True))
    op.add_column("run", sa.Column("lock_taken_at", _TIME, nullable=True))
    op.add_column("run", sa.Column("lock_taken_by", sa.Text(), nullable=True))
    op.add_column("run", sa.Column("lock_taken_why", sa.Text(), nullable=True))
    op.create_index(
        "ix_run_lock_keys",
        "run",
        ["lock_keys"],
        postgresql_using="gin",
        postgresql_where=sa.text("lock_keys is not null"),
    )
    op.create_index("ix_run_durations", "run", ["action", "ended_at"], postgresql_where=sa.text("state = 'succeeded'"))
    op.drop_index("ix_run_open", table_name="run")
    op.create_index("ix_run_open", "run", ["progress_at"], postgresql_where=sa.text(f"state not in ({_ENDS})"))

    op.create_table(
        "lock_hold",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=True),
        sa.Column("began_at", _TIME, nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["by"], ["principal.id"], name="fk_lock_hold_by"),
        sa.PrimaryKeyConstraint("id", name="pk_lock_hold"),
        sa.UniqueConstraint("by", "idempotency_key", name="uq_lock_hold_by_idempotency_key"),
    )
    op.create_index("one_open_hold", "lock_hold", ["key"], unique=True, postgresql_where=sa.text("ended_at is null"))
    op.create_index("ix_lock_hold_until", "lock_hold", ["until"], postgresql_where=sa.text("ended_at is null"))

    op.execute("CREATE SEQUENCE lock_place")
    op.execute("SELECT setval('lock_place', nextval(pg_get_serial_sequence('lock_queue', 'n')))")

    op.add_column("lock", sa.Column("hold_id", sa.Text(), nullable=True))
    op.alter_column("lock", "place", type_=sa.BigInteger())
    op.alter_column("lock", "holder_run", nullable=True)
    op.drop_constraint("uq_lock_holder_run", "lock", type_="unique")
    op.create_foreign_key("fk_lock_hold_id", "lock", "lock_hold", ["hold_id"], ["id"])
    op.create_check_constraint("ck_lock_one_holder", "lock", "num_nonnulls(holder_run, hold_id) = 1")
    op.create_index("ix_lock_holder_run", "lock", ["holder_run"])

    op.execute("ALTER TABLE lock_queue ALTER COLUMN n DROP IDENTITY")
    op.drop_constraint("pk_lock_queue", "lock_queue", type_="primary")
    op.drop_constraint("uq_lock_queue_key_run_id", "lock_queue", type_="unique")
    op.drop_constraint("uq_lock_queue_run_id", "lock_queue", type_="unique")
    op.alter_column("lock_queue", "n", new_column_name="place")
    op.add_column("lock_queue", sa.Column("keys", _TEXTS, nullable=True))
    op.execute("UPDATE lock_queue SET keys = ARRAY[key]")
    op.alter_column("lock_queue", "keys", nullable=False)
    op.add_column("lock_queue", sa.Column("first", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("lock_queue", sa.Column("priority", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("lock_queue", sa.Column("series", sa.Text(), nullable=True))
    op.add_column("lock_queue", sa.Column("asked_at", _TIME, nullable=True))
    op.execute("UPDATE lock_queue SET asked_at = run.created_at FROM run WHERE run.id = lock_queue.run_id")
    op.alter_column("lock_queue", "asked_at", nullable=False)
    op.add_column("lock_queue", sa.Column("superseded_by", sa.Text(), nullable=True))
    op.execute("UPDATE lock_queue SET first = true FROM run WHERE run.id = lock_queue.run_id AND undo_of IS NOT NULL")
    op.create_primary_key("pk_lock_queue", "lock_queue", ["key", "run_id"])
    op.create_index("ix_lock_queue_run_id", "lock_queue", ["run_id"])


def downgrade() -> None:
    raise NotImplementedError("Runs may hold several keys by now: restore a backup instead.")
