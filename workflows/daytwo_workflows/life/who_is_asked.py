"""Who is asked by a plan, before its run and in the middle of it, so that two plans can be compared."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from daytwo_actions.definitions.approval_stage import ALL
from daytwo_actions.definitions.approvers import AskedFor, OnCall, OwnerOf
from daytwo_actions.definitions.steps.approval import ApprovalStep
from daytwo_actions.plan.model import PlannedApproval, PlannedStage
from daytwo_actions.plan.step_program import StepProgram
from daytwo_actions.plan.steps import Planned


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One stage. Of a step that asks in the middle, `needed_from` is what its definition says: the people are looked up
    there when it begins."""

    needed_from: tuple[str, ...]
    count: int | None  # None: all of them
    rule: str | None = None  # the expression that approves it in place of people
    step: str | None = None  # the step that asks; None: before the run
    self_approval: bool = False
    editor_approval: bool = False


def who_is_asked(
    approval: PlannedApproval | None, planned: Collection[Planned], program: Collection[StepProgram], owner: str | None
) -> tuple[Asked, ...]:
    """`planned` are the steps of the plan, `program` those of its definition, `owner` the target's owning group."""
    stages: list[PlannedApproval | PlannedStage] = [approval, *approval.then] if approval is not None else []
    runs = {one.path for one in planned if one.runs}
    return (*map(_stage, stages), *_steps([one for one in program if one.path in runs], owner))


def _stage(stage: PlannedApproval | PlannedStage) -> Asked:
    return Asked(
        needed_from=tuple(stage.needed_from),
        count=stage.count,
        rule=stage.rule,
        self_approval=stage.terms.self_approval,
        editor_approval=stage.terms.editor_approval,
    )


def _steps(program: Collection[StepProgram], owner: str | None) -> Iterator[Asked]:
    for one in program:
        if isinstance(one.step, ApprovalStep):
            ask = one.step.with_
            yield Asked(
                needed_from=tuple(_named(entry, owner) for entry in ask.from_),
                count=None if ask.count == ALL else int(ask.count),
                step=one.path,
                self_approval=ask.self_approval,
                editor_approval=ask.editor_approval,
            )


def _named(entry: AskedFor, owner: str | None) -> str:
    if isinstance(entry, str):
        return owner or "the owner" if entry == "owner" else entry
    if isinstance(entry, OnCall):
        return f"whoever is on call by {entry.on_call}"
    if isinstance(entry, OwnerOf):
        return f"the owner of {entry.owner_of}"
    return "people whom the catalog names"
