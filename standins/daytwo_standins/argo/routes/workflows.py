"""Creating, reading and deleting workflows, and what the archive still has."""

import uuid

from daytwo_standins.argo.calls import Call, Operation
from daytwo_standins.argo.config import Permission
from daytwo_standins.argo.controlling import give_up
from daytwo_standins.argo.creating import create, prepare
from daytwo_standins.argo.fields import trimmed
from daytwo_standins.argo.listing import newest_first, page, wanted
from daytwo_standins.argo.problems import invalid, not_found
from daytwo_standins.argo.runs import Run
from daytwo_standins.argo.views import PREFIX, Shown, workflow
from daytwo_standins.shared.answers import Answer

_ALL = "/api/v1/workflows/{namespace}"
_ONE = f"{_ALL}/{{name}}"
_ARCHIVE = "/api/v1/archived-workflows"


def shown(call: Call, run: Run) -> Shown:
    """The object of a workflow."""
    settings = call.standin.settings(run.accepted.namespace)
    return workflow(run, logs_kept=settings is not None and settings.archive_logs)


async def dispatch(call: Call) -> Answer:
    """Create a workflow."""
    body = call.body()
    manifest = body.get("workflow")
    if not isinstance(manifest, dict):
        raise invalid("workflow body not specified")
    if body.get("serverDryRun") or (body.get("createOptions") or {}).get("dryRun"):
        accepted = prepare(call, manifest)
        named = {**accepted.manifest["metadata"], "name": accepted.name, "namespace": accepted.namespace}
        return Answer(data={**accepted.manifest, "metadata": named})
    data = shown(call, await create(call, manifest))
    if call.effects.wrong_id:
        data["metadata"] |= {"uid": str(uuid.uuid4()), "name": f"{data['metadata']['name'][:50]}-other"}
    return Answer(data=data)


async def get(call: Call) -> Answer:
    """A workflow; the archive's when there is no object any more."""
    name = call.params["name"]
    runs = call.standin.engine.runs
    run = runs.live(call.namespace, name) or runs.archived(call.namespace, name)
    if run is None:
        raise not_found("workflows", name)
    return Answer(data=trimmed(shown(call, run), call.option("fields")))


async def list_all(call: Call) -> Answer:
    """The workflows of a namespace, with those that only the archive has."""
    chosen = newest_first(run for run in call.standin.engine.runs if (run.live or run.archived) and wanted(call, run))
    return _listing(call, chosen)


async def delete(call: Call) -> Answer:
    """Delete an object; what it runs is ended."""
    run = call.run
    await call.standin.engine.delete(run)
    give_up(call.standin.engine, run)
    return Answer(data={})


async def list_archived(call: Call) -> Answer:
    """What the archive has."""
    chosen = newest_first(run for run in call.standin.engine.runs if run.archived and wanted(call, run))
    return _listing(call, chosen)


async def get_archived(call: Call) -> Answer:
    """A workflow of the archive by its id."""
    run = call.standin.engine.runs.get(call.params["uid"])
    allowed = call.token.namespaces
    hidden = run is not None and allowed is not None and run.accepted.namespace not in allowed
    if run is None or hidden or not run.archived or run.accepted.effects.deleted:
        raise not_found("workflows", call.params["uid"])
    data = shown(call, run)
    data["metadata"]["labels"][f"{PREFIX}/workflow-archiving-status"] = "Persisted"
    return Answer(data=data)


def _listing(call: Call, chosen: list[Run]) -> Answer:
    some, facts = page(call, chosen)
    items = [shown(call, run) for run in some]
    data = {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowList", "metadata": facts, "items": items}
    return Answer(data=trimmed(data, call.option("fields")))


OPERATIONS = (
    Operation(name="dispatch", method="POST", path=_ALL, handler=dispatch, permission=Permission.CREATE, verb="create"),
    Operation(
        name="list_workflows", method="GET", path=_ALL, handler=list_all, permission=Permission.READ, verb="list"
    ),
    Operation(name="get_workflow", method="GET", path=_ONE, handler=get, permission=Permission.READ),
    Operation(
        name="delete_workflow",
        method="DELETE",
        path=_ONE,
        handler=delete,
        permission=Permission.DELETE,
        verb="delete",
    ),
    Operation(
        name="list_archived",
        method="GET",
        path=_ARCHIVE,
        handler=list_archived,
        permission=Permission.READ,
        verb="list",
    ),
    Operation(
        name="get_archived",
        method="GET",
        path=f"{_ARCHIVE}/{{uid}}",
        handler=get_archived,
        permission=Permission.READ,
    ),
)
