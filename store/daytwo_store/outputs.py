"""What a step's pipeline left as its results: reported by the run itself, or found in a file that it left.

A report counts more than a file, and the last report before the step's end more than those before it. What is kept is
checked and masked before it comes here (`daytwo_actions.outputs`).
"""

from enum import StrEnum

from daytwo_store.engine import Topic, Tx
from daytwo_store.evidence_sent import outputs_digest
from daytwo_store.states import STEP_ENDS, StepState
from daytwo_store.tables import Json, StepRow


class OutputsSource(StrEnum):
    REPORT = "report"  # the run told us, with an identity that was verified
    ARTIFACT = "artifact"  # the backend found them when the run had ended
    ANSWER = "answer"  # a service's answer to a request
    RUN = "run"  # what a called run has left
    PERSON = "person"  # what somebody filled in
    EVENT = "event"  # what another system told us


def keep(tx: Tx, step: StepRow, outputs: Json, source: OutputsSource) -> bool:
    """Write the results of a step of a held run. False: they came too late, or something better is there."""
    if source is OutputsSource.REPORT and StepState(step.state) in STEP_ENDS:
        return False
    if source is OutputsSource.ARTIFACT and step.outputs is not None:
        return False
    step.outputs, step.outputs_source, step.outputs_at = outputs, source, tx.now
    tx.audit(
        actor="daytwo",
        action="step.outputs",
        subject=f"run:{step.run_id}",
        facts={"step": step.path, "source": source, "sha256": outputs_digest(outputs)},
    )
    tx.notify(Topic.RUN, step.run_id)
    return True


def clear(step: StepRow) -> None:
    """A step of a held run is tried again: what the failed try left is not a result of the next one."""
    step.outputs = step.outputs_source = step.outputs_at = None
