"""What the expressions of a step see when its turn comes, and while it goes on."""

from collections.abc import Sequence

from pydantic import JsonValue

from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.life.asked_by import asked
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.planning import context_of, look
from daytwo_workflows.life.service_secrets import stand_ins
from daytwo_workflows.life.steps.results import seen

Context = dict[str, JsonValue]


async def context_now(life: Life, session: Session, run: RunRow, steps: Sequence[StepRow]) -> Context:
    """What the expressions of a step see when its turn comes."""
    ask = await asked(life, session, run)
    scene = await look(session, ask.version, ask.requester, ask.entity)
    return {
        "steps": seen(steps),
        **await context_of(life, session, ask, scene),  # of a run that undoes another one: with the steps of that one
        "secrets": dict(stand_ins(life, RunId(run.id))),
    }
