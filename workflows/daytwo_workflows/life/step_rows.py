"""The rows of a plan's steps: written when the run is accepted; what has not begun again when it is replanned."""

from collections.abc import Iterator
from typing import Any

from daytwo_actions.plan.model import Plan
from daytwo_store import runs
from daytwo_store.engine import Tx
from daytwo_store.ids import RunId
from daytwo_store.states import StepState
from daytwo_store.tables import StepRow


def write(tx: Tx, plan: Plan) -> None:
    for position, (path, columns) in enumerate(_columns(plan)):
        row = StepRow(run_id=plan.run, path=path, position=position, state=StepState.PENDING, jobs=[], **columns)
        tx.session.add(row)


async def renew(tx: Tx, plan: Plan) -> None:
    """The plan of a held run is another one now. The steps of an action are the same in all its plans."""
    columns = dict(_columns(plan))
    for row in await runs.steps(tx.session, RunId(plan.run)):
        if row.state == StepState.PENDING:
            for name, value in columns[row.path].items():
                setattr(row, name, value)


def _columns(plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    before: list[str] = []
    for step in plan.steps:
        yield (
            step.path,
            {
                "uses": step.uses,
                "kind": step.kind,
                "needs": before if step.needs is None else step.needs,
                "asks": step.asks,
                "on_error": step.on_error,
                "tries": step.retry.attempts if step.retry else 1,
                "retry_wait": step.retry.wait if step.retry else 0,
                "timeout": step.timeout,
                "results": step.outputs or None,
            },
        )
        before = [step.path]
