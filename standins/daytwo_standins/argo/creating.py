"""From a request to an accepted workflow."""

import hashlib
import json
import random
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final

from daytwo_standins.argo.calls import Call, Json
from daytwo_standins.argo.config import Executor
from daytwo_standins.argo.ledger import Accepted
from daytwo_standins.argo.merging import whole
from daytwo_standins.argo.problems import invalid
from daytwo_standins.argo.runs import Run
from daytwo_standins.argo.templates import with_texts
from daytwo_standins.argo.validation import check_metadata, check_spec, not_generated
from daytwo_standins.argo.views import PREFIX
from daytwo_standins.shared.durable_lines import monotonic

_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_OURS: Final = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink", "namespace")


async def create(call: Call, manifest: Json) -> Run:
    """Accept a workflow: when this returns, its line is on the disk.

    Raises:
        ApiError: it is refused; nothing was started.
    """
    accepted = prepare(call, manifest)
    with call.standin.engine.runs.name_taken(accepted.namespace, accepted.name) as free:
        if not free:
            raise not_generated(accepted.name, generated=bool(accepted.manifest["metadata"].get("generateName")))
        return await call.standin.engine.accept(accepted)


def prepare(call: Call, manifest: Json) -> Accepted:
    """Everything about a workflow that would be accepted.

    Raises:
        ApiError: it is refused.
    """
    metadata, spec = _parts(manifest)
    if metadata.get("namespace") not in {None, "", call.namespace}:
        raise invalid("the namespace of the provided object does not match the namespace sent on the request")
    settings = call.settings
    check_metadata(metadata)
    made = whole(call.standin.templates, call.namespace, spec, settings.config_maps)
    check_spec(made)
    kept = {key: value for key, value in metadata.items() if key not in _OURS}
    creator = f"system-serviceaccount-{call.token.namespace}-{call.token.login}"
    kept["labels"] = {**made.labels, **(kept.get("labels") or {}), f"{PREFIX}/creator": creator}
    kept["annotations"] = {**made.annotations, **(kept.get("annotations") or {})}
    name = kept.get("name") or kept["generateName"] + "".join(random.choices(_LETTERS, k=5))  # noqa: S311  # a name
    return Accepted(
        uid=str(uuid.uuid4()),
        namespace=call.namespace,
        name=name,
        template=_template(spec),
        inputs={one["name"]: one["value"] for one in made.spec["arguments"]["parameters"]},
        title=f"{call.namespace}/{name} {json.dumps(kept['labels'], ensure_ascii=False)}",
        manifest={"metadata": kept, "spec": spec},
        spec=made.spec,
        stored_templates=made.stored_templates,
        body_sha256=hashlib.sha256(call.raw).hexdigest(),
        actor=call.token.login,
        executor=Executor.INSTANT if call.effects.instant_finish else settings.executor,
        effects=call.effects.lasting(),
        received_at=time.time(),
        received_monotonic=monotonic(),
    )


def again_as_new(run: Run) -> Json:
    """The workflow that a resubmit creates: named after the old one, with its labels."""
    metadata = run.accepted.manifest["metadata"]
    prefix = metadata.get("generateName") or f"{run.accepted.name}-"
    mine = {f"{PREFIX}/{name}" for name in ("creator", "phase", "completed")}
    labels = {key: value for key, value in run.accepted.labels.items() if key not in mine}
    labels[f"{PREFIX}/resubmitted-from-workflow"] = run.accepted.name
    told = {"generateName": prefix, "labels": labels, "annotations": metadata.get("annotations") or {}}
    spec = {key: value for key, value in run.accepted.manifest["spec"].items() if key not in {"shutdown", "suspend"}}
    return {"metadata": told, "spec": spec}


def about_dispatch(raw: bytes) -> str:
    """What fault rules search in a request that creates a workflow."""
    try:
        manifest = json.loads(raw)["workflow"]
        metadata, arguments = manifest["metadata"], (manifest.get("spec") or {}).get("arguments") or {}
        told = [metadata.get("name", ""), metadata.get("labels") or {}, arguments]
    except (ValueError, KeyError, TypeError, AttributeError):
        return raw.decode(errors="replace")
    return json.dumps(told, ensure_ascii=False)


def about_run(run: Run) -> str:
    """What fault rules search for a workflow that exists."""
    return f"{run.accepted.title} {json.dumps(run.accepted.inputs, ensure_ascii=False)}"


def _parts(manifest: Json) -> tuple[Json, Json]:
    metadata, spec = manifest.get("metadata"), manifest.get("spec")
    if not isinstance(metadata, dict) or not isinstance(spec, dict):
        raise invalid("the workflow needs metadata and spec")
    return metadata, with_texts(spec)


def _template(spec: Mapping[str, Any]) -> str:
    reference = spec.get("workflowTemplateRef")
    if not reference:
        return ""
    kind = "ClusterWorkflowTemplate" if reference.get("clusterScope") else "WorkflowTemplate"
    return f"{kind}/{reference.get('name', '')}"
