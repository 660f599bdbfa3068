"""Jobs and their runners: who starts when there is room, what they report, who is told to stop; bridges too."""

import asyncio
import dataclasses
import logging
import time
from pathlib import Path
from typing import Protocol

from daytwo_standins.gitlab import variables
from daytwo_standins.gitlab.config import Config, Executor, Project
from daytwo_standins.gitlab.creating import Creator, Draft
from daytwo_standins.gitlab.ledger import Accepted, Ledger
from daytwo_standins.gitlab.pipelines import Pipeline, Pipelines
from daytwo_standins.gitlab.problems import ApiError
from daytwo_standins.gitlab.progress import advance, put
from daytwo_standins.gitlab.records import Job, Plan, Report, State, Status, Trigger, plain, report_from
from daytwo_standins.gitlab.tools import Tools
from daytwo_standins.gitlab.trace import Trace
from daytwo_standins.shared.answers import Effects
from daytwo_standins.shared.durable_lines import monotonic
from daytwo_standins.shared.launcher import Launcher, States, steps_path
from daytwo_standins.shared.oidc import Issuer

_LOG = logging.getLogger(__name__)
_RUNNER = "daytwo_standins.gitlab.runner"
_DIED = "Job failed (system failure): the runner died before the job was done; what it ran was killed"


class Owner(Protocol):
    """Who owns the pipelines."""

    pipelines: Pipelines

    def put(self, pipeline: Pipeline, state: State) -> None:
        """Take a newer state."""
        ...

    async def accept(self, draft: Draft) -> Pipeline:
        """Accept a child pipeline."""
        ...

    def wake(self) -> None:
        """Something has happened."""
        ...


