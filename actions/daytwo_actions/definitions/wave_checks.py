"""Steps that go through a list: what their keys mean together, and what they look for in the catalog."""

from collections.abc import Iterator, Mapping
from typing import Final

from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.model import Action
from daytwo_actions.definitions.shapes import TEXT, KindShape, Many, Members, Single, find, of_schema
from daytwo_actions.definitions.steps.foreach import ASK, Each, ForeachStep, Targets
from daytwo_actions.expressions import did_you_mean

# What `item` is to the check between two waves.
WAVE: Final = Members({"number": Single("a number"), "keys": Many(TEXT)})


def wave_problems(action: Action, document: Document) -> Iterator[Problem]:
    for number, step in enumerate(action.spec.steps):
        if isinstance(step, ForeachStep):
            at = f"/spec/steps/{number}/with"
            yield from _what(step.with_, at, document)
            yield from _waves(step.with_, at, document)
            for place, name in enumerate(step.with_.ask.escalate if step.with_.ask is not None else ()):
                if name == "owner" and action.spec.target is None:
                    message = "`owner` is the owning group of the target, and this action has no `target`"
                    yield document.problem(f"{at}/ask/escalate/{place}", message, "Name a group.")


def target_problems(action: Action, document: Document, kinds: Mapping[str, KindShape]) -> Iterator[Problem]:
    """What of the catalog is named by `targets`, and is not there."""
    for number, step in enumerate(action.spec.steps):
        targets = step.with_.targets if isinstance(step, ForeachStep) else None
        if targets is None:
            continue
        at = f"/spec/steps/{number}/with/targets"
        kind = kinds.get(targets.kind)
        if kind is None:
            yield document.problem(
                f"{at}/kind", f"There is no kind `{targets.kind}`", did_you_mean(targets.kind, kinds)
            )
        else:
            yield from _conditions(targets, kind, at, document)


def _what(each: Each, at: str, document: Document) -> Iterator[Problem]:
    if each.items is None and each.targets is None:
        yield document.problem(at, "It does not say for each of what", "Give `items`, or `targets` of the catalog.")
    elif each.targets is not None:
        for key in ("items", "key"):
            if getattr(each, key) is not None:
                message = f"`targets` are entities, each named by its ref, so `{key}` says nothing"
                yield document.problem(f"{at}/{key}", message, f"Leave `{key}` out, or `targets`.", at_key=True)


def _waves(each: Each, at: str, document: Document) -> Iterator[Problem]:
    for key in ("check", "pause"):
        if getattr(each, key) is not None and not each.in_waves:
            message = f"`{key}` comes between two waves, and there is one"
            yield document.problem(f"{at}/{key}", message, "Add `canary` or `batch`.", at_key=True)
    asks = [key for key in ("pause", "on_too_many") if getattr(each, key) == ASK]
    if asks and each.ask is None:
        yield document.problem(f"{at}/{asks[0]}", "It does not say who is asked", "Add `ask: { from: [...] }`.")
    elif each.ask is not None and not asks:
        message = "Nobody would ever be asked"
        yield document.problem(f"{at}/ask", message, "Write `pause: ask` or `on_too_many: ask`.", at_key=True)


def _conditions(targets: Targets, kind: KindShape, at: str, document: Document) -> Iterator[Problem]:
    shape = of_schema(dict(kind.schema))
    known = {*(shape.known if isinstance(shape, Members) else {}), *kind.relations}
    for name in targets.where:
        if name not in kind.relations and find(shape, name.split(".")) is not None:
            message = f"The kind `{targets.kind}` has no property or relation `{name}`"
            yield document.problem(f"{at}/where/{name}", message, did_you_mean(name, known), at_key=True)
