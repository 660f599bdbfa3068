"""What has to be told to others, what others told us, and the logs that they gave us."""

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.tables.base import Base, Json, Texts


class OutboxRow(Base):
    """A poke of a run's workflow that must not be lost: written with the change, deleted when Temporal has it."""

    __tablename__ = "outbox"

    n: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), index=True)
    at: Mapped[datetime]


class NotificationRow(Base):
    """Something that people are to be told, written in the transaction in which it happened."""

    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_open", "n", postgresql_where=text("handled_at is null")),
        Index("ix_notification_unheard", "at", postgresql_where=text("outcome in ('nobody', 'failed')")),
    )

    n: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    run_id: Mapped[str | None] = mapped_column(ForeignKey("run.id"), index=True)
    approval_id: Mapped[str | None] = mapped_column(ForeignKey("approval.id"))
    audience: Mapped[Texts]  # refs of people and groups, roles, ids of principals
    facts: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))  # ids, states, times: no input values
    at: Mapped[datetime]
    handled_at: Mapped[datetime | None]  # somebody has made messages of it
    outcome: Mapped[str | None]  # whether anybody could be told; none: not known yet
    why: Mapped[str | None]  # why nobody could


class MessageRow(Base):
    """One notification to one channel, or one person by it. Its id is the same at every try."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("notification", "channel", "recipient"),
        Index("ix_message_waiting", "next_at", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    notification: Mapped[int] = mapped_column(ForeignKey("notification.n"))
    channel: Mapped[str]
    recipient: Mapped[str]  # ref of a person; empty: whoever reads the channel
    title: Mapped[str]
    body: Mapped[str]
    data: Mapped[Json]  # the same for programs
    state: Mapped[str]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class WebhookRow(Base):
    """A verified delivery (A8). `consumed_at` is set by a read of that run that began after it was received."""

    __tablename__ = "webhook_inbox"
    __table_args__ = (
        Index("ix_webhook_open", "connection", "external_id", postgresql_where=text("consumed_at is null")),
        Index("ix_webhook_received", "received_at"),
        Index("ix_webhook_newest", "connection", "received_at", "delivery"),
    )

    connection: Mapped[str] = mapped_column(primary_key=True)
    delivery: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    event: Mapped[str]
    project_id: Mapped[str]
    received_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]


class RefusedWebhookRow(Base):
    """Deliveries that were refused for one reason from one address. Counted, and nothing of them kept."""

    __tablename__ = "refused_webhook"
    __table_args__ = (Index("ix_refused_webhook_newest", "connection", "last_at"),)

    connection: Mapped[str] = mapped_column(primary_key=True)
    why: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]  # bytes of the last one
    times: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class GateQuestionRow(Base):
    """A CI system asks whether a run may go on at a gate; a verified delivery of its own."""

    __tablename__ = "gate_question"
    __table_args__ = (Index("ix_gate_question_open", "again_at", postgresql_where=text("answered_at is null")),)

    connection: Mapped[str] = mapped_column(primary_key=True)
    delivery: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str]
    project: Mapped[str]
    external_id: Mapped[str]
    gate: Mapped[str]
    asked_at: Mapped[datetime]
    again_at: Mapped[datetime]  # looked at not before
    answered_at: Mapped[datetime | None]
    verdict: Mapped[str | None]  # go, stop; none: no answer was wanted any more
    note: Mapped[str | None]  # what was said, or why nothing was yet


class ConnectionRow(Base):
    """What every process has to know of a connection: until when it is left alone, and what its poller does."""

    __tablename__ = "connection"

    name: Mapped[str] = mapped_column(primary_key=True)
    held_until: Mapped[datetime | None]  # it asked to wait: nobody reads or sends before that
    limit: Mapped[int | None]  # requests of a period, as the vendor says
    remaining: Mapped[int | None]
    resets_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]  # when this was last learnt
    polled_at: Mapped[datetime | None]
    pace: Mapped[float | None]  # seconds between two looks at one project
    projects: Mapped[int] = mapped_column(server_default=text("0"))  # with open runs
    open_runs: Mapped[int] = mapped_column(server_default=text("0"))
    requests: Mapped[int] = mapped_column(server_default=text("0"))  # of the poller's process in the last hour
    streams: Mapped[str | None]  # how its stream of events is: "listening", "lost since …"; none: it has none
    listing_lag: Mapped[float | None]  # seconds after its creation that a run was first listed, the most within a day
    listing_lag_at: Mapped[datetime | None]


class LogChunkRow(Base):
    """Lines `first` … `first + lines - 1` of a run, masked, joined by line feeds; only the newest chunk ever grows.

    With `left_out` it is a gap: these lines are not kept, they were so many bytes, and the text is a sentence that says
    so.
    """

    __tablename__ = "log_chunk"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), primary_key=True)
    first: Mapped[int] = mapped_column(primary_key=True)
    lines: Mapped[int]
    path: Mapped[str]
    job_id: Mapped[str]
    job_name: Mapped[str]
    tail: Mapped[bool] = mapped_column(server_default=text("false"))  # behind the head of the run's log
    text: Mapped[str]
    left_out: Mapped[int | None]  # bytes


class LogSourceRow(Base):
    """How far the log of one job is kept, so that a crash in the middle goes on where it stopped."""

    __tablename__ = "log_source"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(primary_key=True)
    lines: Mapped[int]
    done: Mapped[bool]
    whole: Mapped[str | None]  # SHA-256 of all its lines, also of those that are left out


class LeaseRow(Base):
    """Who does the work that only one process should do at a time (the sweeper)."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]
