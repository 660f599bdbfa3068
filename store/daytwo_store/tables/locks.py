"""Locks (A9): one holder per key, a queue, holds of people, fencing numbers that only rise."""

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.tables.base import Base, Texts

FENCE: Final = Sequence("lock_fence", metadata=Base.metadata)
PLACE: Final = Sequence("lock_place", metadata=Base.metadata)


class LockHoldRow(Base):
    """A person keeps a key to themselves for a reason. Without `began_at` it waits for the run that has the key."""

    __tablename__ = "lock_hold"
    __table_args__ = (
        UniqueConstraint("by", "idempotency_key"),
        Index("one_open_hold", "key", unique=True, postgresql_where=text("ended_at is null")),
        Index("ix_lock_hold_until", "until", postgresql_where=text("ended_at is null")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]
    by: Mapped[str] = mapped_column(ForeignKey("principal.id"))
    reason: Mapped[str]
    idempotency_key: Mapped[str | None]
    asked_at: Mapped[datetime]
    until: Mapped[datetime | None]  # None: until somebody ends it
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]  # a principal, or daytwo when its time was over


class LockRow(Base):
    """A run that has several keys has a row for each, with one fencing number."""

    __tablename__ = "lock"
    __table_args__ = (
        CheckConstraint("num_nonnulls(holder_run, hold_id) = 1", name="ck_lock_one_holder"),
        Index("ix_lock_holder_run", "holder_run"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    holder_run: Mapped[str | None] = mapped_column(ForeignKey("run.id"))
    hold_id: Mapped[str | None] = mapped_column(ForeignKey("lock_hold.id"))
    fence: Mapped[int]
    place: Mapped[int]  # in the queue; kept for when the run has to step aside
    since: Mapped[datetime]


class LockQueueRow(Base):
    """A run that waits has a row for each of its keys, all with the same place."""

    __tablename__ = "lock_queue"
    __table_args__ = (Index("ix_lock_queue_run_id", "run_id"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), primary_key=True)
    keys: Mapped[Texts]  # all keys that it needs, sorted
    place: Mapped[int]
    first: Mapped[bool] = mapped_column(server_default=text("false"))  # an undo: nobody overtakes it
    priority: Mapped[int] = mapped_column(server_default=text("0"))
    series: Mapped[str | None]  # of these the latest is wanted, and the older ones are not
    asked_at: Mapped[datetime]  # when the run was asked for: which of a series is the newer one
    since: Mapped[datetime]
    aside: Mapped[bool] = mapped_column(server_default=text("false"))  # keeps its place, is handed nothing
    superseded_by: Mapped[str | None]  # the newer run of its series; the run ends itself
