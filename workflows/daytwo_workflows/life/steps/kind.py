"""What a kind of step is to the life of a run. How one is added: docs/decisions/0029."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from daytwo_store import runs
from daytwo_store.engine import Tx
from daytwo_store.states import StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.contracts import Move
from daytwo_workflows.life.context import Life

Decide = Callable[[Life, Tx, RunRow, StepRow], Awaitable[Move | None]]
Stop = Callable[[Life, Tx, RunRow, StepRow], Awaitable[Move | str]]


async def nothing(_life: Life, _tx: Tx, _run: RunRow, _step: StepRow) -> None:
    """There is nothing to write down when it begins."""


async def given_up(_life: Life, tx: Tx, _run: RunRow, step: StepRow) -> str:
    """The stop of what only waits: nothing of it goes on anywhere."""
    runs.move_step(tx, step, StepState.CANCELLED, note="stopped while it waited")
    return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """All three hold the run's row, read rows and write rows, and do nothing else.

    `begin` is called once, when `step.given` is filled. `next` gives the next move of a step that has begun, or None
    when it has ended; asked twice, it answers the same. `stop` ends it and gives a sentence on what stays, or says what
    has to be done first. `outside`: something goes on elsewhere whatever becomes of the run, so it is followed to its
    end. `writes`: it takes effect here, in the transaction that it begins in: what allowed the run is checked before.
    """

    next: Decide
    begin: Callable[[Life, Tx, RunRow, StepRow], Awaitable[None]] = nothing
    stop: Stop = given_up
    outside: bool = False
    writes: bool = False
