"""Environments, deployments, and their approval. https://docs.gitlab.com/api/deployments/"""

from daytwo_standins.gitlab import views
from daytwo_standins.gitlab.calls import Call
from daytwo_standins.gitlab.config import Role
from daytwo_standins.gitlab.ledger import new_order
from daytwo_standins.gitlab.paging import paged
from daytwo_standins.gitlab.pipelines import Pipeline, split_job_id
from daytwo_standins.gitlab.problems import bad_request, invalid_parameter, not_found
from daytwo_standins.gitlab.records import Job, Status
from daytwo_standins.gitlab.routes.pipelines import scene_of
from daytwo_standins.gitlab.routing import API, Operation
from daytwo_standins.gitlab.views import Scene
from daytwo_standins.shared.answers import Answer


async def environments(call: Call) -> Answer:
    """The environments of the configuration, and those that jobs have deployed to."""
    used = [job.environment for _, job in _deploying(call)]
    names = list(dict.fromkeys([*(one.name for one in call.project.environments), *used]))
    wanted = call.query.get("name")
    shown, headers = paged(call, [name for name in names if wanted in {None, name}])
    scene = Scene(base=call.base, project=call.project)
    return Answer(data=[views.environment(scene, name) for name in shown], headers=headers)


async def environment(call: Call) -> Answer:
    """One environment."""
    number = call.integer("environment_id")
    used = {job.environment for _, job in _deploying(call)} | {one.name for one in call.project.environments}
    for name in used:
        if views.environment_id(call.project, name) == number:
            return Answer(data=views.environment(Scene(base=call.base, project=call.project), name))
    raise not_found("Environment")


async def deployments(call: Call) -> Answer:
    """The deployments of a project."""
    wanted = {"status": call.query.get("status"), "environment": call.query.get("environment")}
    found = [
        (pipeline, job)
        for pipeline, job in _deploying(call)
        if wanted["status"] in {None, views.deployment_status(job)} and wanted["environment"] in {None, job.environment}
    ]
    if call.query.get("sort", "asc") == "desc":
        found.reverse()
    shown, headers = paged(call, found)
    data = [views.deployment(await scene_of(call, pipeline), pipeline, job) for pipeline, job in shown]
    return Answer(data=data, headers=headers)


async def deployment(call: Call) -> Answer:
    """One deployment."""
    pipeline, job = _deployment(call)
    return Answer(data=views.deployment(await scene_of(call, pipeline), pipeline, job))


async def approve(call: Call) -> Answer:
    """Approve or reject a blocked deployment; when all have approved, its job can be played."""
    pipeline, job = _deployment(call)
    body = call.body()
    if body.get("status") not in {"approved", "rejected"}:
        raise invalid_parameter("status", "does not have a valid value" if "status" in body else "is missing")
    if job.status is not Status.MANUAL or not job.waits_for_approval:
        raise bad_request("This deployment is not waiting for approvals.")
    order = new_order(
        pipeline.id,
        pipeline.orders + 1,
        "approve",
        call.login,
        job=job.index,
        status=str(body["status"]),
        comment=str(body.get("comment") or ""),
    )
    await call.standin.engine.order(pipeline, order)
    said = {"status": order.status, "created_at": views.when(order.received_at), "comment": order.comment}
    return Answer(status=201, data={"user": views.user(call.login, call.base), **said})


def _deploying(call: Call) -> list[tuple[Pipeline, Job]]:
    found = call.standin.engine.pipelines.of(call.project.full_path)
    return [
        (one, job) for one in found if not one.accepted.effects.deleted for job in one.state.jobs if job.environment
    ]


def _deployment(call: Call) -> tuple[Pipeline, Job]:
    number, index = split_job_id(call.integer("deployment_id"))
    for pipeline, job in _deploying(call):
        if (pipeline.id, job.index) == (number, index):
            return pipeline, job
    raise not_found("Deployment")


_PROJECT = f"{API}/projects/{{id}}"
_ONE = f"{_PROJECT}/deployments/{{deployment_id}}"
OPERATIONS = (
    Operation(name="list_environments", method="GET", path=f"{_PROJECT}/environments", handler=environments),
    Operation(
        name="get_environment", method="GET", path=f"{_PROJECT}/environments/{{environment_id}}", handler=environment
    ),
    Operation(name="list_deployments", method="GET", path=f"{_PROJECT}/deployments", handler=deployments),
    Operation(name="get_deployment", method="GET", path=_ONE, handler=deployment),
    Operation(name="approve", method="POST", path=f"{_ONE}/approval", handler=approve, role=Role.DEVELOPER),
)
