"""What somebody belongs to right now: their groups, their own ref, and the roles that the policy gives to these.

Looked up whenever it decides something, never remembered: a membership may end at any time. An identity provider that
has not been heard of somebody for a while has not said that they left: what it said last counts here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, text

from daytwo_store import entities
from daytwo_store.engine import Session
from daytwo_store.tables import RoleGrantRow

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
    return (await _looked_up(session, ref))[0]


async def of_present(session: Session, ref: str) -> Belonging | None:
    """None for whoever has left the catalog."""
    found, present = await _looked_up(session, ref)
    return found if present else None


async def holders(session: Session, roles: Collection[str]) -> list[tuple[str, str]]:
    """Who has one of the roles, as (role, group:… | person:… | everyone)."""
    rows = await session.execute(
        select(RoleGrantRow.role, RoleGrantRow.member)
        .where(RoleGrantRow.role.in_(roles))
        .order_by(RoleGrantRow.role, RoleGrantRow.member)
    )
    return [(role, member) for role, member in rows]


# In one statement, because it is asked with every request. What an identity provider has told counts alone; where none
# tells any, the catalog does. A group that the catalog does not know entitles nobody. What was told lately counts, and
# once that is nothing, what was told last: silence takes no group away (docs/decisions/0045). Whoever wants to be let
# in is asked before whether their word is still fresh.
_LOOK_UP: Final = text(
    """
    WITH told AS (
        SELECT groups, groups_until > now() AS fresh, groups_at = max(groups_at) OVER () AS newest
        FROM principal WHERE ref = :ref AND groups IS NOT NULL
    ), member AS (
        SELECT ref FROM entity WHERE kind = 'group' AND ref IN (
            SELECT unnest(groups) FROM told WHERE fresh OR (newest AND NOT EXISTS (SELECT FROM told WHERE fresh))
            UNION ALL
            SELECT target FROM relation WHERE source = :ref AND name = :member_of AND NOT EXISTS (SELECT FROM told)
        )
    )
    SELECT 'group' AS what, ref AS name FROM member
    UNION ALL
    SELECT 'role', role FROM role_grant WHERE member IN (:ref, :everyone) OR member IN (SELECT ref FROM member)
    UNION ALL
    SELECT 'person', ref FROM entity WHERE ref = :ref AND kind = 'person'
    """
)


async def _looked_up(session: Session, ref: str) -> tuple[Belonging, bool]:
    """And whether the person is in the catalog."""
    given = {"ref": ref, "member_of": entities.MEMBER_OF, "everyone": EVERYONE}
    found = [(what, name) for what, name in await session.execute(_LOOK_UP, given)]
    groups, roles, present = (
        frozenset(name for what, name in found if what == wanted) for wanted in ("group", "role", "person")
    )
    return Belonging(ref, groups, roles), bool(present)


# The same, asked the other way round.
_MEMBERS: Final = text(
    """
    WITH said AS (
        SELECT ref, groups, groups_until > now() AS fresh, groups_at = max(groups_at) OVER (PARTITION BY ref) AS newest,
               bool_or(groups_until > now()) OVER (PARTITION BY ref) AS heard
        FROM principal WHERE ref IS NOT NULL AND groups IS NOT NULL
    )
    SELECT ref FROM entity WHERE kind = 'person' AND EXISTS (SELECT FROM entity WHERE kind = 'group' AND ref = :group)
        AND (
            ref IN (SELECT ref FROM said WHERE :group = ANY(groups) AND (fresh OR (newest AND NOT heard)))
            OR (ref IN (SELECT source FROM relation WHERE name = :member_of AND target = :group)
                AND ref NOT IN (SELECT ref FROM said))
        )
    ORDER BY ref
    """
)


async def members(session: Session, group: str) -> list[str]:
    """Refs of the people in the catalog who are in this group: those of whom an identity provider has said it, and of
    whoever it has said nothing those of whom the catalog does."""
    return list(await session.scalars(_MEMBERS, {"group": group, "member_of": entities.MEMBER_OF}))
