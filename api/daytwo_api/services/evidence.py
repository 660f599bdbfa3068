"""What evidence of a run says: who, why, what was planned, who decided, what was sent and what became of it."""

from collections.abc import Iterator
from typing import Any, Final

from daytwo_store import audit_proof, audit_read, definitions, evidence_rows
from daytwo_store.audit import GENESIS
from daytwo_store.engine import Session, Store
from daytwo_store.errors import NotFound
from daytwo_store.evidence import FORMAT
from daytwo_store.evidence_rows import as_json, columns
from daytwo_store.ids import RunId
from daytwo_store.tables import AuditRow, RunRow

_PEOPLE: Final = frozenset(
    {"actor", "asked_by", "by", "cancel_by", "closed_by", "decided_by", "ended_by"}
    | {"on_behalf_of", "principal", "requester", "revoked_by"}
)


async def collect(store: Store, run: RunId) -> dict[str, Any]:
    """The document, as the database was at one moment. Raises `NotFound`.

    Rows are told as they are and not read as what they are today: a run of years ago has its evidence, too.
    """
    async with store.snapshot() as session:
        row = await session.get(RunRow, run)
        if row is None:
            raise NotFound(f"There is no run {run}, or you may not see it.")
        now = await store.clock.now(session)
        tables = await evidence_rows.of_run(session, run)
        told: dict[str, Any] = {
            "format": FORMAT,
            "made_at": as_json(now),
            "run": columns(row),
            "plan": {"text": row.plan, "digest": row.digest},
            "definition": await _definition(session, row),
            **tables,
            "catalog": await evidence_rows.changes(session, run),
            "logs": await evidence_rows.logs(session, run),
            "audit": await _audit(session, run),
        }
        told["people"] = await evidence_rows.people(session, sorted(set(_ids(told))))
        return told


async def _definition(session: Session, run: RunRow) -> dict[str, Any] | None:
    found = (await definitions.by_digests(session, {run.version})).get(run.version)
    return None if found is None else {"digest": found.digest, "source": found.source, "document": found.document}


async def _audit(session: Session, run: RunId) -> dict[str, Any]:
    rows = await audit_read.of_run(session, run)
    proof = await audit_proof.prove(session, [row.n for row in rows])
    return {
        "entries": [await _entry(session, row) for row in rows],
        "proof": [stretch.json() for stretch in proof],
        "proven_to": max((stretch.checkpoint.n for stretch in proof), default=0),
    }


async def _entry(session: Session, row: AuditRow) -> dict[str, Any]:
    before = await session.get(AuditRow, row.n - 1)
    return {**columns(row), "before": before.hash if before else GENESIS if row.n == 1 else None}


def _ids(value: object) -> Iterator[str]:
    """Ids of everybody who is named by a column."""
    if isinstance(value, dict):
        for name, one in value.items():
            if name in _PEOPLE and isinstance(one, str):
                yield one
            else:
                yield from _ids(one)
    elif isinstance(value, list):
        for one in value:
            yield from _ids(one)
