"""Where a definition may hold expressions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from daytwo_actions.definitions.approvers import OnCall, OwnerOf, People
from daytwo_actions.definitions.model import Action, Allow, Lock
from daytwo_actions.definitions.scopes import Scope
from daytwo_actions.definitions.stages import asked_stages
from daytwo_actions.definitions.steps.task import PeopleStep, TaskStep
from daytwo_actions.expressions import has_expression
from daytwo_forms.fields import CatalogOptions, ConnectionOptions, FieldSpec, Item, ListedOptions, Page
from daytwo_forms.pointers import under


@dataclass(frozen=True, slots=True)
class Site:
    """A template."""

    pointer: str
    value: JsonValue
    scope: Scope


def sites(action: Action) -> Iterator[Site]:
    """Every place of a definition where an expression is worked out."""
    yield from form_sites(action)
    spec = action.spec
    yield from _approval_sites(action)
    yield from _lock_sites(action)
    yield from _allow_sites(spec.allow)
    for number, step in enumerate(spec.steps):
        yield Site(f"/spec/steps/{number}/if", step.if_, Scope.STEP)
        for key, value, scope in step.places():
            yield Site(f"/spec/steps/{number}/with/{key}", value, scope)
        if isinstance(step, PeopleStep):
            yield from _people_sites(step, f"/spec/steps/{number}/with")
        for key, value, scope in step.undo.places() if step.undo is not None else ():
            known = Scope.STEP if scope is Scope.INPUTS else scope  # what approvers fill in is the step's alone
            yield Site(f"/spec/steps/{number}/undo/with/{key}", value, known)
    for number, change in enumerate(spec.catalog):
        written: dict[str, JsonValue] = change.upsert.model_dump(include={"name", "properties", "relations"})
        for key, value in written.items():
            yield Site(f"/spec/catalog/{number}/upsert/{key}", value, Scope.CATALOG)
    if spec.undo is not None:
        yield Site("/spec/undo/inputs", spec.undo.inputs, Scope.UNDO)


def _people_sites(step: PeopleStep, at: str) -> Iterator[Site]:
    forms = step.pages if not isinstance(step, TaskStep) else step.with_.form.pages
    yield from _page_sites(forms, f"{at}/form/pages", Scope.ASKED)
    if isinstance(step, TaskStep) and step.with_.evidence is not None:
        yield from _field_sites(step.with_.evidence.properties, f"{at}/evidence/properties", Scope.ASKED)


def _approval_sites(action: Action) -> Iterator[Site]:
    for number, stage in enumerate(action.spec.approval):
        yield from _page_sites(stage.form.pages, f"/spec/approval/{number}/form/pages", Scope.FILLED)
        yield Site(f"/spec/approval/{number}/when", stage.when, Scope.APPROVAL)
        yield Site(f"/spec/approval/{number}/auto", stage.auto, Scope.APPROVAL)
    for asked, stage in asked_stages(action.spec):
        for place, entry in enumerate(stage.from_):
            pointer = f"{asked}/from/{place}"
            match entry:
                case People(people=query):
                    yield Site(f"{pointer}/people", dict(query), Scope.APPROVAL)
                case OwnerOf(owner_of=template):
                    yield Site(f"{pointer}/owner_of", template, Scope.APPROVAL)
                case OnCall(on_call=template):
                    yield Site(f"{pointer}/on_call", template, Scope.APPROVAL)


def _lock_sites(action: Action) -> Iterator[Site]:
    match action.spec.lock:
        case str() as key:
            yield Site("/spec/lock", key, Scope.LOCK)
        case list() as keys:
            yield from (Site(f"/spec/lock/{number}", key, Scope.LOCK) for number, key in enumerate(keys))
        case Lock() as lock:
            yield from (Site(f"/spec/lock/keys/{number}", key, Scope.LOCK) for number, key in enumerate(lock.keys))
            if isinstance(lock.priority, str):
                yield Site("/spec/lock/priority", lock.priority, Scope.LOCK)


def _allow_sites(allow: Allow) -> Iterator[Site]:
    for number, asker in enumerate(allow.run):
        yield Site(f"/spec/allow/run/{number}", asker, Scope.ALLOW)
    for number, asker in enumerate(allow.see or ()):
        yield Site(f"/spec/allow/see/{number}", asker, Scope.SEE)


def form_sites(action: Action) -> Iterator[Site]:
    yield from _page_sites(action.spec.form.pages, "/spec/form/pages", Scope.FORM)


def _page_sites(pages: Sequence[Page], at: str, scope: Scope) -> Iterator[Site]:
    for number, page in enumerate(pages):
        yield from _field_sites(page.properties, f"{at}/{number}/properties", scope)


def _field_sites(fields: Mapping[str, FieldSpec], at: str, scope: Scope) -> Iterator[Site]:
    for name, field in fields.items():
        pointer = f"{at}/{name}"
        for key in ("default", "visible", "disabled", "required"):
            yield Site(f"{pointer}/{key}", getattr(field, key), scope)
        yield from _option_sites(field, pointer, scope)
        if field.items is not None:
            yield from _option_sites(field.items, f"{pointer}/items", scope)


def _option_sites(item: Item, pointer: str, scope: Scope) -> Iterator[Site]:
    match item.from_:
        case ConnectionOptions(project=project):
            yield Site(f"{pointer}/from/project", project, scope)
        case CatalogOptions(catalog=query):
            yield Site(f"{pointer}/from/catalog/where", dict(query.where), scope)
        case ListedOptions(values=template):
            yield Site(f"{pointer}/from/values", template, scope)


def idle(document: JsonValue, used: list[str], pointer: str = "") -> Iterator[tuple[str, str]]:
    """Texts with an expression, by pointer, that stand where none is worked out."""
    if pointer in used or not has_expression(document):
        return
    if isinstance(document, str):
        yield pointer, document
    elif isinstance(document, dict):
        for key, value in document.items():
            yield from idle(value, used, under(pointer, key))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from idle(value, used, under(pointer, number))
