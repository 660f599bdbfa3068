"""Recorded histories play again with the workflows of today: runs that are open when we are upgraded go on.

`make histories` records them (`record.py`). A change of a workflow that these do not survive leaves open runs stuck.
"""

import base64
import gzip
import inspect
import json
import runpy
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from daytwo_workflows.activities import Activities
from daytwo_workflows.contracts import POKE_SIGNAL, RUN_WORKFLOW, RunInput, What
from daytwo_workflows.run_action import RunAction
from daytwo_workflows.watch_connection import WatchConnection
from daytwo_workflows.worker import create_worker

pytestmark = pytest.mark.anyio
FOLDER = Path(__file__).with_name("histories")
FILES = sorted(FOLDER.iterdir())
SHAPES = runpy.run_path(str(Path(__file__).with_name("record.py")), run_name="record")["SHAPES"]
_COMMANDS = {"MARKER_RECORDED", "ACTIVITY_TASK_SCHEDULED", "TIMER_STARTED", "TIMER_CANCELED"}
ACTIVITIES = {name for name, one in vars(Activities).items() if hasattr(one, "__temporal_activity_definition")}


def events(file: Path) -> list[dict[str, Any]]:
    content = file.read_bytes()
    found: list[dict[str, Any]] = json.loads(gzip.decompress(content) if file.suffix == ".gz" else content)
    return found


def history(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(file.name.partition(".")[0], {"events": events(file)})


def replayer(*workflows: type) -> Replayer:
    return Replayer(workflows=workflows, workflow_runner=UnsandboxedWorkflowRunner())


@pytest.mark.parametrize("file", FILES, ids=[file.name.partition(".")[0] for file in FILES])
async def test_a_recorded_history_plays_again(file: Path) -> None:
    await replayer(RunAction, WatchConnection).replay_workflow(history(file))


def test_every_shape_is_recorded_and_no_other() -> None:
    assert {file.name.partition(".")[0] for file in FILES} == set(SHAPES)


def kinds(file: Path) -> list[str]:
    return [one["eventType"].removeprefix("EVENT_TYPE_") for one in events(file)]


def cuts(file: Path) -> list[int]:
    """How many events there are whenever a task of the workflow has begun, and whenever it has said what is to be done
    and waits for that."""
    found, done = [], False
    for number, kind in enumerate(kinds(file)):
        if done and kind not in _COMMANDS:
            found.append(number)
            done = False
        if kind == "WORKFLOW_TASK_STARTED":
            found.append(number + 1)
        done = done or kind == "WORKFLOW_TASK_COMPLETED"
    return found


CUTS = [(file, cut) for file in FILES for cut in cuts(file)]


@pytest.mark.parametrize(("file", "cut"), CUTS, ids=[f"{file.name.partition('.')[0]}-{cut}" for file, cut in CUTS])
async def test_a_run_that_was_open_at_any_time_plays_again(file: Path, cut: int) -> None:
    """An upgrade comes while it waits for a person, a pipeline, or for what it has just asked an activity to do."""
    part = WorkflowHistory.from_json(file.name.partition(".")[0], {"events": events(file)[:cut]})
    await replayer(RunAction, WatchConnection).replay_workflow(part)


def test_there_are_open_runs_of_many_kinds() -> None:
    """R49: more than thirty of them. Some wait, some have let something be looked for or collected; what is sent is
    sent in a task of the workflow, so in the middle of that is a task that has begun."""
    last = {(file, cut): kinds(file)[cut - 1] for file, cut in CUTS}
    assert len(CUTS) > 30
    assert {"WORKFLOW_TASK_STARTED", "TIMER_STARTED", "ACTIVITY_TASK_SCHEDULED"} <= set(last.values())
    let = {name for (file, cut), kind in last.items() for name in activities(events(file)[cut - 1])}
    assert {"reconcile", "collect"} <= let


async def test_an_open_run_whose_workflow_does_something_else_is_found() -> None:
    (file,) = [one for one in FILES if one.name.startswith("run-approved")]
    part = WorkflowHistory.from_json("run-approved", {"events": events(file)[: cuts(file)[-1]]})
    with pytest.raises(NondeterminismError):
        await replayer(_Other).replay_workflow(part)


def test_the_recordings_hold_every_activity_and_both_ends() -> None:
    """Whoever adds something that workflows let do records a run in which it is done."""
    kept = [event for file in FILES for event in events(file)]
    assert {name for event in kept for name in activities(event)} == ACTIVITIES
    kinds = {event["eventType"].removeprefix("EVENT_TYPE_WORKFLOW_EXECUTION_") for event in kept}
    assert {"COMPLETED", "CONTINUED_AS_NEW", "SIGNALED"} <= kinds


def test_the_recordings_hold_every_move() -> None:
    """`look` and `act` are one activity, and a workflow takes another way for each."""
    kept = [event for file in FILES for event in events(file)]
    assert {move for event in kept for move in moves(event)} == set(What)


def test_a_worker_does_everything_that_workflows_let_do() -> None:
    """One that is not registered fails every task of the runs that need it, again and again."""
    text = inspect.getsource(create_worker)
    assert {name for name in ACTIVITIES if f"activities.{name}," not in text} == set()


def activities(event: dict[str, Any]) -> Iterator[str]:
    """The activity that was scheduled, or done beside a workflow task."""
    if (scheduled := event.get("activityTaskScheduledEventAttributes")) is not None:
        yield scheduled["activityType"]["name"]
    marker = event.get("markerRecordedEventAttributes", {})
    if marker.get("markerName") == "core_local_activity":
        yield json.loads(base64.b64decode(marker["details"]["data"]["payloads"][0]["data"]))["activity_type"]


def moves(event: dict[str, Any]) -> Iterator[str]:
    """What an activity has said is to happen next."""
    results = [event.get("activityTaskCompletedEventAttributes", {}).get("result")]
    marker = event.get("markerRecordedEventAttributes", {})
    if marker.get("markerName") == "core_local_activity":
        results.append(marker["details"].get("result"))
    for payload in (one for result in results if result for one in result["payloads"]):
        said = json.loads(base64.b64decode(payload["data"])) if payload.get("data") else None
        if isinstance(said, dict) and "what" in said:
            yield said["what"]


def test_a_recording_says_nothing_of_where_it_was_made() -> None:
    for file in FILES:
        text = json.dumps(events(file))
        assert "identity" not in text
        assert socket.gethostname() not in text


@workflow.defn(name=RUN_WORKFLOW)
class _Other:
    """Waits before it asks, as RunAction does not."""

    @workflow.signal(name=POKE_SIGNAL)
    def look_again(self) -> None:
        """As RunAction has it."""

    @workflow.run
    async def run(self, given: RunInput) -> None:
        await workflow.sleep(60)


async def test_a_workflow_that_does_something_else_is_found() -> None:
    (file,) = [one for one in FILES if one.name.startswith("run-approved")]
    with pytest.raises(NondeterminismError):
        await replayer(_Other).replay_workflow(history(file))
