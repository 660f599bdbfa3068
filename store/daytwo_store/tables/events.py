"""What other systems told us, and has to be kept: each once, as it came."""

from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.tables.base import Base


class EventRow(Base):
    """A verified event. What waits for its key finds it, also when it came first."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("source", "delivery"),
        Index("ix_event_key", "source", "key", "received_at"),
        Index("ix_event_received", "received_at"),
        Index("ix_event_fresh", "received_at", postgresql_where=text("reacted_at is null")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]  # its name in the settings
    delivery: Mapped[str]  # the sender's name of it: the same at every try
    key: Mapped[str | None]  # what it is about; none: its source gives no key, or not in this one
    payload: Mapped[dict[str, JsonValue]] = mapped_column(JSONB)
    received_at: Mapped[datetime]
    reacted_at: Mapped[datetime | None]  # when it was shown to those triggers that listen
