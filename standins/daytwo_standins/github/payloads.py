"""The bodies of webhooks. https://docs.github.com/en/webhooks/webhook-events-and-payloads"""

from typing import Any

from daytwo_standins.github.changes import Event
from daytwo_standins.github.links import Links
from daytwo_standins.github.records import Status
from daytwo_standins.github.runs import Run
from daytwo_standins.github.standin import Standin
from daytwo_standins.github.views import actions, repositories
from daytwo_standins.github.views.accounts import simple_user
from daytwo_standins.github.views.actions import Scene


async def payload(standin: Standin, run: Run, event: Event, links: Links) -> dict[str, Any]:
    """What is sent for an event. The run is shown as it was then: with the status that the action names."""
    repository = standin.repository(run.accepted.repository)
    attempt = run.attempt(event.attempt)
    assert repository is not None
    assert attempt is not None
    scene = Scene(config=standin.config, repository=repository, links=links)
    commit = await standin.commit(run.accepted.repository, run.accepted.head_sha)
    owner = repositories.owner(repository, standin.config, links)
    common = {
        "action": event.action,
        "organization": _organization(owner),
        "repository": repositories.full_repository(repository, standin.config, links, commit.committer.date),
        "sender": simple_user(run.actors[event.attempt - 1], "User", links),
    }
    if event.kind == "workflow_run":
        shown = _run(event, actions.run(scene, run, attempt, commit))
        workflow = actions.workflow(
            repository, run.accepted.workflow, run.accepted.workflow_name, links, (commit.committer.date,) * 2
        )
        return {**common, "workflow_run": shown, "workflow": workflow}
    if event.kind == "deployment_protection_rule":
        where = links.repository(repository.full_name, "actions", "runs", run.id, "deployment_protection_rule")
        asked = {"environment": event.environment, "event": "workflow_dispatch", "pull_requests": []}
        return {**common, **asked, "deployment_callback_url": where}
    job = next(job for job in attempt.jobs if job.index == event.job)
    return {**common, "workflow_job": _job(event, actions.job(scene, run, event.attempt, job))}


def _run(event: Event, view: dict[str, Any]) -> dict[str, Any]:
    if event.action == "completed":
        return view
    status = Status.QUEUED if event.action == "requested" else Status.IN_PROGRESS
    return {**view, "status": status, "conclusion": None}


def _job(event: Event, view: dict[str, Any]) -> dict[str, Any]:
    if event.action == "completed":
        return view
    steps = [] if event.action == "queued" else view["steps"]
    runner = {name: None for name in view if name.startswith("runner_")} if event.action == "queued" else {}
    return {**view, **runner, "status": event.action, "conclusion": None, "completed_at": None, "steps": steps}


def _organization(owner: dict[str, Any]) -> dict[str, Any]:
    url = owner["url"]
    return {
        "login": owner["login"],
        "id": owner["id"],
        "node_id": owner["node_id"],
        "url": url,
        "repos_url": owner["repos_url"],
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": owner["avatar_url"],
        "description": "",
    }
