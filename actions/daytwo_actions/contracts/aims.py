"""Which pipelines a step can lead to, as far as that is known without anybody having filled in a form. Pure.

Constants, and what depends on the entity alone: then for a sample of the entities that there are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.base import Target
from daytwo_actions.definitions import ActionVersion
from daytwo_actions.definitions.steps.dispatch import DispatchStep
from daytwo_actions.expressions import Evaluator, ExpressionError, Template, names, parse_template

Record = Mapping[str, JsonValue]
MOST_ENTITIES: Final = 10  # that a step is looked at for


@dataclass(frozen=True, kw_only=True, slots=True)
class Aimed:
    """One pipeline that a step leads to. `entity` is the ref of the one that it was worked out for."""

    version: ActionVersion
    number: int  # of the step
    target: Target
    entity: str | None
    undo: bool = False  # it is the pipeline that undoes it

    @property
    def step(self) -> DispatchStep:
        whole = self.version.model.spec.steps[self.number]
        step = whole.undo if self.undo else whole
        assert isinstance(step, DispatchStep), "only pipelines are aimed at"
        return step

    @property
    def pointer(self) -> str:
        return _pointer(self.number, undo=self.undo)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unaimed:
    """A step whose pipeline is not known before a form is filled in. `because` says what is in the way."""

    version: ActionVersion
    number: int
    because: str
    undo: bool = False

    @property
    def pointer(self) -> str:
        return _pointer(self.number, undo=self.undo)


def _pointer(number: int, *, undo: bool) -> str:
    return f"/spec/steps/{number}{'/undo' if undo else ''}"


def aims(version: ActionVersion, entities: Sequence[Record]) -> Iterator[Aimed | Unaimed]:
    for number, step in enumerate(version.model.spec.steps):
        if isinstance(step, DispatchStep):
            yield from _of_step(version, number, step, entities)
        if isinstance(step.undo, DispatchStep):
            yield from (replace(one, undo=True) for one in _of_step(version, number, step.undo, entities))


def _of_step(
    version: ActionVersion, number: int, step: DispatchStep, entities: Sequence[Record]
) -> Iterator[Aimed | Unaimed]:
    wanted = {
        "project": parse_template(step.with_.project),
        "pipeline": parse_template(step.with_.pipeline or ""),
        "ref": parse_template(step.with_.ref or ""),
    }
    if _needs(wanted["ref"]) - {"entity"}:
        wanted["ref"] = parse_template("")  # whoever starts it chooses the ref: the default branch stands for all
    others = sorted(set().union(*map(_needs, wanted.values())) - {"entity"})
    if others:
        because = f"which pipeline it is depends on {', '.join(f'`{one}`' for one in others)}"
        yield Unaimed(version=version, number=number, because=because)
    elif not any(map(_needs, wanted.values())):
        yield Aimed(version=version, number=number, target=_target(wanted, {}), entity=None)
    else:
        yield from _for_entities(version, number, wanted, entities)


def _for_entities(
    version: ActionVersion, number: int, wanted: Mapping[str, Template], entities: Sequence[Record]
) -> Iterator[Aimed | Unaimed]:
    kind = version.model.spec.target.kind if version.model.spec.target else None
    found = 0
    for entity in entities:
        if entity["kind"] != kind or found == MOST_ENTITIES:
            continue
        try:
            target = _target(wanted, {"entity": dict(entity)})
        except ExpressionError:
            continue  # this one has not what the step needs; a run for it would be refused and say so
        if target.project:
            found += 1
            yield Aimed(version=version, number=number, target=target, entity=str(entity["ref"]))
    if not found:
        because = f"which pipeline it is depends on the {kind}, and none is known here that has one"
        yield Unaimed(version=version, number=number, because=because)


def _needs(template: Template) -> set[str]:
    return {str(name.parts[0]) for name in names(template)}


def _target(wanted: Mapping[str, Template], context: Mapping[str, JsonValue]) -> Target:
    evaluator = Evaluator()
    values = {key: evaluator.evaluate(template, context) for key, template in wanted.items()}
    return Target(**{key: value if isinstance(value, str) else "" for key, value in values.items()})
