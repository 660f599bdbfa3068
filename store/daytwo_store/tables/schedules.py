"""Schedules, and each time that one was due with what came of it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.tables.base import Base, Json, Texts


class ScheduleRow(Base):
    """A schedule as it is now. Those of files are called as there, those that somebody made have an id of ours."""

    __tablename__ = "schedule"
    __table_args__ = (
        UniqueConstraint("created_by", "idempotency_key"),
        Index(
            "ix_schedule_next",
            "next_at",
            postgresql_where=text("removed_at is null and paused_at is null and next_at is not null"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    owner: Mapped[str]  # ref of the person in whose name its runs are asked for
    principal: Mapped[str | None] = mapped_column(
        ForeignKey("principal.id")
    )  # the same; none: looked up when it is due
    writers: Mapped[Texts]  # people who wrote what it asks for: they do not approve it
    action: Mapped[str]
    entity: Mapped[str | None]
    document: Mapped[Json]
    digest: Mapped[str]
    source: Mapped[str | None]  # the file; none: made by the API
    created_by: Mapped[str | None] = mapped_column(ForeignKey("principal.id"))
    idempotency_key: Mapped[str | None]
    body_sha256: Mapped[str | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    next_at: Mapped[datetime | None]  # none: never again
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str | None]
    paused_why: Mapped[str | None]
    failures: Mapped[int] = mapped_column(server_default=text("0"))  # runs in a row that did not succeed
    removed_at: Mapped[datetime | None]


class FiringRow(Base):
    """One time at which a schedule was due. The primary key is what makes it one run."""

    __tablename__ = "firing"
    __table_args__ = (
        Index("ix_firing_open", "schedule", "at", postgresql_where=text("state in ('due', 'waiting')")),
        Index("ix_firing_uncounted", "at", postgresql_where=text("state = 'started' and counted_at is null")),
        Index("ix_firing_run", "run_id"),
    )

    schedule: Mapped[str] = mapped_column(ForeignKey("schedule.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)  # when it was due, whenever it began
    state: Mapped[str]
    why: Mapped[str | None]
    count: Mapped[int] = mapped_column(server_default=text("1"))  # of several that were missed: how many
    last_at: Mapped[datetime | None]  # and when the last of them was due
    asked: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))  # as the schedule was when it was due
    until: Mapped[datetime | None]  # later than this it does not begin
    key: Mapped[str]  # Idempotency-Key of its run, which nobody can guess
    by: Mapped[str | None] = mapped_column(ForeignKey("principal.id"))  # who began it by hand; none: the time
    run_id: Mapped[str | None] = mapped_column(ForeignKey("run.id"))
    retry_at: Mapped[datetime | None]  # something did not answer: it is not asked for before then
    settled_at: Mapped[datetime | None]  # when it was known what comes of it
    counted_at: Mapped[datetime | None]  # when the end of its run was counted
