"""What the steps of a plan go through in the catalog: looked for once, and after that what stands in the plan."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from pydantic import JsonValue

from daytwo_actions.definitions.steps.foreach import MOST_ITEMS
from daytwo_actions.plan.facts import Facts, FoundTarget
from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.program import Program
from daytwo_actions.plan.sealed_targets import SEALED, TARGETS, must_be_shown, must_be_some, target_queries
from daytwo_actions.plan.steps import PlannedKind
from daytwo_catalog.model import record
from daytwo_store import entities, entity_targets
from daytwo_store.engine import Session
from daytwo_store.entities import Sees
from daytwo_store.ids import EntityRef

Sealed = Mapping[str, Mapping[str, JsonValue]]  # what such a step is given in a plan, by its path


def sealed_in(plan: Plan) -> Sealed:
    """What a plan that there is has its steps go through."""
    return {one.path: one.given for one in plan.steps if isinstance(one, PlannedKind) and SEALED in one.given}


async def with_targets(
    session: Session, program: Program, facts: Facts, sealed: Sealed, *, sees: Sees, shown_to: Collection[str]
) -> Facts:
    """`shown_to`: who sees the run, empty for everybody; they read which targets it has.

    Raises `Rejected` for none, for too many, for what cannot be looked for, and for those that not all of them may see.
    """
    found: dict[str, list[FoundTarget]] = {}
    for query in target_queries(program.steps, facts):
        before = sealed.get(query.path, {})
        if before.get(TARGETS) == query.given:
            found[query.path] = await _again(session, before[SEALED], sees=sees)
            continue
        total, first = await entity_targets.count_and_first(
            session, query.kind, query.where, query.owner, sees=sees, limit=MOST_ITEMS
        )
        must_be_some(query, total)
        must_be_shown(query, sum(not _shown(one.visible_to, shown_to) for one in first))
        found[query.path] = [FoundTarget(ref=one.ref, record=record(one)) for one in first]
    return replace(facts, targets=found) if found else facts


def _shown(visible_to: Collection[str], shown_to: Collection[str]) -> bool:
    """May everybody who sees the run see this entity as well?"""
    return not visible_to or (bool(shown_to) and set(shown_to) <= set(visible_to))


async def _again(session: Session, items: JsonValue, *, sees: Sees) -> list[FoundTarget]:
    assert isinstance(items, list)
    before = {EntityRef(str(one["key"])): one for one in items if isinstance(one, dict)}
    now = await entities.get_many(session, set(before), sees=sees)
    return [
        FoundTarget(ref=ref, record=record(now[ref]) if ref in now else None, before=item)
        for ref, item in before.items()
    ]
