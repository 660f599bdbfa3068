"""Runs, their steps, attempts and external runs: the truth about what was asked, sent and became of it."""

from datetime import datetime

from sqlalchemy import JSON, Computed, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.states import ATTEMPT_LIVE, RUN_ENDS
from daytwo_store.tables.base import Base, Json, Texts

_ENDS = ", ".join(f"'{state}'" for state in sorted(RUN_ENDS))
_LIVE = ", ".join(f"'{state}'" for state in sorted(ATTEMPT_LIVE))


class ActionVersionRow(Base):
    """A definition as it was loaded. A run keeps the one that it was started with."""

    __tablename__ = "action_version"
    __table_args__ = (
        Index("one_current_version", "name", unique=True, postgresql_where=text("current")),
        Index("ix_action_version_see", "name", postgresql_where=text("see is not null")),
    )

    digest: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    document: Mapped[Json] = mapped_column(JSON)  # not JSONB, which forgets the order in which fields are shown
    source: Mapped[str]
    text: Mapped[str | None] = mapped_column(deferred=True)  # of the whole file, so that problems have their lines
    current: Mapped[bool]
    loaded_at: Mapped[datetime]
    editor: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))  # who last changed its file, see Editor
    # `allow.see` of the document; null: everybody sees it
    see: Mapped[list[str] | None] = mapped_column(
        JSONB, Computed("(document #> '{spec,allow,see}')::jsonb", persisted=True)
    )


class RunRow(Base):
    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("requester", "idempotency_key"),
        Index("ix_run_open", "progress_at", postgresql_where=text(f"state not in ({_ENDS})")),
        Index("ix_run_newest", "created_at", "id"),
        Index("ix_run_lock_key", "lock_key", "started_at"),
        Index("ix_run_lock_keys", "lock_keys", postgresql_using="gin", postgresql_where=text("lock_keys is not null")),
        Index("ix_run_durations", "action", "ended_at", postgresql_where=text("state = 'succeeded'")),
        Index("ix_run_entity", "entity", "created_at"),
        Index("ix_run_parent", "parent_run", "parent_path", postgresql_where=text("parent_run is not null")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    action: Mapped[str]
    version: Mapped[str] = mapped_column(ForeignKey("action_version.digest"))
    entity: Mapped[str | None]
    owner: Mapped[str | None]  # of the entity when the run was accepted, for when it has left the catalog
    visible_to: Mapped[Texts] = mapped_column(server_default=text("'{}'"))  # likewise
    # `allow.see` of when it was accepted, where an expression in it held whoever looks; null: none did
    see_held: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    requester: Mapped[str] = mapped_column(ForeignKey("principal.id"))
    via_token: Mapped[str | None]
    idempotency_key: Mapped[str]
    body_sha256: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]  # why it is in its state
    comment: Mapped[str | None]  # what the requester says about it
    cause: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))  # what asked for it in the requester's name
    inputs: Mapped[Json]
    plan: Mapped[str]  # canonical JSON (RFC 8785), the very text that `digest` is of
    digest: Mapped[str]
    protected: Mapped[bool]  # somebody had to approve: nothing is sent again on proof of absence alone
    lock_key: Mapped[str | None]
    lock_keys: Mapped[Texts | None]  # all of them, sorted, where it needs several; `lock_key` is the first
    lock_queue: Mapped[str] = mapped_column(server_default=text("'fifo'"))
    lock_priority: Mapped[int] = mapped_column(server_default=text("0"))
    lock_lost_to: Mapped[str | None]  # the run for which it ended without having had the lock
    lock_taken_at: Mapped[datetime | None]  # somebody took a key from it: it sends nothing more, whatever it has
    lock_taken_by: Mapped[str | None]
    lock_taken_why: Mapped[str | None]
    fence: Mapped[int | None]  # the same for all its keys
    previous_run: Mapped[str | None]
    undo_of: Mapped[str | None]
    rerun_of: Mapped[str | None]
    parent_run: Mapped[str | None]  # the run of which a step called this one
    parent_path: Mapped[str | None]
    resume_of: Mapped[str | None]
    break_glass: Mapped[bool] = mapped_column(server_default=text("false"))  # an emergency: past approval
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    progress_at: Mapped[datetime]
    next_at: Mapped[datetime | None]  # when something is due at the latest; past it the sweeper looks
    # What holds it back, and when it opens, as long as it waits for that.
    window: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    cancel_at: Mapped[datetime | None]
    cancel_by: Mapped[str | None]
    cancel_reason: Mapped[str | None]
    cancel_forced: Mapped[bool] = mapped_column(server_default=text("false"))
    timed_out: Mapped[bool] = mapped_column(server_default=text("false"))
    log_lines: Mapped[int] = mapped_column(server_default=text("0"))
    log_bytes: Mapped[int] = mapped_column(server_default=text("0"))
    first_error: Mapped[int | None]  # number of the log line
    changes: Mapped[list[Json]] = mapped_column(server_default=text("'[]'::jsonb"))
    # Its steps are over and what they have done is undone, or somebody is asked about that; see `undoing.py`.
    undoing: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))


class ReviewRow(Base):
    """Of a run that broke the glass: open until somebody else closes it with words."""

    __tablename__ = "review"
    __table_args__ = (Index("ix_review_open", "opened_at", "run_id", postgresql_where=text("closed_at is null")),)

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), primary_key=True)
    needed_from: Mapped[Texts]  # who was passed over: they close it
    opened_at: Mapped[datetime]
    remind_at: Mapped[datetime]
    reminded: Mapped[int] = mapped_column(server_default=text("0"))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(ForeignKey("principal.id"))
    words: Mapped[str | None]


