"""Pipelines that nobody executes: at once successful, never ending, or following a script.

A script is a list of events with ``at`` (seconds after it was set). Its state at any time is computed from the list,
so a restart in the middle changes nothing.
"""

import dataclasses
import time
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from daytwo_standins.gitlab.progress import overall, put
from daytwo_standins.gitlab.records import ENDED, Job, State, Status
from daytwo_standins.shared.files import read_json, write_json

NOT_EXECUTED: Final = "not-executed"
_BEGUN: Final = frozenset({Status.RUNNING, Status.CANCELING, Status.SUCCESS, Status.FAILED})


class ScriptedJob(BaseModel):
    """A job as it is from that moment on; jobs are matched by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    stage: str = "test"
    status: Status = Status.CREATED
    allow_failure: bool = False
    failure_reason: str = ""
    environment: str = ""
    log: tuple[str, ...] = ()  # lines to add to its trace


class ScriptEvent(BaseModel):
    """A change: of the pipeline, of some jobs, or of both. Without a status the jobs make it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: Annotated[float, Field(ge=0)] = 0.0
    status: Status | None = None
    jobs: tuple[ScriptedJob, ...] = ()


class Script(BaseModel):
    """A timeline and when it began (seconds since the epoch)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    events: tuple[ScriptEvent, ...]
    began_at: float = 0.0

    def next_at(self, now: float) -> float | None:
        """When something happens next, or None."""
        return min((self.began_at + e.at for e in self.events if self.began_at + e.at > now), default=None)


def save_script(folder: Path, script: Script) -> None:
    """Let a script begin now."""
    begun = script.model_copy(update={"began_at": time.time()})
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "script.json", begun.model_dump(mode="json"), durable=True)


def forget_script(folder: Path) -> None:
    """There is none, any more."""
    (folder / "script.json").unlink(missing_ok=True)


def load_script(folder: Path) -> Script | None:
    """The script of a pipeline."""
    data = read_json(folder / "script.json")
    return None if data is None else Script.model_validate(data)


def played(state: State, script: Script, now: float) -> State:
    """The pipeline as the script has it at ``now``; one that is run again keeps when it had ended."""
    shown = dataclasses.replace(state, jobs=(), status=Status.CREATED, started_at=None)
    for when, event in _past(script, now):
        shown = _after(shown, event, when)
    return shown


def write_traces(script: Script, state: State, now: float, folder: Path) -> None:
    """Write the traces that the script has told so far."""
    indexes = {job.name: job.index for job in state.jobs}
    texts: dict[str, str] = {}
    for _, event in _past(script, now):
        for job in event.jobs:
            texts[job.name] = texts.get(job.name, "") + "".join(f"{line}\n" for line in job.log)
    for name, text in texts.items():
        place = folder / str(indexes[name])
        place.mkdir(parents=True, exist_ok=True)
        (place / "trace").write_text(text, encoding="utf-8")


def instant(state: State) -> State:
    """A pipeline that succeeded when it was accepted."""
    return _single(state, Status.SUCCESS)


def stuck(state: State) -> State:
    """A pipeline that has started and does not end."""
    return state if state.jobs else _single(state, Status.RUNNING)


def _single(state: State, status: Status) -> State:
    now = state.created_at
    ended = now if status in ENDED else None
    job = Job(
        index=1,
        name=NOT_EXECUTED,
        stage="test",
        status=status,
        created_at=now,
        queued_at=now,
        started_at=now,
        finished_at=ended,
    )
    return dataclasses.replace(state, status=status, jobs=(job,), started_at=now, finished_at=ended)


def _past(script: Script, now: float) -> list[tuple[float, ScriptEvent]]:
    timed = [(script.began_at + event.at, event) for event in sorted(script.events, key=lambda event: event.at)]
    return [(when, event) for when, event in timed if when <= now]


def _after(state: State, event: ScriptEvent, when: float) -> State:
    for told in event.jobs:
        known = next((job for job in state.jobs if job.name == told.name), None)
        state = put(state, _told(known or _new(told, state, when), told, when))
    status = event.status or overall(state.jobs)
    return dataclasses.replace(
        state,
        status=status,
        started_at=state.started_at or (when if status in _BEGUN else None),
        finished_at=when if status in ENDED else state.finished_at,  # one that is retried keeps when it had ended
        updated_at=when,
    )


def _new(told: ScriptedJob, state: State, when: float) -> Job:
    return Job(
        index=len(state.jobs) + 1,
        name=told.name,
        stage=told.stage,
        allow_failure=told.allow_failure,
        environment=told.environment,
        created_at=when,
    )


def _told(job: Job, told: ScriptedJob, when: float) -> Job:
    return dataclasses.replace(
        job,
        status=told.status,
        failure_reason=told.failure_reason,
        queued_at=job.queued_at or when,
        started_at=job.started_at or (when if told.status in _BEGUN else None),
        finished_at=when if told.status in ENDED else None,
    )
