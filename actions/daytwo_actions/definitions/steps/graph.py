"""Which step needs which: as written, or in order."""

from collections.abc import Mapping, Sequence

from daytwo_actions.definitions.steps.common import StepBase


def needed(steps: Sequence[StepBase]) -> dict[str, tuple[str, ...]]:
    """By step, those that it needs itself. A step that does not say needs the one before it."""
    found: dict[str, tuple[str, ...]] = {}
    before: tuple[str, ...] = ()
    for step in steps:
        found[step.id] = before if step.needs is None else tuple(dict.fromkeys(step.needs))
        before = (step.id,)
    return found


def before(step: str, needs: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Every step that has ended when this one begins. With a cycle in it, itself too."""
    found: set[str] = set()
    todo = list(needs.get(step, ()))
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo += needs.get(one, ())
    return frozenset(found)
