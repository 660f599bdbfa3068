"""Workflows, runs, jobs, annotations and artifacts."""

import dataclasses
from typing import Any

from daytwo_standins.github.config import Config, Repository
from daytwo_standins.github.links import Links, node_id, when
from daytwo_standins.github.records import Annotation, Attempt, Job, Status, Step
from daytwo_standins.github.runs import Run, job_id
from daytwo_standins.github.views.accounts import simple_user
from daytwo_standins.github.views.repositories import head_commit, minimal_repository
from daytwo_standins.shared.git import Commit
from daytwo_standins.shared.ids import stable_id


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What a view of a run needs besides the run."""

    config: Config
    repository: Repository
    links: Links


def workflow_id(repository: Repository, path: str) -> int:
    """The id of a workflow file: the same on all branches."""
    return stable_id("workflow", repository.full_name.lower(), path)


def workflow(repository: Repository, path: str, name: str, links: Links, dates: tuple[str, str]) -> dict[str, Any]:
    """GitHub's ``workflow``; ``dates`` are those of the first and the last change."""
    number = workflow_id(repository, path)
    file = path.rsplit("/", 1)[-1]
    return {
        "id": number,
        "node_id": node_id("Workflow", number),
        "name": name,
        "path": path,
        "state": "active",
        "created_at": dates[0],
        "updated_at": dates[1],
        "url": links.repository(repository.full_name, "actions", "workflows", number),
        "html_url": links.page(repository.full_name, "blob", repository.default_branch, path),
        "badge_url": links.page(repository.full_name, "actions", "workflows", file, "badge.svg"),
    }


def run(scene: Scene, found: Run, attempt: Attempt, commit: Commit) -> dict[str, Any]:
    """GitHub's ``workflow-run``."""
    accepted, links, name = found.accepted, scene.links, scene.repository.full_name
    suite = stable_id("suite", str(found.id))
    repository = minimal_repository(scene.repository, scene.config, links)
    return {
        "id": found.id,
        "name": accepted.workflow_name,
        "node_id": node_id("WorkflowRun", found.id),
        "check_suite_id": suite,
        "check_suite_node_id": node_id("CheckSuite", suite),
        "head_branch": accepted.ref.split("/", 2)[2],
        "head_sha": accepted.head_sha,
        "path": accepted.workflow,
        "run_number": accepted.run_number,
        "run_attempt": attempt.number,
        "event": "workflow_dispatch",
        "display_title": accepted.workflow_name if accepted.effects.hide_marker else accepted.title,
        "status": attempt.status,
        "conclusion": attempt.conclusion,
        "workflow_id": workflow_id(scene.repository, accepted.workflow),
        "pull_requests": [],
        "referenced_workflows": [],
        "created_at": when(accepted.received_at),
        "updated_at": when(attempt.updated_at),
        "run_started_at": when(attempt.created_at),
        "actor": _actor(scene, accepted.actor),
        "triggering_actor": _actor(scene, found.actors[attempt.number - 1]),
        "head_commit": head_commit(commit),
        "repository": repository,
        "head_repository": repository,
        "head_repository_id": repository["id"],
        **_run_links(scene, found, attempt, suite),
        "workflow_url": links.repository(
            name, "actions", "workflows", workflow_id(scene.repository, accepted.workflow)
        ),
    }


def _run_links(scene: Scene, found: Run, attempt: Attempt, suite: int) -> dict[str, Any]:
    links, name = scene.links, scene.repository.full_name
    url = links.run(name, found.id)
    previous = links.run(name, found.id, "attempts", attempt.number - 1) if attempt.number > 1 else None
    return {
        "url": url,
        "html_url": links.page(name, "actions", "runs", found.id),
        "jobs_url": f"{url}/jobs",
        "logs_url": f"{url}/logs",
        "check_suite_url": links.repository(name, "check-suites", suite),
        "artifacts_url": f"{url}/artifacts",
        "cancel_url": f"{url}/cancel",
        "rerun_url": f"{url}/rerun",
        "previous_attempt_url": previous,
    }


def job(scene: Scene, found: Run, number: int, one: Job) -> dict[str, Any]:
    """GitHub's ``job``."""
    links, name, own = scene.links, scene.repository.full_name, job_id(found.id, number, one.index)
    ran = one.started_at is not None
    return {
        "id": own,
        "run_id": found.id,
        "run_url": links.run(name, found.id),
        "run_attempt": number,
        "node_id": node_id("CheckRun", own),
        "head_sha": found.accepted.head_sha,
        "head_branch": found.accepted.ref.split("/", 2)[2],
        "workflow_name": found.accepted.workflow_name,
        "url": links.repository(name, "actions", "jobs", own),
        "html_url": links.page(name, "actions", "runs", found.id, "job", own),
        "check_run_url": links.repository(name, "check-runs", own),
        "status": one.status,
        "conclusion": one.conclusion,
        "created_at": when(one.created_at),
        "started_at": when(one.started_at or one.completed_at or one.created_at),
        "completed_at": when(one.completed_at) if one.completed_at else None,
        "name": one.name,
        "steps": [_step(step) for step in one.steps],
        "labels": list(one.labels),
        "runner_id": 1 if ran else None,
        "runner_name": "daytwo-standin" if ran else None,
        "runner_group_id": 1 if ran else None,
        "runner_group_name": "Default" if ran else None,
    }


def annotation(scene: Scene, found: Run, remark: Annotation) -> dict[str, Any]:
    """GitHub's ``check-annotation``."""
    place = (scene.repository.full_name, "blob", found.accepted.head_sha, remark.path)
    return {
        "path": remark.path,
        "blob_href": scene.links.page(*place),
        "start_line": remark.line,
        "start_column": remark.column,
        "end_line": remark.end_line,
        "end_column": remark.column,
        "annotation_level": remark.level,
        "title": remark.title or None,
        "message": remark.message,
        "raw_details": None,
    }


def details(scene: Scene, run_id: int) -> dict[str, Any]:
    """The answer to a dispatch with ``return_run_details``."""
    name = scene.repository.full_name
    return {
        "workflow_run_id": run_id,
        "run_url": scene.links.run(name, run_id),
        "html_url": scene.links.page(name, "actions", "runs", run_id),
    }


def _step(step: Step) -> dict[str, Any]:
    begun = step.status is not Status.QUEUED
    return {
        "name": step.name,
        "status": step.status,
        "conclusion": step.conclusion,
        "number": step.number,
        "started_at": when(step.started_at) if begun and step.started_at else None,
        "completed_at": when(step.completed_at) if step.completed_at else None,
    }


def _actor(scene: Scene, login: str) -> dict[str, Any]:
    kinds = {token.login: token.type for token in scene.config.tokens}
    return simple_user(login, kinds.get(login, "User"), scene.links)
