"""The jobs of one attempt: which exist yet, which wait for which, how the whole ends.

As on GitHub a job appears only when what it needs has ended. act does not mention jobs that it skips, so these are
derived: at once where a need did not succeed and the job has no condition of its own, else when act has ended.
"""

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from daytwo_standins.github.expressions import fill
from daytwo_standins.github.job_log import JobLog
from daytwo_standins.github.job_state import JobState
from daytwo_standins.github.records import Attempt, Conclusion, Job, Plan, PlannedJob, Status

_OUTPUT = re.compile(r"steps\.([\w-]+)\.outputs\.([\w-]+)")


class JobTree:
    """Mutable while the attempt runs; ``snapshot`` is what is written to the state file."""

    def __init__(self, plan: Plan, open_log: Callable[[int], JobLog]) -> None:
        self._plan = plan
        self._open_log = open_log
        self._jobs: dict[tuple[str, str], JobState] = {}
        self._started: float | None = None
        for job in plan.carried:
            self._jobs[(job.key, str(job.index))] = JobState(job, PlannedJob(key=job.key, name=job.name), None)

    def start(self, now: float) -> None:
        """The attempt has begun: jobs that need nothing are queued."""
        self._started = now
        self._queue_ready(now)

    def is_carried(self, key: str) -> bool:
        """Whether a job was carried over from an earlier attempt."""
        return any(job.key == key for job in self._plan.carried)

    def running(self, key: str, matrix: dict[str, Any], now: float) -> JobState:
        """The job that act speaks of; it begins when it is first spoken of."""
        job = self._jobs.get((key, _cell(matrix))) or self._create(key, matrix, now)
        if job.job.status is Status.QUEUED:
            job.log = self._open_log(job.job.index)
            job.begin(now)
        return job

    def finish(self, job: JobState, conclusion: Conclusion, now: float) -> None:
        """A job has ended; others may be ready now."""
        job.job = dataclasses.replace(job.job, outputs=_outputs(job))
        job.end(conclusion, now)
        self._queue_ready(now)

    def close(self, now: float, *, cancelled: bool) -> None:
        """act has ended as it should: whoever was not mentioned was skipped, or cancelled."""
        for job in self._unended():
            if cancelled or job.job.status is not Status.QUEUED:
                job.end(Conclusion.CANCELLED if cancelled else Conclusion.FAILURE, now)
            else:
                job.end(Conclusion.SKIPPED, now)
        for planned in self._uncreated():
            self._create(planned.key, {}, now).end(Conclusion.SKIPPED, now)

    def cancel_running(self, now: float) -> None:
        """What ran when the cancel came ends as cancelled, whatever act calls it."""
        for job in self._jobs.values():
            if job.job.conclusion is Conclusion.FAILURE and job.job.carried_from is None:
                job.end(Conclusion.CANCELLED, now)

    def break_off(self, title: str, message: str, now: float) -> None:
        """Something outside the workflow ended the attempt: the jobs under way fail, the others are skipped."""
        victims = [job for job in self._unended() if job.job.status is Status.IN_PROGRESS] or self._victims(now)
        for job in victims:
            job.fail(title, message, now)
        self.close(now, cancelled=False)

    def snapshot(self, now: float, *, ended: bool = False, cancelled: bool = False) -> Attempt:
        """The attempt as others see it."""
        jobs = tuple(state.job for state in sorted(self._jobs.values(), key=lambda state: state.job.index))
        return Attempt(
            number=self._plan.attempt,
            status=Status.COMPLETED if ended else Status.IN_PROGRESS,
            conclusion=_overall(jobs, cancelled=cancelled) if ended else None,
            created_at=self._plan.created_at,
            started_at=self._started,
            updated_at=now,
            jobs=jobs,
        )

    @property
    def failed(self) -> bool:
        """Whether a job of this attempt failed."""
        return any(state.job.conclusion is Conclusion.FAILURE for state in self._jobs.values())

    def _victims(self, now: float) -> list[JobState]:
        queued = self._unended()[:1]
        if queued:
            return queued
        return [self._create(planned.key, {}, now) for planned in self._uncreated()[:1]]

    def _unended(self) -> list[JobState]:
        return [state for state in self._jobs.values() if state.job.status is not Status.COMPLETED]

    def _uncreated(self) -> list[PlannedJob]:
        known = {key for key, _ in self._jobs}
        return [planned for planned in self._plan.jobs if planned.key not in known]

    def _queue_ready(self, now: float) -> None:
        changed = True
        while changed:
            changed = False
            for planned in self._uncreated():
                ends = [self._end_of(need) for need in planned.needs]
                if None in ends or (planned.matrix and all(end is Conclusion.SUCCESS for end in ends)):
                    continue
                job = self._create(planned.key, {}, now)
                if not planned.conditional and any(end is not Conclusion.SUCCESS for end in ends):
                    job.end(Conclusion.SKIPPED, now)
                changed = True

    def _end_of(self, key: str) -> Conclusion | None:
        """How all cells of a job have ended together, or None while one has not."""
        ends = [state.job.conclusion for (job, _), state in self._jobs.items() if job == key]
        if not ends or None in ends:
            return None
        return next((end for end in ends if end is not Conclusion.SUCCESS), Conclusion.SUCCESS)

    def _create(self, key: str, matrix: dict[str, Any], now: float) -> JobState:
        planned = next((job for job in self._plan.jobs if job.key == key), PlannedJob(key=key, name=""))
        index = 1 + max((state.job.index for state in self._jobs.values()), default=0)
        name = _job_name(planned, matrix, self._plan)
        job = Job(index=index, key=key, name=name, created_at=now, labels=planned.labels)
        return self._jobs.setdefault((key, _cell(matrix)), JobState(job, planned, None))


def _cell(matrix: dict[str, Any]) -> str:
    return ",".join(f"{name}={matrix[name]}" for name in sorted(matrix))


def _job_name(planned: PlannedJob, matrix: dict[str, Any], plan: Plan) -> str:
    if planned.name:
        names = {"matrix": matrix, "inputs": plan.event.get("inputs") or {}, "vars": plan.variables}
        return fill(planned.name, names)
    cell = ", ".join(str(value) for value in matrix.values())
    return f"{planned.key} ({cell})" if cell else planned.key


def _overall(jobs: tuple[Job, ...], *, cancelled: bool) -> Conclusion:
    if cancelled:
        return Conclusion.CANCELLED
    if any(job.conclusion in {Conclusion.FAILURE, Conclusion.TIMED_OUT} for job in jobs):
        return Conclusion.FAILURE
    if jobs and all(job.conclusion is Conclusion.SKIPPED for job in jobs):
        return Conclusion.SKIPPED
    return Conclusion.SUCCESS


def _outputs(job: JobState) -> dict[str, str]:
    """The outputs of a job, as far as they are plain references to outputs of its steps."""

    def value(found: re.Match[str]) -> str:
        return job.step_outputs.get(found[1], {}).get(found[2], "")

    return {
        name: _OUTPUT.sub(value, text.replace("${{", "").replace("}}", "").strip())
        for name, text in job.plan.outputs.items()
    }
