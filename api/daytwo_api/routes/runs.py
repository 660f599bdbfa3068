"""Runs: read, watch, stop, undo, resolve."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request, status
from fastapi.responses import Response, StreamingResponse

from daytwo_api.asker import Reader, Runner
from daytwo_api.deps import Cursor, IdempotencyKey, Limit, ServicesDep
from daytwo_api.views.common import Moment, Page
from daytwo_api.views.runs import (
    CancelRequest,
    GateRequest,
    LogBatch,
    ReasonRequest,
    ResolveRequest,
    ResumeRequest,
    ResumeView,
    RunAccepted,
    RunSummary,
    RunView,
    UndoingRequest,
)
from daytwo_api.views.statistics import RunStatistics
from daytwo_store.ids import PrincipalId
from daytwo_store.run_listing import RunFilter
from daytwo_store.states import RunState

router = APIRouter(prefix="/runs", tags=["runs"])
LAST_LINE: Final = 2**53 - 1
Filter = Annotated[str | None, Query(max_length=200)]


def wanted_runs(
    by: Reader,
    action: Filter = None,
    entity: Filter = None,
    state: RunState | None = None,
    mine: bool = False,
    requester: Annotated[str | None, Query(max_length=200, description="who asked: person:ana, or an id, p_…")] = None,
    since: Annotated[Moment | None, Query(description="asked for from then on")] = None,
    until: Annotated[Moment | None, Query(description="asked for before then")] = None,
) -> RunFilter:
    identity = PrincipalId(requester) if requester is not None and requester.startswith("p_") else None
    return RunFilter(
        action=action,
        entity=entity,
        state=state,
        requester=by.principal if mine else identity,
        person=requester if identity is None else None,
        since=since,
        until=until,
    )


WantedRuns = Annotated[RunFilter, Depends(wanted_runs)]


@router.get("", summary="Runs, newest first", operation_id="listRuns")
async def list_runs(
    by: Reader, services: ServicesDep, wanted: WantedRuns, cursor: Cursor = None, limit: Limit = 50
) -> Page[RunSummary]:
    return await services.runs.list(by, wanted, cursor=cursor, limit=limit)


@router.get(
    "/statistics",
    summary="How many runs there were, how they ended and how long they took, by action and over time",
    operation_id="getRunStatistics",
)
async def get_statistics(
    by: Reader,
    services: ServicesDep,
    wanted: WantedRuns,
    zone: Annotated[str, Query(max_length=100, description="whose days are counted, as Europe/Berlin")] = "UTC",
) -> RunStatistics:
    return await services.statistics.runs(by, wanted, zone)


@router.get("/{run}", summary="One run: state, why it waits, steps, plan, decisions", operation_id="getRun")
async def get_run(run: str, by: Reader, services: ServicesDep) -> RunView:
    return await services.runs.get(by, run)


@router.get(
    "/{run}/events",
    summary="The run as it changes, and its log lines (server-sent events: run, log, end)",
    operation_id="watchRun",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def watch_run(
    run: str,
    by: Reader,
    request: Request,
    services: ServicesDep,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
    after: Annotated[int, Query(ge=0, le=LAST_LINE, description="log lines up to this number are known")] = 0,
) -> StreamingResponse:
    still = partial(services.identity.still, request)
    return await services.live.run(by, run, last_event_id, after, still=still)


@router.get("/{run}/logs", summary="Log lines of a run", operation_id="getLogs")
async def get_logs(
    run: str,
    by: Reader,
    services: ServicesDep,
    after: Annotated[int, Query(ge=0, le=LAST_LINE)] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
    step: Filter = None,
    job: Filter = None,
    grep: Annotated[
        str,
        Query(
            max_length=200,
            description="only lines with this text as they are read: whatever its case and its colours, and not in the "
            "time before a line",
        ),
    ] = "",
) -> LogBatch:
    return await services.runs.logs(by, run, after=after, limit=limit, step=step, job=job, grep=grep)


@router.get(
    "/{run}/logs.txt",
    summary="The log as text: all of it, or of one step or job",
    operation_id="downloadLogs",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/plain": {}}}},
)
async def download_logs(
    run: str, by: Reader, services: ServicesDep, step: Filter = None, job: Filter = None
) -> Response:
    return await services.runs.logs_text(by, run, step=step, job=job)


@router.post("/{run}/cancel", status_code=status.HTTP_202_ACCEPTED, summary="Stop a run", operation_id="cancelRun")
async def cancel_run(run: str, asked: CancelRequest, by: Runner, services: ServicesDep) -> RunView:
    return await services.control.cancel(by, run, asked)


@router.post("/{run}/withdraw", summary="Take back a request before it is decided", operation_id="withdrawRun")
async def withdraw_run(run: str, asked: ReasonRequest, by: Runner, services: ServicesDep) -> RunView:
    return await services.control.withdraw(by, run, asked)


@router.post(
    "/{run}/undo",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Start the run that brings back what was there before",
    operation_id="undoRun",
)
async def undo_run(
    run: str, asked: ReasonRequest, by: Runner, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> RunAccepted:
    return await services.submission.undo(by, run, asked, idempotency_key)


@router.post(
    "/{run}/rerun",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Start a run with the same inputs, by today's definition; it is approved anew",
    operation_id="rerunRun",
)
async def rerun_run(
    run: str, asked: ReasonRequest, by: Runner, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> RunAccepted:
    return await services.submission.rerun(by, run, asked, idempotency_key)


@router.get(
    "/{run}/resume",
    summary="What resuming a run would do: per step, and what is different in its plan",
    operation_id="previewResume",
)
async def preview_resume(run: str, by: Runner, services: ServicesDep) -> ResumeView:
    return await services.submission.preview_resume(by, run)


@router.post(
    "/{run}/resume",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Start the run that goes on where this one failed or was cancelled; it is approved anew",
    operation_id="resumeRun",
)
async def resume_run(
    run: str, asked: ResumeRequest, by: Runner, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> RunAccepted:
    return await services.submission.resume(by, run, asked, idempotency_key)


@router.post(
    "/{run}/undoing",
    summary="Say what becomes of what a failed run did: undo it or not, try an undo again or leave it",
    operation_id="chooseUndo",
)
async def choose_undo(run: str, asked: UndoingRequest, by: Runner, services: ServicesDep) -> RunView:
    return await services.control.choose(by, run, asked)


@router.post(
    "/{run}/gates/{gate}",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Answer where a run waits in the CI system: go or stop",
    operation_id="answerGate",
)
async def answer_gate(
    run: str,
    gate: Annotated[str, Path(max_length=100)],
    asked: GateRequest,
    by: Runner,
    services: ServicesDep,
    idempotency_key: IdempotencyKey = None,
) -> RunView:
    return await services.control.answer(by, run, gate, asked, idempotency_key)


@router.post("/{run}/resolve", summary="Say what became of a held attempt", operation_id="resolveAttempt")
async def resolve_attempt(run: str, asked: ResolveRequest, by: Runner, services: ServicesDep) -> RunView:
    return await services.control.resolve(by, run, asked)
