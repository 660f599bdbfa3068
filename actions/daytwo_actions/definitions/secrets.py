"""Where a secret input may be named: in `secrets` of a step, and in no expression.

What a step sends as inputs can be read by everybody who can read the repository, and what stands in an approval, a
lock or the catalog by more people than that. So a pipeline collects a secret itself, once.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.model import Action
from daytwo_actions.definitions.steps.dispatch import DispatchStep
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
    for number, page in enumerate(spec.form.pages):
        for name, field in page.properties.items():
            if field.secret and name not in collected:
                pointer = f"/spec/form/pages/{number}/properties/{name}/secret"
                yield document.problem(pointer, f"No step takes the secret `{name}`", COLLECTED)
    for number, step in enumerate(spec.steps):
        if not isinstance(step, DispatchStep):
            continue
        for index, name in enumerate(step.secrets):
            pointer = f"/spec/steps/{number}/secrets/{index}"
            if name in step.secrets[:index]:
                yield document.problem(pointer, f"`{name}` is listed twice", "Leave one out.")
            elif name not in fields:
                secret = [known for known, field in fields.items() if field.secret]
                yield document.problem(pointer, f"`{name}` is not a field of the form", did_you_mean(name, secret))
            elif not fields[name].secret:
                advice = "Write `secret: true` at the field, or send it as an input."
                yield document.problem(pointer, f"The field `{name}` is not secret", advice)
    yield from _undo_problems(action, document, fields)


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
