"""Locks (A9): one holder per key, a queue, fencing numbers that only rise."""

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, Identity, Sequence, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.tables.base import Base

FENCE: Final = Sequence("lock_fence", metadata=Base.metadata)


class LockRow(Base):
    __tablename__ = "lock"

    key: Mapped[str] = mapped_column(primary_key=True)
    holder_run: Mapped[str] = mapped_column(ForeignKey("run.id"), unique=True)
    fence: Mapped[int]
    place: Mapped[int]  # its number in the queue, that it keeps if it has to step aside
    since: Mapped[datetime]


class LockQueueRow(Base):
    __tablename__ = "lock_queue"
    __table_args__ = (UniqueConstraint("key", "run_id"),)

    n: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str]
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), unique=True)
    since: Mapped[datetime]
    aside: Mapped[bool] = mapped_column(server_default=text("false"))  # keeps its place, and is not handed the lock
