"""What undoing a run would fill in: what its action says, and the answers of then that are still asked for."""

from collections.abc import Mapping

from pydantic import JsonValue

from daytwo_actions.definitions import ActionVersion
from daytwo_actions.form import without_hidden
from daytwo_actions.plan.render import undo_inputs
from daytwo_forms.sources import Sources
from daytwo_store.tables import RunRow
from daytwo_workflows.life.planning import Aimed, Scene


async def undo_answers(
    version: ActionVersion, aimed: Aimed, scene: Scene, previous: RunRow, sources: Sources
) -> Mapping[str, JsonValue] | None:
    """None: the action does not say how it is undone. What it says itself stays, so that a fault in it is told; what it
    says is null is left out: why the first run was asked for is not why it is undone."""
    undo = version.model.spec.undo
    answers = undo_inputs(aimed.program, aimed.facts, {"inputs": previous.inputs, "run": previous.id})
    if undo is None or answers is None:
        return None
    anew = {name for name, value in undo.inputs.items() if value is None}
    return await without_hidden(
        version,
        entity=scene.target,
        user=scene.user,
        answers={name: answer for name, answer in answers.items() if name not in anew},
        keep=undo.inputs.keys(),
        sources=sources,
    )
