"""Runs: listed, read, cancelled, run again."""

import time

from daytwo_standins.github.calls import Call, Operation
from daytwo_standins.github.config import Permission
from daytwo_standins.github.filters import MOST, run_filter
from daytwo_standins.github.paging import paged
from daytwo_standins.github.problems import ApiError, not_found
from daytwo_standins.github.records import Conclusion
from daytwo_standins.github.routes.workflows import workflow_path
from daytwo_standins.github.runs import Run
from daytwo_standins.github.views import actions as views
from daytwo_standins.shared.answers import Answer

_BASE = "/repos/{owner}/{repo}/actions"
_RUN = f"{_BASE}/runs/{{run_id}}"


async def runs(call: Call) -> Answer:
    """The runs of a repository, the newest first."""
    return await _listing(call, None, ("actions", "runs"))


async def workflow_runs(call: Call) -> Answer:
    """The runs of one workflow, the newest first."""
    path = await workflow_path(call)
    return await _listing(call, path, ("actions", "workflows", call.params["workflow"], "runs"))


async def run(call: Call) -> Answer:
    """One run, with its newest attempt."""
    return Answer(data=await _view(call, call.run, call.run.latest.number))


async def attempt(call: Call) -> Answer:
    """One run as it was at an attempt."""
    number = call.integer("attempt")
    if call.run.attempt(number) is None:
        raise not_found("actions/workflow-runs#get-a-workflow-run-attempt")
    return Answer(data=await _view(call, call.run, number))


async def cancel(call: Call) -> Answer:
    """Ask a run to stop."""
    return _stop(call, force=False)


async def force_cancel(call: Call) -> Answer:
    """End a run that does not stop by itself."""
    return _stop(call, force=True)


async def rerun(call: Call) -> Answer:
    """Run everything again, as another attempt."""
    await call.standin.engine.rerun(_ended(call), call.token.login, failed_only=False)
    return Answer(status=201, data={})


async def rerun_failed(call: Call) -> Answer:
    """Run the jobs again that did not succeed."""
    found = _ended(call)
    if found.latest.conclusion is Conclusion.SUCCESS:
        raise ApiError(403, "This workflow run has no failed jobs, so nothing was run again.")
    await call.standin.engine.rerun(found, call.token.login, failed_only=True)
    return Answer(status=201, data={})


def _ended(call: Call) -> Run:
    found = call.run
    if not found.latest.ended:
        raise ApiError(403, "This workflow is already running", documentation="actions/workflow-runs#re-run-a-workflow")
    return found


def _stop(call: Call, *, force: bool) -> Answer:
    found = call.run
    if found.latest.ended:
        raise ApiError(409, "Cannot cancel a workflow run that is completed.", documentation="actions/workflow-runs")
    call.standin.engine.cancel(found, force=force)
    return Answer(status=202, data={})


async def _listing(call: Call, path: str | None, place: tuple[str, ...]) -> Answer:
    name, matches = call.repository.full_name, run_filter(call.query, skew=call.effects.skew)
    now = time.time()
    found = [
        one
        for one in call.standin.engine.runs.newest_first()
        if one.accepted.repository == name and (path is None or one.accepted.workflow == path)
        if _visible(one, now) and matches(one)
    ]
    total = len(found)
    shown, headers = paged(call, found[:MOST], call.links.repository(name, *place))
    data = [await _view(call, one, one.latest.number) for one in shown]
    return Answer(data={"total_count": total, "workflow_runs": data}, headers=headers)


def _visible(one: Run, now: float) -> bool:
    effects = one.accepted.effects
    return not effects.deleted and effects.invisible_until <= now


async def _view(call: Call, found: Run, number: int) -> dict[str, object]:
    state = found.attempt(number)
    assert state is not None
    commit = await call.standin.commit(found.accepted.repository, found.accepted.head_sha)
    return views.run(call.scene, found, state, commit)


_WRITE = Permission.ACTIONS_WRITE
OPERATIONS = (
    Operation(name="list_runs", method="GET", path=f"{_BASE}/runs", handler=runs),
    Operation(
        name="list_workflow_runs", method="GET", path=f"{_BASE}/workflows/{{workflow}}/runs", handler=workflow_runs
    ),
    Operation(name="get_run", method="GET", path=_RUN, handler=run),
    Operation(name="get_attempt", method="GET", path=f"{_RUN}/attempts/{{attempt}}", handler=attempt),
    Operation(name="cancel", method="POST", path=f"{_RUN}/cancel", handler=cancel, permission=_WRITE),
    Operation(name="force_cancel", method="POST", path=f"{_RUN}/force-cancel", handler=force_cancel, permission=_WRITE),
    Operation(name="rerun", method="POST", path=f"{_RUN}/rerun", handler=rerun, permission=_WRITE),
    Operation(
        name="rerun_failed", method="POST", path=f"{_RUN}/rerun-failed-jobs", handler=rerun_failed, permission=_WRITE
    ),
)
