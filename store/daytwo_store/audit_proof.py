"""Proof that entries stand in the signed chain, without showing the entries of others.

A stretch begins before an entry and ends at the checkpoint after it. For each entry in between it holds 32 bytes, its
digest; for those that are shown, nothing, since whoever checks computes it. Walking it has to end at the signed hash.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue
from sqlalchemy import select, text

from daytwo_store.audit import Entry, digest, joined
from daytwo_store.audit_check import entry_of
from daytwo_store.checkpoints import Checkpoint, read_checkpoint
from daytwo_store.engine import Session
from daytwo_store.signing import KeyRing, Verdict
from daytwo_store.tables import AuditCheckpointRow, AuditRow

_LONGEST: Final = 20_000  # digests of one stretch


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """`before` is the hash before entry `first`. `links` has a digest for each entry, or None for one that is shown."""

    first: int
    before: str
    links: Sequence[str | None]
    checkpoint: Checkpoint

    def json(self) -> dict[str, JsonValue]:
        return {
            "first": self.first,
            "before": self.before,
            "links": list(self.links),
            "checkpoint": self.checkpoint.json(),
        }


async def prove(session: Session, shown: Sequence[int]) -> list[Stretch]:
    """Stretches that cover the shown entries, as far as checkpoints reach."""
    stretches: list[Stretch] = []
    for n in sorted(shown):
        if stretches and n <= stretches[-1].checkpoint.n:
            continue
        row: AuditCheckpointRow | None = await session.scalar(
            select(AuditCheckpointRow).where(AuditCheckpointRow.n >= n).order_by(AuditCheckpointRow.n).limit(1)
        )
        if row is None:
            break
        if row.n - n < _LONGEST and (one := await _stretch(session, n, row, frozenset(shown))) is not None:
            stretches.append(one)
    return stretches


async def _stretch(session: Session, first: int, end: AuditCheckpointRow, shown: frozenset[int]) -> Stretch | None:
    before = "0" * 64 if first == 1 else await session.scalar(select(AuditRow.hash).where(AuditRow.n == first - 1))
    if before is None:  # the entry before it was cut
        return None
    rows = await session.execute(
        text(
            "SELECT n, at, actor, action, subject, facts, hash FROM audit WHERE n BETWEEN :first AND :last ORDER BY n"
        ),
        {"first": first, "last": end.n},
    )
    return Stretch(
        first=first,
        before=before,
        links=[None if row.n in shown else digest(row.n, entry_of(row)).hex() for row in rows],
        checkpoint=Checkpoint(n=end.n, hash=end.hash, at=end.at, key=end.key, signature=end.signature),
    )


def check(stretch: Mapping[str, object], shown: Mapping[int, Entry], keys: KeyRing) -> Checkpoint | str:
    """The checkpoint that covers the stretch, or a sentence that says what does not hold."""
    checkpoint = read_checkpoint(stretch.get("checkpoint"))
    links, first, before = stretch.get("links"), stretch.get("first"), stretch.get("before")
    if checkpoint is None or not isinstance(links, list) or not isinstance(first, int) or not isinstance(before, str):
        return "a proof is not complete"
    if checkpoint.check(keys) is not Verdict.GOOD:
        return f"the checkpoint at entry {checkpoint.n} is not signed by a key that was given"
    n = first - 1
    try:
        for n, one in enumerate(links, first):
            before = joined(before, digest(n, shown[n]) if one is None else bytes.fromhex(one))
    except (KeyError, ValueError, TypeError):
        return f"the proof does not say what entry {n} is"
    if (n, before) != (checkpoint.n, checkpoint.hash):
        return f"the entries from {first} on do not lead to what was signed at entry {checkpoint.n}"
    return checkpoint
