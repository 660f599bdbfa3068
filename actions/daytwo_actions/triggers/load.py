"""From a trigger document to a trigger, or every problem in it at its place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue, ValidationError

from daytwo_actions.definitions import ActionVersion, faults
from daytwo_actions.definitions.check import expression_problem
from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import DefinitionRejected, Problem
from daytwo_actions.definitions.load import digest_of
from daytwo_actions.definitions.standing_asks import unfitting_ask
from daytwo_actions.expressions import ExpressionError, did_you_mean, names, parse_template
from daytwo_actions.triggers.model import On, Trigger, TriggerSpec
from daytwo_forms.pointers import under
from daytwo_store.ids import ActionName

_NAMES: Final = ("event", "item")


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedTrigger:
    """A checked trigger, as it is stored."""

    model: Trigger
    document: Mapping[str, JsonValue]
    digest: str
    file: str

    @property
    def name(self) -> str:
        return self.model.metadata.name


def trigger_of(document: Document) -> LoadedTrigger:
    """Check one document. Raises `DefinitionRejected` with every problem."""
    try:
        model = Trigger.model_validate(document.value)
    except ValidationError as error:
        raise DefinitionRejected(faults.problems(error, document, Trigger)) from error
    problems = [*_on(model.spec.on, document), *_expressions(model.spec, document), *_throttled(model.spec, document)]
    if problems:
        raise DefinitionRejected(problems)
    assert isinstance(document.value, dict)
    return LoadedTrigger(model=model, document=document.value, digest=digest_of(document.value), file=document.file)


def restore_trigger(document: Mapping[str, JsonValue]) -> TriggerSpec | None:
    """What is stored; None when it cannot be read any more."""
    try:
        return Trigger.model_validate(document).spec
    except ValidationError:
        return None


def unfitting_trigger(
    model: Trigger, document: Document, actions: Mapping[ActionName, ActionVersion]
) -> Iterator[Problem]:
    """What does not fit to the actions that there are."""
    spec, run = model.spec, model.spec.on.run
    if run is not None and run not in actions:
        yield document.problem("/spec/on/run", f"There is no action `{run}`", did_you_mean(run, actions))
    yield from unfitting_ask(
        document,
        actions,
        action=spec.action,
        on_entity=spec.entity is not None,
        inputs=spec.inputs,
        reason="no event gives one",
    )


def _on(on: On, document: Document) -> Iterator[Problem]:
    if sum(one is not None for one in (on.event, on.catalog, on.run)) != 1:
        yield document.problem("/spec/on", "A trigger listens to `event`, `catalog` or `run`, and to one of them only")
        return
    if (on.changes is not None or on.expired is not None) and on.catalog is None:
        yield document.problem("/spec/on", "`changes` and `expired` are about the `catalog`")
    if on.catalog is not None and (on.changes is None) == (on.expired is None):
        yield document.problem("/spec/on", "What of the catalog? It has `changes` or `expired`, and one of them only")
    if (on.ended is None) != (on.run is None):
        yield document.problem("/spec/on", "`run` says of which action, and `ended` how: both, or neither")


def _throttled(spec: TriggerSpec, document: Document) -> Iterator[Problem]:
    if (spec.key is None) != (spec.throttle is None):
        yield document.problem("/spec", "`key` says of what, and `throttle` for how long: both, or neither")


def _expressions(spec: TriggerSpec, document: Document) -> Iterator[Problem]:
    places: tuple[tuple[str, JsonValue], ...] = (
        ("/spec/each", spec.each),
        ("/spec/when", spec.when),
        ("/spec/key", spec.key),
        ("/spec/entity", spec.entity),
        *((under("/spec/inputs", name), value) for name, value in spec.inputs.items()),
    )
    for pointer, value in places:
        try:
            found = names(parse_template(value, pointer=pointer))
        except ExpressionError as error:
            yield expression_problem(error, document)
            continue
        known = _NAMES if spec.each is not None and pointer != "/spec/each" else _NAMES[:1]
        for name in found:
            root = str(name.parts[0])
            if root not in known:
                advice = did_you_mean(root, known) or f"Known here: {', '.join(known)}."
                yield document.problem_in(pointer, name.text, name.spans[0], f"`{root}` is not known here", advice)
