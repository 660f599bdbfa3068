"""Retention: the beginning of the audit is deleted, and a signed entry says up to where ("pruned to n").

The entry `audit.cut` holds the number and hash of the last entry that went, so the rest can still be verified. It is
written first; the deletion goes on in small pieces, so that nobody waits, and may be repeated after a crash.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import JsonValue
from sqlalchemy import func, select, text

from daytwo_store.engine import Session, Store
from daytwo_store.errors import Conflict
from daytwo_store.signing import KeyRing, Purpose, Signer, Verdict
from daytwo_store.tables import AuditCheckpointRow, AuditRow

ACTION: Final = "audit.cut"
_AT_ONCE: Final = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """Everything up to entry `n`, which had this hash, was deleted."""

    n: int
    hash: str
    key: str
    signature: str

    @property
    def document(self) -> dict[str, JsonValue]:
        return {"to": self.n, "hash": self.hash, "key": self.key}


async def newest(session: Session, keys: KeyRing) -> Cut | str | None:
    """The newest cut, if its signature holds; a sentence when it does not; None when the audit was never cut."""
    row: AuditRow | None = await session.scalar(
        select(AuditRow).where(AuditRow.action == ACTION).order_by(AuditRow.n.desc()).limit(1)
    )
    if row is None:
        return None
    facts = {name: str(value) for name, value in row.facts.items()}
    try:
        cut = Cut(n=int(facts["to"]), hash=facts["hash"], key=facts["key"], signature=facts["signature"])
    except (KeyError, ValueError):
        return f"entry {row.n} says that the beginning was deleted, and does not say up to where"
    match keys.check(Purpose.CUT, cut.document, key=cut.key, signature=cut.signature):
        case Verdict.GOOD:
            return cut
        case Verdict.UNKNOWN_KEY:
            return (
                f"entry {row.n} says that everything up to {cut.n} was deleted, signed by key {cut.key}, which is not "
                "among those given: whether that was so cannot be checked"
            )
    return f"entry {row.n} says that everything up to {cut.n} was deleted, and its signature is wrong"


async def last_before(session: Session, moment: datetime) -> int:
    """The last entry with nothing but older ones before it; 0 when there is none."""
    first_to_keep = await session.scalar(select(func.min(AuditRow.n)).where(AuditRow.at >= moment))
    if first_to_keep is not None:
        return first_to_keep - 1
    return await session.scalar(select(func.max(AuditRow.n))) or 0


async def cut(store: Store, signer: Signer, *, to: int, actor: str) -> int:
    """Delete every entry up to `to`; how many went. Raises `Conflict` and deletes nothing when they are not sealed."""
    async with store.read() as session:
        hash_ = await session.scalar(select(AuditRow.hash).where(AuditRow.n == to))
        sealed = await session.scalar(select(func.max(AuditCheckpointRow.n))) or 0
    if hash_ is None:
        raise Conflict(f"There is no entry {to} in the audit. Nothing was deleted.")
    if to > sealed:
        raise Conflict(
            f"Only entries up to {sealed} stand in a signed checkpoint, and entry {to} is to go. Nothing was deleted. "
            "Wait for the next checkpoint (a minute), or look why none is written: the metric "
            "daytwo_audit_checkpoint_failing."
        )
    document: dict[str, JsonValue] = {"to": to, "hash": hash_, "key": signer.key}
    async with store.write() as tx:
        facts = {"to": str(to), "hash": hash_, "key": signer.key, "signature": signer.sign(Purpose.CUT, document)}
        tx.audit(actor=actor, action=ACTION, subject="audit", facts=facts)
    return await sweep(store, to=to)


async def sweep(store: Store, *, to: int) -> int:
    """Delete what a cut has named, in pieces."""
    gone = 0
    while True:
        async with store.write() as tx:
            await tx.session.execute(text("SET LOCAL daytwo.audit_cut = 'on'"))
            pieces = await tx.session.execute(
                text(
                    "DELETE FROM audit WHERE n IN (SELECT n FROM audit WHERE n <= :to ORDER BY n LIMIT :page)"
                    " RETURNING n"
                ),
                {"to": to, "page": _AT_ONCE},
            )
            deleted = len(pieces.all())
            await tx.session.execute(text("DELETE FROM audit_checkpoint WHERE n < :to"), {"to": to})
        gone += deleted
        if deleted < _AT_ONCE:
            return gone
