"""From the text of an action file to a version of an action, or every problem in it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import rfc8785
from pydantic import JsonValue, ValidationError

from daytwo_actions.definitions import faults
from daytwo_actions.definitions.check import Surroundings, check_action, expression_problem
from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import DefinitionRejected, Problem
from daytwo_actions.definitions.form_expressions import form_parser
from daytwo_actions.definitions.model import Action
from daytwo_actions.definitions.steps.foreach import ForeachStep
from daytwo_actions.definitions.steps.task import PeopleStep
from daytwo_actions.definitions.yaml import read_documents
from daytwo_actions.expressions import Evaluator, ExpressionError, parse_template
from daytwo_forms import FormRejected, FormSchema, compile_form
from daytwo_forms.fields import Page
from daytwo_forms.pointers import under
from daytwo_store.ids import ActionName, Digest

ROLLBACK: Final = "rollback"
_PAGES: Final = "/spec/form/pages"
_STORED: Final = "a stored version"


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionVersion:
    """A checked definition. `digest` is the SHA-256 of `document` in canonical JSON (RFC 8785), so comments, order and
    quoting in the file do not make a new version."""

    name: ActionName
    digest: Digest
    document: Mapping[str, JsonValue] = field(repr=False)
    model: Action = field(repr=False)
    form: FormSchema = field(repr=False)
    stage_forms: Mapping[str, FormSchema] = field(repr=False)  # what approvers fill in, by id of the stage
    step_forms: Mapping[str, FormSchema] = field(repr=False)  # what people fill in at a step, by its id
    file: str
    source: Document = field(repr=False, compare=False)  # with the positions of everything; of a stored one, none

    @property
    def is_rollback(self) -> bool:
        """An action that is called rollback, or tagged so."""
        return ROLLBACK in (self.model.metadata.name, *self.model.metadata.tags)


def load_action(text: str, file: str, *, surroundings: Surroundings | None = None) -> ActionVersion:
    """Read and check the one action of a file. `file` is how problems call it.

    Raises `DefinitionRejected` with every problem.
    """
    documents = read_documents(text, file)
    if len(documents) != 1:
        count = "no document" if not documents else f"{len(documents)} documents"
        raise DefinitionRejected([Problem(file, 1, 1, f"An action file holds one document, and this holds {count}")])
    return action_of(documents[0], surroundings=surroundings)


def action_of(document: Document, *, surroundings: Surroundings | None = None) -> ActionVersion:
    """Check one document. Raises `DefinitionRejected`."""
    try:
        model = Action.model_validate(document.value)
    except ValidationError as error:
        found = faults.problems(error, document, Action)
        raise DefinitionRejected([*found, *_broken_expressions(document, document.value, "")]) from error
    problems = check_action(model, document, surroundings or Surroundings())
    form = _form(model.spec.form.pages, _PAGES, document, problems)
    stage_forms = _stage_forms(model, document, problems)
    step_forms = _step_forms(model, document, problems)
    if problems or form is None:
        raise DefinitionRejected(problems)
    assert isinstance(document.value, dict)
    return ActionVersion(
        name=ActionName(model.metadata.name),
        digest=digest_of(document.value),
        document=document.value,
        model=model,
        form=form,
        stage_forms=stage_forms,
        step_forms=step_forms,
        file=document.file,
        source=document,
    )


def restore_action(document: Mapping[str, JsonValue]) -> ActionVersion:
    """A version from its stored document. Raises `DefinitionRejected` when it is not one (any more)."""
    return action_of(Document(file=_STORED, text="", value=dict(document), values={}, keys={}))


def restore_with_places(document: Mapping[str, JsonValue], file: str, text: str | None) -> ActionVersion:
    """The same, with the place of everything in the text of its file, as far as that was kept.

    Raises `DefinitionRejected`.
    """
    kept = [] if text is None else [one for one in read_documents(text, file) if one.value == document]
    return action_of(kept[0] if kept else Document(file=file, text="", value=dict(document), values={}, keys={}))


def digest_of(document: Mapping[str, JsonValue]) -> Digest:
    return Digest(hashlib.sha256(rfc8785.dumps(document)).hexdigest())


def _stage_forms(model: Action, document: Document, problems: list[Problem]) -> dict[str, FormSchema]:
    found: dict[str, FormSchema] = {}
    for number, stage in enumerate(model.spec.approval):
        if not any(page.properties for page in stage.form.pages):
            continue
        form = _form(stage.form.pages, f"/spec/approval/{number}/form/pages", document, problems)
        if form is not None and stage.id is not None:
            found[stage.id] = form
    return found


def _step_forms(model: Action, document: Document, problems: list[Problem]) -> dict[str, FormSchema]:
    found: dict[str, FormSchema] = {}
    for number, step in enumerate(model.spec.steps):
        if isinstance(step, PeopleStep):
            form = _form(step.pages, f"/spec/steps/{number}/with/form/pages", document, problems)
            if form is not None:
                found[step.id] = form
        elif isinstance(step, ForeachStep) and step.with_.ask is not None:
            found[step.id] = compile_form((), form_parser(Evaluator()))  # to say go on, nothing is filled in
    return found


def _form(pages: Sequence[Page], at: str, document: Document, problems: list[Problem]) -> FormSchema | None:
    """The form, or None with its problems added; faults of its expressions are among them already."""
    try:
        return compile_form(pages, form_parser(Evaluator()))
    except FormRejected as error:
        told = {problem.pointer for problem in problems}
        for fault in error.errors:
            pointer = f"{at}{fault.pointer}"
            if pointer not in told:
                problems.append(document.problem(pointer, fault.detail.rstrip(".")))
        return None


def _broken_expressions(document: Document, value: JsonValue, pointer: str) -> Iterator[Problem]:
    """Faults of expressions in a document whose shape is wrong, so that one correction is enough."""
    if isinstance(value, str):
        try:
            parse_template(value, pointer=pointer)
        except ExpressionError as error:
            yield expression_problem(error, document)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _broken_expressions(document, item, under(pointer, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _broken_expressions(document, item, under(pointer, number))
