"""The audit: append-only, hash-chained (A5); its signed checkpoints."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.tables.base import Base, Json


class AuditRow(Base):
    """An entry. A trigger refuses to change one, and to delete one unless the audit is being cut."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_subject", "subject", "n"),
        Index("ix_audit_actor", "actor", "n"),
        Index("ix_audit_action", "action", "n"),
        Index("ix_audit_at", "at"),
        Index("ix_audit_run", text("(facts ->> 'run')"), "n", postgresql_where=text("facts ? 'run'")),
        Index("ix_audit_by", text("(facts ->> 'by')"), "n", postgresql_where=text("facts ? 'by'")),
    )

    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    facts: Mapped[Json]
    hash: Mapped[str]


class AuditHeadRow(Base):
    """One row: the last entry's number and hash; locked by whoever appends."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int]
    hash: Mapped[str]


class AuditCheckpointRow(Base):
    """What was signed and written outside the database: the chain had this hash at entry `n`."""

    __tablename__ = "audit_checkpoint"

    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[str]
    at: Mapped[datetime]
    signature: Mapped[str]


class AuditSealRow(Base):
    """One row: whether checkpoints can be written outside the database."""

    __tablename__ = "audit_seal"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    failing_since: Mapped[datetime | None]
    why: Mapped[str | None]
