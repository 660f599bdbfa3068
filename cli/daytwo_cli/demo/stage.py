"""Who and what takes part in the story, and what every scene does."""

import os
import signal
import time
from dataclasses import dataclass

import httpx
from pydantic import JsonValue, TypeAdapter, ValidationError

from daytwo_api.views.runs import RunView
from daytwo_cli.demo.person import Person
from daytwo_cli.demo.steps import Steps, StoryBroken, expect
from daytwo_cli.show.out import Out
from daytwo_cli.up.house import House


@dataclass(frozen=True, slots=True)
class Stage:
    """Who and what takes part."""

    house: House
    ana: Person
    sam: Person
    steps: Steps
    out: Out


def finished(stage: Stage, run: RunView, *, wanted: str) -> RunView:
    found = stage.ana.wait(run.id, lambda _: False)
    expect(f"the end of {run.id}", seen=f"{found.state}", wanted=wanted)
    return found


def answer(stage: Stage, environment: str, path: str) -> dict[str, JsonValue]:
    """What the application itself says. It may be between two processes for a moment."""
    address, deadline = stage.house.company.application("shop", environment), time.monotonic() + 10
    while True:
        try:
            answer = httpx.get(address + path, timeout=5, trust_env=False).raise_for_status()
            return TypeAdapter(dict[str, JsonValue]).validate_json(answer.content)
        except (httpx.HTTPError, ValidationError) as error:
            if time.monotonic() > deadline:
                raise StoryBroken(f"the shop in {environment} does not answer {path}: {error}") from None
            time.sleep(0.1)


def kill_the_worker(stage: Stage) -> int:
    """SIGKILL; the process id that it had."""
    worker = next(part for part in stage.house.parts if part.name == "worker").child
    if worker is None or not worker.running:
        raise StoryBroken("there is no worker to kill")
    os.kill(worker.pid, signal.SIGKILL)
    stage.out.line(f"   SIGKILL sent to the worker, process {worker.pid}")
    return worker.pid


def worker_after(stage: Stage, killed: int) -> int:
    """The process id of the worker that was started in place of the killed one. Raises StoryBroken if none was."""
    now = next(part for part in stage.house.parts if part.name == "worker").child
    if now is None or now.pid == killed:
        raise StoryBroken("the worker was not started again")
    return now.pid
