"""What steps of other kinds than a dispatch do outside of the database, by kind: the one table of it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from daytwo_store import runs
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.states import StepState
from daytwo_workflows.contracts import Move
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.call_act import act_call
from daytwo_workflows.life.check_act import act_check
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.http_act import act_http

Act = Callable[[Life, RunId, StepPath, AttemptNo], Awaitable[None]]
ACTS: Final[Mapping[str, Act]] = {
    "action": act_call,
    "check": act_check,
    "foreach": act_call,
    "http": act_http,
}


async def act(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> Move:
    """Do it, write down what came of it, and say what is next. Safe to call twice: the rows decide who goes on."""
    async with life.store.read() as session:
        step = await runs.step(session, run, path)
    if step.state == StepState.RUNNING:
        await ACTS[step.kind](life, run, path, no)
    return await advance(life, run)