class Foreman:
    """Starts jobs, at most ``config.runners`` at once, and follows them through their files."""

    def __init__(
        self, *, config: Config, tools: Tools, creator: Creator, ledger: Ledger, issuer: Issuer, url: str
    ) -> None:
        self._config = config
        self._tools = tools
        self._creator = creator
        self._ledger = ledger
        self._issuer = issuer
        self._url = url
        self._launcher = Launcher(
            _RUNNER, States(load=report_from, dump=plain, ended=lambda report: report.ended, failed=_failed)
        )
        self._owner: Owner
        self._bridging: dict[tuple[int, int], asyncio.Task[None]] = {}

    def attach(self, owner: Owner) -> None:
        """Who owns the pipelines."""
        self._owner = owner

    def reap(self) -> bool:
        """Collect runners that have ended; True while some have not."""
        return self._launcher.reap()

    def followed(self, pipeline: Pipeline, now: float) -> State:
        """The pipeline with what its runners and its child pipelines have come to."""
        state = pipeline.state
        for job in state.latest:
            if job.ended:
                continue
            new = self._bridge(job) if job.bridge else self._reported(pipeline, job, now)
            if new != job:
                state = put(state, new)
        return state

    def stop(self, pipeline: Pipeline, state: State, *, force: bool) -> None:
        """Tell the runners of jobs that are to end."""
        for job in state.latest:
            folder = pipeline.job_folder(job.index)
            if job.bridge or pipeline.accepted.executor is not Executor.GITLAB_CI_LOCAL:
                continue
            if job.status is Status.CANCELING and not (folder / "cancel.json").exists():
                self._launcher.ask_to_stop(folder, force=False)
            elif job.status is Status.CANCELED and not self._over(folder) and not self._launcher.never_start(folder):
                self._launcher.ask_to_stop(folder, force=force or job.started_at is None)

    def start_waiting(self, pipelines: list[Pipeline], now: float) -> None:
        """Start the jobs that wait for a runner, the oldest pipeline first."""
        busy = sum(self._runs(one, job) for one in pipelines for job in one.state.latest)
        held = {
            key for one in pipelines for job in one.state.latest if self._runs(one, job) for key in _groups(one, job)
        }
        for pipeline in pipelines:
            if pipeline.accepted.executor is not Executor.GITLAB_CI_LOCAL:
                continue
            for job in pipeline.state.latest:
                if job.status not in {Status.PENDING, Status.WAITING_FOR_RESOURCE}:
                    continue
                if job.bridge:
                    self._start_bridge(pipeline, job)
                    continue
                groups = _groups(pipeline, job)
                if self._launcher.launched(pipeline.job_folder(job.index)):
                    continue
                if groups & held:
                    self._mark(pipeline, dataclasses.replace(job, status=Status.WAITING_FOR_RESOURCE), now)
                elif busy < self._config.runners:
                    busy += 1
                    held |= groups
                    self._mark(pipeline, dataclasses.replace(job, status=Status.PENDING), now)
                    self._start(pipeline, job)

    def _mark(self, pipeline: Pipeline, job: Job, now: float) -> None:
        self._owner.put(pipeline, advance(put(pipeline.state, job), pipeline.blueprint, now))

    def _runs(self, pipeline: Pipeline, job: Job) -> bool:
        if job.bridge or job.ended or pipeline.accepted.executor is not Executor.GITLAB_CI_LOCAL:
            return False
        return self._launcher.launched(pipeline.job_folder(job.index))

    def _over(self, folder: Path) -> bool:
        return (folder / "started").exists() and not (folder / "work").exists() and (folder / "state.json").exists()

    def _reported(self, pipeline: Pipeline, job: Job, now: float) -> Job:
        folder = pipeline.job_folder(job.index)
        if job.status not in {Status.PENDING, Status.RUNNING, Status.CANCELING} or not self._launcher.launched(folder):
            return job
        report = self._launcher.read(folder)
        if (report is None or not report.ended) and self._launcher.died(folder):
            report = self._bury(folder, report, now)
        if report is None:
            return job
        if report.ended:
            self._launcher.forget(folder)
        cancelled = job.status is Status.CANCELING
        status = report.status if report.ended or not cancelled else job.status
        return dataclasses.replace(
            job,
            status=Status.CANCELED if report.ended and cancelled else status,
            started_at=report.started_at or job.started_at,
            finished_at=report.finished_at,
            failure_reason=report.failure_reason,
        )

    def _bury(self, folder: Path, report: Report | None, now: float) -> Report:
        trace = Trace(folder / "trace", stamps=self._config.trace_stamps)
        trace.end(now, error=_DIED)
        return self._launcher.bury(folder, report or Report(status=Status.RUNNING, started_at=now))

    def _start(self, pipeline: Pipeline, job: Job) -> None:
        project = self._project(pipeline)
        accepted, planned = pipeline.accepted, pipeline.blueprint.job(job.name)
        folder = pipeline.job_folder(job.index)
        told = {
            **variables.of_pipeline(accepted, project, self._url),
            **variables.of_job(accepted, project, job, self._url),
            **self._tokens(pipeline, job),
        }
        plan = Plan(
            job=planned.runs_as,
            source=str(project.path),
            head_sha=accepted.head_sha,
            remote=f"{self._url}/{project.full_path}.git",
            config_file="config.yml",
            variables={name: self._as_file(folder, name, value, accepted) for name, value in told.items()},
            earlier=tuple(str(pipeline.job_folder(one.index)) for one in pipeline.before(job)),
            node=self._tools.node,
            script=self._tools.script,
            path=steps_path(),
            grace=self._config.cancel_grace,
            stamps=self._config.trace_stamps,
            missing=self._tools.missing,
        )
        self._launcher.start(folder, plain(plan), path=plan.path)

    def _tokens(self, pipeline: Pipeline, job: Job) -> dict[str, str]:
        project = self._project(pipeline)
        claims = variables.claims(pipeline.accepted, project, job, self._url)
        wanted = pipeline.blueprint.job(job.name).id_tokens
        return {name: self._issuer.token(claims, audience) for name, audience in wanted.items()}

    def _as_file(self, folder: Path, name: str, value: str, accepted: Accepted) -> str:
        """A variable of the type file is the path of a file with its value."""
        if name not in accepted.file_variables:
            return value
        place = folder / "files"
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(value, encoding="utf-8")
        return str(place / name)

    def _bridge(self, job: Job) -> Job:
        child = self._owner.pipelines.get(job.downstream) if job.downstream else None
        if child is None or not child.state.ended or job.status is not Status.RUNNING:
            return job
        return dataclasses.replace(job, status=child.state.status, finished_at=child.state.finished_at)

    def _start_bridge(self, pipeline: Pipeline, job: Job) -> None:
        key = (pipeline.id, job.index)
        trigger = pipeline.blueprint.job(job.name).trigger
        if key not in self._bridging and trigger is not None:
            self._bridging[key] = asyncio.create_task(self._cross(pipeline, job.index, trigger))

    async def _cross(self, pipeline: Pipeline, index: int, trigger: Trigger) -> None:
        """Start the child pipeline of a bridge, unless it was started before a restart."""
        known = (one for one in self._owner.pipelines if one.accepted.parent == pipeline.id)
        child = next((one for one in known if one.accepted.parent_job == index), None)
        reason = ""
        if child is None:
            try:
                child = await self._owner.accept(await self._draft(pipeline, index, trigger))
            except (ApiError, OSError):
                _LOG.exception("A child pipeline could not be created; its bridge fails.")
                reason = "downstream_pipeline_creation_failed"
        job = pipeline.job(index)
        if job is None or job.ended:
            return
        now = time.time()
        status = Status.FAILED if child is None else Status.RUNNING if trigger.follow else Status.SUCCESS
        new = dataclasses.replace(
            job,
            status=status,
            started_at=now,
            finished_at=None if status is Status.RUNNING else now,
            failure_reason=reason,
            downstream=child.id if child else None,
        )
        self._mark(pipeline, new, now)
        self._owner.wake()

    async def _draft(self, pipeline: Pipeline, index: int, trigger: Trigger) -> Draft:
        parent, project = pipeline.accepted, self._project(pipeline)
        told = dataclasses.replace(
            parent,
            run_id=self._ledger.next_id(),
            iid=self._owner.pipelines.take_iid(project.full_path),
            source="parent_pipeline",
            config_path=trigger.files[0] if trigger.files else "",
            inputs=trigger.inputs,
            variables={**parent.variables, **trigger.variables},
            effects=Effects(),
            received_at=time.time(),
            received_monotonic=monotonic(),
            parent=pipeline.id,
            parent_job=index,
        )
        return await self._creator.child(parent, project, told, trigger.files)

    def _project(self, pipeline: Pipeline) -> Project:
        return next(one for one in self._config.projects if one.full_path == pipeline.accepted.repository)


def _groups(pipeline: Pipeline, job: Job) -> set[tuple[str, str]]:
    if job.bridge or not pipeline.blueprint.jobs:
        return set()
    group = pipeline.blueprint.job(job.name).resource_group
    return {(pipeline.accepted.repository, group)} if group else set()


def _failed(report: Report, _message: str, now: float) -> Report:
    return dataclasses.replace(report, status=Status.FAILED, finished_at=now, failure_reason="runner_system_failure")
