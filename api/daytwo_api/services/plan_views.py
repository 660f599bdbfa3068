"""A dry run as one asker may see it: everything that the run would do, and when it would start."""

from datetime import datetime

from daytwo_actions.freezes import Held
from daytwo_actions.plan.difference import differences
from daytwo_actions.plan.model import Fields, Plan, PlannedStage, digest_of
from daytwo_actions.plan.undo_words import undo_words
from daytwo_api.asker import Asker
from daytwo_api.services import lock_views
from daytwo_api.services.approval_views import as_view
from daytwo_api.services.changes import previewed
from daytwo_api.services.freeze_views import held_view
from daytwo_api.services.lock_words import given_back, joined
from daytwo_api.services.onlooking import onlooker
from daytwo_api.services.term_words import terms_words
from daytwo_api.services.window_words import zoned
from daytwo_api.services.words import held, loose, needed, packing
from daytwo_api.views.actions import PlannedApproval, PlannedBreakGlass, PlannedLock, PlannedRequest, PlanView
from daytwo_catalog.write import preview
from daytwo_store import lock_reading, runs
from daytwo_store.engine import Session
from daytwo_store.ids import EntityRef, RunId
from daytwo_store.last_runs import last_of_action
from daytwo_store.run_visibility import among
from daytwo_store.tables import RunRow
from daytwo_workflows.life.asking import Planned
from daytwo_workflows.life.finish import entity_write
from daytwo_workflows.life.undo import NOTHING_EARLIER, UNDECLARED
from daytwo_workflows.life.window import Window


async def plan_view(session: Session, by: Asker, planned: Planned, window: Window, *, now: datetime) -> PlanView:
    """`now`: of locks it is known how they stand now alone, whenever it is to be asked for."""
    plan, aimed = planned.plan, planned.aimed
    lock = await lock_now(session, by, plan, now)
    last = await _last(session, planned)
    named = last if last and last.id in await among(session, [last.id], onlooker(by)) else None
    why_not = _why_not_undoable(planned, await _back_to(session, planned))
    changes = await preview(session, [entity_write(write) for write in plan.catalog], like=aimed.entity)
    return PlanView(
        digest=digest_of(plan.canonical()),
        document=plan.model_dump(mode="json"),
        requests=_requests(plan),
        approvals=_approvals(plan, planned),
        break_glass=_break_glass(plan),
        lock=lock,
        changes=await previewed(session, by, changes, plan.catalog),
        previous_run=named.id if named else None,
        differences=[as_view(one.as_json()) for one in differences(named.inputs, plan.inputs)] if named else [],
        freezes=[held_view(held) for held in window.holds],
        stopped=f"Everything is stopped: {window.stop.reason}" if window.stop else None,
        starts=_starts(plan, planned, lock, window),
        starts_at=window.opens,
        undoable=why_not is None,
        why_not_undoable=why_not,
        undo=undo_words(plan),
    )


async def _last(session: Session, planned: Planned) -> RunRow | None:
    """What it is compared with."""
    plan = planned.plan
    return await last_of_action(
        session,
        planned.version.name,
        entity=plan.entity.ref if plan.entity else None,
        inputs=plan.inputs,
        keys=plan.keys,
        before=planned.aimed.facts.now,
        run=RunId(plan.run),
    )


async def _back_to(session: Session, planned: Planned) -> RunRow | None:
    """What an undo would go back to."""
    plan, aimed = planned.plan, planned.aimed
    if not plan.keys:
        return None
    return await runs.previous_under_lock(
        session,
        plan.keys,
        before=aimed.facts.now,
        names=aimed.program.undo_reads() or sorted(plan.inputs),
        run=RunId(plan.run),
        entity=EntityRef(plan.entity.ref) if plan.entity else None,
    )


def _why_not_undoable(planned: Planned, previous: RunRow | None) -> str | None:
    """By what is known before it runs: the action says nothing of it, or there is nothing to go back to."""
    if planned.aimed.program.undo is None:
        return None if planned.plan.undo else UNDECLARED
    return None if previous is not None else NOTHING_EARLIER


def _requests(plan: Plan) -> list[PlannedRequest]:
    return [
        PlannedRequest(
            step=step.path,
            connection=step.uses,
            backend=step.uses,
            project=step.project,
            pipeline=step.pipeline,
            ref=step.ref,
            commit=step.pinned.commit,
            inputs=step.inputs,
            holes={name: hole.value for name, hole in step.holes.items()},
            packed=list(step.packed),
            packing=packing(step.packed),
            held=held(step.pinned.held),
            loose=loose(step.pinned.loose),
            secrets=list(step.secrets),
        )
        for step in plan.dispatches
    ]


async def lock_now(session: Session, by: Asker, plan: Plan, now: datetime) -> PlannedLock | None:
    """How it stands with the lock of a plan."""
    locking = plan.locking
    if locking is None:
        return None
    seen = await lock_reading.situations(session, locking.keys)
    keys = await lock_views.keys(session, by, seen)
    return PlannedLock(
        key=joined(locking.keys),
        keys=keys,
        queue=locking.queue,
        held=any(one.taken for one in seen),
        held_by_run=next((one.held_by_run for one in keys if one.held_by_run), None),
        queued=max(one.queued for one in keys),
        expected_at=await lock_reading.expected(session, seen, None, now=now),
    )


def _approvals(plan: Plan, planned: Planned) -> list[PlannedApproval]:
    if plan.approval is None:
        return []
    left = plan.approval.expires_at - planned.aimed.facts.now
    first = PlannedApproval(
        needed_from=plan.approval.needed_from,
        count=plan.approval.count,
        expires_in=left.total_seconds(),
        rule=plan.approval.rule,
        who=needed(plan.approval.needed_from, plan.approval.count),
        terms=terms_words(plan.approval.terms),
        asks=_asks(plan.approval.form),
    )
    return [first, *(_stage(stage) for stage in plan.approval.then)]


def _stage(stage: PlannedStage) -> PlannedApproval:
    return PlannedApproval(
        needed_from=stage.needed_from,
        count=stage.count,
        expires_in=stage.expires_in,
        rule=stage.rule,
        who=needed(stage.needed_from, stage.count),
        terms=terms_words(stage.terms),
        asks=_asks(stage.form),
    )


def _asks(form: Fields) -> list[str]:
    return [str(schema.get("title", name)) for name, schema in form.items()]


def _break_glass(plan: Plan) -> PlannedBreakGlass | None:
    if plan.break_glass is None:
        return None
    past = [_stage(stage) for stage in plan.break_glass.past]
    return PlannedBreakGlass(second=plan.break_glass.second, past=past)


def _starts(plan: Plan, planned: Planned, lock: PlannedLock | None, window: Window) -> str:
    after = []
    if plan.approval is not None:
        stages = [stage for stage in _approvals(plan, planned) if stage.rule is None]
        words = ", then ".join(needed(stage.needed_from, stage.count) for stage in stages)
        if stages:
            after.append(f"{words} {'has' if stages[-1].count == 1 else 'have'} approved it")
    if window.stop is not None:
        after.append("the global stop is lifted")
    after += [f"{_ended(held)}" for held in window.holds]
    if lock is not None and lock.held:
        after.append(given_back(lock.keys))
    at = f" Not before {zoned(window.opens, window.holds[0].zone)}." if window.holds and window.opens else ""
    return f"When {' and '.join(after)}.{at}" if after else "At once."


def _ended(held: Held) -> str:
    return f"the freeze '{held.title}' has ended" + (f" on {zoned(held.until, held.zone)}" if held.until else "")
