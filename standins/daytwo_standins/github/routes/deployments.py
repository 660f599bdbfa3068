"""Reviews of what a run waits for. https://docs.github.com/en/rest/actions/workflow-runs"""

import json
import math
import time
from collections.abc import Sequence
from typing import Any

from daytwo_standins.github.calls import Call, Operation
from daytwo_standins.github.config import Environment
from daytwo_standins.github.links import node_id, when
from daytwo_standins.github.problems import ApiError
from daytwo_standins.github.reviews import Review, Verdict
from daytwo_standins.github.runs import Run
from daytwo_standins.github.views import repositories as views
from daytwo_standins.github.views.accounts import simple_user
from daytwo_standins.shared.answers import Answer
from daytwo_standins.shared.ids import stable_id

_RUN = "/repos/{owner}/{repo}/actions/runs/{run_id}"
_DOCS = "actions/workflow-runs#review-pending-deployments-for-a-workflow-run"
_RULE_DOCS = "actions/workflow-runs#review-custom-deployment-protection-rules-for-a-workflow-run"


async def pending(call: Call) -> Answer:
    """What a run waits for."""
    return Answer(data=[_pending(call, call.run, one) for one in _waits(call, call.run)])


async def review(call: Call) -> Answer:
    """Approve or reject; only who is a required reviewer may."""
    run, (ids, verdict, comment) = call.run, _body(call.raw)
    chosen = [one for one in _waits(call, run) if views.environment_id(call.repository, one.name) in ids]
    if not chosen:
        raise ApiError(422, "No pending deployment requests to approve or reject", documentation=_DOCS)
    if not all(_may(call, one) for one in chosen):
        raise ApiError(403, "You are not a required reviewer of this environment", documentation=_DOCS)
    for one in chosen:
        answer = Review(
            run_id=run.id,
            attempt=run.latest.number,
            environment=one.name,
            verdict=verdict,
            login=call.token.login,
            comment=comment,
        )
        await call.standin.reviews.add(answer)
    call.standin.engine.look(run)
    return Answer(data=[_deployment(call, run, one) for one in chosen])


async def rule(call: Call) -> Answer:
    """The App that is a protection rule of an environment says whether the run may go on."""
    run, (name, verdict, comment) = call.run, _rule_body(call.raw)
    if call.token.type != "Bot":
        raise ApiError(403, "You must authenticate as a GitHub App", documentation=_RULE_DOCS)
    if not any(one.name == name and one.custom_rule for one in _waits(call, run)):
        raise ApiError(
            422, "No pending custom deployment protection rule for this environment", documentation=_RULE_DOCS
        )
    answer = Review(
        run_id=run.id,
        attempt=run.latest.number,
        environment=name,
        verdict=verdict,
        login=call.token.login,
        comment=comment,
        rule=True,
    )
    await call.standin.reviews.add(answer)
    call.standin.engine.look(run)
    return Answer(status=204)


async def approvals(call: Call) -> Answer:
    """The answers that were given."""
    known = {one.name: one for one in call.repository.environments}
    data = [
        {
            "environments": [_environment(call, known[one.environment])],
            "state": one.verdict,
            "user": simple_user(one.login, "User", call.links),
            "comment": one.comment,
        }
        for one in call.standin.reviews.of(call.run)
        if one.environment in known
    ]
    return Answer(data=data)


def _waits(call: Call, run: Run) -> Sequence[Environment]:
    return [] if run.latest.ended else call.standin.reviews.pending(run, time.time())


def _may(call: Call, one: Environment) -> bool:
    return call.token.type == "User" and call.token.login in one.reviewers


def _body(raw: bytes) -> tuple[list[int], Verdict, str]:
    try:
        data = json.loads(raw)
        ids, state, comment = data["environment_ids"], Verdict(data["state"]), data["comment"]
    except (ValueError, KeyError, TypeError):
        raise ApiError(422, "Invalid request.\n\nenvironment_ids, state and comment are needed.") from None
    if not (isinstance(ids, list) and all(isinstance(one, int) for one in ids) and isinstance(comment, str)):
        raise ApiError(422, "Invalid request.\n\nenvironment_ids are numbers, comment is text.")
    return ids, state, comment


def _rule_body(raw: bytes) -> tuple[str, Verdict, str]:
    try:
        data = json.loads(raw)
        return str(data["environment_name"]), Verdict(data["state"]), str(data.get("comment", ""))
    except (ValueError, KeyError, TypeError):
        raise ApiError(422, "Invalid request.\n\nenvironment_name and state are needed.") from None


def _environment(call: Call, one: Environment) -> dict[str, Any]:
    view = views.environment(call.repository, one, call.links, "2026-01-01T00:00:00Z")
    return {name: view[name] for name in ("id", "node_id", "name", "url", "html_url", "created_at", "updated_at")}


def _pending(call: Call, run: Run, one: Environment) -> dict[str, Any]:
    view = _environment(call, one)
    return {
        "environment": {name: view[name] for name in ("id", "node_id", "name", "url", "html_url")},
        "wait_timer": math.ceil(one.wait_timer),
        "wait_timer_started_at": when(run.latest.created_at) if one.wait_timer else None,
        "current_user_can_approve": _may(call, one),
        "reviewers": views.reviewers(one, call.links),
    }


def _deployment(call: Call, run: Run, one: Environment) -> dict[str, Any]:
    number = stable_id("deployment", str(run.id), str(run.latest.number), one.name)
    url = call.links.repository(call.repository.full_name, "deployments", number)
    made = when(run.latest.created_at)
    return {
        "url": url,
        "id": number,
        "node_id": node_id("Deployment", number),
        "sha": run.accepted.head_sha,
        "ref": run.accepted.ref.split("/", 2)[2],
        "task": "deploy",
        "payload": {},
        "original_environment": one.name,
        "environment": one.name,
        "description": None,
        "creator": simple_user(run.accepted.actor, "User", call.links),
        "created_at": made,
        "updated_at": made,
        "statuses_url": f"{url}/statuses",
        "repository_url": call.links.repository(call.repository.full_name),
    }


_PATH = f"{_RUN}/pending_deployments"
OPERATIONS = (
    Operation(name="pending_deployments", method="GET", path=_PATH, handler=pending),
    Operation(name="review", method="POST", path=_PATH, handler=review),
    Operation(name="review_rule", method="POST", path=f"{_RUN}/deployment_protection_rule", handler=rule),
    Operation(name="list_approvals", method="GET", path=f"{_RUN}/approvals", handler=approvals),
)
