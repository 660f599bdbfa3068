"""How things look in the API. https://docs.gitlab.com/api/pipelines/, https://docs.gitlab.com/api/jobs/"""

import dataclasses
import datetime
from pathlib import Path
from typing import Any

from daytwo_standins.gitlab.config import Project
from daytwo_standins.gitlab.pipelines import Pipeline, job_id
from daytwo_standins.gitlab.records import Job, Status
from daytwo_standins.gitlab.variables import slug
from daytwo_standins.shared.git import Commit
from daytwo_standins.shared.ids import stable_id

_INT32 = 2**31 - 1
_SHOWN = {Status.SUCCESS: "passed", Status.CANCELED: "canceled", Status.MANUAL: "manual"}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What the views need besides what they show; ``base`` is the address that the client used."""

    base: str
    project: Project
    commit: Commit | None = None

    def web(self, *rest: object) -> str:
        """An address for people, below the project."""
        return "/".join([self.base, self.project.full_path, *map(str, rest)])


def when(seconds: float | None) -> str | None:
    """A time as the API writes it."""
    if seconds is None:
        return None
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def user(login: str, base: str) -> dict[str, Any]:
    """Somebody."""
    return {
        "id": user_id(login),
        "username": login,
        "name": login,
        "state": "active",
        "locked": False,
        "avatar_url": f"{base}/uploads/-/system/user/avatar/{user_id(login)}/avatar.png",
        "web_url": f"{base}/{login}",
    }


def user_id(login: str) -> int:
    """The id of somebody."""
    return stable_id("user", login) % _INT32


def pipeline_basic(scene: Scene, pipeline: Pipeline) -> dict[str, Any]:
    """A pipeline in a list."""
    accepted, state = pipeline.accepted, pipeline.state
    return {
        "id": pipeline.id,
        "iid": accepted.iid,
        "project_id": scene.project.number,
        "sha": accepted.head_sha,
        "ref": accepted.ref,
        "status": state.status,
        "source": accepted.source,
        "created_at": when(state.created_at),
        "updated_at": when(state.updated_at),
        "web_url": scene.web("-", "pipelines", pipeline.id),
        "name": name_of(pipeline),
    }


def name_of(pipeline: Pipeline) -> str | None:
    """The name, unless a fault hides it."""
    return None if pipeline.accepted.effects.hide_marker else pipeline.accepted.title or None


def pipeline_full(scene: Scene, pipeline: Pipeline) -> dict[str, Any]:
    """A pipeline by itself."""
    accepted, state = pipeline.accepted, pipeline.state
    return {
        **pipeline_basic(scene, pipeline),
        "before_sha": "0" * 40,
        "tag": accepted.tag,
        "yaml_errors": None,
        "user": user(accepted.actor, scene.base),
        "started_at": when(state.started_at),
        "finished_at": when(state.finished_at),
        "committed_at": None,
        "duration": _span(state.started_at, state.finished_at),
        "queued_duration": _span(state.created_at, state.started_at),
        "coverage": None,
        "archived": False,
        "detailed_status": _detailed(scene, pipeline),
    }


def _detailed(scene: Scene, pipeline: Pipeline) -> dict[str, Any]:
    status = pipeline.state.status
    shown = _SHOWN.get(status, str(status))
    return {
        "icon": f"status_{status}",
        "text": shown.capitalize(),
        "label": shown,
        "group": str(status),
        "tooltip": shown,
        "has_details": False,
        "details_path": f"/{scene.project.full_path}/-/pipelines/{pipeline.id}",
        "favicon": f"/assets/ci_favicons/favicon_status_{status}.png",
    }


def job(scene: Scene, pipeline: Pipeline, one: Job) -> dict[str, Any]:
    """A job or, without its own fields, a bridge."""
    accepted = pipeline.accepted
    shown: dict[str, Any] = {
        "id": job_id(pipeline.id, one.index),
        "status": one.status,
        "stage": one.stage,
        "name": one.name,
        "ref": accepted.ref,
        "tag": accepted.tag,
        "coverage": None,
        "allow_failure": one.allow_failure,
        "created_at": when(one.created_at),
        "started_at": when(one.started_at),
        "finished_at": when(one.finished_at),
        "erased_at": None,
        "duration": _span(one.started_at, one.finished_at),
        "queued_duration": _span(one.queued_at, one.started_at),
        "user": user(one.user or accepted.actor, scene.base),
        "commit": commit(scene, scene.commit) if scene.commit else None,
        "pipeline": pipeline_basic(scene, pipeline),
        "web_url": scene.web("-", "jobs", job_id(pipeline.id, one.index)),
        "project": {"ci_job_token_scope_enabled": False},
    }
    if one.failure_reason:
        shown["failure_reason"] = one.failure_reason
    return shown if one.bridge else {**shown, **_build(pipeline, one)}


def _build(pipeline: Pipeline, one: Job) -> dict[str, Any]:
    folder = pipeline.artifacts(one)
    trace = pipeline.job_folder(one.index) / "trace"
    name = f"{_archive(pipeline, one)}.zip"
    files = [] if folder is None else [_file("archive", name, _size(folder), "zip")]
    if trace.exists() and one.ended:
        files.append(_file("trace", "job.log", trace.stat().st_size, None))
    archive = {"artifacts_file": {"filename": name, "size": _size(folder)}} if folder else {}
    return {
        **archive,
        "artifacts": files,
        "runner": _RUNNER if one.started_at else None,
        "runner_manager": None,
        "artifacts_expire_at": None,
        "archived": False,
        "tag_list": list(one.tags),
    }


def _archive(pipeline: Pipeline, one: Job) -> str:
    planned = (job.archive for job in pipeline.blueprint.jobs if job.name == one.name)
    return next(planned, "artifacts")


def bridge(scene: Scene, pipeline: Pipeline, one: Job, child: Pipeline | None) -> dict[str, Any]:
    """A bridge with what it has started."""
    return {
        **job(scene, pipeline, one),
        "downstream_pipeline": pipeline_basic(scene, child) if child else None,
    }


def commit(scene: Scene, one: Commit) -> dict[str, Any]:
    """A commit."""
    return {
        "id": one.sha,
        "short_id": one.sha[:8],
        "created_at": one.committer.date,
        "parent_ids": list(one.parents),
        "title": one.message.partition("\n")[0],
        "message": one.message,
        "author_name": one.author.name,
        "author_email": one.author.email,
        "authored_date": one.author.date,
        "committer_name": one.committer.name,
        "committer_email": one.committer.email,
        "committed_date": one.committer.date,
        "trailers": {},
        "extended_trailers": {},
        "web_url": scene.web("-", "commit", one.sha),
    }


def project(scene: Scene) -> dict[str, Any]:
    """A project."""
    one = scene.project
    return {
        "id": one.number,
        "description": None,
        "name": one.name,
        "name_with_namespace": f"{one.namespace} / {one.name}",
        "path": one.name,
        "path_with_namespace": one.full_path,
        "created_at": "2026-01-01T00:00:00.000Z",
        "default_branch": one.default_branch,
        "web_url": scene.web(),
        "http_url_to_repo": f"{scene.web()}.git",
        "ssh_url_to_repo": f"git@localhost:{one.full_path}.git",
        "archived": False,
        "visibility": "private",
        "jobs_enabled": True,
        "builds_access_level": "enabled",
        "ci_config_path": "" if one.ci_config_path == ".gitlab-ci.yml" else one.ci_config_path,
    }


def environment(scene: Scene, name: str) -> dict[str, Any]:
    """An environment."""
    told = scene.project.environment(name)
    return {
        "id": environment_id(scene.project, name),
        "name": name,
        "slug": slug(name),
        "external_url": told.url or None,
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
        "tier": _tier(name),
        "state": "available",
        "description": None,
    }


def environment_id(told: Project, name: str) -> int:
    """The id of an environment."""
    return stable_id("environment", told.full_path, name) % _INT32


def deployment(scene: Scene, pipeline: Pipeline, one: Job) -> dict[str, Any]:
    """The deployment of a job; it has the job's id."""
    approvals = [
        {
            "user": user(said.user, scene.base),
            "status": said.status,
            "created_at": when(said.at),
            "comment": said.comment,
        }
        for said in one.approvals
    ]
    given = sum(said.status == "approved" for said in one.approvals)
    return {
        "id": job_id(pipeline.id, one.index),
        "iid": pipeline.accepted.iid,
        "ref": pipeline.accepted.ref,
        "sha": pipeline.accepted.head_sha,
        "status": deployment_status(one),
        "created_at": when(one.created_at),
        "updated_at": when(one.finished_at or one.started_at or one.created_at),
        "user": user(pipeline.accepted.actor, scene.base),
        "environment": environment(scene, one.environment),
        "deployable": job(scene, pipeline, one),
        "pending_approval_count": max(0, one.needs_approvals - given),
        "approvals": approvals,
    }


def deployment_status(one: Job) -> str:
    """The status that a deployment has because of its job. https://docs.gitlab.com/api/deployments/"""
    if one.status in {Status.RUNNING, Status.SUCCESS, Status.FAILED, Status.CANCELED, Status.SKIPPED}:
        return str(one.status)
    if one.status is Status.MANUAL and one.waits_for_approval:
        return "blocked"
    return "running" if one.status is Status.CANCELING else "created"


def _tier(name: str) -> str:
    known = {"prod": "production", "stag": "staging", "test": "testing", "dev": "development"}
    return next((tier for start, tier in known.items() if name.startswith(start)), "other")


def _span(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(max(0.0, end - start), 6)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _file(kind: str, name: str, size: int, form: str | None) -> dict[str, Any]:
    return {"file_type": kind, "size": size, "filename": name, "file_format": form}


_RUNNER = {
    "id": 1,
    "description": "stand-in",
    "ip_address": "",
    "active": True,
    "paused": False,
    "is_shared": False,
    "runner_type": "project_type",
    "name": None,
    "online": True,
    "status": "online",
}
