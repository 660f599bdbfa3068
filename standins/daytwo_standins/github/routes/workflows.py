"""Workflow files and their dispatch."""

import json
import secrets

from daytwo_standins.github.calls import Call, Operation
from daytwo_standins.github.config import Executor, Permission, Repository
from daytwo_standins.github.inputs import parse_body
from daytwo_standins.github.paging import paged
from daytwo_standins.github.problems import ApiError, not_found
from daytwo_standins.github.views import actions as views
from daytwo_standins.github.workflow_file import FOLDER, WorkflowInvalidError
from daytwo_standins.shared.answers import Answer

_BASE = "/repos/{owner}/{repo}/actions/workflows"
ALWAYS_DETAILS = "2026-03-10"  # from this version of the API on there is no flag, the details always come


async def workflows(call: Call) -> Answer:
    """The workflow files of the default branch."""
    found = call.repository
    paths = await _paths(call, found)
    shown, headers = paged(call, paths, call.links.repository(found.full_name, "actions", "workflows"))
    data = [await _view(call, found, path) for path in shown]
    return Answer(data={"total_count": len(paths), "workflows": data}, headers=headers)


async def workflow(call: Call) -> Answer:
    """One workflow file, by id or file name."""
    return Answer(data=await _view(call, call.repository, await workflow_path(call)))


async def dispatch(call: Call) -> Answer:
    """Accept a dispatch; it is accepted exactly when its line in the ledger is durable."""
    found, standin = call.repository, call.standin
    path = await workflow_path(call)
    body = parse_body(call.raw, standin.config.enterprise)
    if (found.full_name, path) in standin.asleep:
        raise ApiError(403, "Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    ref, file, inputs = await standin.dispatcher.check(found, path, body)
    accepted = standin.dispatcher.accepted(
        repository=found,
        ref=ref,
        workflow=file,
        inputs=inputs,
        raw=call.raw,
        actor=call.token,
        runs=standin.engine.runs,
        effects=call.effects.lasting(),
        executor=_executor(call),
    )
    run = await standin.engine.accept(accepted)
    if not body.return_run_details and call.headers.get("x-github-api-version", "") < ALWAYS_DETAILS:
        return Answer(status=204)
    shown = run.id + 1_000 + secrets.randbelow(9_000) if call.effects.wrong_id else run.id
    return Answer(data=views.details(call.scene, shown))


async def disable(call: Call) -> Answer:
    """It can be dispatched no more."""
    call.standin.asleep.set(call.repository.full_name, await workflow_path(call), disabled=True)
    return Answer(status=204)


async def enable(call: Call) -> Answer:
    """It can be dispatched again."""
    call.standin.asleep.set(call.repository.full_name, await workflow_path(call), disabled=False)
    return Answer(status=204)


async def workflow_path(call: Call) -> str:
    """The workflow of the path by id or file name, if the default branch has it; else 404."""
    found, wanted = call.repository, call.params["workflow"]
    for path in await _paths(call, found):
        if wanted in {str(views.workflow_id(found, path)), path, path.removeprefix(f"{FOLDER}/")}:
            return path
    raise not_found("actions/workflows#get-a-workflow")


def about_dispatch(raw: bytes) -> str:
    """What fault rules search for a run that does not exist yet: its inputs."""
    try:
        return json.dumps(json.loads(raw).get("inputs"), ensure_ascii=False)
    except (ValueError, AttributeError):
        return ""


async def _paths(call: Call, found: Repository) -> list[str]:
    head = await call.standin.git(found).find(f"refs/heads/{found.default_branch}")
    return await call.standin.dispatcher.workflows.paths(found.full_name, head.commit_sha) if head else []


async def _view(call: Call, found: Repository, path: str) -> dict[str, object]:
    head = await call.standin.git(found).resolve(found.default_branch) or ""
    workflows = call.standin.dispatcher.workflows
    try:
        file = await workflows.at(found.full_name, head, path)
        name = file.name if file else path
    except WorkflowInvalidError:
        name = path
    dates = await workflows.dates(found.full_name, head, path)
    state = "disabled_manually" if (found.full_name, path) in call.standin.asleep else "active"
    return views.workflow(found, path, name, call.links, dates) | {"state": state}


def _executor(call: Call) -> Executor | None:
    if call.effects.never_finish:
        return Executor.SCRIPTED
    return Executor.INSTANT if call.effects.instant_finish else None


OPERATIONS = (
    Operation(name="list_workflows", method="GET", path=_BASE, handler=workflows),
    Operation(name="get_workflow", method="GET", path=f"{_BASE}/{{workflow}}", handler=workflow),
    Operation(
        name="dispatch",
        method="POST",
        path=f"{_BASE}/{{workflow}}/dispatches",
        handler=dispatch,
        permission=Permission.ACTIONS_WRITE,
    ),
    Operation(
        name="disable_workflow",
        method="PUT",
        path=f"{_BASE}/{{workflow}}/disable",
        handler=disable,
        permission=Permission.ACTIONS_WRITE,
    ),
    Operation(
        name="enable_workflow",
        method="PUT",
        path=f"{_BASE}/{{workflow}}/enable",
        handler=enable,
        permission=Permission.ACTIONS_WRITE,
    ),
)
