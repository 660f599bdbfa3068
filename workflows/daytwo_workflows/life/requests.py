"""An attempt's row and the frozen request that it holds, there and back."""

from pydantic import JsonValue

from daytwo_actions.backends.base import FrozenRequest, Pinned, Target
from daytwo_store.ids import Corr, Digest, ExternalRunId
from daytwo_store.tables import AttemptRow, Json


def as_json(request: FrozenRequest) -> Json:
    """What is stored beside the body."""
    pinned = request.pinned
    return {
        "method": request.method,
        "path": request.path,
        "project": pinned.target.project,
        "pipeline": pinned.target.pipeline,
        "ref": pinned.target.ref,
        "project_id": pinned.project_id,
        "pipeline_id": pinned.pipeline_id,
        "commit": pinned.commit,
        "pipeline_digest": pinned.pipeline_digest,
        "marked": pinned.marked,
        "by_name": None if pinned.by_name is None else list(pinned.by_name),
        "declared": list(pinned.declared),
        "fenced": pinned.fenced,
        "lasting": pinned.lasting,
        "held": list(pinned.held),
        "loose": list(pinned.loose),
    }


def corr_of(attempt: AttemptRow) -> Corr:
    return Corr(attempt.corr)


def pinned_of(attempt: AttemptRow) -> Pinned:
    request = attempt.request
    return Pinned(
        target=target_of(attempt),
        project_id=str(request["project_id"]),
        pipeline_id=str(request["pipeline_id"]),
        commit=str(request["commit"]),
        pipeline_digest=Digest(str(request["pipeline_digest"])),
        marked=bool(request["marked"]),
        by_name=_names(request.get("by_name")),
        declared=_names(request.get("declared")) or (),
        fenced=bool(request.get("fenced", False)),
        lasting=bool(request.get("lasting", True)),
        held=_names(request.get("held")) or (),
        loose=_names(request.get("loose")) or (),
    )


def _names(value: JsonValue) -> tuple[str, ...] | None:
    return tuple(map(str, value)) if isinstance(value, list) else None


def target_of(attempt: AttemptRow) -> Target:
    request = attempt.request
    return Target(project=str(request["project"]), pipeline=str(request["pipeline"]), ref=str(request["ref"]))


def run_of(attempt: AttemptRow) -> ExternalRunId:
    """The external run of an accepted attempt."""
    assert attempt.external_id is not None, "an accepted attempt has its external run"
    return ExternalRunId(attempt.external_id)


def external_id(text: str) -> ExternalRunId:
    return ExternalRunId(text)


def frozen_of(attempt: AttemptRow) -> FrozenRequest:
    return FrozenRequest(
        pinned=pinned_of(attempt),
        corr=corr_of(attempt),
        method=str(attempt.request["method"]),
        path=str(attempt.request["path"]),
        body=attempt.body,
        digest=Digest(attempt.digest),
    )
