"""Steps that people do: what their keys mean together, and what `form` is in their forms."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.model import Spec
from daytwo_actions.definitions.scopes import Scope
from daytwo_actions.definitions.sites import Site
from daytwo_actions.definitions.steps.task import PeopleStep
from daytwo_forms.fields import FieldSpec

_STEP: Final = re.compile(r"/spec/steps/(\d+)/with/")


def fields_of(step: PeopleStep) -> dict[str, FieldSpec]:
    return {name: field for page in step.pages for name, field in page.properties.items()}


def asked_at(site: Site, spec: Spec) -> Mapping[str, FieldSpec] | None:
    """What `form` is in the form of a step; None anywhere else."""
    found = _STEP.match(site.pointer) if site.scope is Scope.ASKED else None
    step = spec.steps[int(found[1])] if found is not None else None
    return fields_of(step) if isinstance(step, PeopleStep) else None


def people_step_problems(spec: Spec, document: Document) -> Iterator[Problem]:
    for number, step in enumerate(spec.steps):
        if not isinstance(step, PeopleStep):
            continue
        pointer, asked = f"/spec/steps/{number}", step.asked
        if step.outputs:
            message = f"What `{step.id}` leaves are the fields of its form"
            yield document.problem(f"{pointer}/outputs", message, "Leave `outputs` out.", at_key=True)
        if step.uses == "input" and not fields_of(step):
            yield document.problem(f"{pointer}/with/form", "An input that asks for nothing", "Add a field to its form.")
        for place, name in enumerate(asked.escalate):
            if name == "owner" and spec.target is None:
                message = "`owner` is the owning group of the target, and this action has no `target`"
                yield document.problem(f"{pointer}/with/escalate/{place}", message, "Name a group.")
        if asked.escalate and step.limit <= asked.due:
            message = "The step is over when its `timeout` is: nobody would be asked after that"
            yield document.problem(f"{pointer}/with/escalate", message, "Shorten `due`.", at_key=True)
