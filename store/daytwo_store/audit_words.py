"""The words that stand beside entries of the audit, compared with the digests that the entries have of them.

Whoever rewrites a reason in its row leaves the chain as it is; this shows it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, text

from daytwo_store.engine import Session
from daytwo_store.said import SAID


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where the words of an entry `e` are kept: a table, which of its rows, and which column."""

    table: str
    row: str
    words: str
    later: str | None = None  # true where the same person has said something else since, which is then what is kept


_RUN: Final = "kept.id = substr(e.subject, 5)"  # run:r_…
_DECISION: Final = "kept.approval_id = e.facts->>'approval' AND kept.principal = e.actor AND kept.at = e.at"
_EXCEPTION: Final = "kept.id = e.facts->>'exception'"
_STOP: Final = "kept.id = substr(e.subject, 6)"  # stop:…
_TASK: Final = "kept.id = e.facts->>'task'"
_FINDING: Final = (
    "kept.run_id = substr(e.subject, 5) AND kept.path = e.facts->>'step' AND kept.no = (e.facts->>'attempt')::int "
    "AND kept.principal = e.actor"
)
WORDS: Final[Mapping[str, _Kept]] = {
    "run.accepted": _Kept("run", _RUN, "comment"),
    "decision.approve": _Kept("decision", _DECISION, "comment"),
    "decision.reject": _Kept("decision", _DECISION, "comment"),
    "approval.commented": _Kept("approval_comment", "kept.id = e.facts->>'comment'", "text"),
    "review.closed": _Kept("review", "kept.run_id = substr(e.subject, 5)", "words"),
    "exception.asked": _Kept("freeze_exception", _EXCEPTION, "reason"),
    "exception.granted": _Kept("freeze_exception", _EXCEPTION, "comment"),
    "exception.refused": _Kept("freeze_exception", _EXCEPTION, "comment"),
    "exception.revoked": _Kept("freeze_exception", _EXCEPTION, "ended_why"),
    "stop.begun": _Kept("stop", _STOP, "reason"),
    "stop.lifted": _Kept("stop", _STOP, "lifted_why"),
    "attempt.finding": _Kept("finding", _FINDING, "reason", later="kept.at > e.at"),
    "task.done": _Kept("task", _TASK, "words"),
    "task.failed": _Kept("task", _TASK, "words"),
    "delegation.created": _Kept("delegation", "kept.id = e.facts->>'delegation'", "reason"),
}


async def first_rewritten(session: Session, page: Sequence[Row[Any]]) -> int | None:
    """The first of these entries whose words are not those that were said; None: they all are, or say none."""
    found = [await _rewritten(session, kept, _of(page, action)) for action, kept in WORDS.items()]
    return min((n for n in found if n is not None), default=None)


def _of(page: Sequence[Row[Any]], action: str) -> list[dict[str, Any]]:
    return [
        {"n": row.n, "at": row.at.isoformat(), "actor": row.actor, "subject": row.subject, "facts": row.facts}
        for row in page
        if row.action == action and SAID in row.facts
    ]


async def _rewritten(session: Session, kept: _Kept, entries: Sequence[Mapping[str, Any]]) -> int | None:
    if not entries:
        return None
    query = f"""
        SELECT min(e.n) FROM jsonb_to_recordset(CAST(:entries AS jsonb))
            AS e (n bigint, at timestamptz, actor text, subject text, facts jsonb)
        LEFT JOIN "{kept.table}" kept ON {kept.row}
        WHERE to_jsonb(kept) IS NULL
           OR (NOT ({kept.later or "false"})
               AND encode(sha256(convert_to(coalesce(kept.{kept.words}, ''), 'UTF8')), 'hex') <> e.facts->>:said)
    """  # noqa: S608  # all names stand above, and values are handed over beside it
    found: int | None = await session.scalar(text(query), {"entries": json.dumps(entries), "said": SAID})
    return found
