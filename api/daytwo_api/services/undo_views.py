"""The undo of a run that has failed or was cancelled, as people read it, and what resuming one would do."""

from daytwo_actions.recovery import Does, Said
from daytwo_api.services.approval_views import as_view
from daytwo_api.services.gather import Known
from daytwo_api.services.run_rows import Rows
from daytwo_api.views.actions import PlanView
from daytwo_api.views.runs import ResumeStep, ResumeView, UndoingView, UndoSaid
from daytwo_store.states import RunState
from daytwo_store.tables import RunRow
from daytwo_workflows.life.resume_steps import Proposed
from daytwo_workflows.life.resuming import Preview
from daytwo_workflows.life.undo_choices import choices


def undoing_view(rows: Rows, known: Known) -> UndoingView | None:
    undoing = rows.run.undoing
    if undoing is None:
        return None
    said = undoing.get("said")
    return UndoingView(
        ends=RunState(str(undoing["ends"])),
        choices=choices(rows.run, rows.steps),
        said=[
            UndoSaid.model_validate({**one, "by": known.person(str(one["by"]))}, strict=False)
            for one in (said if isinstance(said, list) else [])
            if isinstance(one, dict)
        ],
    )


def resume_view(run: RunRow, seen: Preview, plan: PlanView) -> ResumeView:
    outputs = {step.id: step.outputs for step in seen.version.model.spec.steps}
    return ResumeView(
        version=seen.version.digest,
        changed=seen.version.digest != run.version,
        steps=[_step(one, lost=bool(outputs[one.path])) for one in seen.steps],
        differences=[as_view(change.as_json()) for change in seen.changes],
        plan=plan,
    )


def _step(one: Proposed, *, lost: bool) -> ResumeStep:
    """`lost`: what it left cannot be had any more, so it cannot count as done."""
    answers = [Said.AGAIN] if lost else [Said.DONE, Said.AGAIN]
    return ResumeStep(
        step=one.path,
        kind=one.kind,
        does=one.does,
        text=f"{one.path} {one.why}",
        answers=answers if one.does is Does.ASK else [],
    )
