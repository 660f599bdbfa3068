"""Who asked for a run that there is, and for what: what its plan is made from again."""

from typing import Any

from daytwo_actions.plan.model import Plan
from daytwo_store import principals
from daytwo_store.engine import Session
from daytwo_store.ids import Digest, EntityRef, RunId
from daytwo_store.tables import RunRow
from daytwo_workflows.life.callers import parent_of
from daytwo_workflows.life.causes import planned
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.planning import Ask
from daytwo_workflows.life.targets import sealed_in
from daytwo_workflows.life.undone import undone_by


async def asked(life: Life, session: Session, run: RunRow, **more: Any) -> Ask:
    """Who asked for a run, and for what. Raises `NotFound` where it undoes steps of an action that is not offered."""
    undone, plan = await undone_by(session, run), Plan.model_validate_json(run.plan)
    return Ask(
        run=RunId(run.id),
        version=await life.definitions.of_run(session, Digest(run.version)),
        requester=(await principals.by_ids(session, [run.requester]))[run.requester],
        entity=EntityRef(run.entity) if run.entity else None,
        inputs=run.inputs,
        break_glass=run.break_glass,
        cause=planned(run.cause),
        parent=parent_of(run),
        undone=undone,
        rules=await life.definitions.current(session, run.action) if undone is not None else None,
        resumes=plan.resumes if run.resume_of else None,
        sealed=sealed_in(plan),
        **more,
    )
