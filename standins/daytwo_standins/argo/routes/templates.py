"""Templates of a namespace and of the cluster."""

from daytwo_standins.argo.calls import Call, Handler, Operation
from daytwo_standins.argo.config import Permission
from daytwo_standins.argo.fields import trimmed
from daytwo_standins.argo.listing import page, selects
from daytwo_standins.argo.templates import Manifest
from daytwo_standins.shared.answers import Answer

_OWN, _CLUSTER = "/api/v1/workflow-templates/{namespace}", "/api/v1/cluster-workflow-templates"


async def list_own(call: Call) -> Answer:
    """The WorkflowTemplates of a namespace, or of all."""
    names = [call.settings.name] if call.namespace else list(call.standin.namespaces)
    found = [one for name in names for one in call.standin.templates.of_namespace(name).values()]
    return _listing(call, found, "WorkflowTemplateList")


async def get_own(call: Call) -> Answer:
    """One of them."""
    return Answer(data=call.standin.templates.get(call.settings.name, {"name": call.params["name"]}))


async def list_cluster(call: Call) -> Answer:
    """The ClusterWorkflowTemplates."""
    return _listing(call, list(call.standin.templates.of_cluster().values()), "ClusterWorkflowTemplateList")


async def get_cluster(call: Call) -> Answer:
    """One of them."""
    return Answer(data=call.standin.templates.get("", {"name": call.params["name"], "clusterScope": True}))


def _listing(call: Call, found: list[Manifest], kind: str) -> Answer:
    part = call.option("namePattern")
    chosen = [one for one in sorted(found, key=_place) if _is_wanted(call, one["metadata"]) and part in _place(one)[1]]
    shown, facts = page(call, chosen)
    data = {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": facts, "items": list(shown)}
    return Answer(data=trimmed(data, call.option("fields")))


def _place(manifest: Manifest) -> tuple[str, str]:
    return manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"]


def _is_wanted(call: Call, metadata: Manifest) -> bool:
    return selects(call, metadata["name"], metadata.get("labels") or {}, metadata.get("namespace", ""))


def _operation(name: str, path: str, handler: Handler, *, verb: str, resource: str) -> Operation:
    return Operation(
        name=name,
        method="GET",
        path=path,
        handler=handler,
        permission=Permission.READ,
        verb=verb,
        resource=resource,
    )


OPERATIONS = (
    _operation("list_templates", _OWN, list_own, verb="list", resource="workflowtemplates"),
    _operation("get_template", f"{_OWN}/{{name}}", get_own, verb="get", resource="workflowtemplates"),
    _operation("list_cluster_templates", _CLUSTER, list_cluster, verb="list", resource="clusterworkflowtemplates"),
    _operation(
        "get_cluster_template", f"{_CLUSTER}/{{name}}", get_cluster, verb="get", resource="clusterworkflowtemplates"
    ),
)
