"""What is encrypted at rest: secret inputs of runs, and credentials that an administrator has set."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.tables.base import Base


class SecretRow(Base):
    """A value under a key ring. `sealed` opens with this row's own identity only (`daytwo_store.secret_values`)."""

    __tablename__ = "secret"
    __table_args__ = (
        UniqueConstraint("run_id", "name"),
        Index("one_credential", "name", unique=True, postgresql_where=text("run_id is null")),
        Index("ix_secret_key_id", "key_id", postgresql_where=text("sealed is not null")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]  # "input" of a run, or "credential" of a connection
    run_id: Mapped[str | None] = mapped_column(ForeignKey("run.id"))
    name: Mapped[str]  # of the field, or of the connection
    key_id: Mapped[str]
    sealed: Mapped[bytes | None]  # None once it was deleted
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    deleted_at: Mapped[datetime | None]
