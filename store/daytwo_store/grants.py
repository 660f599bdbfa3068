"""The grants of the policy: which role goes to whom. Replaced as a whole when the company's files are loaded."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import delete, func, insert, select

from daytwo_store.engine import Session, Tx
from daytwo_store.tables import RoleGrantRow

_DOOR: Final = 0x726F6C65  # the advisory lock of grants
BUILT_IN: Final = "built in"  # the source of what holds where the company has no policy


async def put(tx: Tx, grants: Mapping[str, Sequence[str]], *, source: str) -> bool:
    """Make these the grants, and no others; `grants` is members by role. True when something changed.

    One process at a time: several may read the same files at once.
    """
    await tx.session.execute(select(func.pg_advisory_xact_lock(_DOOR)))
    wanted = {(role, member) for role, members in grants.items() for member in members}
    rows = (await tx.session.scalars(select(RoleGrantRow))).all()
    if wanted == {(row.role, row.member) for row in rows} and {row.source for row in rows} <= {source}:
        return False
    before = {(row.role, row.member) for row in rows}
    await tx.session.execute(delete(RoleGrantRow))
    await tx.session.execute(
        insert(RoleGrantRow), [{"role": role, "member": member, "source": source} for role, member in sorted(wanted)]
    )
    for role, member in sorted(wanted - before):
        facts = {"to": member, "source": source}
        tx.audit(actor="daytwo", action="role.given", subject=f"role:{role}", facts=facts)
    for role, member in sorted(before - wanted):
        facts = {"from": member, "source": source}
        tx.audit(actor="daytwo", action="role.taken", subject=f"role:{role}", facts=facts)
    return True


async def members(session: Session, role: str) -> frozenset[str]:
    """To whom a role goes, as refs."""
    return frozenset(await session.scalars(select(RoleGrantRow.member).where(RoleGrantRow.role == role)))


async def source(session: Session) -> str | None:
    """Where the grants come from; None when nothing was ever loaded."""
    found: str | None = await session.scalar(select(RoleGrantRow.source).limit(1))
    return found
