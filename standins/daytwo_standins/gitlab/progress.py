"""How a pipeline goes on: which jobs may begin, which are skipped, what the whole is. Pure.

https://docs.gitlab.com/ci/jobs/job_control/, https://docs.gitlab.com/ci/yaml/#when, https://docs.gitlab.com/ci/yaml/#needs
"""

import dataclasses
from collections.abc import Mapping
from typing import Final

from daytwo_standins.gitlab.records import ENDED, Blueprint, Job, PlannedJob, State, Status

# What what came before may be, for a job to begin: by `when`, for jobs in stages and for jobs with `needs`.
_AFTER: Final[Mapping[str, frozenset[str]]] = {
    "on_success": frozenset({"success", "skipped"}),
    "manual": frozenset({"success", "skipped"}),
    "delayed": frozenset({"success", "skipped"}),
    "on_failure": frozenset({"failed"}),
    "always": frozenset({"success", "skipped", "failed"}),
}
_FIRST: Final[Mapping[str, Status]] = {"manual": Status.MANUAL, "delayed": Status.SCHEDULED}


def created(blueprint: Blueprint, approvals: Mapping[str, int], now: float) -> State:
    """A pipeline that has just been created; ``approvals`` says how many each environment needs."""
    jobs = tuple(
        Job(
            index=place,
            name=planned.name,
            stage=planned.stage,
            allow_failure=planned.allow_failure,
            bridge=planned.trigger is not None,
            created_at=now,
            environment=planned.environment,
            tags=planned.tags,
            needs_approvals=approvals.get(planned.environment, 0),
        )
        for place, planned in enumerate(blueprint.jobs, 1)
    )
    return advance(State(jobs=jobs, created_at=now, updated_at=now), blueprint, now)


def advance(state: State, blueprint: Blueprint, now: float) -> State:
    """The same pipeline with everything done that follows from where its jobs are."""
    jobs = {job.index: job for job in state.jobs}
    changed = bool(blueprint.jobs)  # nobody executes a pipeline without: its jobs go on by a script, or not at all
    while changed:
        changed = False
        for job in [job for job in jobs.values() if not job.retried]:
            moved = _moved(job, jobs, blueprint, now)
            if moved != job:
                jobs[job.index], changed = moved, True
    return settle(dataclasses.replace(state, jobs=tuple(jobs.values())), now)


def settle(state: State, now: float) -> State:
    """The same pipeline with the status and the times that its jobs make."""
    status = overall(state.latest)
    started = min((job.started_at for job in state.jobs if job.started_at), default=None)
    if status == state.status and started == state.started_at:
        return state
    finished = now if status in ENDED else state.finished_at  # one that is retried keeps when it had ended
    return dataclasses.replace(state, status=status, started_at=started, finished_at=finished, updated_at=now)


def put(state: State, *jobs: Job) -> State:
    """The same pipeline with these jobs in place of the ones with their indexes, or added."""
    known = {job.index: job for job in state.jobs} | {job.index: job for job in jobs}
    return dataclasses.replace(state, jobs=tuple(known.values()))


def overall(jobs: tuple[Job, ...]) -> Status:
    """The status that jobs make together, by the first line that fits."""
    found = {_counts_as(job) for job in jobs}
    fine = {"success", "warned", "skipped", "ignored"}
    table: tuple[tuple[bool, Status], ...] = (
        (not found, Status.CREATED),
        (found <= {"skipped", "ignored"}, Status.SKIPPED),
        (found <= fine, Status.SUCCESS),
        (found <= {"created", "warned", "ignored"}, Status.CREATED),
        (found <= {"canceled", *fine}, Status.CANCELED),
        ("canceling" in found, Status.CANCELING),
        (found <= {"pending", "created", "skipped", "warned", "ignored"}, Status.PENDING),
        (bool(found & {"running", "pending"}), Status.RUNNING),
        ("waiting_for_resource" in found, Status.WAITING_FOR_RESOURCE),
        ("manual" in found, Status.MANUAL),
        ("scheduled" in found, Status.SCHEDULED),
        ("created" in found, Status.RUNNING),
    )
    return next((status for fits, status in table if fits), Status.FAILED)


def _counts_as(job: Job) -> str:
    if job.allow_failure and job.status in {Status.MANUAL, Status.CANCELED}:
        return "ignored"
    if job.allow_failure and job.status is Status.FAILED:
        return "warned"
    return str(job.status)


def _moved(job: Job, jobs: Mapping[int, Job], blueprint: Blueprint, now: float) -> Job:
    planned = blueprint.job(job.name)
    if job.status is Status.SCHEDULED and now >= (job.queued_at or now) + planned.start_in:
        return dataclasses.replace(job, status=Status.PENDING, queued_at=now)
    if job.status is not Status.CREATED:
        return job
    before = _before(planned, [one for one in jobs.values() if not one.retried], blueprint)
    outcome = _outcome(before)
    if outcome is None:
        return job
    allowed = _AFTER.get(planned.when, frozenset())
    if planned.needs and planned.when != "always":
        allowed -= {"skipped"}  # a needed job that was skipped has nothing to build on
    if outcome not in allowed:
        return dataclasses.replace(job, status=Status.SKIPPED)
    if job.waits_for_approval:
        return dataclasses.replace(job, status=Status.MANUAL)
    return dataclasses.replace(job, status=_FIRST.get(planned.when, Status.PENDING), queued_at=now)


def _before(planned: PlannedJob, latest: list[Job], blueprint: Blueprint) -> list[Job]:
    if planned.needs is None:
        place = blueprint.stages.index(planned.stage)
        return [job for job in latest if blueprint.stages.index(job.stage) < place]
    wanted = {one.name for one in blueprint.jobs if one.names & set(planned.needs)}
    return [job for job in latest if job.name in wanted]


def _outcome(before: list[Job]) -> str | None:
    """How what came before has ended together, or None while it has not."""
    found = {_counts_as(job) for job in before}
    if found <= {"success", "warned", "skipped", "ignored"}:
        return (
            "skipped"
            if found & {"skipped", "ignored"} and "success" not in found and "warned" not in found
            else "success"
        )
    if found - {"success", "warned", "skipped", "ignored", "failed", "canceled"}:
        return None
    return "failed" if "failed" in found else "canceled"
