"""What the world is told about a run: an event for every step of the way of the run and of its jobs."""

import dataclasses
from typing import Literal

from daytwo_standins.github.records import Attempt, Job, Status
from daytwo_standins.github.runs import Run

Kind = Literal["workflow_run", "workflow_job", "deployment_protection_rule"]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that has happened; ``key`` is the same for the same thing, over restarts too."""

    kind: Kind
    action: Literal["requested", "queued", "in_progress", "completed"]
    attempt: int
    job: int | None  # index of the job
    environment: str = ""  # whose protection rule is asked

    def key(self, run: Run) -> str:
        """A name for this event of this run."""
        return f"{run.id}/{self.attempt}/{self.job or self.environment}/{self.kind}.{self.action}"


def events(attempt: Attempt) -> list[Event]:
    """Everything that has happened to an attempt so far, in order."""
    found = []
    if attempt.number == 1:  # GitHub does not send it for a re-run
        found.append(_run_event(attempt, "requested"))
    if attempt.started_at is not None:
        found.append(_run_event(attempt, "in_progress"))
    for job in attempt.jobs:
        if job.carried_from is None and job.status is not Status.WAITING:
            found += _job_events(attempt, job)
    if attempt.ended:
        found.append(_run_event(attempt, "completed"))
    return found


def _run_event(attempt: Attempt, action: Literal["requested", "in_progress", "completed"]) -> Event:
    return Event(kind="workflow_run", action=action, attempt=attempt.number, job=None)


def _job_events(attempt: Attempt, job: Job) -> list[Event]:
    actions: list[Literal["queued", "in_progress", "completed"]] = ["queued"]
    if job.started_at is not None:
        actions.append("in_progress")
    if job.status is Status.COMPLETED:
        actions.append("completed")
    return [Event(kind="workflow_job", action=action, attempt=attempt.number, job=job.index) for action in actions]
