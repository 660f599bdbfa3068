"""Freezes, exceptions to them, and the global stop."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.tables.base import Base, Json


class FreezeRow(Base):
    """A freeze as it is now. Those of files are called as there, those that somebody made have an id of ours."""

    __tablename__ = "freeze"
    __table_args__ = (
        UniqueConstraint("created_by", "idempotency_key"),
        Index("ix_freeze_current", "id", postgresql_where=text("removed_at is null")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    owner: Mapped[str]  # the group that grants exceptions
    document: Mapped[Json]
    digest: Mapped[str]
    source: Mapped[str | None]  # the file; none: made by the API
    created_by: Mapped[str | None] = mapped_column(ForeignKey("principal.id"))
    idempotency_key: Mapped[str | None]
    body_sha256: Mapped[str | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    over_at: Mapped[datetime | None]  # it comes once, and is over for good from then on
    removed_at: Mapped[datetime | None]


class FreezeEndRow(Base):
    """A freeze as it was until one person changed or ended it: their own runs it holds on for a while (four eyes)."""

    __tablename__ = "freeze_end"
    __table_args__ = (Index("ix_freeze_end_over", "over_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    freeze_id: Mapped[str] = mapped_column(ForeignKey("freeze.id"))
    title: Mapped[str]  # as those read it whom it holds
    owner: Mapped[str]
    document: Mapped[Json]
    digest: Mapped[str]
    by: Mapped[str] = mapped_column(ForeignKey("principal.id"))
    at: Mapped[datetime]
    over_at: Mapped[datetime]


class FreezeExceptionRow(Base):
    """One run may go on in spite of one freeze, if somebody of the freeze's owners says so."""

    __tablename__ = "freeze_exception"
    __table_args__ = (
        UniqueConstraint("asked_by", "idempotency_key"),
        Index("ix_freeze_exception_run", "run_id", "asked_at"),
        Index("ix_freeze_exception_asked", "asked_at", postgresql_where=text("state = 'asked'")),
        Index(
            "one_live_exception",
            "run_id",
            "freeze_id",
            unique=True,
            postgresql_where=text("state in ('asked', 'granted')"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"))
    freeze_id: Mapped[str] = mapped_column(ForeignKey("freeze.id"))
    digest: Mapped[str]  # of the run's plan: it is for this plan and no other
    freeze_digest: Mapped[str]  # of the freeze as it was asked for: likewise
    state: Mapped[str]
    reason: Mapped[str]
    asked_by: Mapped[str] = mapped_column(ForeignKey("principal.id"))
    idempotency_key: Mapped[str]
    asked_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("principal.id"))
    decided_at: Mapped[datetime | None]
    group: Mapped[str | None]  # by which that one was entitled
    comment: Mapped[str | None]
    until: Mapped[datetime | None]  # a granted one holds until then
    ended_by: Mapped[str | None] = mapped_column(ForeignKey("principal.id"))
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None]


class StopRow(Base):
    """One global stop, from when somebody stopped everything to when somebody lifted it."""

    __tablename__ = "stop"
    __table_args__ = (
        Index("one_stop", text("(lifted_at is null)"), unique=True, postgresql_where=text("lifted_at is null")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    by: Mapped[str] = mapped_column(ForeignKey("principal.id"))
    at: Mapped[datetime]
    lifted_by: Mapped[str | None] = mapped_column(ForeignKey("principal.id"))
    lifted_at: Mapped[datetime | None]
    lifted_why: Mapped[str | None]
