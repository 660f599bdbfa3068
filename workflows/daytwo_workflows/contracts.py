"""Everything that crosses a process boundary through Temporal: names, ids, messages.

Ids and states only, so nothing in a history needs encrypting (design §4). New fields always get a default.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from daytwo_store.ids import AttemptNo, RunId, StepPath

TASK_QUEUE: Final = "daytwo"
RUN_WORKFLOW: Final = "RunAction"
WATCH_WORKFLOW: Final = "WatchConnection"
POKE_SIGNAL: Final = "look_again"
STICKY_TIMEOUT: Final = timedelta(seconds=3)  # how long a dead worker's runs wait for it (10 s by default)


def run_workflow_id(run: RunId) -> str:
    """Deterministic: asking twice starts once."""
    return f"run-{run}"


def watch_workflow_id(connection: str) -> str:
    return f"watch-{connection}"


class What(StrEnum):
    """What the database says has to happen next."""

    END = "end"  # the run has ended
    WAIT = "wait"  # until a poke, or for `seconds` at most
    DISPATCH = "dispatch"  # seal, look up, claim, send (A1)
    RECONCILE = "reconcile"  # find out what became of an ambiguous attempt
    READ = "read"  # ask the CI system for the state
    COLLECT = "collect"  # keep job tree and logs of an ended external run
    CANCEL = "cancel"  # ask the CI system to stop
    FORCE_CANCEL = "force_cancel"
    ACT = "act"  # do what a step of another kind than a dispatch does outside of the database
    LOOK = "look"  # likewise, and it only reads


SENDING: Final = frozenset({What.DISPATCH, What.ACT})  # moves that bring something about elsewhere


_NO_STEP: Final = StepPath("")
_NO_ATTEMPT: Final = AttemptNo(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    what: What
    seconds: float | None = None
    path: StepPath = _NO_STEP
    attempt: AttemptNo = _NO_ATTEMPT


@dataclass(frozen=True, kw_only=True, slots=True)
class RunInput:
    run: RunId


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptInput:
    run: RunId
    path: StepPath
    attempt: AttemptNo


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchInput:
    connection: str
