"""The catalog: kinds, entities, relations and what they were before."""

from datetime import datetime

from sqlalchemy import Computed, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.tables.base import Base, Json, Texts


class KindRow(Base):
    __tablename__ = "kind"

    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    property_schema: Mapped[Json]
    relations: Mapped[Json]
    source: Mapped[str]


class EntityRow(Base):
    __tablename__ = "entity"
    __table_args__ = (
        UniqueConstraint("kind", "name"),
        Index("ix_entity_search", "search", postgresql_using="gin"),
        Index("ix_entity_title", "kind", "title", "ref"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    title: Mapped[str]
    owner: Mapped[str | None] = mapped_column(index=True)
    properties: Mapped[Json]
    relations: Mapped[dict[str, list[str]]]
    visible_to: Mapped[Texts] = mapped_column(server_default=text("'{}'"))  # empty: everybody who is signed in
    version: Mapped[int]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]  # "file:<source>" or "run:r_…"
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed("to_tsvector('simple', replace(name, '-', ' ') || ' ' || name || ' ' || title)", persisted=True),
    )


class RelationRow(Base):
    """The relations of entities the other way round: who points here."""

    __tablename__ = "relation"
    __table_args__ = (Index("ix_relation_target", "target", "name"),)

    source: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)


class EntityEventRow(Base):
    __tablename__ = "entity_event"
    __table_args__ = (Index("ix_entity_event_ref", "ref", "n"),)

    n: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    ref: Mapped[str]
    version: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[str]
    before: Mapped[Json | None]
    after: Mapped[Json | None]
