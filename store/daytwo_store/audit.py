"""The hash chain of the audit (A5): gap-free, one head row, written in the transaction that it describes.

    hash_n = SHA-256(hash_{n-1} || SHA-256(JCS(entry_n)))

The inner digest lets somebody show that an entry stands before a signed checkpoint without showing the entries of
others in between (docs/decisions/0020). Facts are an allow-list of short strings: ids, states, digests; never an input
value or a credential.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.audit_facts import FACTS
from daytwo_store.errors import Unavailable
from daytwo_store.tables import AuditHeadRow

log = structlog.get_logger()

GENESIS: Final = "0" * 64
_LONGEST: Final = 2000
_DATABASE: Final = ("", "08", "40", "57")  # classes of SQLSTATE: none, connection, rolled back, told to stop
# What is known to be a credential by its first letters, whatever field somebody puts it into.
_CREDENTIAL: Final = re.compile(
    r"gh[oprsu]_\w{16}|github_pat_\w|glpat-|glptt-|dt_\w{16}|xox[abprs]-|eyJ[\w-]{8,}\.[\w-]{8,}\.|hvs\.\w{8}|AKIA\w{16}"
    r"|-----BEGIN |(?i:bearer|basic) \S{8}|://[^/\s:@]+:[^/\s@]+@"
)


class AuditUnwritable(Unavailable):
    """No audit, no change: the transaction was given up."""

    type = "audit-unwritable"
    title = "The audit cannot be written"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    at: datetime
    actor: str  # "p_…" of a principal, or "daytwo"
    action: str  # "run.accepted"
    subject: str  # "run:r_…"
    facts: Mapping[str, str]


def listed(facts: Mapping[str, object]) -> dict[str, str]:
    """The facts that are on the list, short and without what looks like a credential. What is left out is named."""
    kept = {name: _harmless(str(value)) for name, value in facts.items() if name in FACTS}
    if left := sorted(facts.keys() - FACTS):
        log.error("audit.fact_left_out", what=left)
    return kept


def _harmless(value: str) -> str:
    if _CREDENTIAL.search(value):
        log.error("audit.credential_withheld")
        return "withheld"
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"


_canonical: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def digest(n: int, entry: Entry) -> bytes:
    """SHA-256 of the entry in canonical JSON.

    For text, whole numbers and ASCII keys this is RFC 8785 to the letter (a test compares), and many times faster.
    """
    return digest_of(n, entry.at, entry.actor, entry.action, entry.subject, entry.facts)


def digest_of(n: int, at: datetime, actor: str, action: str, subject: str, facts: Mapping[str, str]) -> bytes:
    """The same from the columns of its row, for whoever walks a million of them."""
    document = {
        "action": action,
        "actor": actor,
        "at": at.astimezone(UTC).isoformat(),
        "facts": facts,
        "n": n,
        "subject": subject,
    }
    return hashlib.sha256(_canonical(document).encode()).digest()


def joined(before: str, digest_of_entry: bytes) -> str:
    """The hash of an entry after the hash `before`; hashes as 64 hex digits."""
    return hashlib.sha256(bytes.fromhex(before) + digest_of_entry).hexdigest()


def link(before: str, n: int, entry: Entry) -> str:
    """The hash of entry `n` after the hash `before`."""
    return joined(before, digest(n, entry))


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

    Everybody who changes something waits for that row, so it is held for as few round trips as can be. Raises
    `AuditUnwritable`: then the caller's transaction has to be given up, and is.
    """
    try:
        await _append(session, entries, channel=channel, topics=topics)
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or ""
        if error.connection_invalidated or state[:2] in _DATABASE:
            raise  # the database does not answer: the store has words for that
        log.exception("audit.unwritable")
        raise AuditUnwritable(
            "The audit cannot be written, and nothing is done without it: nothing was changed. Whoever operates this "
            "server finds the reason in its log (audit.unwritable). Try again when that is mended."
        ) from error


async def _append(session: AsyncSession, entries: Sequence[Entry], *, channel: str, topics: Sequence[str]) -> None:
    n, before = (
        await session.execute(select(AuditHeadRow.n, AuditHeadRow.hash).where(AuditHeadRow.id == 1).with_for_update())
    ).one()
    rows = []
    for given in entries:
        n += 1
        facts = listed(given.facts)
        entry = Entry(at=given.at, actor=given.actor, action=given.action, subject=given.subject, facts=facts)
        before = link(before, n, entry)
        rows.append(
            {
                "n": n,
                "at": entry.at.isoformat(),
                "actor": entry.actor,
                "action": entry.action,
                "subject": entry.subject,
                "facts": facts,
                "hash": before,
            }
        )
    told = {"channel": channel, "topics": list(topics)}
    await session.execute(_APPEND, {"rows": json.dumps(rows), "n": n, "hash": before, **told})
