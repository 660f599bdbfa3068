"""Triggers as rows, and events of our own for those that listen: told in the transaction in which it happened."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pydantic import JsonValue
from sqlalchemy import Select, exists, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Tx
from daytwo_store.errors import NotFound
from daytwo_store.ids import mint
from daytwo_store.notifications import Notice, tell
from daytwo_store.tables import EntityRow, EventRow, Json, RunRow, TriggerRow

SYSTEM: Final = "daytwo"
CATALOG: Final = "daytwo:catalog"  # sources of events of our own
RUNS: Final = "daytwo:runs"
_IN_UTC: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$"
_MINUTE: Final = len("2026-12-01T02:00")
_LATELY: Final = timedelta(days=7)  # less than events are kept, by which it is told once
_DOOR: Final = 0x74726967  # the advisory lock of those that load triggers from files


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A trigger as it is to be."""

    id: str
    title: str
    owner: str
    action: str
    listens: str
    document: Json
    digest: str
    source: str
    writers: tuple[str, ...]


def not_there(trigger: str) -> NotFound:
    return NotFound(f"There is no trigger {trigger}, or you may not see it. Look at the list of triggers.")


async def get(session: AsyncSession, trigger: str) -> TriggerRow:
    """Raises `NotFound`."""
    row: TriggerRow | None = await session.scalar(_present().where(TriggerRow.id == trigger))
    if row is None:
        raise not_there(trigger)
    return row


async def hold(tx: Tx, trigger: str) -> TriggerRow:
    """Its row, locked until the transaction ends. Raises `NotFound`."""
    held = await hold_all(tx, [trigger])
    if not held:
        raise not_there(trigger)
    return held[0]


async def hold_all(tx: Tx, triggers: Collection[str]) -> Sequence[TriggerRow]:
    """Those that there are, locked in the order of their ids."""
    query = _present().where(TriggerRow.id.in_(set(triggers))).order_by(TriggerRow.id)
    query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await tx.session.scalars(query)).all()


async def everything(session: AsyncSession) -> Sequence[TriggerRow]:
    return (await session.scalars(_present().order_by(TriggerRow.id))).all()


async def listening(session: AsyncSession, sources: Collection[str]) -> Sequence[TriggerRow]:
    """Those to whom events of these sources are something, also while they are paused."""
    return (await session.scalars(_present().where(TriggerRow.listens.in_(set(sources))))).all()


async def happened(tx: Tx, source: str, delivery: str, payload: Mapping[str, JsonValue], *, sure: bool = False) -> None:
    """Keep an event of our own if anybody listens; the same delivery again is kept once."""
    if not sure and not await _heard(tx, source):
        return
    made = insert(EventRow).values(
        id=mint("e"), source=source, delivery=delivery, key=None, payload=dict(payload), received_at=tx.now
    )
    await tx.session.execute(made.on_conflict_do_nothing())


async def _heard(tx: Tx, source: str) -> bool:
    """Asked once in a transaction, which may change thousands of entities."""
    known = tx.heard.get(source)
    if known is None:
        query = exists().where(TriggerRow.listens == source, TriggerRow.removed_at.is_(None))
        known = tx.heard[source] = bool(await tx.session.scalar(select(query)))
    return known


@dataclass(frozen=True, kw_only=True, slots=True)
class EntityChange:
    """An entity was created, changed or deleted."""

    change: str
    entity: Mapping[str, JsonValue]  # its record; of a deleted one as it was
    before: Mapping[str, JsonValue] | None  # its properties until then
    visible_to: Sequence[str]
    by: str  # as its history has it
    version: int


async def entity_changed(tx: Tx, told: EntityChange) -> None:
    """In the transaction in which it did."""
    if not await _heard(tx, CATALOG):
        return
    run = told.by.removeprefix("run:") if told.by.startswith("run:") else None
    cause = await tx.session.scalar(select(RunRow.cause).where(RunRow.id == run)) if run is not None else None
    payload: dict[str, JsonValue] = {
        "change": told.change,
        "entity": dict(told.entity),
        "before": dict(told.before) if told.before is not None else None,
        "by": told.by,
        "depth": depth_of(cause),
        "visible_to": list(told.visible_to),
    }
    # A version comes again when an entity is made anew, so the time is a part of the name.
    await happened(tx, CATALOG, f"{told.entity['ref']} {told.version} {tx.now.isoformat()}", payload, sure=True)


