"""Forms of stages: what whoever approves fills in with the decision, and what inputs of steps may name of it."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from daytwo_actions.definitions import shapes
from daytwo_actions.definitions.approval_stage import ApprovalStage
from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.model import Spec
from daytwo_actions.definitions.scopes import Scope
from daytwo_actions.definitions.shapes import Shape
from daytwo_actions.definitions.sites import Site
from daytwo_actions.definitions.steps.dispatch import DispatchStep
from daytwo_actions.expressions import ExpressionError, names, parse_template
from daytwo_forms.fields import FieldSpec

_STAGE: Final = re.compile(r"/spec/approval/(\d+)/")


def fields_of(stage: ApprovalStage) -> dict[str, FieldSpec]:
    return {name: field for page in stage.form.pages for name, field in page.properties.items()}


def fields_at(site: Site, spec: Spec) -> Mapping[str, FieldSpec] | None:
    """What `form` is in the form of a stage; None anywhere else."""
    found = _STAGE.match(site.pointer) if site.scope is Scope.FILLED else None
    return fields_of(spec.approval[int(found[1])]) if found is not None else None


def filled_shape(spec: Spec) -> Shape:
    """`approvals`: an entity that was chosen is its ref, so that nothing has to be looked up before sending."""
    return shapes.Members(
        {
            stage.id: shapes.Members({name: shapes.of_value(field) for name, field in fields_of(stage).items()})
            for stage in spec.approval
            if stage.id is not None and fields_of(stage)
        }
    )


def stage_form_problems(spec: Spec, document: Document) -> Iterator[Problem]:
    yield from _mixed(spec, document)
    taken: set[str] = set()
    for number, stage in enumerate(spec.approval):
        pointer = f"/spec/approval/{number}"
        if stage.id is not None and stage.id in taken:
            yield document.problem(f"{pointer}/id", f"There is a stage `{stage.id}` before; an id is used once")
        taken |= {stage.id} if stage.id is not None else set()
        if not fields_of(stage):
            continue
        if stage.id is None:
            advice = "Write `id: …`; inputs of steps then know what is filled in as `approvals.<id>.<field>`."
            yield document.problem(f"{pointer}/form", "A stage with a form has an `id`", advice, at_key=True)
        if stage.auto is not None:
            advice = "Leave one of them out, or make two stages of it."
            yield document.problem(f"{pointer}/auto", "A rule fills nothing in, and this stage has a form", advice)
        yield from _secrets(stage, pointer, document)


def _mixed(spec: Spec, document: Document) -> Iterator[Problem]:
    """An input waits for approvers or for steps: what waits for both would be filled in two halves."""
    for number, step in enumerate(spec.steps):
        for name, value in step.with_.inputs.items() if isinstance(step, DispatchStep) else ():
            try:
                roots = {str(one.parts[0]) for one in names(parse_template(value))}
            except ExpressionError:
                continue  # told where it stands
            if {"steps", "approvals"} <= roots:
                message = "An input names what approvers fill in, or results of steps, and not both"
                place = f"/spec/steps/{number}/with/inputs/{name}"
                yield document.problem(place, message, "Make two inputs of it.", at_key=True)


def _secrets(stage: ApprovalStage, pointer: str, document: Document) -> Iterator[Problem]:
    """Decisions are read by everybody who reads the approval, and kept for good."""
    for number, page in enumerate(stage.form.pages):
        for name, field in page.properties.items():
            if field.secret:
                place = f"{pointer}/form/pages/{number}/properties/{name}/secret"
                message = f"What an approver fills in can be read with the decision, so `{name}` cannot be secret"
                yield document.problem(place, message, "Ask for it in the form of the action.")
