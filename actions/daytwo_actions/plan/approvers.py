"""Who approves a plan, stage by stage: what the definition says, with the names that the catalog has for it today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from daytwo_actions.definitions.approval_stage import ALL, ApprovalStage
from daytwo_actions.definitions.approvers import OnCall, remind_after
from daytwo_actions.expressions import Evaluator, ExpressionError
from daytwo_actions.plan.facts import Facts
from daytwo_actions.plan.model import PlannedApproval, PlannedStage
from daytwo_actions.plan.program import ApprovalProgram
from daytwo_store.errors import Rejected
from daytwo_store.ids import EntityRef
from daytwo_store.on_call import Place
from daytwo_store.terms import Escalation, Terms

MOST_ASKED: Final = 50  # people who are asked by name in one stage


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """People to be looked up for one entry of `approval`."""

    stage: int  # number of the entry
    queries: Sequence[Mapping[str, JsonValue]]  # property or relation of a person, and its value
    groups: Sequence[str]  # whose members are asked one by one
    owners: Sequence[str] = ()  # refs of entities whose owners are asked


def wanted_people(stages: Sequence[ApprovalProgram], facts: Facts) -> list[Wanted]:
    """What has to be looked up in the catalog before the plan is made. Raises `Rejected`."""
    evaluator = Evaluator()
    return [
        Wanted(
            stage=number,
            queries=_queries(one, evaluator, facts),
            groups=[name for name in _named(one, facts) if name.startswith("group:")] if one.stage.count == ALL else [],
            owners=_others(one, evaluator, facts),
        )
        for number, one in enumerate(stages)
        if (one.people or one.owners or one.stage.count == ALL) and _needed(one, evaluator, facts)
    ]


def planned_approval(stages: Sequence[ApprovalProgram], evaluator: Evaluator, facts: Facts) -> PlannedApproval | None:
    """The stages that are needed, in order. Raises `Rejected` when nobody is there who could approve."""
    needed = [(number, one) for number, one in enumerate(stages) if _needed(one, evaluator, facts)]
    planned = [
        PlannedStage(
            id=one.stage.id,
            form=_form(one),
            needed_from=(asked := _asked(number, one, evaluator, facts)),
            count=len(asked) if one.stage.count == ALL else int(one.stage.count),
            expires_in=int(one.stage.expires.total_seconds()),
            again=one.stage.again,
            terms=_terms(one.stage, facts),
            rule=_rule(one, evaluator, facts),
        )
        for number, one in needed
    ]
    if not planned:
        return None
    return PlannedApproval(
        id=planned[0].id,
        form=planned[0].form,
        needed_from=planned[0].needed_from,
        count=planned[0].count,
        expires_at=facts.now + needed[0][1].stage.expires,
        terms=planned[0].terms,
        then=planned[1:],
        rule=planned[0].rule,
    )


def filled_in(stages: Sequence[ApprovalProgram], facts: Facts) -> frozenset[str]:
    """The stages that are needed and have a form: what they fill in is not known yet."""
    if facts.break_glass:
        return frozenset()
    evaluator = Evaluator()
    return frozenset(one.stage.id for one in stages if one.stage.id and one.form and _needed(one, evaluator, facts))


def _form(one: ApprovalProgram) -> dict[str, dict[str, JsonValue]]:
    return {name: dict(schema) for name, schema in one.form.items()}


def _rule(one: ApprovalProgram, evaluator: Evaluator, facts: Facts) -> str | None:
    """The rule that approves this stage, or None: people do. What cannot be worked out leaves it to people."""
    if one.auto is None or facts.frozen:
        return None
    try:
        return one.stage.auto if evaluator.evaluate(one.auto, facts.context) is True else None
    except ExpressionError:
        return None


def _needed(one: ApprovalProgram, evaluator: Evaluator, facts: Facts) -> bool:
    """What cannot be worked out is needed: it fails safe."""
    try:
        return evaluator.evaluate(one.when, facts.context) is not False
    except ExpressionError:
        return True


def _queries(one: ApprovalProgram, evaluator: Evaluator, facts: Facts) -> list[Mapping[str, JsonValue]]:
    found: list[Mapping[str, JsonValue]] = []
    for template in one.people:
        try:
            query = evaluator.evaluate(template, facts.context)
        except ExpressionError as error:
            raise Rejected(f"Who approves it cannot be worked out: {error.detail} Nothing was started.") from error
        assert isinstance(query, dict)
        odd = [name for name, value in query.items() if not isinstance(value, str | int | float)]
        if odd:
            raise Rejected(
                f"Who approves it is looked for by {', '.join(odd)}, and that did not come out as one value. "
                "Nothing was started. Look at the entity in the catalog, or at the action's definition."
            )
        found.append(query)
    return found


def _terms(stage: ApprovalStage, facts: Facts) -> Terms:
    escalate = None
    if stage.escalate is not None:
        named = [facts.owner if entry == "owner" else entry for entry in stage.escalate.to]
        to = [name for name in named if name is not None]
        escalate = Escalation(after=int(stage.escalate.after.total_seconds()), to=to) if to else None
    return Terms(
        self_approval=stage.self_approval,
        editor_approval=stage.editor_approval,
        reason=sorted(set(stage.reason)),
        remind=sorted({int(remind_after(one, stage.expires).total_seconds()) for one in stage.remind}),
        escalate=escalate,
    )


def _others(one: ApprovalProgram, evaluator: Evaluator, facts: Facts) -> list[str]:
    """Refs of the entities whose owners are asked."""
    found: list[str] = []
    for template in one.owners:
        try:
            value = evaluator.evaluate(template, facts.context)
        except ExpressionError as error:
            raise Rejected(f"Who approves it cannot be worked out: {error.detail} Nothing was started.") from error
        refs = value if isinstance(value, list) else [value]
        if not refs or not all(isinstance(ref, str) and ":" in ref for ref in refs):
            raise Rejected(
                "This needs the approval of another entity's owner, and `owner_of` did not come out as the ref of one. "
                "Nothing was started. Look at the entity in the catalog, or at the action's definition."
            )
        found += [str(ref) for ref in refs]
    return found


def _named(one: ApprovalProgram, facts: Facts) -> list[str]:
    """What the definition names itself: groups, people, roles, and where to look up who is on call."""
    names: list[str | None] = []
    for entry in one.stage.from_:
        if isinstance(entry, str):
            names.append(facts.owner if entry == "owner" else entry)
        elif isinstance(entry, OnCall):
            names.append(str(_place(entry, facts)))
    return [name for name in names if name is not None]


def _names(one: ApprovalProgram, evaluator: Evaluator, facts: Facts) -> list[str]:
    owners = {ref: facts.owners.get(ref) for ref in _others(one, evaluator, facts)}
    without = [ref for ref, owner in owners.items() if owner is None]
    if without:
        raise Rejected(
            f"This needs the approval of the owner of {', '.join(without)}, and the catalog names none. Nothing was "
            "started. Give it an owner in the catalog."
        )
    return list(dict.fromkeys([*_named(one, facts), *(owner for owner in owners.values() if owner is not None)]))


def _place(entry: OnCall, facts: Facts) -> Place:
    """Where to look when somebody decides."""
    assert entry.path is not None, "checked when the definition was registered"
    first, *rest = entry.path
    ref = facts.entity
    if first == "inputs":
        answer = facts.inputs.get(rest.pop(0))
        ref = EntityRef(answer) if isinstance(answer, str) else None
    if ref is None:
        raise Rejected(
            f"Who is on call for it is looked up as {'.'.join(entry.path)}, and no entity was chosen there. "
            "Nothing was started. Choose one."
        )
    return Place(rest[0], tuple(rest[1:]), ref)


def _asked(number: int, one: ApprovalProgram, evaluator: Evaluator, facts: Facts) -> list[str]:
    """Groups and people; people alone where all of them are needed. Who asks for the run is among them only where the
    definition lets them approve it."""
    named = _names(one, evaluator, facts)
    if one.people or one.stage.count == ALL:
        people = {*facts.people.get(number, ()), *(name for name in named if name.startswith("person:"))}
        groups = [] if one.stage.count == ALL else [name for name in named if not name.startswith("person:")]
        never: set[JsonValue] = set() if one.stage.self_approval else {_requester(facts), *facts.fillers}
        if facts.editor is not None and not one.stage.editor_approval:
            never |= set(facts.editor.people)
        if facts.cause is not None and not one.stage.editor_approval:
            never |= set(facts.cause.writers)
        return _enough(groups, sorted(people - never), one)
    if not named:
        raise Rejected(
            f"This needs the approval of the owner of {facts.entity}, and it has none. Nothing was started. "
            "Give it an owner in the catalog."
        )
    return named


def _enough(groups: list[str], people: list[str], one: ApprovalProgram) -> list[str]:
    needed = 1 if one.stage.count == ALL else int(one.stage.count)
    if not groups and len(people) < needed:
        raise Rejected(
            f"This needs the approval of {needed}, and the catalog names {len(people)} who may give it (never who asks "
            "for it). Nothing was started. Look at the people in the catalog, or at the action's definition."
        )
    if len(people) > MOST_ASKED:
        raise Rejected(
            f"This would ask {len(people)} people by name, and {MOST_ASKED} are the most. Nothing was started. "
            "Ask a group."
        )
    return [*groups, *people]


def _requester(facts: Facts) -> JsonValue:
    user = facts.context.get("user")
    return user.get("ref") if isinstance(user, dict) else None
