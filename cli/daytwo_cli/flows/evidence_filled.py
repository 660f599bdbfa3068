"""What holes of a run's requests were filled with, by whom, and whether it follows from the plan and the answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from daytwo_actions.plan.holes import filled_inputs, fits
from daytwo_actions.plan.model import Plan
from daytwo_store.errors import Rejected
from daytwo_store.evidence_decisions import Point


def filled_lines(evidence: Mapping[str, Any]) -> list[str]:
    """'ship, request 1: batch = 3, from approvals.change.batch (Sam)', one per value."""
    found = []
    for one in evidence["attempts"]:
        for name, hole in (one["request"].get("filled") or {}).items():
            sources = ", ".join(_source(evidence, source) for source in hole["from"]) or "what was known by then"
            found.append(f"{one['path']}, request {one['no']}: {name} = {hole['value']!r}, from {sources}")
    return found


def recomputed(evidence: Mapping[str, Any]) -> Iterator[Point]:
    """What approvers filled in leads to the inputs that were sent: worked out again, here."""
    attempts = [one for one in evidence["attempts"] if one["request"].get("filled")]
    if not attempts:
        return
    try:
        plan = Plan.model_validate_json(evidence["plan"]["text"])
    except ValidationError:
        return  # of another version of Daytwo: its digests say what can be said
    answers = _answers(evidence, plan)
    for step in plan.dispatches:
        for one in attempts:
            if one["path"] != step.path or not step.holes:
                continue
            try:
                wanted = filled_inputs(plan, step, answers) if fits(plan, answers) is None else {}
            except Rejected:
                wanted = {}
            sent = {name: hole["value"] for name, hole in one["request"]["filled"].items() if name in step.holes}
            holds = sent == {name: wanted.get(name) for name in step.holes}
            yield Point(
                holds,
                f"what was sent in place of the holes of {step.path} "
                f"{'follows' if holds else 'does not follow'} from the plan and what the approvers filled in",
            )


def _answers(evidence: Mapping[str, Any], plan: Plan) -> dict[str, dict[str, Any]]:
    """What counts, by stage, of what was asked about this plan."""
    stages = {one["id"]: one["name"] for one in evidence["approvals"] if one["document"] == evidence["plan"]["text"]}
    return {
        stages[one["approval_id"]]: one["answers"]
        for one in reversed(evidence["decisions"])
        if stages.get(one["approval_id"]) in plan.asks
        and (one["verdict"], one["withdrawn_at"]) == ("approve", None)
        and one["answers"] is not None
    }


def _source(evidence: Mapping[str, Any], name: str) -> str:
    kind, _, rest = name.partition(".")
    key = rest.split(".")[0]
    if kind == "steps":
        ran = [f"{one['connection']} {one['id']}" for one in evidence["external_runs"] if one["path"] == key]
        return f"{name} ({ran[-1]})" if ran else name
    stages = {one["id"] for one in evidence["approvals"] if one["name"] == key}
    people = evidence["people"]
    by = {
        people[one["principal"]]["name"]
        for one in evidence["decisions"]
        if one["approval_id"] in stages and one["answers"] is not None and one["withdrawn_at"] is None
    }
    return f"{name} ({', '.join(sorted(by))})" if by else name
