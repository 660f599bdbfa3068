"""Where a secret input may be named: in `secrets` of a step, and in no expression.

What a step sends as inputs can be read by everybody who can read the repository, and what stands in an approval, a
lock or the catalog by more people than that. So a pipeline collects a secret itself, once.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.model import Action, Spec
from daytwo_actions.definitions.steps.dispatch import DispatchStep
from daytwo_actions.definitions.steps.graph import before, needed
from daytwo_actions.definitions.steps.task import PeopleStep, TaskStep
from daytwo_actions.expressions import Name, did_you_mean
from daytwo_forms.fields import FieldSpec

COLLECTED: Final = (
    "What a pipeline is given can be read by everybody who can read the repository. List it under `secrets` of the"
    " step instead: its pipeline then collects it once, with its own identity (docs/how-to/secrets.md)."
)


def named_secret(name: Name, fields: Mapping[str, FieldSpec]) -> tuple[str, str] | None:
    """What is wrong, and what to do, when an expression names a secret field."""
    parts = name.parts[1:] if name.parts[0] == "previous" else name.parts
    if len(parts) < 2 or parts[0] not in ("inputs", "form"):
        return None
    field = fields.get(str(parts[1]))
    if field is None or not field.secret:
        return None
    if name.parts[0] == "previous":
        return f"`{parts[1]}` is secret, so it is not kept after its run", "Ask for it anew."
    return f"`{parts[1]}` is secret, so no expression may name it", COLLECTED


def secret_problems(action: Action, document: Document) -> Iterator[Problem]:
    """Each secret is collected by a step, each step collects what is one, and nothing needs one that is gone."""
    spec = action.spec
    fields = {name: field for page in spec.form.pages for name, field in page.properties.items()}
    collected = {name for step in spec.steps if isinstance(step, DispatchStep) for name in step.secrets}
    yield from _asked_problems(spec, document, collected)
    for number, page in enumerate(spec.form.pages):
        for name, field in page.properties.items():
            if field.secret and name not in collected:
                pointer = f"/spec/form/pages/{number}/properties/{name}/secret"
                yield document.problem(pointer, f"No step takes the secret `{name}`", COLLECTED)
    for number, step in enumerate(spec.steps):
        if isinstance(step, DispatchStep):
            yield from _listed(step, f"/spec/steps/{number}/secrets", spec, document, fields)
    yield from _undo_problems(action, document, fields)


def _asked_problems(spec: Spec, document: Document, collected: Collection[str]) -> Iterator[Problem]:
    """Secret fields in the forms of steps."""
    for number, step in enumerate(spec.steps):
        if not isinstance(step, PeopleStep):
            continue
        shown = step.with_.evidence.properties if isinstance(step, TaskStep) and step.with_.evidence else {}
        for name, field in shown.items():
            if field.secret:
                pointer = f"/spec/steps/{number}/with/evidence/properties/{name}/secret"
                message = f"Evidence is there to be read, so `{name}` cannot be secret"
                yield document.problem(pointer, message, "Ask for it in the form.")
        for page, found in enumerate(step.pages):
            for name, field in found.properties.items():
                if field.secret and name not in shown and f"{step.id}.{name}" not in collected:
                    pointer = f"/spec/steps/{number}/with/form/pages/{page}/properties/{name}/secret"
                    yield document.problem(pointer, f"No step takes the secret `{step.id}.{name}`", COLLECTED)


def _listed(
    step: DispatchStep, at: str, spec: Spec, document: Document, fields: Mapping[str, FieldSpec]
) -> Iterator[Problem]:
    for index, name in enumerate(step.secrets):
        pointer = f"{at}/{index}"
        if name in step.secrets[:index]:
            yield document.problem(pointer, f"`{name}` is listed twice", "Leave one out.")
        elif "." in name:
            yield from _given_at_a_step(step, name, pointer, spec, document)
        elif name not in fields:
            secret = [known for known, field in fields.items() if field.secret]
            yield document.problem(pointer, f"`{name}` is not a field of the form", did_you_mean(name, secret))
        elif not fields[name].secret:
            advice = "Write `secret: true` at the field, or send it as an input."
            yield document.problem(pointer, f"The field `{name}` is not secret", advice)


def _given_at_a_step(step: DispatchStep, name: str, pointer: str, spec: Spec, document: Document) -> Iterator[Problem]:
    """`secrets: [access.token]`: what was filled in at a step before."""
    asked, _, field = name.partition(".")
    secret = [
        f"{other.id}.{one}"
        for other in spec.steps
        if isinstance(other, PeopleStep)
        for page in other.pages
        for one, found in page.properties.items()
        if found.secret
    ]
    if name not in secret:
        near = did_you_mean(name, secret)
        yield document.problem(pointer, f"`{field}` is not a secret field of a step `{asked}`", near)
    elif asked not in before(step.id, needed(spec.steps)):
        message = f"`{asked}` need not have ended when `{step.id}` begins"
        yield document.problem(pointer, message, f"Write `needs: [{asked}]`.")


def _undo_problems(action: Action, document: Document, fields: Mapping[str, FieldSpec]) -> Iterator[Problem]:
    undo = action.spec.undo
    if undo is None:
        return
    listed = {name for page in action.spec.form.pages for name in page.required}
    for name, field in fields.items():
        if not field.secret:
            continue
        if name in undo.inputs:
            message = f"`{name}` is secret: a definition cannot give it"
            yield document.problem(f"/spec/undo/inputs/{name}", message, "Leave it out.", at_key=True)
        elif name in listed or field.required is True:
            message = f"`undo` asks for nothing, and the secret `{name}` is required and not kept"
            advice = "Make it optional, or leave `undo` out; another action may bring back what was there."
            yield document.problem("/spec/undo", message, advice, at_key=True)
