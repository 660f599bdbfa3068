"""What the keys of a stage of `approval` mean together."""

from collections.abc import Iterator

from daytwo_actions.definitions.approval_stage import ALL, ApprovalStage
from daytwo_actions.definitions.approvers import OnCall, remind_after
from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.durations import format_duration
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.model import Spec
from daytwo_actions.definitions.stages import asked_stages


def approval_problems(spec: Spec, document: Document) -> Iterator[Problem]:
    """Every stage by itself."""
    if spec.approval and spec.approval[0].again:
        message = "`again` is about those who approved an earlier stage, and this is the first"
        yield document.problem("/spec/approval/0/again", message, "Leave it out.", at_key=True)
    for pointer, stage in asked_stages(spec):
        yield from _times(stage, pointer, document)
        yield from _on_call(stage, pointer, document)
        yield from _everybody(stage, pointer, document)
        for place, name in enumerate(stage.escalate.to if stage.escalate else ()):
            if name == "owner" and spec.target is None:
                message = "`owner` is the owning group of the target, and this action has no `target`"
                yield document.problem(f"{pointer}/escalate/to/{place}", message, "Name a group.")


def _times(stage: ApprovalStage, pointer: str, document: Document) -> Iterator[Problem]:
    ends = f"The stage is open for {format_duration(stage.expires)}"
    for place, reminder in enumerate(stage.remind):
        if remind_after(reminder, stage.expires) >= stage.expires:
            yield document.problem(f"{pointer}/remind/{place}", f"{ends}: nobody is reminded after it", "Shorten it.")
    if stage.escalate is not None and stage.escalate.after >= stage.expires:
        yield document.problem(f"{pointer}/escalate/after", f"{ends}: nobody is asked after it", "Shorten it.")


def _on_call(stage: ApprovalStage, pointer: str, document: Document) -> Iterator[Problem]:
    for place, entry in enumerate(stage.from_):
        if isinstance(entry, OnCall) and entry.path is None:
            message = "`on_call` is looked up when somebody decides, so it names one property or relation of an entity"
            advice = "Write it as ${{ entity.properties.on_call }} or ${{ inputs.environment.relations.on_call }}."
            yield document.problem(f"{pointer}/from/{place}/on_call", message, advice)


def _everybody(stage: ApprovalStage, pointer: str, document: Document) -> Iterator[Problem]:
    if stage.count != ALL:
        return
    for place, entry in enumerate(stage.from_):
        if isinstance(entry, OnCall) or (isinstance(entry, str) and entry.startswith("role:")):
            message = "`all` asks people one by one, and who this is is only known when somebody decides"
            advice = "Say how many are needed, or name groups, people or a query."
            yield document.problem(f"{pointer}/from/{place}", message, advice)
