"""A list for people who look after the whole: who holds which lock."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select

from daytwo_store.engine import Session
from daytwo_store.entities import may_see
from daytwo_store.ids import PrincipalId
from daytwo_store.tables import EntityRow, LockQueueRow, LockRow, RunRow


@dataclass(frozen=True, kw_only=True, slots=True)
class LockLine:
    key: str
    holder_run: str
    fence: int
    since: datetime
    queued: tuple[str, ...]  # runs, the next one first


async def locks(session: Session, *, groups: Sequence[str], principal: PrincipalId) -> list[LockLine]:
    """Locks whose holder may be seen, by key; of the queue those runs that may be seen. A key names its entity."""
    held = (await session.scalars(select(LockRow).order_by(LockRow.key))).all()
    waiting = (await session.scalars(select(LockQueueRow).order_by(LockQueueRow.n))).all()
    named = {row.holder_run for row in held} | {row.run_id for row in waiting}
    seen = await _visible(session, named, groups=groups, principal=principal)
    return [
        LockLine(
            key=row.key,
            holder_run=row.holder_run,
            fence=row.fence,
            since=row.since,
            queued=tuple(each.run_id for each in waiting if each.key == row.key and each.run_id in seen),
        )
        for row in held
        if row.holder_run in seen
    ]


async def _visible(
    session: Session, named: Collection[str], *, groups: Sequence[str], principal: PrincipalId
) -> frozenset[str]:
    """Those of the runs that may be seen: by who asked for them, and by who may see their entity."""
    shown = or_(
        RunRow.requester == principal, RunRow.entity.is_(None), and_(EntityRow.ref.is_not(None), may_see(groups))
    )
    joined = select(RunRow.id).join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
    return frozenset(await session.scalars(joined.where(RunRow.id.in_(named), shown)))
