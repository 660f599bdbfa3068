"""Namespaces, templates, workflows and nodes, checked, and the paths made of them (below the base address).

Names in Kubernetes are DNS labels or subdomains in lower case, so every name that passes is one segment of a path.
https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
"""

import re
from dataclasses import dataclass
from typing import Final

from daytwo_actions.backends.base import Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_store.ids import Corr, ExternalRunId

CLUSTER: Final = "cluster/"  # before the name of a ClusterWorkflowTemplate
_PREFIX: Final = "dt-"  # before the marker in the name of a workflow
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_UID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_NODE: Final = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
_ARTIFACT: Final = re.compile(r"(?!\.+\Z)[A-Za-z0-9_.-]{1,253}")


def namespace(project: str) -> str:
    """The namespace as it is. Raises `BackendDenied` when it cannot be one."""
    if not _LABEL.fullmatch(project):
        raise BackendDenied(
            f"{project!r} is not a namespace. Nothing was asked or sent; "
            "write its name in lower case as `project`, as in team-shop."
        )
    return project


@dataclass(frozen=True, slots=True)
class TemplateName:
    """A WorkflowTemplate of a namespace, or a ClusterWorkflowTemplate."""

    name: str
    cluster: bool

    @property
    def title(self) -> str:
        return f"{CLUSTER}{self.name}" if self.cluster else self.name

    def path(self, project: str) -> str:
        """ "/api/v1/workflow-templates/NAMESPACE/NAME". Raises `BackendDenied`."""
        if self.cluster:
            return f"/api/v1/cluster-workflow-templates/{self.name}"
        return f"{templates(project)}/{self.name}"


def template(pipeline: str) -> TemplateName:
    """ "deploy", or "cluster/deploy" for a ClusterWorkflowTemplate. Raises `BackendDenied`."""
    name = pipeline.removeprefix(CLUSTER)
    if not _SUBDOMAIN.fullmatch(name):
        raise BackendDenied(
            f"{pipeline!r} is not the name of a template. Nothing was asked or sent; write deploy for a "
            f"WorkflowTemplate of the namespace, {CLUSTER}deploy for a ClusterWorkflowTemplate."
        )
    return TemplateName(name, cluster=pipeline.startswith(CLUSTER))


def of_target(target: Target) -> TemplateName:
    """The template that a step names. Raises `BackendDenied`, also for a `ref`: templates have no versions."""
    namespace(target.project)
    if target.ref:
        raise BackendDenied(
            f"Templates of Argo have no branches or tags, and the step names the ref {target.ref!r}. Nothing was asked "
            "or sent; take `ref` out of the step."
        )
    return template(target.pipeline)


def templates(project: str) -> str:
    return f"/api/v1/workflow-templates/{namespace(project)}"


def workflows(project: str) -> str:
    """ "/api/v1/workflows/NAMESPACE": created with POST, listed with GET."""
    return f"/api/v1/workflows/{namespace(project)}"


def workflow(project: str, name: str) -> str:
    if not _SUBDOMAIN.fullmatch(name):
        raise BackendDenied(f"{name!r} is not the name of a workflow; nothing was asked.")
    return f"{workflows(project)}/{name}"


def archived(uid: str) -> str:
    if not _UID.fullmatch(uid):
        raise BackendDenied(f"{uid!r} is not the uid of a workflow; nothing was asked.")
    return f"/api/v1/archived-workflows/{uid}"


def events(project: str) -> str:
    return f"/api/v1/workflow-events/{namespace(project)}"


def node(text: str) -> str:
    """The id of a node. Raises `BackendDenied` for one that Argo cannot have given."""
    if not _NODE.fullmatch(text):
        raise BackendDenied(f"{text!r} is not the id of a node of a workflow; nothing was asked.")
    return text


@dataclass(frozen=True, slots=True)
class RunName:
    """Which workflow. The name is free again when the object is gone, the uid never; without one any will do."""

    name: str
    uid: str | None

    @property
    def id(self) -> ExternalRunId:
        return ExternalRunId(f"{self.name}:{self.uid}" if self.uid else self.name)

    def fits(self, uid: str) -> bool:
        return self.uid is None or self.uid == uid

    @property
    def corr(self) -> str | None:
        """The marker, when the name was made of one by us."""
        return self.name.removeprefix(_PREFIX) if self.name.startswith(_PREFIX) else None


def run(text: str) -> RunName:
    """ "NAME:UID", or only a name, which a person may have given. Raises `BackendDenied`."""
    name, colon, uid = text.partition(":")
    if not _SUBDOMAIN.fullmatch(name) or (colon and not _UID.fullmatch(uid)):
        raise BackendDenied(f"{text!r} is not a workflow, as in dt-abc or dt-abc:6522aff1-1e01; nothing was asked.")
    return RunName(name, uid or None)


def of_corr(corr: Corr) -> str:
    """The name of the workflow that carries a marker. Raises `BackendDenied` for what cannot be in a name."""
    name = f"{_PREFIX}{corr}"
    if not _LABEL.fullmatch(name):
        raise BackendDenied("The marker of this attempt cannot be the name of a workflow. Nothing was sent.")
    return name


def artifact(project: str, run_name: RunName, node_id: str, name: str, *, is_archived: bool = False) -> str:
    """Where the content of an artifact is. Raises `BackendDenied`."""
    if not _ARTIFACT.fullmatch(name):
        raise BackendDenied(f"{name!r} cannot be the name of an artifact in a path; nothing was asked.")
    workflow(project, run_name.name)
    where = "archived-workflows" if is_archived else "workflows"
    which = run_name.uid if is_archived and run_name.uid else run_name.name
    return f"/artifact-files/{project}/{where}/{which}/{node(node_id)}/outputs/{name}"
