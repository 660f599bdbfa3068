"""Who sees runs of an action: whoever sees the action, as its definition says today, who is asked in a run to approve
something or to do it, and auditors. `run_visibility` adds who asked for it.

The database works no expression out. One over the entity alone is worked out when a run is accepted, and what it said
then counts for that run as long as `allow.see` reads as it did; one over who looks shows the action and no run. Of an
action that is not offered any more, the definition of the run says it.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import ARRAY, Text, and_, any_, cast, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from daytwo_store.aliases import other
from daytwo_store.belonging import EVERYONE
from daytwo_store.tables import ActionVersionRow, ApprovalRow, EntityRow, PrincipalRow, RunRow, TaskRow

_OWNER: Final = "owner"
_AUDITOR: Final = "role:auditor"


def shown(groups: Collection[str]) -> ColumnElement[bool]:
    """The condition on `RunRow`, outer-joined with `EntityRow` by its entity."""
    if _AUDITOR in groups:
        return literal(value=True)
    named = cast(list(groups), ARRAY(Text))
    see = ActionVersionRow.see
    owner = func.coalesce(EntityRow.owner, RunRow.owner)
    owned = and_(see.bool_op("?")(_OWNER), or_(RunRow.entity.is_(None), func.coalesce(owner == any_(named), False)))
    held = func.coalesce(RunRow.see_held == see, False)
    lets = or_(see.bool_op("?")(EVERYONE), see.bool_op("?|")(named), owned, held)
    kept = exists().where(_governs(RunRow.version, RunRow.action), see.is_not(None), ~lets)
    asked = or_(
        exists().where(ApprovalRow.run_id == RunRow.id, ApprovalRow.needed_from.overlap(named)).correlate(RunRow),
        exists().where(TaskRow.run_id == RunRow.id, TaskRow.needed_from.overlap(named)).correlate(RunRow),
    )
    narrow = other(ActionVersionRow, "narrow")  # asked once for a list: most companies have no such action
    return or_(~exists().where(narrow.see.is_not(None)), ~kept.correlate(RunRow, EntityRow), asked)


async def kept_to(session: AsyncSession, run: RunRow) -> frozenset[str] | None:
    """The groups, people and roles that see it, as `shown` has it, with who asked for it; None: everybody does."""
    see = await session.scalar(select(ActionVersionRow.see).where(_governs(run.version, run.action)))
    if see is None or EVERYONE in see or see == run.see_held or (_OWNER in see and run.entity is None):
        return None
    owner = await session.scalar(select(EntityRow.owner).where(EntityRow.ref == run.entity)) or run.owner
    found = {owner if one == _OWNER else one for one in see} - {None}
    for asked in (ApprovalRow, TaskRow):
        for entries in await session.scalars(select(asked.needed_from).where(asked.run_id == run.id)):
            found |= set(entries)
    requester = await session.get(PrincipalRow, run.requester)
    return frozenset(str(one) for one in (*found, _AUDITOR, requester.ref if requester is not None else None) if one)


def _governs(
    version: InstrumentedAttribute[str] | str, action: InstrumentedAttribute[str] | str
) -> ColumnElement[bool]:
    """Today's definition of an action, or that of a run where there is none today."""
    today = other(ActionVersionRow, "today")
    now = and_(ActionVersionRow.current, ActionVersionRow.name == action)
    offered = exists().where(today.current, today.name == action).correlate(RunRow)
    then = and_(ActionVersionRow.digest == version, ~offered)
    return or_(now, then)
