"""What the expressions of a step see when its turn comes, and while it goes on."""

from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue

from daytwo_actions.expressions import Missing, names, parse_template
from daytwo_actions.form import inputs_context
from daytwo_actions.plan.model import Plan
from daytwo_catalog.model import record
from daytwo_forms import ValidInput
from daytwo_store import entities
from daytwo_store.engine import Session
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import DaytwoError
from daytwo_store.ids import RunId
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.life.asked_by import asked
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.people import belongings
from daytwo_workflows.life.planning import Ask, context_of, look, user_record
from daytwo_workflows.life.service_secrets import stand_ins
from daytwo_workflows.life.sources import sources, within
from daytwo_workflows.life.steps.results import missing, seen
from daytwo_workflows.life.undone import undone_by

Context = dict[str, JsonValue]


async def context_now(
    life: Life, session: Session, run: RunRow, steps: Sequence[StepRow], step: StepRow | None = None
) -> Context:
    """What the expressions of a step see when its turn comes. Raises where who asked may not see the entity any more,
    unless the `step` undoes another one."""
    ask = await asked(life, session, run)
    if step is not None and step.undoes is not None:
        plain = await _as_it_was(life, session, run, ask, step)
    else:
        scene = await look(session, ask.version, ask.requester, ask.entity)
        plain = await context_of(life, session, ask, scene)  # of a run that undoes another one: with the steps of that
    return {"steps": seen(steps), **plain, "secrets": dict(stand_ins(life, RunId(run.id)))}


async def missing_now(session: Session, run: RunRow, steps: Sequence[StepRow]) -> Missing:
    """The results that what is sent cannot name, because there are none; in a run that undoes another one, of that."""
    undone = await undone_by(session, run)
    return {**(undone.missing if undone is not None else {}), **missing(steps)}


async def _as_it_was(life: Life, session: Session, run: RunRow, ask: Ask, step: StepRow) -> Context:
    """What undoes a step was approved with the run: what it names of the catalog is what was read then, whoever may
    see that now, and whether or not it is still there."""
    found = await entities.get(session, ask.entity, sees=EVERYTHING) if ask.entity else None
    context: dict[str, Any] = {
        "inputs": await _inputs(life, session, ask),
        "entity": record(found) if found else None,
        "user": await user_record(session, ask.requester, await belongings(session, ask.requester.ref)),
        "run": {"id": ask.run, "url": f"{life.public_url}/runs/{ask.run}"},
        "approvals": {stage: dict.fromkeys(form.fields) for stage, form in ask.version.stage_forms.items()},
    }
    plan = Plan.model_validate_json(run.plan)
    for text in plan.step(step.path).late.values():
        for name in sorted(names(parse_template(text)), key=lambda one: len(one.parts)):
            if name.dotted in plan.read:
                _put(context, name.parts, plan.read[name.dotted])
    return context


async def _inputs(life: Life, session: Session, ask: Ask) -> dict[str, JsonValue]:
    try:
        doors = sources(within(session), EVERYTHING, life.backends)
        return dict(await inputs_context(ask.version, ValidInput(ask.inputs), doors))
    except DaytwoError:
        return dict(ask.inputs)


def _put(context: dict[str, Any], parts: Sequence[str | int], value: JsonValue) -> None:
    """Members of lists stay as they are: a name that goes on past one is read today."""
    *way, last = parts
    place: dict[Any, Any] = context
    for part in way:
        if isinstance(place.get(part), list):
            return
        if not isinstance(place.get(part), dict):
            place[part] = {}
        place = place[part]
    place[last] = value
