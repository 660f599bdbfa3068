"""The rows that evidence of a run is made of: by table, every column but those that are left out.

Whoever adds a table about a run adds it to `BY_RUN` (it has a `run_id`) or `BY_APPROVAL` (it has an `approval_id`), or
says in `NOT_EVIDENCE` why it is none; a test fails for a table that stands nowhere.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import inspect, select

from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_store.tables import (
    ApprovalRow,
    AttemptRow,
    Base,
    CommentRow,
    DecisionRow,
    DelegationRow,
    EntityEventRow,
    ExternalRunRow,
    FindingRow,
    FiringRow,
    FreezeExceptionRow,
    GateAnswerRow,
    LogChunkRow,
    LogSourceRow,
    PrincipalRow,
    ReactionRow,
    ReviewRow,
    RunRow,
    StepRow,
    TaskRow,
)

BY_RUN: Final[Mapping[str, type[Base]]] = {
    "steps": StepRow,
    "attempts": AttemptRow,
    "external_runs": ExternalRunRow,
    "gate_answers": GateAnswerRow,
    "findings": FindingRow,
    "approvals": ApprovalRow,
    "freeze_exceptions": FreezeExceptionRow,
    "break_glass_reviews": ReviewRow,
    "firings": FiringRow,
    "reactions": ReactionRow,
    "tasks": TaskRow,
}
BY_APPROVAL: Final[Mapping[str, type[Base]]] = {"decisions": DecisionRow, "comments": CommentRow}
NOT_EVIDENCE: Final[Mapping[str, str]] = {
    "outbox": "what is still to be told to Temporal",
    "notification": "who was told; what they were told about is here",
    "log_chunk": "by its digest",
    "log_source": "how far a log is kept",
    "lock": "who holds it now; that it was taken and given back is in the audit",
    "lock_queue": "who waits now",
    "secret": "ciphertext; the plan says which fields were secrets",
    "delegation": "those that decisions name are here, see `of_run`",
}
# Columns that say nothing about what happened, or that are told otherwise.
LEFT_OUT_EVERYWHERE: Final = {"idempotency_key", "body_sha256"}
LEFT_OUT: Final = {
    RunRow: {"plan", "log_lines", "log_bytes"},
    ExternalRunRow: {"wanted_at", "watched_until", "looked_at"},
    StepRow: {"jobs_at"},
    ReactionRow: {"key"},
    FiringRow: {"key"},  # the run's, which nobody is to guess
}


def as_json(value: object) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes):
        return value.decode()  # what was sent, with what stands in for secrets; it is JSON
    if isinstance(value, Decimal):
        return str(value)
    return value


def columns(row: Base) -> dict[str, Any]:
    """All columns of a row that are evidence."""
    left_out = LEFT_OUT_EVERYWHERE | LEFT_OUT.get(type(row), set())
    return {
        one.key: as_json(getattr(row, one.key)) for one in inspect(type(row)).column_attrs if one.key not in left_out
    }


async def of_run(session: Session, run: RunId) -> dict[str, list[dict[str, Any]]]:
    """Everything by table, in the order of primary keys."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, table in BY_RUN.items():
        found[name] = await _rows(session, table, "run_id", [run])
    approvals = [str(row["id"]) for row in found["approvals"]]
    for name, table in BY_APPROVAL.items():
        found[name] = await _rows(session, table, "approval_id", approvals)
    used = [str(row["delegation"]) for row in found["decisions"] if row["delegation"] is not None]
    found["delegations"] = await _rows(session, DelegationRow, "id", used)
    return found


async def _rows(session: Session, table: type[Base], column: str, values: Sequence[str]) -> list[dict[str, Any]]:
    keys = inspect(table).primary_key
    query = select(table).where(getattr(table, column).in_(values)).order_by(*keys)
    return [columns(row) for row in await session.scalars(query)]


async def changes(session: Session, run: RunId) -> list[dict[str, Any]]:
    """What the run wrote into the catalog: each entity before and after."""
    query = select(EntityEventRow).where(EntityEventRow.by == f"run:{run}").order_by(EntityEventRow.n)
    return [
        {
            "ref": row.ref,
            "version": row.version,
            "at": as_json(row.at),
            "before": _told(row.before),
            "after": _told(row.after),
        }
        for row in await session.scalars(query)
    ]


def _told(entity: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if entity is None else {name: value for name, value in entity.items() if name != "declared"}


async def people(session: Session, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    rows = await session.scalars(select(PrincipalRow).where(PrincipalRow.id.in_(ids)).order_by(PrincipalRow.id))
    return {row.id: {name: value for name, value in columns(row).items() if name != "id"} for row in rows}


async def logs(session: Session, run: RunId) -> dict[str, Any]:
    """SHA-256 of the whole log as `logs.txt` gives it, and of each job's lines (each with its line feed).

    Where lines are left out, a sentence stands in their place in both, and counts as none; `whole_sha256` is of the
    job's log with all its lines, as it was when it was kept.
    """
    whole, lines, left_out = hashlib.sha256(), 0, 0
    sources = await session.scalars(select(LogSourceRow).where(LogSourceRow.run_id == run))
    wholes = {(row.path, row.job_id): row.whole for row in sources}
    jobs: dict[tuple[str, str], dict[str, Any]] = {}
    digests: dict[tuple[str, str], Any] = {}
    async for chunk in _chunks(session, run):
        content = f"{chunk.text}\n".encode()
        whole.update(content)
        key = (chunk.path, chunk.job_id)
        begun = {"step": chunk.path, "job": chunk.job_id, "name": chunk.job_name, "lines": 0, "left_out": 0}
        one = jobs.setdefault(key, begun)
        if chunk.left_out is None:
            lines += chunk.lines
            one["lines"] += chunk.lines
        else:
            left_out += chunk.lines
            one["left_out"] += chunk.lines
        digests.setdefault(key, hashlib.sha256()).update(content)
    return {
        "lines": lines,
        "left_out": left_out,
        "sha256": whole.hexdigest(),
        "jobs": [
            {**one, "sha256": digests[key].hexdigest(), "whole_sha256": wholes.get(key)} for key, one in jobs.items()
        ],
    }


async def _chunks(session: Session, run: RunId) -> AsyncIterator[LogChunkRow]:
    """One after the other: a log may be larger than our memory should be."""
    after = 0
    while True:
        query = select(LogChunkRow).where(LogChunkRow.run_id == run, LogChunkRow.first > after)
        chunk: LogChunkRow | None = await session.scalar(query.order_by(LogChunkRow.first).limit(1))
        if chunk is None:
            return
        yield chunk
        after = chunk.first
        session.expunge(chunk)
