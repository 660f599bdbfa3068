"""The audit cannot be changed by mistake, is found by who, what and run, and knows its signed checkpoints

The hashes are computed anew, since a hash is now over the digest of its entry (docs/decisions/0020). Nothing was signed
before this revision, so no signature is contradicted.
"""

import hashlib
import json
from datetime import UTC

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_PAGE = 5000


def upgrade() -> None:
    _chain_anew()
    op.create_table(
        "audit_checkpoint",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("n", "key", name=op.f("pk_audit_checkpoint")),
    )
    op.create_table(
        "audit_seal",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seal")),
    )
    op.create_index("ix_audit_actor", "audit", ["actor", "n"])
    op.create_index("ix_audit_action", "audit", ["action", "n"])
    op.create_index("ix_audit_at", "audit", ["at"])
    for name in ("run", "by"):
        op.create_index(
            f"ix_audit_{name}",
            "audit",
            [sa.text(f"(facts ->> '{name}')"), "n"],
            postgresql_where=sa.text(f"facts ? '{name}'"),
        )
    op.execute(
        """
        CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND current_setting('daytwo.audit_cut', true) = 'on' THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'an entry of the audit is never changed or deleted' USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()"
    )
    op.execute(
        "CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
    )


def _chain_anew() -> None:
    connection = op.get_bind()
    before, last = "0" * 64, 0
    read = sa.text("SELECT n, at, actor, action, subject, facts FROM audit WHERE n > :last ORDER BY n LIMIT :page")
    while rows := connection.execute(read, {"last": last, "page": _PAGE}).all():
        hashes = []
        for row in rows:
            entry = {name: getattr(row, name) for name in ("action", "actor", "facts", "n", "subject")}
            entry["at"] = row.at.astimezone(UTC).isoformat()
            canonical = json.dumps(entry, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
            digest = hashlib.sha256(canonical.encode()).digest()
            before, last = hashlib.sha256(bytes.fromhex(before) + digest).hexdigest(), row.n
            hashes.append({"number": row.n, "hash": before})
        connection.execute(sa.text("UPDATE audit SET hash = :hash WHERE n = :number"), hashes)
    connection.execute(sa.text("UPDATE audit_head SET hash = :hash WHERE id = 1 AND n > 0"), {"hash": before})


def downgrade() -> None:
    op.execute("DROP TRIGGER audit_is_not_emptied ON audit")
    op.execute("DROP TRIGGER audit_is_append_only ON audit")
    op.execute("DROP FUNCTION audit_is_append_only")
    for name in ("run", "by", "at", "action", "actor"):
        op.drop_index(f"ix_audit_{name}", table_name="audit")
    op.drop_table("audit_seal")
    op.drop_table("audit_checkpoint")
