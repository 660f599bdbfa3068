"""What a file of evidence has people say, compared with the digests of their words that the audit has.

Shapes are those of `evidence_rows`; a part that is missing raises what reading it raises.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from daytwo_store.evidence_decisions import Point
from daytwo_store.said import SAID, digest_of_words


@dataclass(frozen=True, kw_only=True, slots=True)
class _Claim:
    """Somebody said this: which entry of the audit would have it."""

    what: str
    words: str | None
    actions: tuple[str, ...]
    actor: str | None = None
    at: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    def fits(self, entry: Mapping[str, Any]) -> bool:
        return (
            entry["action"] in self.actions
            and self.actor in (None, entry["actor"])
            and (self.at is None or datetime.fromisoformat(self.at) == datetime.fromisoformat(entry["at"]))
            and self.facts.items() <= entry["facts"].items()
        )


def said_points(evidence: Mapping[str, Any]) -> Iterator[Point]:
    """Entries of before have no digests: of a run that began then, what has none says nothing."""
    entries = evidence["audit"]["entries"]
    first = next((one for one in entries if one["action"] == "run.accepted"), None)
    if first is None:
        return  # the audit was cut since the run began: nothing can be told of it
    compared = 0
    for claim in _claims(evidence):
        found = [one["facts"].get(SAID) for one in entries if claim.fits(one)]
        if not found and SAID in first["facts"]:
            yield Point(False, f"the audit has nothing of {claim.what}")
        elif found and None not in found and digest_of_words(claim.words) not in found:
            yield Point(False, f"the audit has other words in {claim.what}")
        compared += bool(found) and None not in found
    if compared:
        yield Point(True, f"{compared} reasons and comments, each with the digest that the audit has of it")


def _claims(evidence: Mapping[str, Any]) -> Iterator[_Claim]:
    run = evidence["run"]
    yield _Claim(what="the reason of the run", words=run["comment"], actions=("run.accepted",))
    if run["cancel_reason"] is not None:
        asked = ("run.cancel_asked", "external.other_commit")
        yield _Claim(what="the reason why it was stopped", words=run["cancel_reason"], actions=asked)
    yield from _of_approvals(evidence)
    yield from _of_exceptions(evidence)
    for one in evidence["break_glass_reviews"]:
        if one["closed_at"] is not None:
            yield _Claim(
                what="the review of the broken glass",
                words=one["words"],
                actions=("review.closed",),
                actor=one["closed_by"],
                at=one["closed_at"],
            )
    for one in evidence["findings"]:
        yield _Claim(
            what=f"the finding of {one['principal']} about {one['path']}",
            words=one["reason"],
            actions=("attempt.finding",),
            actor=one["principal"],
            at=one["at"],
            facts={"step": one["path"], "attempt": str(one["no"])},
        )
    for one in evidence["tasks"]:
        if one["settled_by"] is not None:
            yield _Claim(
                what=f"what {one['settled_by']} said of the task {one['id']}",
                words=one["words"],
                actions=(f"task.{one['state']}",),
                actor=one["settled_by"],
                at=one["settled_at"],
                facts={"task": one["id"]},
            )


def _of_approvals(evidence: Mapping[str, Any]) -> Iterator[_Claim]:
    for one in evidence["decisions"]:
        if one["rule"] is None:
            yield _Claim(
                what=f"the decision of {one['principal']} in {one['approval_id']}",
                words=one["comment"],
                actions=(f"decision.{one['verdict']}",),
                actor=one["principal"],
                at=one["at"],
                facts={"approval": one["approval_id"]},
            )
    for one in evidence["comments"]:
        yield _Claim(
            what=f"the comment {one['id']}",
            words=one["text"],
            actions=("approval.commented",),
            actor=one["principal"],
            at=one["at"],
            facts={"comment": one["id"]},
        )


def _of_exceptions(evidence: Mapping[str, Any]) -> Iterator[_Claim]:
    for one in evidence["freeze_exceptions"]:
        each = (
            ("why the exception {} was asked for", "reason", ("exception.asked",), "asked"),
            ("the decision on the exception {}", "comment", ("exception.granted", "exception.refused"), "decided"),
            ("why the exception {} was taken back", "ended_why", ("exception.revoked",), "ended"),
        )
        for what, words, actions, done in each:
            if one[f"{done}_at"] is not None:
                yield _Claim(
                    what=what.format(one["id"]),
                    words=one[words],
                    actions=actions,
                    actor=one[f"{done}_by"],
                    at=one[f"{done}_at"],
                    facts={"exception": one["id"]},
                )
