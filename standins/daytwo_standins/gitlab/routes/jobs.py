"""Jobs: read, played, cancelled, retried; their traces and artifacts. https://docs.gitlab.com/api/jobs/"""

import asyncio
import mimetypes
from pathlib import Path

from daytwo_standins.gitlab import views
from daytwo_standins.gitlab.calls import Call
from daytwo_standins.gitlab.config import Role
from daytwo_standins.gitlab.filters import jobs_in_scope
from daytwo_standins.gitlab.ledger import Verb, new_order
from daytwo_standins.gitlab.paging import paged
from daytwo_standins.gitlab.pipelines import Pipeline
from daytwo_standins.gitlab.problems import ApiError, bad_request, invalid_parameter, not_found, problem
from daytwo_standins.gitlab.records import Job, Status
from daytwo_standins.gitlab.routes.pipelines import scene_of
from daytwo_standins.gitlab.routing import API, Operation
from daytwo_standins.shared.answers import Answer
from daytwo_standins.shared.archives import archive as zip_of
from daytwo_standins.shared.generated_logs import slowly

_RETRYABLE = frozenset({Status.SUCCESS, Status.FAILED, Status.CANCELED})


async def project_jobs(call: Call) -> Answer:
    """The jobs of a project, the newest first."""
    found = [
        one for one in call.standin.engine.pipelines.of(call.project.full_path) if not one.accepted.effects.deleted
    ]
    pairs = [
        (one, job)
        for one in reversed(found)
        for job in jobs_in_scope(tuple(job for job in one.state.jobs if not job.bridge), call.query)
    ]
    shown, headers = paged(call, pairs)
    return Answer(data=[views.job(await scene_of(call, one), one, job) for one, job in shown], headers=headers)


async def get_job(call: Call) -> Answer:
    """One job."""
    pipeline, job = call.job
    return await _shown(call, pipeline, job, 200)


async def trace(call: Call) -> Answer:
    """The whole trace so far."""
    pipeline, job = call.job
    if call.effects.log is not None:
        return Answer(pieces=slowly(call.effects.log), headers={"content-type": "text/plain"})
    path = pipeline.job_folder(job.index) / "trace"
    content = path.read_bytes() if path.exists() else b""
    return Answer(raw=content, headers={"content-type": "text/plain", "cache-control": "no-store"})


async def play(call: Call) -> Answer:
    """Let a manual job begin."""
    _, job = call.job
    if job.status not in {Status.MANUAL, Status.SCHEDULED} or job.waits_for_approval:
        raise bad_request("Unplayable Job")
    variables = _given(call.body().get("job_variables_attributes"))
    return await _ordered(call, "play", 200, variables=variables)


async def cancel(call: Call) -> Answer:
    """Cancel a job; by force when it is cancelled already and does not end."""
    pipeline, job = call.job
    force = bool(call.body().get("force")) or call.flag("force")
    if job.ended:
        return await _shown(call, pipeline, job, 201)
    return await _ordered(call, "cancel_job", 201, force=force)


async def retry(call: Call) -> Answer:
    """Run a job again, as a new job."""
    _, job = call.job
    if job.status not in _RETRYABLE or job.retried or job.bridge:
        raise ApiError(403, problem(403, "Forbidden - Job is not retryable"))
    return await _ordered(call, "retry_job", 201)


async def artifact(call: Call) -> Answer:
    """One file of the artifacts."""
    place = _artifacts(call)
    path = (place / call.params["path"]).resolve()
    if not path.is_relative_to(place.resolve()) or not path.is_file():
        raise not_found()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Answer(raw=path.read_bytes(), headers={"content-type": kind})


async def archive(call: Call) -> Answer:
    """All artifacts as a zip file."""
    content = await asyncio.to_thread(zip_of, _artifacts(call), call.effects.archive)
    return Answer(raw=content, headers={"content-type": "application/octet-stream"})


def _artifacts(call: Call) -> Path:
    pipeline, job = call.job
    place = pipeline.artifacts(job)
    if place is None:
        raise not_found()
    return place


async def _ordered(call: Call, verb: Verb, status: int, **facts: object) -> Answer:
    pipeline, job = call.job
    order = new_order(pipeline.id, pipeline.orders + 1, verb, call.login, job=job.index, **facts)
    await call.standin.engine.order(pipeline, order)
    shown = job
    if verb == "retry_job":
        shown = next(one for one in reversed(pipeline.state.jobs) if one.name == job.name)
    return await _shown(call, pipeline, pipeline.job(shown.index) or shown, status)


async def _shown(call: Call, pipeline: Pipeline, job: Job, status: int) -> Answer:
    return Answer(status=status, data=views.job(await scene_of(call, pipeline), pipeline, job))


def _given(told: object) -> dict[str, str]:
    if told is None:
        return {}
    if not isinstance(told, list) or any(not isinstance(one, dict) or "key" not in one for one in told):
        raise invalid_parameter("job_variables_attributes", "is invalid")
    return {str(one["key"]): str(one.get("value", "")) for one in told}


_ALL = f"{API}/projects/{{id}}/jobs"
_ONE = f"{_ALL}/{{job_id}}"
OPERATIONS = (
    Operation(name="list_project_jobs", method="GET", path=_ALL, handler=project_jobs),
    Operation(name="get_job", method="GET", path=_ONE, handler=get_job),
    Operation(name="get_trace", method="GET", path=f"{_ONE}/trace", handler=trace),
    Operation(name="play", method="POST", path=f"{_ONE}/play", handler=play, role=Role.DEVELOPER),
    Operation(name="cancel_job", method="POST", path=f"{_ONE}/cancel", handler=cancel, role=Role.DEVELOPER),
    Operation(name="retry_job", method="POST", path=f"{_ONE}/retry", handler=retry, role=Role.DEVELOPER),
    Operation(name="download_artifacts", method="GET", path=f"{_ONE}/artifacts", handler=archive),
    Operation(name="get_artifact", method="GET", path=f"{_ONE}/artifacts/{{path*}}", handler=artifact),
)
