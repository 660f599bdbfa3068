"""What a file of evidence proves by itself, beyond its signature; needs nothing but the public key."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from daytwo_store import audit_proof
from daytwo_store.audit import Entry, link
from daytwo_store.evidence_decisions import Point, decision_points
from daytwo_store.evidence_said import said_points
from daytwo_store.evidence_sent import sent_points
from daytwo_store.signing import KeyRing


def points(evidence: Mapping[str, Any], keys: KeyRing, log: bytes | None = None) -> Iterator[Point]:
    """Everything that can be recomputed. The signature of the file was checked before."""
    try:
        yield _plan(evidence)
        yield from decision_points(evidence)
        yield from sent_points(evidence)
        yield from said_points(evidence)
        yield from _entries(evidence, keys)
        if log is not None:
            same = hashlib.sha256(log).hexdigest() == evidence["logs"]["sha256"]
            yield Point(same, "the log is the one that was kept" if same else "the log is another one")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        yield Point(False, f"a part of it is missing or of another shape ({type(error).__name__}: {error})")


def _plan(evidence: Mapping[str, Any]) -> Point:
    plan = evidence["plan"]
    same = hashlib.sha256(plan["text"].encode()).hexdigest() == plan["digest"]
    return Point(same, "the plan has the digest of the run" if same else "the plan has another digest than the run")


def _entries(evidence: Mapping[str, Any], keys: KeyRing) -> Iterator[Point]:
    shown: dict[int, Entry] = {}
    for row in evidence["audit"]["entries"]:
        shown[row["n"]] = _entry(row)
        if row["before"] is not None and link(row["before"], row["n"], shown[row["n"]]) != row["hash"]:
            yield Point(False, f"audit entry {row['n']} has another hash than the chain")
    proven: set[int] = set()
    for stretch in evidence["audit"]["proof"]:
        found = audit_proof.check(stretch, shown, keys)
        if isinstance(found, str):
            yield Point(False, found)
        else:
            proven |= set(range(stretch["first"], found.n + 1)) & shown.keys()
    yield Point(True, _counted(sorted(shown), proven))


def _counted(shown: Sequence[int], proven: set[int]) -> str:
    if len(proven) == len(shown):
        return f"{len(shown)} audit entries, all of them before a signed checkpoint"
    return (
        f"{len(shown)} audit entries, {len(proven)} of them before a signed checkpoint "
        f"(no checkpoint was made yet after the others; evidence that is made later has it)"
    )


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        at=datetime.fromisoformat(row["at"]),
        actor=row["actor"],
        action=row["action"],
        subject=row["subject"],
        facts=row["facts"],
    )
