"""Approvals and decisions (A3)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.tables.base import Base, Json, Texts


class ApprovalRow(Base):
    """One stage of an approval, from when it opens. All stages are about one digest."""

    __tablename__ = "approval"
    __table_args__ = (
        Index("ix_approval_pending", "expires_at", "id", postgresql_where=text("state = 'pending'")),
        Index("ix_approval_expires", "expires_at", "id"),
        Index("ix_approval_decided", "created_at", "id", postgresql_where=text("state <> 'pending'")),
        Index("ix_approval_looks_up", "id", postgresql_where=text("state = 'pending' and looks_up")),
        Index("ix_approval_supersedes", "supersedes", postgresql_where=text("supersedes is not null")),
        Index(
            "one_pending_approval",
            "run_id",
            text("coalesce(path, '')"),
            unique=True,
            postgresql_where=text("state = 'pending'"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), index=True)
    path: Mapped[str | None]  # the step that asks; none: the run as a whole, before anything is sent
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
    rule: Mapped[str | None]  # the expression of the action that approves this stage in place of people
    editor: Mapped[str | None]  # the person who last changed the action's file, who does not decide; see terms
    other_editors: Mapped[Texts] = mapped_column(server_default=text("'{}'"))  # as `editor`, where changes were merged
    # who did tasks of the run or filled in values by then, by ref or principal: they do not decide on them; see terms
    fillers: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    name: Mapped[str | None]  # of the stage, where the action gives it one
    asks: Mapped[Texts] = mapped_column(server_default=text("'{}'"))  # fields that are filled in with the decision
    later: Mapped[list[Json]] = mapped_column(server_default=text("'[]'::jsonb"))  # stages that open after this one
    terms: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))  # see daytwo_store.terms
    looks_up: Mapped[bool] = mapped_column(server_default=text("false"))  # is whoever is on call asked?
    reminded: Mapped[int] = mapped_column(server_default=text("0"))  # how often the people asked were reminded
    escalated_at: Mapped[datetime | None]  # since when others are asked, too


class DecisionRow(Base):
    """One verdict on one digest: of a person, or of a rule of the action, whose principal cannot sign in.

    One that was taken back stays, with the moment when that happened.
    """

    __tablename__ = "decision"
    __table_args__ = (
        Index("one_decision", "approval_id", "principal", unique=True, postgresql_where=text("withdrawn_at is null")),
        Index(
            "one_decision_for",
            "approval_id",
            "on_behalf_of",
            unique=True,
            postgresql_where=text("withdrawn_at is null"),
        ),
    )

    approval_id: Mapped[str] = mapped_column(ForeignKey("approval.id"), primary_key=True)
    principal: Mapped[str] = mapped_column(ForeignKey("principal.id"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, server_default=text("1"))  # a person's second after the first …
    verdict: Mapped[str]
    digest: Mapped[str]
    comment: Mapped[str]
    group: Mapped[str]  # the entry of `needed_from` that entitled them then; looked up again before sending
    rule: Mapped[str | None]  # not a person: the expression that was true
    at: Mapped[datetime]
    on_behalf_of: Mapped[str | None] = mapped_column(ForeignKey("principal.id"))  # who delegated it
    delegation: Mapped[str | None] = mapped_column(ForeignKey("delegation.id"))
    via_token: Mapped[str | None]  # the token of theirs by which they decided; none: signed in
    withdrawn_at: Mapped[datetime | None]
    answers: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))  # what was filled in, by field


class DelegationRow(Base):
    """Somebody lets another person decide for them, for a time: everything, or one approval."""

    __tablename__ = "delegation"
    __table_args__ = (
        UniqueConstraint("principal", "idempotency_key"),
        Index("ix_delegation_delegate", "delegate", "ends_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    principal: Mapped[str] = mapped_column(ForeignKey("principal.id"))  # who delegates
    delegate: Mapped[str]  # ref of the person, who need not have signed in yet
    approval_id: Mapped[str | None] = mapped_column(ForeignKey("approval.id"), index=True)  # none: whatever is asked
    idempotency_key: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]


class CommentRow(Base):
    """What somebody says about an approval without deciding."""

    __tablename__ = "approval_comment"
    __table_args__ = (UniqueConstraint("principal", "idempotency_key"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    approval_id: Mapped[str] = mapped_column(ForeignKey("approval.id"), index=True)
    principal: Mapped[str] = mapped_column(ForeignKey("principal.id"))
    idempotency_key: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime]
