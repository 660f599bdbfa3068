"""Jobs, their logs and annotations."""

from daytwo_standins.github.calls import Call, Operation
from daytwo_standins.github.log_links import log_file, storage_error_body
from daytwo_standins.github.paging import paged
from daytwo_standins.github.problems import not_found
from daytwo_standins.github.records import Job
from daytwo_standins.github.runs import Run, split_job_id
from daytwo_standins.github.views import actions as views
from daytwo_standins.shared.answers import Answer

_BASE = "/repos/{owner}/{repo}"
_RUN = f"{_BASE}/actions/runs/{{run_id}}"


async def jobs(call: Call) -> Answer:
    """The jobs of a run: of the newest attempt, or with ``filter=all`` of all attempts."""
    found = call.run
    shown = found.attempts if call.query.get("filter") == "all" else [found.latest]
    return _listing(call, found, [(one.number, job) for one in shown for job in one.jobs], ("jobs",))


async def attempt_jobs(call: Call) -> Answer:
    """The jobs of one attempt."""
    number = call.integer("attempt")
    one = call.run.attempt(number)
    if one is None:
        raise not_found("actions/workflow-jobs#list-jobs-for-a-workflow-run-attempt")
    place = ("attempts", str(number), "jobs")
    return _listing(call, call.run, [(number, job) for job in one.jobs], place)


async def job(call: Call) -> Answer:
    """One job."""
    found, number, one = _job(call, "job_id")
    return Answer(data=views.job(call.scene, found, number, one))


async def logs(call: Call) -> Answer:
    """A redirect to the log, once the job has ended; before that there is none, and GitHub says so in its way."""
    _job(call, "job_id")
    number = call.integer("job_id")
    if log_file(call.standin.engine, number) is None:
        body = storage_error_body("BlobNotFound", "The specified blob does not exist.")
        return Answer(status=404, raw=body, headers={"content-type": "application/xml"})
    call.standin.odd_logs[number] = call.effects.log
    link = call.standin.log_links.make(call.links.base, f"logs/{number}")
    return Answer(status=302, raw=b"", headers={"location": link})


async def annotations(call: Call) -> Answer:
    """The annotations of the check run that belongs to a job."""
    found, _, one = _job(call, "check_run_id")
    place = call.links.repository(call.repository.full_name, "check-runs", call.params["check_run_id"], "annotations")
    shown, headers = paged(call, one.annotations, place)
    return Answer(data=[views.annotation(call.scene, found, remark) for remark in shown], headers=headers)


def _listing(call: Call, found: Run, all_jobs: list[tuple[int, Job]], place: tuple[str, ...]) -> Answer:
    shown, headers = paged(call, all_jobs, call.links.run(call.repository.full_name, found.id, *place))
    data = [views.job(call.scene, found, number, one) for number, one in shown]
    return Answer(data={"total_count": len(all_jobs), "jobs": data}, headers=headers)


def _job(call: Call, name: str) -> tuple[Run, int, Job]:
    run_id, number, index = split_job_id(call.integer(name))
    found = call.standin.engine.runs.get(run_id)
    one = found.attempt(number) if found else None
    if found is None or one is None or found.accepted.repository != call.repository.full_name:
        raise not_found("actions/workflow-jobs")
    for job in one.jobs:
        if job.index == index and not found.accepted.effects.deleted:
            return found, number, job
    raise not_found("actions/workflow-jobs")


OPERATIONS = (
    Operation(name="list_jobs", method="GET", path=f"{_RUN}/jobs", handler=jobs),
    Operation(name="list_attempt_jobs", method="GET", path=f"{_RUN}/attempts/{{attempt}}/jobs", handler=attempt_jobs),
    Operation(name="get_job", method="GET", path=f"{_BASE}/actions/jobs/{{job_id}}", handler=job),
    Operation(name="get_logs", method="GET", path=f"{_BASE}/actions/jobs/{{job_id}}/logs", handler=logs),
    Operation(
        name="annotations",
        method="GET",
        path=f"{_BASE}/check-runs/{{check_run_id}}/annotations",
        handler=annotations,
    ),
)