class StepRow(Base):
    __tablename__ = "step"
    __table_args__ = (Index("ix_step_awaits", "awaits", postgresql_where=text("awaits is not null")),)

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    uses: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default=text("'dispatch'"))
    undoes: Mapped[str | None]  # the path of the step that it takes back
    needs: Mapped[Texts | None]  # paths that have to be done before; none: as in runs of old, the one before it
    asks: Mapped[bool] = mapped_column(server_default=text("false"))  # something of it is worked out when it begins
    on_error: Mapped[str] = mapped_column(server_default=text("'fail'"))
    tries: Mapped[int] = mapped_column(server_default=text("1"))  # how often it is tried in all when it fails
    retry_wait: Mapped[int] = mapped_column(server_default=text("0"))  # seconds
    state: Mapped[str]
    note: Mapped[str | None]
    timeout: Mapped[int]  # seconds; of a dispatch from the moment that the external run is known, else from its start
    results: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))  # JSON Schema of each declared output
    given: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))  # what it began with: all holes are filled
    data: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))  # what its kind keeps of it while it goes on
    due_at: Mapped[datetime | None]  # when something about it is due, if nothing happens before
    awaits: Mapped[str | None]  # the event that it waits for: see events.py
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    jobs: Mapped[list[Json]] = mapped_column(server_default=text("'[]'::jsonb"))
    jobs_at: Mapped[datetime | None]
    outputs: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))  # masked; see outputs.py
    outputs_source: Mapped[str | None]
    outputs_at: Mapped[datetime | None]
    secrets_at: Mapped[datetime | None]  # when its pipeline collected its secrets, which it can once
    secrets_by: Mapped[str | None]  # the execution that did


class AttemptRow(Base):
    """One try at one step; sent at most once (A1)."""

    __tablename__ = "attempt"
    __table_args__ = (
        ForeignKeyConstraint(["run_id", "path"], ["step.run_id", "step.path"]),
        Index("one_live_attempt", "run_id", "path", unique=True, postgresql_where=text(f"state in ({_LIVE})")),
    )

    run_id: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True)
    corr: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    connection: Mapped[str]
    request: Mapped[Json]  # method, path, pinned target
    body: Mapped[bytes]
    digest: Mapped[str]
    intent_at: Mapped[datetime]
    send_by: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    sender: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]  # when the vendor asked to be asked again later
    note: Mapped[str | None]
    external_id: Mapped[str | None]
    claimed_by: Mapped[str | None]  # the one execution whose jobs may work (claim fence)
    claimed_at: Mapped[datetime | None]
    # Of that execution, the jobs that were let through: by name which start of it.
    claimed_jobs: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))


class FindingRow(Base):
    """What one person found out about a held attempt; where two have to agree, it waits for the second."""

    __tablename__ = "finding"
    __table_args__ = (ForeignKeyConstraint(["run_id", "path", "no"], ["attempt.run_id", "attempt.path", "attempt.no"]),)

    run_id: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True)
    principal: Mapped[str] = mapped_column(ForeignKey("principal.id"), primary_key=True)
    outcome: Mapped[str]
    external_id: Mapped[str | None]
    reason: Mapped[str]
    at: Mapped[datetime]


class GateAnswerRow(Base):
    """What somebody answered to a gate of the CI system: written before it is told, so that it is told at most once."""

    __tablename__ = "gate_answer"
    __table_args__ = (
        ForeignKeyConstraint(["run_id", "path"], ["step.run_id", "step.path"]),
        UniqueConstraint("by", "idempotency_key"),
        Index("one_answer_on_its_way", "run_id", "path", "gate", unique=True, postgresql_where=text("state = 'sent'")),
        Index("ix_gate_answer_run", "run_id", "asked_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    path: Mapped[str]
    gate: Mapped[str]  # our name of it
    verdict: Mapped[str]
    comment: Mapped[str]
    by: Mapped[str] = mapped_column(ForeignKey("principal.id"))
    idempotency_key: Mapped[str]
    state: Mapped[str]
    note: Mapped[str | None]
    asked_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class ExternalRunRow(Base):
    """The pipeline run in the CI system. The primary key keeps two attempts from adopting the same one."""

    __tablename__ = "external_run"
    __table_args__ = (
        ForeignKeyConstraint(["run_id", "path", "no"], ["attempt.run_id", "attempt.path", "attempt.no"]),
        Index("ix_external_run_open", "connection", "project", postgresql_where=text("ended_at is null")),
        UniqueConstraint("run_id", "path", "no"),
    )

    connection: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    path: Mapped[str]
    no: Mapped[int]
    project: Mapped[str]
    project_id: Mapped[str]
    pipeline: Mapped[str]
    ref: Mapped[str]
    url: Mapped[str | None]
    status: Mapped[str]
    detail: Mapped[str]
    ci_attempt: Mapped[int] = mapped_column(server_default=text("1"))
    commit: Mapped[str | None]
    waits_for: Mapped[str | None]
    adopted: Mapped[bool]
    known_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]  # when the read began that told the status
    unseen_since: Mapped[datetime | None]  # reads fail since then: the status is unknown, not failed
    ended_at: Mapped[datetime | None]
    collected_at: Mapped[datetime | None]  # job tree and logs are kept
    wanted_at: Mapped[datetime | None]  # a webhook or a person asks for a look
    gone_at: Mapped[datetime | None]  # the CI system has said since then that there is no such run
    watched_until: Mapped[datetime | None]  # somebody has its page open at least until then
    looked_at: Mapped[datetime | None]  # when its job tree, and where it is live its log, was last asked for
    artifacts: Mapped[list[Json]] = mapped_column(server_default=text("'[]'::jsonb"))  # files that it left there
    cancel_asked_at: Mapped[datetime | None]
    cancel_forced_at: Mapped[datetime | None]
