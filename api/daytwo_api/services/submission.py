"""Dry runs, submissions and undo."""

import secrets

from daytwo_actions.plan.difference import differences
from daytwo_actions.plan.model import Plan, digest_of
from daytwo_api.asker import Asker
from daytwo_api.services.approval_views import as_view
from daytwo_api.services.control import Control
from daytwo_api.services.runs import visible
from daytwo_api.services.words import needed
from daytwo_api.views.actions import (
    PlannedApproval,
    PlannedChange,
    PlannedLock,
    PlannedRequest,
    PlanView,
    RunRequest,
)
from daytwo_api.views.runs import ReasonRequest, RunAccepted
from daytwo_catalog.write import preview
from daytwo_store import locks, runs
from daytwo_store.engine import Session
from daytwo_store.entities import content
from daytwo_store.errors import Rejected
from daytwo_store.ids import EntityRef, LockKey, RunId, TokenId
from daytwo_store.states import RunState
from daytwo_store.tables import RunRow
from daytwo_workflows.life import asking
from daytwo_workflows.life.asking import Planned, Wish
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finish import entity_write


class SubmissionService:
    def __init__(self, life: Life, control: Control) -> None:
        self._life = life
        self._control = control

    async def plan(self, by: Asker, name: str, asked: RunRequest) -> PlanView:
        planned = await asking.plan(self._life, _wish(by, name, asked))
        async with self._life.store.read() as session:
            return await self._view(session, planned)

    async def start(self, by: Asker, name: str, asked: RunRequest, key: str | None) -> RunAccepted:
        accepted = await asking.start(self._life, _wish(by, name, asked), _key(by, key))
        return self._answer(accepted.run, repeated=accepted.repeated)

    async def undo(self, by: Asker, run: str, asked: ReasonRequest, key: str | None) -> RunAccepted:
        await self._control.must_be_allowed(by, run)
        async with self._life.store.read() as session:
            row = await visible(session, by, run)
        accepted = await asking.undo(
            self._life, row, by.principal, _token(by), comment=asked.reason.strip() or None, key=_key(by, key)
        )
        return self._answer(accepted.run, repeated=accepted.repeated)

    def _answer(self, run: RunRow, *, repeated: bool) -> RunAccepted:
        return RunAccepted(
            id=run.id,
            state=RunState(run.state),
            repeated=repeated,
            url=f"{self._life.public_url}/runs/{run.id}",
        )

    async def _view(self, session: Session, planned: Planned) -> PlanView:
        plan, aimed = planned.plan, planned.aimed
        lock = await self._lock(session, plan)
        previous = None
        if plan.lock is not None:
            previous = await runs.previous_under_lock(
                session,
                LockKey(plan.lock),
                before=aimed.facts.now,
                names=aimed.program.undo_reads() or sorted(plan.inputs),
                run=RunId(plan.run),
                entity=EntityRef(plan.entity.ref) if plan.entity else None,
            )
        changes = await preview(session, [entity_write(write) for write in plan.catalog], like=aimed.entity)
        return PlanView(
            digest=digest_of(plan.canonical()),
            document=plan.model_dump(mode="json"),
            requests=[
                PlannedRequest(
                    step=step.path,
                    connection=step.uses,
                    backend=step.uses,
                    project=step.project,
                    pipeline=step.pipeline,
                    ref=step.ref,
                    commit=step.pinned.commit,
                    inputs=step.inputs,
                )
                for step in plan.steps
            ],
            approvals=_approvals(plan, planned),
            lock=lock,
            changes=[
                PlannedChange(
                    entity=change.ref,
                    before=content(change.before) if change.before else None,
                    after=content(change.after),
                )
                for change in changes
            ],
            previous_run=previous.id if previous else None,
            differences=[as_view(change.as_json()) for change in differences(previous.inputs, plan.inputs)]
            if previous
            else [],
            starts=_starts(plan, lock),
            undoable=planned.aimed.program.undo is not None and previous is not None,
        )

    async def _lock(self, session: Session, plan: Plan) -> PlannedLock | None:
        if plan.lock is None:
            return None
        situation = await locks.situation(session, LockKey(plan.lock))
        return PlannedLock(key=plan.lock, held_by_run=situation.holder, queued=len(situation.queue))


def _approvals(plan: Plan, planned: Planned) -> list[PlannedApproval]:
    if plan.approval is None:
        return []
    left = plan.approval.expires_at - planned.aimed.facts.now
    return [
        PlannedApproval(
            needed_from=plan.approval.needed_from, count=plan.approval.count, expires_in=left.total_seconds()
        )
    ]


def _starts(plan: Plan, lock: PlannedLock | None) -> str:
    after = []
    if plan.approval is not None:
        after.append(f"{needed(plan.approval.needed_from, plan.approval.count)} has approved it")
    if lock is not None and lock.held_by_run is not None:
        waiting = f" and {lock.queued} more" if lock.queued else ""
        after.append(f"run {lock.held_by_run}{waiting} has given back {lock.key}")
    return f"When {' and '.join(after)}." if after else "At once."


def _wish(by: Asker, name: str, asked: RunRequest) -> Wish:
    return Wish(
        action=name,
        requester=by.principal,
        token=_token(by),
        entity=EntityRef(asked.entity) if asked.entity else None,
        inputs=asked.inputs,
        version=asked.version,
        comment=asked.comment.strip() or None,
    )


def _key(by: Asker, key: str | None) -> str:
    if key is None and by.via == "token":
        raise Rejected(
            "Send an Idempotency-Key with a start or an undo by token, so that a repeated request starts nothing "
            "twice. Nothing was started."
        )
    return key or secrets.token_urlsafe(16)


def _token(by: Asker) -> TokenId | None:
    return TokenId(by.token) if by.token else None
