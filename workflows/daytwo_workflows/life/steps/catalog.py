"""`catalog`: an entity is written in the transaction that ends the step."""

from pydantic import JsonValue

from daytwo_actions.plan.model import Plan, PlannedWrite
from daytwo_store import runs
from daytwo_store.engine import Tx
from daytwo_store.errors import DaytwoError
from daytwo_store.states import StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.contracts import Move
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finish import target_of, write_entity
from daytwo_workflows.life.locking import held, taken_words
from daytwo_workflows.life.steps.failing import fail
from daytwo_workflows.life.steps.kind import Kind


async def _next(_life: Life, tx: Tx, run: RunRow, step: StepRow) -> Move | None:
    if not await held(tx, run):
        return fail(tx, step, f"{taken_words(run)} What is true now is not this run's to write.")
    given = (step.given or {})["upsert"]
    assert isinstance(given, dict)
    try:
        write = planned_write(given)
        target = await target_of(tx, run, Plan.model_validate_json(run.plan))
        run.changes = [*run.changes, *await write_entity(tx, run, write, target)]
    except DaytwoError as error:
        return fail(tx, step, f"The catalog refused it: {error.detail}")
    runs.move_step(tx, step, StepState.SUCCEEDED, note=f"{write.ref} was written")
    return None


def planned_write(given: dict[str, JsonValue]) -> PlannedWrite:
    """What is written, from what the step was given."""
    properties, relations = given.get("properties") or {}, given.get("relations") or {}
    assert isinstance(properties, dict)
    assert isinstance(relations, dict)
    return PlannedWrite(
        kind=str(given["kind"]),
        name=str(given["name"]),
        properties=properties,
        relations={key: _refs(value) for key, value in relations.items() if value is not None},
    )


def _refs(value: JsonValue) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


CATALOG = Kind(next=_next, writes=True)
