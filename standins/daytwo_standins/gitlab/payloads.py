"""The bodies of webhooks. https://docs.gitlab.com/user/project/integrations/webhook_events/"""

import dataclasses
import datetime
from typing import Any

from daytwo_standins.gitlab import views
from daytwo_standins.gitlab.pipelines import Pipeline, job_id
from daytwo_standins.gitlab.records import Job, State, Status
from daytwo_standins.gitlab.views import Scene

_RUNNER = {
    "id": 1,
    "description": "stand-in",
    "runner_type": "project_type",
    "active": True,
    "is_shared": False,
    "tags": [],
}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that has happened: the pipeline as it was then, and the job, if it is about one."""

    state: State
    job: Job | None = None

    def key(self, pipeline: Pipeline) -> str:
        """A name for this event, the same over restarts."""
        if self.job is not None:
            return f"{pipeline.id}/job/{self.job.index}/{self.job.status}"
        return f"{pipeline.id}/pipeline/{self.state.status}/{self.state.applied}"


def events(pipeline: Pipeline) -> list[Event]:
    """What is to be told about a pipeline as it is now; what was told before is known by its key."""
    state = pipeline.state
    of_jobs = [Event(state=state, job=job) for job in state.jobs if not job.bridge]
    return [*of_jobs, Event(state=state)]


def payload(scene: Scene, pipeline: Pipeline, event: Event) -> dict[str, Any]:
    """What is sent for an event."""
    return _job(scene, pipeline, event.job) if event.job else _pipeline(scene, pipeline, event.state)


def _pipeline(scene: Scene, pipeline: Pipeline, state: State) -> dict[str, Any]:
    accepted = pipeline.accepted
    variables = [] if accepted.effects.hide_marker else accepted.variables.items()
    body = {
        "object_kind": "pipeline",
        "object_attributes": {
            "id": pipeline.id,
            "iid": accepted.iid,
            "name": views.name_of(pipeline),
            "ref": accepted.ref,
            "tag": accepted.tag,
            "sha": accepted.head_sha,
            "before_sha": "0" * 40,
            "source": accepted.source,
            "status": state.status,
            "detailed_status": "passed" if state.status is Status.SUCCESS else state.status,
            "stages": list(dict.fromkeys(job.stage for job in state.jobs)),
            "created_at": _when(state.created_at),
            "finished_at": _when(state.finished_at),
            "duration": _span(state.started_at, state.finished_at),
            "queued_duration": _span(state.created_at, state.started_at),
            "variables": [{"key": key, "value": value} for key, value in variables],
            "url": scene.web("-", "pipelines", pipeline.id),
        },
        "merge_request": None,
        "user": _user(accepted.actor, scene),
        "project": _project(scene),
        "commit": _commit(scene),
        "builds": [_build(scene, pipeline, job) for job in state.latest if not job.bridge],
    }
    if accepted.parent is not None:
        where = {"id": scene.project.number, "web_url": scene.web(), "path_with_namespace": scene.project.full_path}
        parent_job = job_id(accepted.parent, accepted.parent_job or 0)
        body["source_pipeline"] = {"project": where, "pipeline_id": accepted.parent, "job_id": parent_job}
    return body


def _job(scene: Scene, pipeline: Pipeline, job: Job) -> dict[str, Any]:
    accepted, state = pipeline.accepted, pipeline.state
    commit = _commit(scene)
    retries = sum(one.name == job.name and one.index < job.index for one in state.jobs)
    return {
        "object_kind": "build",
        "ref": accepted.ref,
        "tag": accepted.tag,
        "before_sha": "0" * 40,
        "sha": accepted.head_sha,
        "retries_count": retries,
        "build_id": job_id(pipeline.id, job.index),
        "build_name": job.name,
        "build_stage": job.stage,
        "build_status": job.status,
        "build_created_at": _when(job.created_at),
        "build_started_at": _when(job.started_at),
        "build_finished_at": _when(job.finished_at),
        "build_duration": _span(job.started_at, job.finished_at),
        "build_queued_duration": _span(job.queued_at, job.started_at),
        "build_allow_failure": job.allow_failure,
        "build_failure_reason": job.failure_reason or "unknown_failure",
        "pipeline_id": pipeline.id,
        "runner": _RUNNER if job.started_at else None,
        "project_id": scene.project.number,
        "project_name": f"{scene.project.namespace} / {scene.project.name}",
        "user": _user(job.user or accepted.actor, scene),
        "commit": {
            "id": pipeline.id,
            "name": views.name_of(pipeline),
            "sha": accepted.head_sha,
            "message": commit["message"],
            "author_name": commit["author"]["name"],
            "author_email": commit["author"]["email"],
            "status": state.status,
            "duration": _span(state.started_at, state.finished_at),
            "started_at": _when(state.started_at),
            "finished_at": _when(state.finished_at),
        },
        "repository": {
            "name": scene.project.name,
            "url": f"{scene.web()}.git",
            "description": "",
            "homepage": scene.web(),
            "git_http_url": f"{scene.web()}.git",
            "git_ssh_url": f"git@localhost:{scene.project.full_path}.git",
            "visibility_level": 0,
        },
        "project": _project(scene),
        "environment": _environment(job),
    }


def _build(scene: Scene, pipeline: Pipeline, job: Job) -> dict[str, Any]:
    return {
        "id": job_id(pipeline.id, job.index),
        "stage": job.stage,
        "name": job.name,
        "status": job.status,
        "created_at": _when(job.created_at),
        "started_at": _when(job.started_at),
        "finished_at": _when(job.finished_at),
        "duration": _span(job.started_at, job.finished_at),
        "queued_duration": _span(job.queued_at, job.started_at),
        "failure_reason": job.failure_reason or None,
        "when": "manual" if job.status is Status.MANUAL else "on_success",
        "manual": job.status is Status.MANUAL,
        "allow_failure": job.allow_failure,
        "user": _user(job.user or pipeline.accepted.actor, scene),
        "runner": _RUNNER if job.started_at else None,
        "artifacts_file": {"filename": None, "size": None},
        "environment": _environment(job),
    }


def _environment(job: Job) -> dict[str, Any] | None:
    return {"name": job.environment, "action": "start", "deployment_tier": None} if job.environment else None


def _user(login: str, scene: Scene) -> dict[str, Any]:
    shown = views.user(login, scene.base)
    return {name: shown[name] for name in ("id", "name", "username", "avatar_url")} | {"email": "[REDACTED]"}


def _project(scene: Scene) -> dict[str, Any]:
    project = scene.project
    return {
        "id": project.number,
        "name": project.name,
        "description": "",
        "web_url": scene.web(),
        "avatar_url": None,
        "git_ssh_url": f"git@localhost:{project.full_path}.git",
        "git_http_url": f"{scene.web()}.git",
        "namespace": project.namespace,
        "visibility_level": 0,
        "path_with_namespace": project.full_path,
        "default_branch": project.default_branch,
        "ci_config_path": project.ci_config_path,
    }


def _commit(scene: Scene) -> dict[str, Any]:
    one = scene.commit
    assert one is not None
    return {
        "id": one.sha,
        "message": one.message,
        "title": one.message.partition("\n")[0],
        "timestamp": one.committer.date,
        "url": scene.web("-", "commit", one.sha),
        "author": {"name": one.author.name, "email": one.author.email},
    }


def _when(seconds: float | None) -> str | None:
    """A time as webhooks write it, which is not how the API does."""
    return (
        None if seconds is None else f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"
    )


def _span(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(max(0.0, end - start), 6)
