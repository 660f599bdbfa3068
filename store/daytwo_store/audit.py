"""The hash chain of the audit (A5): `hash_n = SHA-256(hash_{n-1} || JCS(entry_n))`, gap-free, one head row.

An entry is written in the transaction that it describes. Facts are an allow-list of short strings: ids, states,
digests; never an input value or a credential.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import rfc8785
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.tables import AuditHeadRow, AuditRow

GENESIS: Final = "0" * 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    at: datetime
    actor: str  # "p_…" of a principal, or "daytwo"
    action: str  # "run.accepted"
    subject: str  # "run:r_…"
    facts: Mapping[str, str]


def link(before: str, n: int, entry: Entry) -> str:
    """The hash of entry `n` after the hash `before`, both as 64 hex digits."""
    canonical = rfc8785.dumps(
        {
            "n": n,
            "at": entry.at.astimezone(UTC).isoformat(),
            "actor": entry.actor,
            "action": entry.action,
            "subject": entry.subject,
            "facts": dict(entry.facts),
        }
    )
    return hashlib.sha256(bytes.fromhex(before) + canonical).hexdigest()


_APPEND: Final = text(
    """
    WITH appended AS (
        INSERT INTO audit (n, at, actor, action, subject, facts, hash)
        SELECT n, at, actor, action, subject, facts, hash FROM jsonb_to_recordset(CAST(:rows AS jsonb))
            AS row (n bigint, at timestamptz, actor text, action text, subject text, facts jsonb, hash text)
    ), moved AS (
        UPDATE audit_head SET n = :n, hash = :hash WHERE id = 1
    )
    SELECT pg_notify(:channel, topic) FROM unnest(CAST(:topics AS text[])) AS topic
    """
)


async def append(session: AsyncSession, entries: Sequence[Entry], *, channel: str, topics: Sequence[str]) -> None:
    """Append to the chain, and tell the channel, in one statement; holds the head's row until the transaction ends.

    Everybody who changes something waits for that row, so it is held for as few round trips as can be.
    """
    n, before = (
        await session.execute(select(AuditHeadRow.n, AuditHeadRow.hash).where(AuditHeadRow.id == 1).with_for_update())
    ).one()
    rows = []
    for entry in entries:
        n += 1
        before = link(before, n, entry)
        rows.append(
            {
                "n": n,
                "at": entry.at.isoformat(),
                "actor": entry.actor,
                "action": entry.action,
                "subject": entry.subject,
                "facts": dict(entry.facts),
                "hash": before,
            }
        )
    told = {"channel": channel, "topics": list(topics)}
    await session.execute(_APPEND, {"rows": json.dumps(rows), "n": n, "hash": before, **told})


@dataclass(frozen=True, slots=True)
class Broken:
    """Where the chain does not hold, and how it shows."""

    n: int
    what: str


async def verify(session: AsyncSession) -> Broken | int:
    """Walk the whole chain: the number of entries, or the first place where it is broken."""
    before, last = GENESIS, 0
    while rows := await _entries(session, last):
        for row in rows:
            if row.n != last + 1:
                return Broken(last + 1, "an entry is missing")
            before, last = link(before, row.n, _entry(row)), row.n
            if before != row.hash:
                return Broken(row.n, "the entry is not what was written")
    head = (await session.execute(select(AuditHeadRow).where(AuditHeadRow.id == 1))).scalar_one()
    if (head.n, head.hash) != (last, before):
        return Broken(last + 1, "the head names another last entry: the end was cut off or replaced")
    return last


async def _entries(session: AsyncSession, after: int) -> Sequence[AuditRow]:
    query = select(AuditRow).where(AuditRow.n > after).order_by(AuditRow.n).limit(1000)
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


def _entry(row: AuditRow) -> Entry:
    facts = {key: str(value) for key, value in row.facts.items()}
    return Entry(at=row.at, actor=row.actor, action=row.action, subject=row.subject, facts=facts)
