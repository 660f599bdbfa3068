"""Very plain pages for people, so that the links in the API lead somewhere: a run with its jobs, a job with its log."""

import html
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from daytwo_standins.github.config import Executor
from daytwo_standins.github.job_log import BOM
from daytwo_standins.github.links import when
from daytwo_standins.github.records import Attempt, Job
from daytwo_standins.github.runs import Run, job_id, split_job_id
from daytwo_standins.github.standin import Standin

_MOST = 1_000_000  # bytes of a log on a page
_HEADERS = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
_STYLE = "body{font:15px system-ui;margin:2rem;max-width:70rem}pre{background:#f4f4f4;padding:1rem;overflow:auto}"
_UNREAL = "Not executed: this stand-in only {what}, nothing was run."
_WHAT = {Executor.INSTANT: "called it a success at once", Executor.SCRIPTED: "plays a script for it"}


def pages(standin: Standin) -> list[Route]:
    """The routes of the pages."""

    async def run_page(request: Request) -> Response:
        run = _run(standin, request, request.path_params["run_id"])
        return _missing() if run is None else _page(run.accepted.title, _run_body(run, run.latest))

    async def job_page(request: Request) -> Response:
        run_id, number, index = split_job_id(request.path_params["job_id"])
        run = _run(standin, request, run_id)
        attempt = run.attempt(number) if run else None
        job = next((job for job in attempt.jobs if job.index == index), None) if attempt else None
        if run is None or job is None:
            return _missing()
        return _page(f"{job.name} · {run.accepted.title}", _job_body(run, number, job))

    base = "/{owner}/{repo}/actions/runs/{run_id:int}"
    return [Route(base, run_page), Route(f"{base}/job/{{job_id:int}}", job_page)]


def _run(standin: Standin, request: Request, run_id: int) -> Run | None:
    run = standin.engine.runs.get(run_id)
    name = f"{request.path_params['owner']}/{request.path_params['repo']}"
    if run is None or run.accepted.effects.deleted or run.accepted.repository.lower() != name.lower():
        return None
    return run


def _run_body(run: Run, attempt: Attempt) -> str:
    accepted = run.accepted
    facts = {
        "Repository": accepted.repository,
        "Workflow": f"{accepted.workflow_name} ({accepted.workflow})",
        "Ref": f"{accepted.ref} at {accepted.head_sha}",
        "Started by": run.actors[attempt.number - 1],
        "Attempt": str(attempt.number),
        "State": _state(attempt),
        "Accepted": when(accepted.received_at),
        **{f"Input {name}": value for name, value in accepted.inputs.items()},
    }
    rows = "".join(f"<tr><th align=left>{_e(name)}<td>{_e(value)}" for name, value in facts.items())
    jobs = "".join(f"<li>{_job_link(run, attempt, job)}: {_e(_state(job))}" for job in attempt.jobs)
    return f"{_unreal(run)}<table>{rows}</table><h2>Jobs</h2><ol>{jobs}</ol>"


def _job_body(run: Run, number: int, job: Job) -> str:
    steps = "".join(
        f"<li value={step.number}>{_e(step.name)}: {_e(step.conclusion or step.status)}" for step in job.steps
    )
    remarks = "".join(f"<li>{_e(remark.level)}: {_e(remark.message)}" for remark in job.annotations)
    log = _text(run.log_file(job, number))
    back = f"<a href='/{_e(run.accepted.repository)}/actions/runs/{run.id}'>The run</a>"
    return (
        f"{_unreal(run)}<p>{back}<p>{_e(_state(job))}<ol>{steps}</ol><ul>{remarks}</ul><h2>Log</h2><pre>{_e(log)}</pre>"
    )


def _unreal(run: Run) -> str:
    what = _WHAT.get(run.accepted.executor)
    return f"<p><strong>{_UNREAL.format(what=what)}</strong>" if what else ""


def _job_link(run: Run, attempt: Attempt, job: Job) -> str:
    number = job_id(run.id, attempt.number, job.index)
    return f"<a href='/{_e(run.accepted.repository)}/actions/runs/{run.id}/job/{number}'>{_e(job.name)}</a>"


def _state(thing: Attempt | Job) -> str:
    return f"{thing.status}, {thing.conclusion}" if thing.conclusion else str(thing.status)


def _text(path: Path) -> str:
    if not path.exists():
        return "There is no log yet."
    with path.open("rb") as file:
        return file.read(_MOST).decode(errors="replace").removeprefix(BOM)


def _page(title: str, body: str) -> Response:
    head = f"<!doctype html><meta charset=utf-8><title>{_e(title)}</title><style>{_STYLE}</style>"
    return HTMLResponse(f"{head}<h1>{_e(title)}</h1>{body}", headers=_HEADERS)


def _missing() -> Response:
    return HTMLResponse("<!doctype html><title>Not found</title><p>There is no such run.", 404, headers=_HEADERS)


def _e(text: object) -> str:
    return html.escape(str(text), quote=True)
