"""Pipelines: listed, read, cancelled, retried."""

import time

from daytwo_standins.gitlab import views
from daytwo_standins.gitlab.calls import Call
from daytwo_standins.gitlab.config import Role
from daytwo_standins.gitlab.filters import filtered, jobs_in_scope
from daytwo_standins.gitlab.ledger import new_order
from daytwo_standins.gitlab.paging import paged
from daytwo_standins.gitlab.pipelines import Pipeline
from daytwo_standins.gitlab.problems import forbidden
from daytwo_standins.gitlab.records import Status
from daytwo_standins.gitlab.routing import API, Operation
from daytwo_standins.gitlab.views import Scene
from daytwo_standins.shared.answers import Answer


async def pipelines(call: Call) -> Answer:
    """The pipelines of a project."""
    found = call.standin.engine.pipelines.of(call.project.full_path)
    shown, headers = paged(call, filtered(found, call.query, time.time(), skew=call.effects.skew))
    return Answer(data=[views.pipeline_basic(_plain(call), one) for one in shown], headers=headers)


async def latest(call: Call) -> Answer:
    """The newest pipeline of a branch; 403 when there is none, as on GitLab."""
    ref = call.query.get("ref") or call.project.default_branch
    found = [one for one in call.standin.engine.pipelines.of(call.project.full_path) if one.accepted.ref == ref]
    if not found:
        raise forbidden()
    return Answer(data=views.pipeline_full(_plain(call), found[-1]))


async def pipeline(call: Call) -> Answer:
    """One pipeline."""
    return Answer(data=views.pipeline_full(_plain(call), call.pipeline))


async def variables(call: Call) -> Answer:
    """The variables that a pipeline was given."""
    accepted = call.pipeline.accepted
    if accepted.effects.hide_marker:
        return Answer(data=[])
    files = accepted.file_variables
    return Answer(
        data=[
            {"variable_type": "file" if key in files else "env_var", "key": key, "value": value, "raw": False}
            for key, value in accepted.variables.items()
        ]
    )


async def jobs(call: Call) -> Answer:
    """The jobs of a pipeline, without its bridges."""
    found, scene = call.pipeline, await scene_of(call, call.pipeline)
    chosen = found.state.jobs if call.flag("include_retried") else found.state.latest
    builds = tuple(job for job in chosen if not job.bridge)
    shown, headers = paged(call, jobs_in_scope(builds, call.query))
    return Answer(data=[views.job(scene, found, one) for one in shown], headers=headers)


async def bridges(call: Call) -> Answer:
    """The bridges of a pipeline and what they have started."""
    found, scene = call.pipeline, await scene_of(call, call.pipeline)
    chosen = tuple(job for job in found.state.latest if job.bridge)
    shown, headers = paged(call, jobs_in_scope(chosen, call.query))
    known = call.standin.engine.pipelines
    data = [views.bridge(scene, found, one, known.get(one.downstream) if one.downstream else None) for one in shown]
    return Answer(data=data, headers=headers)


async def cancel(call: Call) -> Answer:
    """Cancel what has not ended; 200 whatever the state."""
    found = call.pipeline
    if not found.state.ended or any(not job.ended for job in found.state.latest):
        await call.standin.engine.order(found, new_order(found.id, found.orders + 1, "cancel", call.login))
    return Answer(data=views.pipeline_full(_plain(call), found))


async def retry(call: Call) -> Answer:
    """Run the jobs again that failed or were cancelled."""
    found = call.pipeline
    if any(job.status in {Status.FAILED, Status.CANCELED} for job in found.state.latest):
        await call.standin.engine.order(found, new_order(found.id, found.orders + 1, "retry", call.login))
    return Answer(status=201, data=views.pipeline_full(_plain(call), found))


async def scene_of(call: Call, found: Pipeline) -> Scene:
    """The scene of the jobs of a pipeline."""
    commit = await call.standin.commit(found.accepted.repository, found.accepted.head_sha)
    return Scene(base=call.base, project=call.project, commit=commit)


def _plain(call: Call) -> Scene:
    return Scene(base=call.base, project=call.project)


_ALL = f"{API}/projects/{{id}}/pipelines"
_ONE = f"{_ALL}/{{pipeline_id}}"
OPERATIONS = (
    Operation(name="list_pipelines", method="GET", path=_ALL, handler=pipelines),
    Operation(name="latest_pipeline", method="GET", path=f"{_ALL}/latest", handler=latest),
    Operation(name="get_pipeline", method="GET", path=_ONE, handler=pipeline),
    Operation(name="list_variables", method="GET", path=f"{_ONE}/variables", handler=variables, role=Role.DEVELOPER),
    Operation(name="list_jobs", method="GET", path=f"{_ONE}/jobs", handler=jobs),
    Operation(name="list_bridges", method="GET", path=f"{_ONE}/bridges", handler=bridges),
    Operation(name="list_bridges", method="GET", path=f"{_ONE}/trigger_jobs", handler=bridges),
    Operation(name="cancel", method="POST", path=f"{_ONE}/cancel", handler=cancel, role=Role.DEVELOPER),
    Operation(name="retry", method="POST", path=f"{_ONE}/retry", handler=retry, role=Role.DEVELOPER),
)
