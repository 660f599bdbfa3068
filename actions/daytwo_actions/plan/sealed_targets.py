"""The targets of a step that goes through the catalog, as they stand in the plan: which, and what each of them gets.

They are looked for once. When a plan is made again, its targets are those of before, with today's values: what is new
in the catalog is not among them, and what is gone stays, to be refused when its turn comes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from daytwo_actions.definitions.steps.foreach import MOST_ITEMS, Each, ForeachStep
from daytwo_actions.expressions import Evaluator, ExpressionError, parse_template
from daytwo_actions.plan.evaluating import evaluated, holds
from daytwo_actions.plan.facts import Facts, FoundTarget
from daytwo_actions.plan.step_program import StepProgram
from daytwo_store.errors import Rejected

SEALED: Final = "sealed"  # in what a step is given
TARGETS: Final = "targets"
Item = dict[str, JsonValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetQuery:
    """What is looked for, with every expression worked out."""

    path: str
    kind: str
    where: Mapping[str, JsonValue]
    owner: str | None
    given: JsonValue  # the same, as it stands in the plan


def target_queries(steps: Sequence[StepProgram], facts: Facts) -> list[TargetQuery]:
    """Raises `Rejected` for what cannot be worked out."""
    evaluator, found = Evaluator(), list[TargetQuery]()
    for step in steps:
        if not isinstance(step.step, ForeachStep) or step.step.with_.targets is None:
            continue
        if step.knows and not holds(step, evaluator, facts):
            continue  # it is skipped, so whether there are any does not matter
        given = evaluated(evaluator, step.early[TARGETS], facts, f"targets of step {step.path}")
        assert isinstance(given, dict)
        where, owner = given.get("where") or {}, given.get("owner")
        assert isinstance(where, dict)
        odd = [name for name, value in where.items() if not isinstance(value, str | int | float)]
        if odd or not (owner is None or isinstance(owner, str)):
            raise Rejected(
                f"What step {step.path} goes through is looked for by {', '.join(odd) or 'owner'}, and that did not "
                "come out as one value. Nothing was started. Look at the inputs, or at the action's definition."
            )
        found.append(
            TargetQuery(path=step.path, kind=str(given["kind"]), where=where, owner=owner or None, given=given)
        )
    return found


def must_be_some(query: TargetQuery, total: int) -> None:
    """Raises `Rejected`: a list of nothing, or of too many, starts nothing."""
    if total == 0:
        raise Rejected(
            f"Step {query.path} goes through entities of the kind {query.kind}, and none that you may see fits. "
            "Nothing was started. Look at the inputs, or at the catalog."
        )
    if total > MOST_ITEMS:
        raise Rejected(
            f"Step {query.path} would go through {total} entities, and {MOST_ITEMS} are the most. Nothing was started. "
            "Choose fewer, or split them over several runs."
        )


def must_be_shown(query: TargetQuery, hidden: int) -> None:
    """Raises `Rejected`: who sees a run reads in its plan what it goes through."""
    if hidden:
        raise Rejected(
            f"Step {query.path} would go through {hidden} entities that not everybody may see who sees this run. "
            "Nothing was started. Choose others, or ask for it on an entity that is shown to the same groups."
        )


def sealed_items(step: StepProgram, facts: Facts) -> list[Item]:
    """What the run of each of them is asked for with. Raises `Rejected`."""
    assert isinstance(step.step, ForeachStep)
    return [_item(step, step.step.with_, one, facts) for one in facts.targets.get(step.path, ())]


def _item(step: StepProgram, each: Each, target: FoundTarget, facts: Facts) -> Item:
    if target.record is None:  # it is gone, or may not be seen any more
        return dict(target.before or {"key": target.ref, "entity": target.ref, "inputs": {}})
    context = {**facts.context, "item": dict(target.record)}
    evaluator = Evaluator()
    try:
        inputs = evaluator.evaluate(parse_template(dict(each.inputs)), context)
        entity = evaluator.evaluate(parse_template(each.entity), context) if each.entity is not None else target.ref
    except ExpressionError as error:
        raise Rejected(
            f"What {target.ref} gets in step {step.path} cannot be worked out: {error.detail} Nothing was started."
        ) from error
    return {"key": target.ref, "entity": entity, "inputs": inputs}
