"""Runs that nobody executes: at once successful, never ending, or following a script.

A script is a list of events with ``at`` (seconds after it was set). Its state at any time is computed from the list,
so a restart in the middle changes nothing.
"""

import dataclasses
import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from daytwo_standins.github.job_log import JobLog
from daytwo_standins.github.records import Attempt, Conclusion, Job, Status
from daytwo_standins.shared.files import read_json, write_json

NOT_EXECUTED = "not-executed"


class ScriptedJob(BaseModel):
    """A job as it is from that moment on; jobs are matched by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    status: Status = Status.QUEUED
    conclusion: Conclusion | None = None
    log: tuple[str, ...] = ()  # lines to add to its log


class ScriptEvent(BaseModel):
    """A change: of the run, of some jobs, or of both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: Annotated[float, Field(ge=0)] = 0.0
    status: Literal["queued", "pending", "in_progress", "completed"] | None = None
    conclusion: Conclusion | None = None
    jobs: tuple[ScriptedJob, ...] = ()


class Script(BaseModel):
    """A timeline and when it began (seconds since the epoch)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    events: tuple[ScriptEvent, ...]
    began_at: float = 0.0

    def next_at(self, now: float) -> float | None:
        """When something happens next, or None."""
        return min((self.began_at + e.at for e in self.events if self.began_at + e.at > now), default=None)


def save_script(folder: Path, script: Script) -> Script:
    """Let a script begin now."""
    begun = script.model_copy(update={"began_at": time.time()})
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "script.json", begun.model_dump(mode="json"), durable=True)
    return begun


def load_script(folder: Path) -> Script | None:
    """The script of an attempt."""
    data = read_json(folder / "script.json")
    return None if data is None else Script.model_validate(data)


def played(attempt: Attempt, script: Script, now: float) -> Attempt:
    """The attempt as the script has it at ``now``."""
    state = dataclasses.replace(attempt, jobs=(), status=Status.QUEUED, conclusion=None, started_at=None)
    for when, event in _past(script, now):
        state = _after(state, event, when)
    return state


def write_logs(script: Script, state: Attempt, now: float, folder: Path) -> None:
    """Write the logs that the script has told so far."""
    indexes = {job.name: job.index for job in state.jobs}
    for index in indexes.values():
        (folder / "logs" / f"{index}.log").unlink(missing_ok=True)
    for when, event in _past(script, now):
        for job in event.jobs:
            if job.log:
                _append(folder / "logs" / f"{indexes[job.name]}.log", job.log, when)


def instant(attempt: Attempt) -> Attempt:
    """An attempt that succeeded when it was accepted."""
    now = attempt.created_at
    job = Job(
        index=1,
        key=NOT_EXECUTED,
        name=NOT_EXECUTED,
        status=Status.COMPLETED,
        conclusion=Conclusion.SUCCESS,
        created_at=now,
        started_at=now,
        completed_at=now,
    )
    return dataclasses.replace(
        attempt, status=Status.COMPLETED, conclusion=Conclusion.SUCCESS, started_at=now, updated_at=now, jobs=(job,)
    )


def stuck(attempt: Attempt) -> Attempt:
    """An attempt that has started and does not end."""
    now = attempt.created_at
    job = Job(index=1, key=NOT_EXECUTED, name=NOT_EXECUTED, status=Status.IN_PROGRESS, created_at=now, started_at=now)
    return dataclasses.replace(attempt, status=Status.IN_PROGRESS, started_at=now, updated_at=now, jobs=(job,))


def _past(script: Script, now: float) -> list[tuple[float, ScriptEvent]]:
    timed = [(script.began_at + event.at, event) for event in sorted(script.events, key=lambda event: event.at)]
    return [(when, event) for when, event in timed if when <= now]


def _after(state: Attempt, event: ScriptEvent, when: float) -> Attempt:
    jobs = {job.name: job for job in state.jobs}
    for told in event.jobs:
        job = jobs.get(told.name) or Job(index=len(jobs) + 1, key=told.name, name=told.name, created_at=when)
        jobs[told.name] = _told(job, told, when)
    status = Status(event.status) if event.status else state.status
    begun = status in {Status.IN_PROGRESS, Status.COMPLETED}
    return dataclasses.replace(
        state,
        status=status,
        conclusion=event.conclusion if event.status else state.conclusion,
        started_at=state.started_at or (when if begun else None),
        updated_at=when,
        jobs=tuple(sorted(jobs.values(), key=lambda job: job.index)),
    )


def _told(job: Job, told: ScriptedJob, when: float) -> Job:
    begun = told.status in {Status.IN_PROGRESS, Status.COMPLETED}
    return dataclasses.replace(
        job,
        status=told.status,
        conclusion=told.conclusion,
        started_at=job.started_at or (when if begun else None),
        completed_at=when if told.status is Status.COMPLETED else None,
    )


def _append(path: Path, lines: tuple[str, ...], when: float) -> None:
    log = JobLog(path)
    for line in lines:
        log.line(line, when)
    log.close()