async def run_ended(tx: Tx, run: RunRow) -> None:
    """A run has ended, in the transaction in which it did."""
    if not await _heard(tx, RUNS):
        return
    visible_to = await tx.session.scalar(select(EntityRow.visible_to).where(EntityRow.ref == run.entity))
    payload: dict[str, JsonValue] = {
        "id": run.id,
        "action": run.action,
        "entity": run.entity,
        "state": run.state,
        "inputs": run.inputs,
        "depth": depth_of(run.cause),
        "visible_to": list(visible_to if visible_to is not None else run.visible_to),
    }
    await happened(tx, RUNS, run.id, payload, sure=True)


def depth_of(cause: Mapping[str, JsonValue] | None) -> int:
    """How many runs that triggers began lead to one with this cause, itself among them."""
    depth = (cause or {}).get("depth")
    return depth if isinstance(depth, int) else 0


async def over(tx: Tx, kind: str, name: str, *, limit: int) -> Sequence[EntityRow]:
    """Entities of a kind with a property that is a time in UTC, is over since lately, and of which nobody was told."""
    value = EntityRow.properties[name].astext
    minute = func.left(value, _MINUTE)
    told = exists().where(EventRow.source == CATALOG, EventRow.delivery == EntityRow.ref + literal(f" {name} ") + value)
    query = select(EntityRow).where(
        EntityRow.kind == kind,
        value.regexp_match(_IN_UTC),
        minute <= f"{tx.now:%Y-%m-%dT%H:%M}",
        minute >= f"{tx.now - _LATELY:%Y-%m-%dT%H:%M}",
        ~told,
    )
    return (await tx.session.scalars(query.order_by(value, EntityRow.ref).limit(limit))).all()


def pause(tx: Tx, row: TriggerRow, *, by: str, why: str) -> None:
    """Of a held row. Its owner is told when it is not a person who does it."""
    if row.paused_at is not None:
        return
    row.paused_at, row.paused_by, row.paused_why = tx.now, by, why
    tx.audit(actor=by, action="trigger.paused", subject=f"trigger:{row.id}", facts={"digest": row.digest})
    if by == SYSTEM:
        tell(tx, Notice.TRIGGER_PAUSED, audience=[row.owner], facts={"trigger": row.id})


def resume(tx: Tx, row: TriggerRow, *, by: str) -> None:
    """Of a held row. What happened meanwhile is not made up for; it can be replayed."""
    if row.paused_at is None:
        return
    row.paused_at = row.paused_by = row.paused_why = None
    row.failures = 0
    tx.audit(actor=by, action="trigger.resumed", subject=f"trigger:{row.id}", facts={"digest": row.digest})


async def put(tx: Tx, made: Sequence[Made]) -> None:
    """Make these the triggers, and no others."""
    wanted = {one.id: one for one in made}
    now = {row.id: (row.digest, tuple(row.writers)) for row in await everything(tx.session)}
    if now == {one.id: (one.digest, one.writers) for one in made}:
        return
    await tx.session.execute(select(func.pg_advisory_xact_lock(_DOOR)))  # another process may be loading the same files
    query = select(TriggerRow).order_by(TriggerRow.id).with_for_update(key_share=True)
    held = await tx.session.scalars(query.execution_options(populate_existing=True))
    there = {row.id: row for row in held}
    for name, row in there.items():
        if name not in wanted and row.removed_at is None:
            row.removed_at = tx.now
            tx.audit(actor=SYSTEM, action="trigger.removed", subject=f"trigger:{name}", facts={"digest": row.digest})
    for name, one in wanted.items():
        _load(tx, there.get(name), one)
    await tx.session.flush()


def _load(tx: Tx, row: TriggerRow | None, made: Made) -> None:
    same = row is not None and row.removed_at is None and row.digest == made.digest
    if row is None:
        row = TriggerRow(id=made.id, failures=0)
        tx.session.add(row)
    if row.removed_at is not None:
        row.removed_at = row.paused_at = row.paused_by = row.paused_why = None
    row.title, row.owner, row.action, row.listens = made.title, made.owner, made.action, made.listens
    row.writers, row.source = list(made.writers), made.source
    row.document, row.digest = made.document, made.digest
    if not same:
        row.changed_at = tx.now
        facts = {"digest": made.digest, "owner": made.owner}
        tx.audit(actor=SYSTEM, action="trigger.loaded", subject=f"trigger:{made.id}", facts=facts)


def _present() -> Select[TriggerRow]:
    return select(TriggerRow).where(TriggerRow.removed_at.is_(None))
