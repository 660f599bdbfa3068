"""Signed checkpoints of the audit (A5): at entry `n` the chain had this hash.

They are written to a place outside the database, where whoever can change the database cannot reach them; a copy in the
database says up to where that was done. A line is JSON: `{"at", "hash", "key", "n", "signature"}`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import JsonValue
from sqlalchemy import select, true, tuple_
from sqlalchemy.dialects.postgresql import insert

from daytwo_store.engine import Session, Tx
from daytwo_store.signing import KeyRing, Purpose, Signer, Verdict
from daytwo_store.tables import AuditCheckpointRow, AuditHeadRow, AuditSealRow

EVERY: Final = timedelta(seconds=60)
ENTRIES: Final = 1000
LOG_FIELD: Final = "checkpoint"  # of a log line, which holds the line of a checkpoint as text


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    n: int
    hash: str
    at: datetime
    key: str
    signature: str

    @classmethod
    def sign(cls, signer: Signer, *, n: int, hash_: str, at: datetime) -> "Checkpoint":
        document = _document(n, hash_, at, signer.key)
        return cls(n=n, hash=hash_, at=at, key=signer.key, signature=signer.sign(Purpose.CHECKPOINT, document))

    @property
    def document(self) -> dict[str, JsonValue]:
        """What is signed."""
        return _document(self.n, self.hash, self.at, self.key)

    def check(self, keys: KeyRing) -> Verdict:
        return keys.check(Purpose.CHECKPOINT, self.document, key=self.key, signature=self.signature)

    def line(self) -> str:
        return json.dumps({**self.document, "signature": self.signature}, sort_keys=True)

    def json(self) -> dict[str, JsonValue]:
        return {**self.document, "signature": self.signature}


def _document(n: int, hash_: str, at: datetime, key: str) -> dict[str, JsonValue]:
    return {"n": n, "hash": hash_, "at": at.astimezone(UTC).isoformat(), "key": key}


def read_checkpoint(document: object) -> Checkpoint | None:
    """A checkpoint from its JSON, or from a log line that holds one; None when it is none."""
    try:
        if isinstance(document, dict) and isinstance(document.get(LOG_FIELD), str):
            document = json.loads(document[LOG_FIELD])
        if not isinstance(document, dict):
            return None
        return Checkpoint(
            n=int(document["n"]),
            hash=str(document["hash"]),
            at=datetime.fromisoformat(document["at"]),
            key=str(document["key"]),
            signature=str(document["signature"]),
        )
    except (KeyError, ValueError, TypeError, RecursionError):
        return None


def read_lines(lines: Iterable[str]) -> tuple[list[Checkpoint], int]:
    """The checkpoints of a file or a log, and how many lines were none. A line may have been cut off by a crash."""
    found, others = [], 0
    for line in lines:
        if not line.strip():
            continue
        try:
            one = read_checkpoint(json.loads(line))
        except (ValueError, RecursionError):
            one = None
        if one is None:
            others += 1
        else:
            found.append(one)
    return found, others


async def due(session: Session, *, now: datetime) -> tuple[int, str] | None:
    """The head that has to be signed now: 60 s after the last checkpoint, or 1,000 entries; None when there is time."""
    head = (await session.execute(select(AuditHeadRow.n, AuditHeadRow.hash).where(AuditHeadRow.id == 1))).one()
    last = (
        await session.execute(
            select(AuditCheckpointRow.n, AuditCheckpointRow.at).order_by(AuditCheckpointRow.n.desc()).limit(1)
        )
    ).one_or_none()
    if head.n == (last.n if last else 0):
        return None
    if last is None or now - last.at >= EVERY or head.n - last.n >= ENTRIES or head.n < last.n:
        return head.n, head.hash
    return None


async def written(tx: Tx, checkpoint: Checkpoint) -> None:
    """Remember that the checkpoint stands outside."""
    row = {"n": checkpoint.n, "key": checkpoint.key, "hash": checkpoint.hash, "at": checkpoint.at}
    await tx.session.execute(
        insert(AuditCheckpointRow).values(**row, signature=checkpoint.signature).on_conflict_do_nothing()
    )
    await _note(tx, failing_since=None, why=None)


async def failed(tx: Tx, why: str) -> None:
    """Remember that it could not be written, since when, and why."""
    row = await tx.session.get(AuditSealRow, 1)
    since = row.failing_since if row is not None and row.failing_since is not None else tx.now
    await _note(tx, failing_since=since, why=why)


async def _note(tx: Tx, *, failing_since: datetime | None, why: str | None) -> None:
    told = {"failing_since": failing_since, "why": why}
    await tx.session.execute(
        insert(AuditSealRow).values(id=1, **told).on_conflict_do_update(index_elements=["id"], set_=told)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """How far the audit is signed."""

    entries: int  # number of the last entry
    sealed: int  # number of the last one that is signed
    at: datetime | None  # when that was
    failing_since: datetime | None
    why: str | None


async def state(session: Session) -> Sealed:
    last = await session.scalar(select(AuditCheckpointRow).order_by(AuditCheckpointRow.n.desc()).limit(1))
    told = await session.get(AuditSealRow, 1)
    return Sealed(
        entries=await session.scalar(select(AuditHeadRow.n).where(AuditHeadRow.id == 1)) or 0,
        sealed=last.n if last else 0,
        at=last.at if last else None,
        failing_since=told.failing_since if told else None,
        why=told.why if told else None,
    )


async def page(session: Session, *, after: Checkpoint | None, limit: int) -> list[Checkpoint]:
    """Checkpoints after that one, in order of entries and then keys: two keys may have signed one entry."""
    place = tuple_(AuditCheckpointRow.n, AuditCheckpointRow.key)
    there = place > tuple_(after.n, after.key) if after is not None else true()
    rows: Sequence[AuditCheckpointRow] = (
        await session.scalars(
            select(AuditCheckpointRow).where(there).order_by(AuditCheckpointRow.n, AuditCheckpointRow.key).limit(limit)
        )
    ).all()
    return [Checkpoint(n=row.n, hash=row.hash, at=row.at, key=row.key, signature=row.signature) for row in rows]
