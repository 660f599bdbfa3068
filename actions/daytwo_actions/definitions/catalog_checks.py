"""What a definition says about the catalog, against the kinds that are there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from daytwo_actions.definitions.approvers import People
from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.model import Action
from daytwo_actions.definitions.shapes import KindShape, Members, find, of_schema
from daytwo_actions.definitions.stages import asked_stages
from daytwo_actions.definitions.upsert import Upsert
from daytwo_actions.expressions import did_you_mean
from daytwo_forms.fields import Page

Kinds = Mapping[str, KindShape]
PERSON: Final = "person"


def kind_problems(action: Action, document: Document, kinds: Kinds) -> Iterator[Problem]:
    """Kinds that are named but not there."""
    for pointer, kind in _named_kinds(action):
        if kind not in kinds:
            yield document.problem(pointer, f"There is no kind `{kind}`", did_you_mean(kind, kinds))


def catalog_problems(action: Action, document: Document, kinds: Kinds) -> Iterator[Problem]:
    """Properties and relations that an upsert writes but its kind does not declare."""
    for number, change in enumerate(action.spec.catalog):
        kind = kinds.get(change.upsert.kind)
        if kind is not None:
            yield from _upsert(change.upsert, kind, f"/spec/catalog/{number}/upsert", document)


def people_problems(action: Action, document: Document, kinds: Kinds) -> Iterator[Problem]:
    """Properties and relations that approvers are looked for by, but that people do not have."""
    kind = kinds.get(PERSON)
    for asked, stage in asked_stages(action.spec):
        for place, entry in enumerate(stage.from_):
            if not isinstance(entry, People):
                continue
            pointer = f"{asked}/from/{place}/people"
            if kind is None:
                yield document.problem(pointer, f"There is no kind `{PERSON}`", "Add it to the catalog.")
                continue
            shape = of_schema(dict(kind.schema))
            known = {*(shape.known if isinstance(shape, Members) else {}), *kind.relations}
            for name in entry.people:
                if name not in kind.relations and find(shape, [name]) is not None:
                    message = f"People have no property or relation `{name}`"
                    yield document.problem(f"{pointer}/{name}", message, did_you_mean(name, known), at_key=True)


def _named_kinds(action: Action) -> Iterator[tuple[str, str]]:
    if action.spec.target is not None:
        yield "/spec/target/kind", action.spec.target.kind
    yield from _kinds_of_pages(action.spec.form.pages, "/spec/form/pages")
    for number, stage in enumerate(action.spec.approval):
        yield from _kinds_of_pages(stage.form.pages, f"/spec/approval/{number}/form/pages")
    for number, change in enumerate(action.spec.catalog):
        yield f"/spec/catalog/{number}/upsert/kind", change.upsert.kind


def _kinds_of_pages(pages: Sequence[Page], at: str) -> Iterator[tuple[str, str]]:
    for number, page in enumerate(pages):
        for name, field in page.properties.items():
            pointer = f"{at}/{number}/properties/{name}"
            for item, place in ((field, pointer), (field.items, f"{pointer}/items")):
                if item is not None and item.kind is not None:
                    yield f"{place}/kind", item.kind
                catalog = getattr(item.from_, "catalog", None) if item is not None else None
                if catalog is not None:
                    yield f"{place}/from/catalog/kind", catalog.kind


def _upsert(upsert: Upsert, kind: KindShape, pointer: str, document: Document) -> Iterator[Problem]:
    shape = of_schema(dict(kind.schema))
    known = shape.known if isinstance(shape, Members) else {}
    for name in upsert.properties:
        if find(shape, [name]) is not None:
            message = f"The kind `{upsert.kind}` declares no property `{name}`"
            yield document.problem(f"{pointer}/properties/{name}", message, did_you_mean(name, known), at_key=True)
    for name, value in upsert.relations.items():
        relation = kind.relations.get(name)
        place = f"{pointer}/relations/{name}"
        if relation is None:
            message = f"The kind `{upsert.kind}` declares no relation `{name}`"
            yield document.problem(place, message, did_you_mean(name, kind.relations), at_key=True)
        elif not _fits(value, many=relation.many):
            wanted = "a list of refs, or an expression for one" if relation.many else "one ref"
            yield document.problem(place, f"The relation `{name}` is {wanted}")


def _fits(value: JsonValue, *, many: bool) -> bool:
    if isinstance(value, list):
        return many and all(isinstance(item, str) for item in value)
    return isinstance(value, str) and (not many or "${{" in value)
