"""One job while it runs: its steps, annotations and outputs, growing as act reports."""

import dataclasses
from collections.abc import Callable

from daytwo_standins.github.job_log import JobLog
from daytwo_standins.github.records import Annotation, Conclusion, Job, Level, PlannedJob, PlannedStep, Status, Step

SET_UP = "Set up job"
COMPLETE = "Complete job"


class JobState:
    """Mutable while the job runs; ``snapshot`` is what others see."""

    def __init__(self, job: Job, plan: PlannedJob, log: JobLog | None) -> None:
        self.job = job
        self.plan = plan
        self.log = log
        self.tolerated: set[int] = set()
        self.step_outputs: dict[str, dict[str, str]] = {}

    def begin(self, now: float) -> None:
        """The job has got a machine."""
        planned = [Step(number=n, name=shown(step)) for n, step in enumerate(self.plan.steps, start=2)]
        steps = (Step(number=1, name=SET_UP), *planned)
        self.job = dataclasses.replace(self.job, status=Status.IN_PROGRESS, started_at=now, steps=steps)

    def step_begin(self, number: int, name: str, now: float) -> None:
        """A step has started; a number that is not known yet is added."""
        if all(step.number != number for step in self.job.steps):
            self.job = dataclasses.replace(self.job, steps=(*self.job.steps, Step(number=number, name=name)))
        self._change(
            number, lambda step: dataclasses.replace(step, name=name, status=Status.IN_PROGRESS, started_at=now)
        )

    def step_end(self, number: int, conclusion: Conclusion, now: float) -> None:
        """A step has ended; a failure that the workflow tolerates counts as success, as on GitHub."""
        how = Conclusion.SUCCESS if number in self.tolerated and conclusion is Conclusion.FAILURE else conclusion
        self._change(
            number,
            lambda step: dataclasses.replace(step, status=Status.COMPLETED, conclusion=how, completed_at=now),
        )

    def end(self, conclusion: Conclusion, now: float) -> None:
        """The job has ended: what still ran ended with it, what had not started was skipped."""
        steps = tuple(_closed(step, conclusion, now) for step in self.job.steps)
        started = self.job.started_at
        self.job = dataclasses.replace(
            self.job, status=Status.COMPLETED, conclusion=conclusion, started_at=started, completed_at=now, steps=steps
        )
        if self.log:
            self.log.close()
            self.log = None

    def annotate(self, annotation: Annotation) -> None:
        """Keep a remark."""
        self.job = dataclasses.replace(self.job, annotations=(*self.job.annotations, annotation))

    def say(self, text: str, now: float) -> None:
        """Write into the log of the job."""
        if self.log:
            self.log.line(text, now)

    def fail(self, title: str, message: str, now: float) -> None:
        """End the job because of something outside it, and say so in the log and in an annotation."""
        self.say(f"##[error]{message}", now)
        self.annotate(Annotation(level=Level.FAILURE, title=title, message=message))
        self.end(Conclusion.FAILURE, now)

    def _change(self, number: int, change: Callable[[Step], Step]) -> None:
        steps = tuple(change(step) if step.number == number else step for step in self.job.steps)
        self.job = dataclasses.replace(self.job, steps=steps)


def shown(step: PlannedStep) -> str:
    """The name that GitHub gives to a step without one."""
    return step.name or f"Run {step.uses or first_line(step.run)}"


def first_line(text: str) -> str:
    """The first line that is not empty."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _closed(step: Step, conclusion: Conclusion, now: float) -> Step:
    if step.status is Status.COMPLETED:
        return step
    how = conclusion if step.status is Status.IN_PROGRESS else Conclusion.SKIPPED
    return dataclasses.replace(
        step, status=Status.COMPLETED, conclusion=how, started_at=step.started_at or now, completed_at=now
    )
