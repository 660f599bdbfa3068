"""What somebody belongs to right now: their groups, their own ref, and the roles that the policy gives to these.

Looked up whenever it decides something, never remembered: a membership may end at any time.
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


# In one statement, because it is asked with every request. What an identity provider has told lately counts alone;
# where none tells any, the catalog does. A group that the catalog does not know entitles nobody.
_LOOK_UP: Final = text(
    """
    WITH told AS (
        SELECT groups, groups_until > now() AS good FROM principal WHERE ref = :ref AND groups IS NOT NULL
    ), member AS (
        SELECT ref FROM entity WHERE kind = 'group' AND ref IN (
            SELECT unnest(groups) FROM told WHERE good
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
