"""Principals, sessions, tokens and roles.

Secrets are stored as SHA-256 of 256 random bits: there is nothing to guess.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from daytwo_store.tables.base import Base, Texts


class PrincipalRow(Base):
    __tablename__ = "principal"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    name: Mapped[str]
    ref: Mapped[str | None] = mapped_column(index=True)  # the person's entity: groups are looked up, each time
    created_at: Mapped[datetime]
    groups: Mapped[Texts | None]  # as the identity provider said last; NULL: those of the catalog count
    groups_until: Mapped[datetime | None]  # so long they let in whoever comes, without being heard of again
    groups_at: Mapped[datetime | None]  # when it was said


class SessionRow(Base):
    __tablename__ = "session"

    hash: Mapped[str] = mapped_column(primary_key=True)
    principal: Mapped[str] = mapped_column(ForeignKey("principal.id"), index=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    refresh: Mapped[bytes | None]  # what the identity provider is asked again with, encrypted
    checked_at: Mapped[datetime | None] = mapped_column(index=True)  # when it was asked last


class TokenRow(Base):
    __tablename__ = "token"

    id: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(unique=True)
    principal: Mapped[str] = mapped_column(ForeignKey("principal.id"), index=True)
    name: Mapped[str]
    scopes: Mapped[Texts]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class RoleGrantRow(Base):
    """One role of one group or person, or of `everyone`; the policy of the company's files."""

    __tablename__ = "role_grant"

    role: Mapped[str] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True, index=True)
    source: Mapped[str]  # the file, or "built in"
