"""What somebody belongs to right now: their groups, their own ref, and the roles that the policy gives to these.

Looked up whenever it decides something, never remembered: a membership may end at any time.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from daytwo_store import entities
from daytwo_store.engine import Session
from daytwo_store.tables import EntityRow, PrincipalRow, RoleGrantRow

EVERYONE: Final = "everyone"


@dataclass(frozen=True, slots=True)
class Belonging:
    ref: str  # person:ana
    groups: frozenset[str]  # group:sre
    roles: frozenset[str]  # operator

    @property
    def all(self) -> frozenset[str]:
        """What entries of `allow` and `from` are compared with."""
        return self.groups | {self.ref} | {f"role:{role}" for role in self.roles}


async def of_person(session: Session, ref: str) -> Belonging:
    groups = await _told(session, ref)
    if groups is None:
        groups = await entities.groups_of(session, ref)
    return Belonging(ref, groups, await _roles(session, groups | {ref}))


async def of_present(session: Session, ref: str) -> Belonging | None:
    """None for whoever has left the catalog."""
    groups = await entities.groups_of_present(session, ref)
    if groups is None:
        return None
    told = await _told(session, ref)
    groups = groups if told is None else told
    return Belonging(ref, groups, await _roles(session, groups | {ref}))


async def holders(session: Session, roles: Collection[str]) -> list[tuple[str, str]]:
    """Who has one of the roles, as (role, group:… | person:… | everyone)."""
    rows = await session.execute(
        select(RoleGrantRow.role, RoleGrantRow.member)
        .where(RoleGrantRow.role.in_(roles))
        .order_by(RoleGrantRow.role, RoleGrantRow.member)
    )
    return [(role, member) for role, member in rows]


async def _told(session: Session, ref: str) -> frozenset[str] | None:
    """The groups that an identity provider has told lately; None where none tells any, and the catalog counts.

    A group that the catalog does not know entitles nobody.
    """
    told = (
        await session.execute(
            select(PrincipalRow.groups, PrincipalRow.groups_until > func.now()).where(
                PrincipalRow.ref == ref, PrincipalRow.groups.is_not(None)
            )
        )
    ).all()
    if not told:
        return None
    named = {group for groups, good in told if good for group in groups or ()}
    return frozenset(
        await session.scalars(select(EntityRow.ref).where(EntityRow.ref.in_(named), EntityRow.kind == "group"))
    )


async def _roles(session: Session, members: Collection[str]) -> frozenset[str]:
    query = select(RoleGrantRow.role).where(RoleGrantRow.member.in_([*members, EVERYONE]))
    return frozenset(await session.scalars(query))
