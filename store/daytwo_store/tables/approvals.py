"""Approvals and decisions (A3)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.tables.base import Base, Json, Texts


class ApprovalRow(Base):
    """One stage of an approval, from when it opens. All stages are about one digest."""

    __tablename__ = "approval"
    __table_args__ = (
        Index("ix_approval_pending", "expires_at", "id", postgresql_where=text("state = 'pending'")),
        Index("one_pending_approval", "run_id", unique=True, postgresql_where=text("state = 'pending'")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), index=True)
    state: Mapped[str]
    digest: Mapped[str]
    document: Mapped[str]  # canonical JSON, the very text that `digest` is of
    needed_from: Mapped[Texts]
    count: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    supersedes: Mapped[str | None]
    drift: Mapped[list[Json]] = mapped_column(server_default=text("'[]'::jsonb"))
    stage: Mapped[int] = mapped_column(server_default=text("1"))
    first: Mapped[str | None] = mapped_column(index=True)  # the approval of the first stage; none: this is it
    again: Mapped[bool] = mapped_column(server_default=text("false"))  # who approved an earlier stage may do so here
    later: Mapped[list[Json]] = mapped_column(server_default=text("'[]'::jsonb"))  # stages that open after this one


class DecisionRow(Base):
    """One person's verdict on one digest."""

    __tablename__ = "decision"

    approval_id: Mapped[str] = mapped_column(ForeignKey("approval.id"), primary_key=True)
    principal: Mapped[str] = mapped_column(ForeignKey("principal.id"), primary_key=True)
    verdict: Mapped[str]
    digest: Mapped[str]
    comment: Mapped[str]
    group: Mapped[str]  # the group that entitled them then; looked up again before sending
    at: Mapped[datetime]
