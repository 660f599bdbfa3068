"""What somebody who decides sees beside the sealed plan: how it stands now, the last run, the lock, the undo."""

from dataclasses import dataclass, field

from pydantic import JsonValue

from daytwo_actions.plan.difference import Change, differences
from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.steps import PlannedStep
from daytwo_api.asker import Asker
from daytwo_api.services.approval_views import as_view
from daytwo_api.services.changes import previewed
from daytwo_api.services.plan_views import lock_now
from daytwo_api.views.actions import Difference, PlannedChange, PlannedLock
from daytwo_api.views.approvals import PlannedUndo, TargetNow, UndoRequest
from daytwo_catalog.errors import EntityRejected
from daytwo_catalog.write import preview
from daytwo_store import entities
from daytwo_store.engine import Session
from daytwo_store.ids import EntityRef
from daytwo_store.tables import ApprovalRow, RunRow
from daytwo_workflows.life.beside import Beside, beside
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finish import entity_write


@dataclass(frozen=True, kw_only=True, slots=True)
class BesideViews:
    target: TargetNow | None = None
    read: list[Difference]
    request_differences: list[Difference]
    changes: list[PlannedChange] = field(default_factory=list)
    changes_problem: str | None = None
    lock: PlannedLock | None = None
    undo: PlannedUndo | None = None


async def beside_views(
    life: Life,
    session: Session,
    by: Asker,
    row: ApprovalRow,
    run: RunRow,
    previous: RunRow | None,
    *,
    back_to: RunRow | None,
) -> BesideViews:
    """`previous`: what it is compared with; `back_to`: what an undo would go back to.

    Of one that is decided: what was sealed alone, for it does not matter any more how it stands now.
    """
    plan = Plan.model_validate_json(row.document)
    last = Plan.model_validate_json(previous.plan) if previous else None
    changed = [as_view(one.as_json()) for one in _requests(last, plan)] if last else []
    if row.state != "pending":
        return BesideViews(read=[_same(name, value) for name, value in plan.read.items()], request_differences=changed)
    now = await beside(life, session, run, back_to)
    changes, problem = await _changes(session, by, plan)
    return BesideViews(
        target=_target(plan, now),
        read=[
            Difference(field=name, before=value, after=None if now.problem else now.read.get(name))
            for name, value in plan.read.items()
        ],
        request_differences=changed,
        changes=changes,
        changes_problem=problem,
        lock=await lock_now(session, by, plan, await life.store.clock.now(session)),
        undo=_undo(now),
    )


async def _changes(session: Session, by: Asker, plan: Plan) -> tuple[list[PlannedChange], str | None]:
    """What the run would make of the catalog as it is now, or why that would be refused."""
    ref = EntityRef(plan.entity.ref) if plan.entity else None
    like = (await entities.get_many(session, [ref], sees=entities.EVERYTHING)).get(ref) if ref else None
    try:
        would = await preview(session, [entity_write(write) for write in plan.catalog], like=like)
    except EntityRejected as error:
        return [], error.detail
    return await previewed(session, by, would, plan.catalog), None


def _target(plan: Plan, now: Beside) -> TargetNow | None:
    if plan.entity is None:
        return None
    return TargetNow(ref=plan.entity.ref, owner_sealed=plan.entity.owner, owner=now.owner, problem=now.problem)


def _undo(now: Beside) -> PlannedUndo:
    return PlannedUndo(
        why_not=now.no_undo or now.problem,
        inputs=now.undo_inputs,
        requests=[
            UndoRequest(
                step=one.step.path,
                connection=one.step.uses,
                project=one.target.project,
                pipeline=one.target.pipeline,
                ref=one.target.ref,
                inputs={**one.inputs, **{name: hole.value for name, hole in one.holes.items()}},
            )
            for one in now.undo or ()
        ],
    )


def _same(name: str, value: JsonValue) -> Difference:
    return Difference(field=name, before=value, after=value)


def _requests(last: Plan, plan: Plan) -> list[Change]:
    return differences(
        {step.path: _sent(step) for step in last.dispatches}, {step.path: _sent(step) for step in plan.dispatches}
    )


def _sent(step: PlannedStep) -> dict[str, JsonValue]:
    return {
        "connection": step.uses,
        "project": step.project,
        "pipeline": step.pipeline,
        "ref": step.ref,
        "commit": step.pinned.commit,
        "pipeline file": step.pinned.pipeline_digest,
        "inputs": {**step.inputs, **{name: hole.value for name, hole in step.holes.items()}},
    }
