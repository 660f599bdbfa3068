"""Carrying out what people ask of a workflow: by its runner when it has one, else here."""

import asyncio
import copy
import time
from collections.abc import Mapping
from typing import Any, Final

from daytwo_standins.argo import commands
from daytwo_standins.argo.config import Executor
from daytwo_standins.argo.endings import broken_off, stopped
from daytwo_standins.argo.engine import Engine
from daytwo_standins.argo.interpreter.controls import ControlError, control
from daytwo_standins.argo.interpreter.phases import Shutdown
from daytwo_standins.argo.problems import UNAVAILABLE, ApiError
from daytwo_standins.argo.runs import Run

_PATIENCE: Final = 15.0
_EVERY: Final = 0.02


async def carry_out(engine: Engine, run: Run, verb: str, told: Mapping[str, Any]) -> None:
    """Do it; when this returns, the workflow shows it.

    Raises:
        ApiError: it cannot be done; nothing has changed, or, with 503, the runner did not answer and may do it later.
    """
    now = time.time()
    engine.look_at(run, now)
    try:
        if _has_runner(engine, run):
            await _ask(engine, run, verb, dict(told))
        else:
            _here(engine, run, verb, told)
    except ControlError as error:
        raise ApiError(error.code, str(error)) from error


def give_up(engine: Engine, run: Run) -> None:
    """Let a workflow that is being deleted end, without waiting for it."""
    if run.state.ended:
        return
    if _has_runner(engine, run):
        commands.ask(run.folder, "terminate", {})
    else:
        _here(engine, run, "terminate", {})


def _has_runner(engine: Engine, run: Run) -> bool:
    executed = run.accepted.executor is Executor.RUN and not run.accepted.effects.never_finish
    return executed and not run.state.ended and engine.launcher.launched(run.folder)


async def _ask(engine: Engine, run: Run, verb: str, told: dict[str, Any]) -> None:
    folder = run.folder
    number = commands.ask(folder, verb, told)
    deadline = time.monotonic() + _PATIENCE
    while (answer := commands.answer_to(folder, number)) is None:
        engine.look_at(run, time.time())
        if run.state.ended:
            if run.state.applied >= number:
                return
            control(copy.deepcopy(run.state), verb, told, time.time())  # it ended first: refused as after an end
            return
        if time.monotonic() > deadline:
            raise ApiError(UNAVAILABLE, "The runner of the workflow does not answer; it may still do it.")
        await asyncio.sleep(_EVERY)
    if answer:
        raise ControlError(answer["code"], answer["message"])
    engine.look_at(run, time.time())


def _here(engine: Engine, run: Run, verb: str, told: Mapping[str, Any]) -> None:
    state, now = copy.deepcopy(run.state), time.time()
    control(state, verb, told, now)
    if run.state.ended:
        return
    executed = run.accepted.executor is Executor.RUN and not run.accepted.effects.never_finish
    if state.shutdown and executed and engine.launcher.never_start(run.folder):
        state = stopped(run.workflow, state, now)
    elif state.shutdown and not executed and not _stays(run, state.shutdown):
        state = broken_off(state, now)
    elif executed:
        commands.ask(run.folder, verb, dict(told))  # its runner will see it first of all
    if state.ended:
        engine.launcher.write_end(run.folder, state)
        engine.end(run, state)
    else:
        run.state = state
        engine.changed(run)


def _stays(run: Run, shutdown: Shutdown) -> bool:
    """Whether a fault keeps it running: then only terminate ends it."""
    return run.accepted.effects.never_finish and shutdown is Shutdown.STOP
