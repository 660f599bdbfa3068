"""Secret inputs and credentials: kept encrypted, opened for a purpose, encrypted anew, deleted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Topic, Tx
from daytwo_store.errors import Conflict, DaytwoError
from daytwo_store.ids import RunId, StepPath, mint
from daytwo_store.keyring import KeyRing, NotSealed, Row, SealBroken
from daytwo_store.tables import RunRow, SecretRow

INPUT, CREDENTIAL = "input", "credential"


class SecretGone(Conflict):
    type = "secret-gone"
    title = "The secret was deleted"


UNUSABLE: Final = (SecretGone, SealBroken, NotSealed)
"""A value that no key will ever open again."""


def place_of(row: SecretRow) -> Row:
    """What the value of a row is bound to."""
    return Row(purpose=row.purpose, identity=(row.id, row.run_id or "", row.name))


def _new(tx: Tx, ring: KeyRing, value: str, **columns: str | None) -> SecretRow:
    row = SecretRow(id=mint("s"), created_at=tx.now, **columns)
    row.key_id, row.sealed = ring.seal(value.encode(), place_of(row))
    tx.session.add(row)
    return row


def keep_inputs(tx: Tx, ring: KeyRing, run: RunId, values: Mapping[str, str], *, by: str) -> None:
    """In the transaction that accepts the run. Raises `UnknownKey`."""
    for name, value in values.items():
        _new(tx, ring, value, purpose=INPUT, run_id=run, name=name, created_by=by)


async def put_inputs(tx: Tx, ring: KeyRing, run: RunId, values: Mapping[str, str], *, step: StepPath, by: str) -> None:
    """What was filled in at a step, as `access.token`, in place of what was there. Raises `UnknownKey`."""
    prefix = f"{step}."
    await tx.session.execute(
        delete(SecretRow).where(SecretRow.run_id == run, SecretRow.name.startswith(prefix, autoescape=True))
    )
    keep_inputs(tx, ring, run, {f"{prefix}{name}": value for name, value in values.items()}, by=by)


async def of_run(session: AsyncSession, run: RunId) -> Sequence[SecretRow]:
    return (await session.scalars(select(SecretRow).where(SecretRow.run_id == run).order_by(SecretRow.name))).all()


def opened(ring: KeyRing, row: SecretRow) -> str:
    """Raises `SecretGone`, `UnknownKey`, `SealBroken`, `NotSealed`."""
    if row.sealed is None:
        raise SecretGone(
            f"The secret {row.name} was deleted after the run's end, so there is nothing to give. Start a new run."
        )
    return ring.open(row.sealed, place_of(row)).decode()


async def open_inputs(session: AsyncSession, ring: KeyRing, run: RunId) -> dict[str, str]:
    """The secret inputs of a run by name; empty for a run without any. Raises what `opened` raises."""
    return {row.name: opened(ring, row) for row in await of_run(session, run)}


# --- credentials ------------------------------------------------------------------------------------------------------


async def credential_row(session: AsyncSession, connection: str) -> SecretRow | None:
    row: SecretRow | None = await session.scalar(
        select(SecretRow).where(SecretRow.run_id.is_(None), SecretRow.name == connection)
    )
    return row


async def set_credential(tx: Tx, ring: KeyRing, connection: str, value: str, *, by: str) -> None:
    """In place of what was there. The audit says who, never what."""
    old = await credential_row(tx.session, connection)
    if old is not None:
        await tx.session.delete(old)
        await tx.session.flush()
    _new(tx, ring, value, purpose=CREDENTIAL, run_id=None, name=connection, created_by=by)
    tx.audit(actor=by, action="credential.set", subject=f"connection:{connection}")


async def delete_credential(tx: Tx, connection: str, *, by: str) -> bool:
    old = await credential_row(tx.session, connection)
    if old is None:
        return False
    await tx.session.delete(old)
    tx.audit(actor=by, action="credential.deleted", subject=f"connection:{connection}")
    return True


# --- keys -------------------------------------------------------------------------------------------------------------


async def count_by_key(session: AsyncSession) -> dict[str, int]:
    """How many values each key is needed for."""
    found = await session.execute(
        select(SecretRow.key_id, func.count()).where(SecretRow.sealed.is_not(None)).group_by(SecretRow.key_id)
    )
    return {str(kid): count for kid, count in found}


@dataclass(frozen=True, slots=True)
class Resealed:
    changed: int
    stuck: Mapping[str, int]  # values that could not be opened, by the id of their key


async def reseal(tx: Tx, ring: KeyRing, *, limit: int, after: str = "") -> tuple[Resealed, str]:
    """Encrypt up to `limit` values with the active key, in order of their ids, and the last id that was looked at.

    What does not open stays as it is, is counted, and is nobody's loss: a key that comes back opens it again.
    """
    rows = (
        await tx.session.scalars(
            select(SecretRow)
            .where(SecretRow.sealed.is_not(None), SecretRow.key_id != ring.active, SecretRow.id > after)
            .order_by(SecretRow.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    ).all()
    changed, stuck = 0, Counter[str]()
    for row in rows:
        assert row.sealed is not None
        try:
            value = ring.open(row.sealed, place_of(row))
        except DaytwoError:
            stuck[row.key_id] += 1
            continue
        row.key_id, row.sealed = ring.seal(value, place_of(row))
        changed += 1
    if changed:
        tx.audit(
            actor="daytwo",
            action="secrets.resealed",
            subject=f"key:{ring.active}",
            facts={"count": str(changed)},
        )
    return Resealed(changed, dict(stuck)), rows[-1].id if rows else ""


# --- the end ----------------------------------------------------------------------------------------------------------


async def delete_ended(tx: Tx, *, before: datetime, limit: int) -> int:
    """Delete the secret inputs of runs that ended before a moment; how many values that were."""
    rows = (
        await tx.session.scalars(
            select(SecretRow)
            .where(
                SecretRow.sealed.is_not(None),
                exists().where(RunRow.id == SecretRow.run_id, RunRow.ended_at < before),
            )
            .order_by(SecretRow.run_id, SecretRow.name)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    ).all()
    by_run: dict[str, list[str]] = {}
    for row in rows:
        row.sealed, row.deleted_at = None, tx.now
        by_run.setdefault(str(row.run_id), []).append(row.name)
    for run, names in by_run.items():
        tx.audit(actor="daytwo", action="secrets.deleted", subject=f"run:{run}", facts={"name": ", ".join(names)})
        tx.notify(Topic.RUN, run)
    return len(rows)
