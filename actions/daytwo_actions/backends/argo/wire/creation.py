"""The frozen bytes of a new workflow, and whether a workflow that is there was made of them.

https://argo-workflows.readthedocs.io/en/latest/rest-api/ "create", never "submit": that one sets a name of its own
beside ours, so that a name that is taken is not said to be taken.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from daytwo_actions import run_token
from daytwo_actions.backends.argo.wire import names, values
from daytwo_actions.backends.argo.wire.creator import is_anothers
from daytwo_actions.backends.argo.wire.objects import LABEL_BODY, LABEL_RUN, Arguments, Workflow
from daytwo_actions.backends.base import FrozenRequest, Marker, Pinned
from daytwo_store.ids import Corr, Digest

_LONGEST_LABEL: Final = 63
_EMPTY: Final[tuple[JsonValue, ...]] = (None, False, "", [], {})
_MOST_TOLD: Final = 5


def freeze(pinned: Pinned, inputs: Mapping[str, JsonValue], corr: Corr) -> FrozenRequest:
    """The bytes of a creation, nothing in them but name, labels, template and parameters.

    Raises `BackendDenied` for inputs that Argo cannot take.
    """
    body = _body(pinned, values.parameters(inputs, corr), corr)
    return FrozenRequest(
        pinned=pinned,
        corr=corr,
        method="POST",
        path=names.workflows(pinned.target.project),
        body=body,
        digest=digest_of(body),
    )


def check(request: FrozenRequest) -> None:
    """Raise `ValueError` when the bytes are not what was frozen, or would make something else than a creation."""
    if digest_of(request.body) != request.digest:
        raise ValueError("its bytes do not have the digest that was frozen with them")
    if request.method != "POST" or request.path != names.workflows(request.pinned.target.project):
        raise ValueError("it does not go where the workflows of its namespace are created")
    document = json.loads(request.body)
    given = document["workflow"]["spec"]["arguments"]["parameters"]
    if _body(request.pinned, {one["name"]: one["value"] for one in given}, request.corr) != request.body:
        raise ValueError("its bytes have more in them than the name, the labels, the template and the parameters")


def body_label(request: FrozenRequest) -> str:
    return str(json.loads(request.body)["workflow"]["metadata"]["labels"][LABEL_BODY])


def digest_of(body: bytes) -> Digest:
    return Digest(hashlib.sha256(body).hexdigest())


def _body(pinned: Pinned, parameters: Mapping[str, str], corr: Corr) -> bytes:
    target = pinned.target
    template = names.of_target(target)
    reference: dict[str, JsonValue] = {"name": template.name}
    if template.cluster:
        reference["clusterScope"] = True
    document = {
        "namespace": target.project,
        "workflow": {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {
                "name": names.of_corr(corr),
                "namespace": target.project,
                "labels": {LABEL_RUN: corr, LABEL_BODY: _shortened(target.project, template, parameters)},
            },
            "spec": {
                "workflowTemplateRef": reference,
                "arguments": {
                    "parameters": [{"name": name, "value": value} for name, value in sorted(parameters.items())]
                },
            },
        },
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _shortened(namespace: str, template: names.TemplateName, parameters: Mapping[str, str]) -> str:
    """SHA-256 of what makes one creation differ from another, as long as a label may be: 252 bits of it.

    The attempt's own token is not among it: it takes the place of its hash only as the bytes leave.
    """
    told = {name: value for name, value in sorted(parameters.items()) if name != run_token.RESERVED}
    document = [namespace, template.title, told]
    return hashlib.sha256(json.dumps(document).encode()).hexdigest()[:_LONGEST_LABEL]


def misfits(workflow: Workflow, marker: Marker, *, label: str | None = None, creator: str | None = None) -> list[str]:
    """Why a workflow with our name is not ours all the same (A1 "Adopt requires all"). Empty: it is ours.

    `label` is the one of the request, when that is at hand; the workflow's own content has to have it too. `creator` is
    what Argo Server writes on what we create, where that is known.
    """
    unmarked = [] if carries(workflow, marker.corr) else ["it does not carry the marker"]
    return [*unmarked, *other(workflow, marker, label=label, creator=creator)]


def carries(workflow: Workflow, corr: Corr) -> bool:
    return workflow.metadata.labels.get(LABEL_RUN) == corr


def other(workflow: Workflow, marker: Marker, *, label: str | None = None, creator: str | None = None) -> list[str]:
    """What does not fit beside the marker."""
    added = additions(workflow)
    more = [f"it has more in it than was sent ({', '.join(added)})"] if added else []
    anothers = ["somebody else has created it"] if is_anothers(workflow, creator) else []
    return [*_differences(workflow, marker, label), *more, *anothers]


def is_answer(workflow: Workflow, marker: Marker, label: str) -> bool:
    """Whether an answer shows what was just created. What the cluster itself adds to it is the cluster's matter."""
    return carries(workflow, marker.corr) and not _differences(workflow, marker, label)


def additions(workflow: Workflow) -> list[str]:
    """What stands in a workflow's spec and was not sent, each by its key.

    Argo merges the template into the workflow's status and leaves the spec as it was, but for a suspension and a
    shutdown. What is empty says nothing: old servers write keys that are not set.
    """
    spec = workflow.spec
    arguments = spec.arguments or Arguments()
    parts = {
        **(spec.model_extra or {}),
        "podGC": spec.pod_gc,
        "arguments.artifacts": arguments.artifacts,
        "arguments.parameters": any(one.value_from or one.global_name for one in arguments.parameters)
        or len({one.name for one in arguments.parameters}) < len(arguments.parameters),
    }
    return sorted(key[:_LONGEST_LABEL] for key, value in parts.items() if value not in _EMPTY)[:_MOST_TOLD]


def _differences(workflow: Workflow, marker: Marker, label: str | None) -> list[str]:
    target = marker.pinned.target
    reference = workflow.spec.workflow_template_ref
    given = workflow.spec.arguments.parameters if workflow.spec.arguments else []
    template = names.of_target(target)
    content = _shortened(target.project, template, {one.name: str(one.value) for one in given})
    labels = workflow.metadata.labels
    facts = {
        "it has another name": workflow.metadata.name == names.of_corr(marker.corr),
        "it is in another namespace": workflow.metadata.namespace == target.project,
        "it is of another template": reference is not None
        and reference.name == template.name
        and bool(reference.cluster_scope) == template.cluster,
        "its parameters are not those that it was labelled for": labels.get(LABEL_BODY) == content,
        "it was asked for something else": label is None or labels.get(LABEL_BODY) == label,
    }
    return [reason for reason, fits in facts.items() if not fits]


def began_after(workflow: Workflow, since: datetime) -> bool:
    """Whether it was created at `since` or later; the server's times are whole seconds."""
    began = workflow.began
    return began is not None and began >= since.replace(microsecond=0)
