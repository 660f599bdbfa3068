"""Triggers, and what each event caused by each of them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.tables.base import Base, Json, Texts


class TriggerRow(Base):
    """A trigger as it is now, called as in its file."""

    __tablename__ = "trigger"
    __table_args__ = (Index("ix_trigger_source", "listens", postgresql_where=text("removed_at is null")),)

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    owner: Mapped[str]  # ref of the person in whose name its runs are asked for
    writers: Mapped[Texts]  # people who wrote what it asks for: they do not approve it
    action: Mapped[str]
    listens: Mapped[str]  # the source of events
    document: Mapped[Json]
    digest: Mapped[str]
    source: Mapped[str]  # the file
    changed_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str | None]
    paused_why: Mapped[str | None]
    failures: Mapped[int] = mapped_column(server_default=text("0"))  # runs in a row that did not succeed
    removed_at: Mapped[datetime | None]


class ReactionRow(Base):
    """What one event caused by one trigger. The primary key is what makes it one run; a replay is another turn."""

    __tablename__ = "reaction"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_reaction_due", "at", postgresql_where=text("state = 'due'")),
        Index("ix_reaction_uncounted", "at", postgresql_where=text("state = 'started' and counted_at is null")),
        Index("ix_reaction_newest", "trigger", "at"),
        Index("ix_reaction_event", "event"),
        Index("ix_reaction_run", "run_id"),
    )

    trigger: Mapped[str] = mapped_column(ForeignKey("trigger.id"), primary_key=True)
    event: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[int] = mapped_column(primary_key=True)  # number of the entry of `each`
    turn: Mapped[int] = mapped_column(primary_key=True)  # 0, and one more for every replay
    at: Mapped[datetime]
    state: Mapped[str]
    why: Mapped[str | None]
    about: Mapped[str | None]  # what is one thing to `throttle`
    depth: Mapped[int]  # how many runs that triggers began lead here
    asked: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    key: Mapped[str]  # Idempotency-Key of its run, which nobody can guess
    by: Mapped[str | None] = mapped_column(ForeignKey("principal.id"))  # who replayed it
    run_id: Mapped[str | None] = mapped_column(ForeignKey("run.id"))
    retry_at: Mapped[datetime | None]  # something did not answer: it is not asked for before then
    settled_at: Mapped[datetime | None]
    counted_at: Mapped[datetime | None]
