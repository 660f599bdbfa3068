"""What a file of evidence says about decisions, compared with what was asked and with the audit.

Shapes are those of `evidence_rows`; a part that is missing raises what reading it raises.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import rfc8785

_BY_RULE: Final = "decision.by_rule"
_RULES: Final = "daytwo:rule"  # the issuer of rules, which no sign-in gives


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that was looked at: a sentence, and whether it holds."""

    holds: bool
    text: str


def decision_points(evidence: Mapping[str, Any]) -> Iterator[Point]:
    asked = {one["id"]: one for one in evidence["approvals"]}
    decisions = evidence["decisions"]
    yield from _digests(asked, decisions)
    yield Point(True, f"{len(decisions)} decisions, each on the digest that was asked about")
    for one in decisions:
        if one["rule"] is None:
            yield from _by_person(evidence, one)
        else:
            yield from _by_rule(evidence, asked[one["approval_id"]], one)
    yield from _enough(asked, decisions)
    yield from _filled(evidence, asked, decisions)
    rules = sum(one["rule"] is not None for one in decisions)
    if rules:
        yield Point(True, f"{rules} of them by a rule, each the one that stands in the plan for its stage")


def _digests(asked: Mapping[str, Any], decisions: list[Any]) -> Iterator[Point]:
    for approval in asked.values():
        if hashlib.sha256(approval["document"].encode()).hexdigest() != approval["digest"]:
            yield Point(False, f"what was asked in {approval['id']} has another digest")
    for decision in decisions:
        if decision["digest"] != asked[decision["approval_id"]]["digest"]:
            yield Point(False, f"{decision['principal']} decided on something else in {decision['approval_id']}")


def _by_person(evidence: Mapping[str, Any], decision: Mapping[str, Any]) -> Iterator[Point]:
    where = decision["approval_id"]
    if evidence["people"][decision["principal"]]["issuer"] == _RULES:
        yield Point(False, f"a decision in {where} is shown as a person's, and a rule made it")
    via = {"via": f"token:{decision['via_token']}"} if decision.get("via_token") is not None else {}
    if not _audited(evidence, f"decision.{decision['verdict']}", where, decision["principal"], **via):
        yield Point(False, f"the audit has no decision of {decision['principal']} in {where}")


def _by_rule(evidence: Mapping[str, Any], approval: Mapping[str, Any], decision: Mapping[str, Any]) -> Iterator[Point]:
    """A rule is the one of the sealed plan for that stage, and the audit has it as a rule's decision."""
    where, rule = approval["id"], decision["rule"]
    if approval["rule"] != rule or planned_stage(approval).get("rule") != rule:
        yield Point(False, f"the rule that approved {where} does not stand in the plan for that stage")
    if evidence["people"][decision["principal"]]["issuer"] != _RULES:
        yield Point(False, f"a decision in {where} is shown as a rule's, and somebody who signs in made it")
    if not _audited(evidence, _BY_RULE, where, "daytwo"):
        yield Point(False, f"the audit has no decision of a rule in {where}")


def planned_stage(approval: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the sealed plan says of the stage that an approval is; nothing where it has none."""
    planned = json.loads(approval["document"])["approval"] or {}
    stages = [planned, *planned.get("then", [])]
    number = approval["stage"] - 1
    found = stages[number] if 0 <= number < len(stages) else {}
    return found if isinstance(found, dict) else {}


def _audited(evidence: Mapping[str, Any], action: str, approval: str, actor: str, **facts: str) -> bool:
    """Does the audit say so? Where it was cut since the run began, nothing can be told of it."""
    entries = evidence["audit"]["entries"]
    if not any(one["action"] == "run.accepted" for one in entries):
        return True
    return any(
        (one["action"], one["actor"], one["facts"].get("approval")) == (action, actor, approval)
        and facts.items() <= one["facts"].items()
        for one in entries
    )


def _enough(asked: Mapping[str, Any], decisions: list[Any]) -> Iterator[Point]:
    """What is shown as approved was approved by a rule, or by as many as were needed."""
    for approval in asked.values():
        counted = [
            one
            for one in decisions
            if (one["approval_id"], one["verdict"], one["withdrawn_at"]) == (approval["id"], "approve", None)
        ]
        by_rule = any(one["rule"] is not None for one in counted)
        if approval["state"] == "approved" and not by_rule and len(counted) < approval["count"]:
            yield Point(False, f"{approval['id']} is shown as approved by {approval['count']}, and {len(counted)} did")


def _filled(evidence: Mapping[str, Any], asked: Mapping[str, Any], decisions: list[Any]) -> Iterator[Point]:
    """What was filled in is what the plan asked for, the same of everybody who approved, and what the audit has."""
    for approval in asked.values():
        form = planned_stage(approval).get("form") or {} if approval.get("asks") else {}
        given = [one for one in decisions if one["approval_id"] == approval["id"] and one.get("answers") is not None]
        counted = [one for one in given if one["withdrawn_at"] is None]
        for one in given:
            if not one["answers"].keys() <= form.keys():
                yield Point(
                    False, f"what {one['principal']} filled in in {approval['id']} is not asked for in the plan"
                )
            if not _has_digest(evidence, one):
                yield Point(
                    False, f"the audit has something else that {one['principal']} filled in in {approval['id']}"
                )
        if len({answers_digest(one["answers"]) for one in counted}) > 1:
            yield Point(False, f"those who approved {approval['id']} filled in different things")
        if form and approval["state"] == "approved" and not counted:
            yield Point(False, f"{approval['id']} is shown as approved, and nothing was filled in")
        if counted:
            yield Point(True, f"what was filled in in {approval['id']} is what the plan asked for")


def _has_digest(evidence: Mapping[str, Any], decision: Mapping[str, Any]) -> bool:
    return _audited(
        evidence,
        "decision.approve",
        decision["approval_id"],
        decision["principal"],
        answers=answers_digest(decision["answers"]),
    )


def answers_digest(answers: Mapping[str, Any]) -> str:
    """SHA-256 of what was filled in, in canonical JSON (RFC 8785): the audit has this, and never a value."""
    return hashlib.sha256(rfc8785.dumps(dict(answers))).hexdigest()
