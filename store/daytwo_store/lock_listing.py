"""Which keys somebody may see: those of runs that they may see, and their own holds. A key names its entity."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, Text, and_, cast, exists, false, func, literal, or_, select, union
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.entities import may_see
from daytwo_store.run_visibility import Onlooker, visible
from daytwo_store.tables import EntityRow, LockHoldRow, LockQueueRow, LockRow, RunRow


@dataclass(frozen=True, kw_only=True, slots=True)
class LockFilter:
    key: str | None = None  # this one
    text: str | None = None  # that is in the key
    run: str | None = None  # has it, or waits for it; nothing for a run that may not be seen
    entity: str | None = None  # a run on it that may be seen has it, or waits for it
    waiting: bool = False  # a run that may be seen waits for it
    held_by_person: bool = False


async def page(
    session: AsyncSession, wanted: LockFilter, by: Onlooker, *, operates: bool, after: str | None, limit: int
) -> list[str]:
    """Keys that somebody has or waits for, in order, that `by` may see.

    A held key that no run has ever needed names nothing that is hidden: those who operate see it.
    """
    known = union(select(LockRow.key), select(LockQueueRow.key), _held_next()).subquery()
    key = known.c.key
    query = select(key).where(_seen(key, by, operates=operates)).order_by(key).limit(limit)
    if after is not None:
        query = query.where(key > after)
    if wanted.key is not None:
        query = query.where(key == wanted.key)
    if wanted.text is not None:
        query = query.where(func.strpos(key, wanted.text) > 0)
    if wanted.run is not None:
        one = RunRow.id == wanted.run
        query = query.where(or_(_holds(key, by).where(one).exists(), _waits(key, by).where(one).exists()))
    if wanted.entity is not None:
        on_it = RunRow.entity == wanted.entity
        query = query.where(or_(_holds(key, by).where(on_it).exists(), _waits(key, by).where(on_it).exists()))
    if wanted.waiting:
        query = query.where(_waits(key, by).exists())
    if wanted.held_by_person:
        query = query.where(_open_hold(key))
    return list(await session.scalars(query))


async def may_hold(session: AsyncSession, key: str, by: Onlooker) -> bool:
    """Does a run which `by` sees need the key, or did one, is it theirs already, or does it begin with the name of an
    entity which they see? What else there is about a key, as a hidden run that needs it, has no say in this."""
    needed = exists(_runs(by).where(_needed(cast(literal(key), Text))))
    mine = exists().where(LockHoldRow.key == key, LockHoldRow.ended_at.is_(None), LockHoldRow.by == by.principal)
    about = exists().where(EntityRow.name == key.partition("/")[0], may_see(by.belongs))
    return bool(await session.scalar(select(or_(needed, mine, about))))


def _held_next() -> Select[str]:
    return select(LockHoldRow.key).where(LockHoldRow.ended_at.is_(None))


def _seen(key: ColumnElement[str], by: Onlooker, *, operates: bool) -> ColumnElement[bool]:
    needed = _needed(key)
    mine = exists().where(LockHoldRow.key == key, LockHoldRow.ended_at.is_(None), LockHoldRow.by == by.principal)
    held = and_(_open_hold(key), exists(_runs(by).where(needed)))
    unused = and_(_open_hold(key), ~exists().where(needed)) if operates else false()
    return or_(_holds(key, by).exists(), _waits(key, by).exists(), mine, held, unused)


def _needed(key: ColumnElement[str]) -> ColumnElement[bool]:
    return or_(RunRow.lock_key == key, RunRow.lock_keys.op("@>")(array([key])))


def _holds(key: ColumnElement[str], by: Onlooker) -> Select[str]:
    """The run that has it, if it may be seen."""
    return _runs(by).join(LockRow, LockRow.holder_run == RunRow.id).where(LockRow.key == key)


def _waits(key: ColumnElement[str], by: Onlooker) -> Select[str]:
    return _runs(by).join(LockQueueRow, LockQueueRow.run_id == RunRow.id).where(LockQueueRow.key == key)


def _open_hold(key: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(LockHoldRow.key == key, LockHoldRow.ended_at.is_(None))


def _runs(by: Onlooker) -> Select[str]:
    joined = select(RunRow.id).join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
    return joined.where(visible(by.belongs, by.principal))
