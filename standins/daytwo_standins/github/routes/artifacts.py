"""Artifacts of a run."""

from pathlib import Path
from typing import Any

from daytwo_standins.github.artifacts import artifact_folders, artifact_id, artifact_size
from daytwo_standins.github.calls import Call, Operation
from daytwo_standins.github.links import node_id, when
from daytwo_standins.github.paging import paged
from daytwo_standins.github.problems import ApiError, not_found
from daytwo_standins.github.runs import Run
from daytwo_standins.github.views.repositories import repository_id
from daytwo_standins.shared.answers import Answer

_BASE = "/repos/{owner}/{repo}/actions"
_NINETY_DAYS = 90 * 86_400


async def run_artifacts(call: Call) -> Answer:
    """The artifacts of a run."""
    found = call.run
    folders = [one for one in artifact_folders(found) if call.query.get("name") in {None, one.name}]
    shown, headers = paged(call, folders, call.links.run(call.repository.full_name, found.id, "artifacts"))
    data = [_view(call, found, one) for one in shown]
    return Answer(data={"total_count": len(folders), "artifacts": data}, headers=headers)


async def artifact(call: Call) -> Answer:
    """One artifact."""
    found, folder = _artifact(call)
    return Answer(data=_view(call, found, folder))


async def download(call: Call) -> Answer:
    """A redirect to the zip file."""
    _, _ = _artifact(call)
    call.standin.odd_archives[call.integer("artifact_id")] = call.effects.archive
    if call.repository.archives == "expired":
        raise ApiError(410, "Artifact has expired", documentation="actions/artifacts#download-an-artifact")
    if call.params["format"] != "zip":
        raise not_found("actions/artifacts#download-an-artifact")
    place = f"artifacts/{call.params['artifact_id']}"
    return Answer(status=302, raw=b"", headers={"location": call.standin.log_links.make(call.links.base, place)})


def _artifact(call: Call) -> tuple[Run, Path]:
    found = call.standin.artifact(call.integer("artifact_id"))
    if found is None or found[0].accepted.repository != call.repository.full_name:
        raise not_found("actions/artifacts#get-an-artifact")
    return found


def _view(call: Call, found: Run, folder: Path) -> dict[str, Any]:
    number, made = artifact_id(found, folder), folder.stat().st_mtime
    url = call.links.repository(call.repository.full_name, "actions", "artifacts", number)
    own = repository_id(call.repository)
    return {
        "id": number,
        "node_id": node_id("Artifact", number),
        "name": folder.name,
        "size_in_bytes": artifact_size(folder),
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": call.repository.archives == "expired",
        "created_at": when(made),
        "updated_at": when(made),
        "expires_at": when(made + _NINETY_DAYS),
        "workflow_run": {
            "id": found.id,
            "repository_id": own,
            "head_repository_id": own,
            "head_branch": found.accepted.ref.split("/", 2)[2],
            "head_sha": found.accepted.head_sha,
        },
    }


OPERATIONS = (
    Operation(name="list_artifacts", method="GET", path=f"{_BASE}/runs/{{run_id}}/artifacts", handler=run_artifacts),
    Operation(name="get_artifact", method="GET", path=f"{_BASE}/artifacts/{{artifact_id}}", handler=artifact),
    Operation(
        name="download_artifact", method="GET", path=f"{_BASE}/artifacts/{{artifact_id}}/{{format}}", handler=download
    ),
)
