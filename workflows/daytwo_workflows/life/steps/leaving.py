"""What a step leaves of what it got: the results that are declared, and nothing else."""

from pydantic import JsonValue

from daytwo_actions.outputs import checked
from daytwo_store import outputs
from daytwo_store.engine import Tx
from daytwo_store.errors import DaytwoError
from daytwo_store.outputs import OutputsSource
from daytwo_store.tables import StepRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.results import faults


def leave(life: Life, tx: Tx, step: StepRow, found: JsonValue, source: OutputsSource) -> str | None:
    """Keep the declared members of what was found, masked; a part of a sentence when they cannot be used."""
    if not step.results:
        return None
    members = found if isinstance(found, dict) else {}
    given = {name: members[name] for name in step.results if name in members}
    try:
        kept = checked(given, secrets=(*life.secrets, *life.source.seen))
    except DaytwoError as refused:
        return f"its results cannot be kept: {refused.detail}"
    outputs.keep(tx, step, kept, source)
    wrong = faults(step)
    return f"its results are other ones than declared: {'; '.join(wrong)}." if wrong else None
