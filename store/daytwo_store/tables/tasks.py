"""What people do in the middle of a run, and what they left."""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.tables.base import Base, Json, Texts


class TaskRow(Base):
    """Of one step that asks people to do something, or to give values. It is done once, by one of them."""

    __tablename__ = "task"
    __table_args__ = (
        ForeignKeyConstraint(["run_id", "path"], ["step.run_id", "step.path"]),
        Index("one_open_task", "run_id", "path", unique=True, postgresql_where=sql("state = 'open'")),
        Index("ix_task_state", "state", "due_at", "id"),
        Index("ix_task_asked", "needed_from", postgresql_using="gin", postgresql_where=sql("state = 'open'")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    path: Mapped[str]
    kind: Mapped[str]  # task, input
    state: Mapped[str]
    text: Mapped[str | None]  # what is to be done
    needed_from: Mapped[Texts]
    looks_up: Mapped[bool]  # is whoever is on call asked?
    four_eyes: Mapped[bool]  # never who asked for the run, nor one of the editors
    # of the action's file and of what asks, by their refs
    editors: Mapped[Texts] = mapped_column(server_default=sql("'{}'"))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    ends_at: Mapped[datetime]  # nobody does it later
    remind: Mapped[list[int]] = mapped_column(JSONB)  # seconds after its beginning
    reminded: Mapped[int] = mapped_column(server_default=sql("0"))
    escalate: Mapped[Texts]  # who is asked as well when it is due
    escalated_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None]  # ref of the person who has taken it, or their principal where they have none
    claimed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None] = mapped_column(ForeignKey("principal.id"))
    on_behalf_of: Mapped[str | None] = mapped_column(ForeignKey("principal.id"))  # by whose right, where it is lent
    words: Mapped[str | None]  # what whoever did it, or could not, says about it
    answers: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))  # by field, none that is secret
