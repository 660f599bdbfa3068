"""The inbox and decisions."""

from dataclasses import fields, replace
from datetime import datetime

from daytwo_actions.plan.difference import differences
from daytwo_actions.plan.model import Plan
from daytwo_actions.roles import Permission
from daytwo_api.asker import Asker
from daytwo_api.services import approval_views
from daytwo_api.services.approval_views import Beside, delegation_view
from daytwo_api.services.beside_views import beside_views
from daytwo_api.services.gather import gather
from daytwo_api.services.keys import key_of
from daytwo_api.services.onlooking import onlooker
from daytwo_api.services.pipeline_changes import PipelineChanges
from daytwo_api.services.veil import veiled
from daytwo_api.services.voters import reader_of, voter_of
from daytwo_api.views.approvals import (
    ApprovalSummary,
    ApprovalView,
    CommentRequest,
    DecisionAnswer,
    DecisionRequest,
    DelegateRequest,
    DelegationRequest,
    DelegationView,
)
from daytwo_api.views.approvals import PipelineChanges as PipelineChangesView
from daytwo_api.views.common import Page, Person
from daytwo_store import approval_pages, approvals, comments, cursors, delegations, on_call, runs
from daytwo_store.approval_pages import ApprovalFilter
from daytwo_store.engine import Session
from daytwo_store.errors import Forbidden
from daytwo_store.ids import ApprovalId, RunId
from daytwo_store.last_runs import last_of_action
from daytwo_store.locks import keys_of
from daytwo_store.run_visibility import among
from daytwo_store.states import ApprovalState, RunState
from daytwo_store.tables import PrincipalRow, RunRow
from daytwo_workflows.life import commenting, lending, taking_back, window
from daytwo_workflows.life import decide as deciding
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.decide import Decision
from daytwo_workflows.life.filling import filled_in
from daytwo_workflows.life.lending import Lending
from daytwo_workflows.life.open_requests import open_requests
from daytwo_workflows.life.window import Window


class Approvals:
    def __init__(self, life: Life) -> None:
        self._life = life
        self._store = life.store
        self._pipelines = PipelineChanges(life.backends)

    async def list(self, by: Asker, asked: ApprovalFilter, *, cursor: str | None, limit: int) -> Page[ApprovalSummary]:
        after = cursors.moment(cursor) if cursor else None
        pending = asked.mine and asked.state is None
        wanted = replace(asked, state=ApprovalState.PENDING if pending else asked.state)
        async with self._store.read() as session:
            who = await voter_of(self._store, session, by)
            found = await approval_pages.page(session, wanted, reader=reader_of(who), after=after, limit=limit + 1)
            known = await gather(
                session, [run for _, run in found], [row for row, _ in found], voter=who, onlooker=onlooker(by)
            )
            shown = found[:limit]
            items = [await veiled(session, by, approval_views.summary(row, run, known, by)) for row, run in shown]
        if len(found) <= limit:
            return Page(items=items)
        last = shown[-1][0]
        when = last.created_at if wanted.decided else last.expires_at
        return Page(items=items, next_cursor=cursors.make(when.isoformat(), last.id))

    async def get(self, by: Asker, approval: str) -> ApprovalView:
        async with self._store.read() as session:
            asked = await approvals.get(session, ApprovalId(approval))
            who = await voter_of(self._store, session, by, [asked] if asked else [])
            row, run = await approval_pages.get_visible(session, ApprovalId(approval), reader=reader_of(who))
            stages = await approvals.stages(session, [row])
            beside = Beside(
                comments=await comments.of_approvals(session, [stage.id for stage in stages[row.id]]),
                delegations=await delegations.of_approvals(session, [row.id]),
                on_call=await on_call.names(session, row.needed_from),
                now=await self._store.clock.now(session),
            )
            speakers = [*(one.principal for one in beside.comments), *(one.principal for one in beside.delegations)]
            known = await gather(session, [run], [row], speakers, voter=who, stages=stages, onlooker=onlooker(by))
            previous = await _last_of(session, by, run, beside.now)
            following = await approvals.successor(session, stages[row.id])
            opening = await self._opening(session, run)
            back_to = await _visible(session, by, await _back_to(session, run))
            now = await beside_views(self._life, session, by, row, run, previous, back_to=back_to)
            left_open = await open_requests(self._life, session, row, run)
            view = approval_views.whole(
                row,
                run,
                known,
                by,
                previous=previous,
                differences=differences(previous.inputs, run.inputs) if previous else [],
                superseded_by=following.id if following else None,
                beside=beside,
                window=opening,
                now={one.name: getattr(now, one.name) for one in fields(now)},
                left_open=left_open,
            )
            return await veiled(session, by, view)

    async def pipelines(self, by: Asker, approval: str) -> PipelineChangesView:
        """How the pipeline files differ from those of the last run here. Asks the CI systems, after the session."""
        async with self._store.read() as session:
            asked = await approvals.get(session, ApprovalId(approval))
            who = await voter_of(self._store, session, by, [asked] if asked else [])
            row, run = await approval_pages.get_visible(session, ApprovalId(approval), reader=reader_of(who))
            known = await gather(session, [run], [row], [], voter=who)
            previous = await _last_of(session, by, run, await self._store.clock.now(session))
        may = approval_views.summary(row, run, known, by).may_decide.allowed
        decided = any(one.principal == by.principal for rows in known.decisions.values() for one in rows)
        plan = Plan.model_validate_json(row.document)
        last = Plan.model_validate_json(previous.plan) if previous else None
        shown = may or decided or Permission.PIPELINES_READ in by.permissions
        return PipelineChangesView(items=list(await self._pipelines.of(plan, last, shown=shown)))

    async def _opening(self, session: Session, run: RunRow) -> Window:
        """What would hold the run back if it were approved now."""
        if run.state != RunState.WAITING_APPROVAL:
            return Window()
        return await window.of_run(self._life, session, run, await self._store.clock.now(session))

    async def decide(self, by: Asker, approval: str, asked: DecisionRequest) -> DecisionAnswer:
        await self._must_see(by, approval)
        decision = Decision(
            approval=ApprovalId(approval),
            principal=by.principal,
            verdict=asked.verdict,
            digest=asked.digest,
            comment=asked.comment,
            answers=asked.answers,
        )
        if decision.answers is not None:
            decision = await filled_in(self._life, decision)
        repeated = await deciding.decide(self._store, decision)
        return DecisionAnswer(approval=await self.get(by, approval), repeated=repeated)

    async def _must_see(self, by: Asker, approval: str) -> None:
        """Who may not see it gets the same answer as for one that does not exist."""
        async with self._store.read() as session:
            asked = await approvals.get(session, ApprovalId(approval))
            who = await voter_of(self._store, session, by, [asked] if asked else [])
            await approval_pages.get_visible(session, ApprovalId(approval), reader=reader_of(who))

    async def take_back(self, by: Asker, approval: str) -> ApprovalView:
        await self._must_see(by, approval)
        await taking_back.take_back(self._store, ApprovalId(approval), by=by.principal)
        return await self.get(by, approval)

    async def comment(self, by: Asker, approval: str, asked: CommentRequest, key: str | None) -> ApprovalView:
        await self._must_see(by, approval)
        await commenting.comment(
            self._store, ApprovalId(approval), by=by.principal, text=asked.text, key=key_of(by, key)
        )
        return await self.get(by, approval)

    async def delegate(self, by: Asker, approval: str, asked: DelegateRequest, key: str | None) -> ApprovalView:
        _must_not_be_a_token(by)
        await self._must_see(by, approval)
        wanted = Lending(
            by=by.principal, to=asked.to, begins_at=None, ends_at=asked.until, reason=asked.reason, key=key_of(by, key)
        )
        await lending.lend_one(self._store, ApprovalId(approval), wanted)
        return await self.get(by, approval)

    async def delegations(self, by: Asker) -> Page[DelegationView]:
        """Those that the asker made, and those made to them, the newest 200."""
        async with self._store.read() as session:
            now = await self._store.clock.now(session)
            rows = await delegations.of(session, by.principal, by.ref, limit=200)
        return Page(items=[delegation_view(row, _person(who), now) for row, who in rows])

    async def lend(self, by: Asker, asked: DelegationRequest, key: str | None) -> DelegationView:
        _must_not_be_a_token(by)
        wanted = Lending(
            by=by.principal,
            to=asked.to,
            begins_at=asked.begins,
            ends_at=asked.until,
            reason=asked.reason,
            key=key_of(by, key),
        )
        row = await lending.lend(self._store, wanted)
        return delegation_view(row, Person(id=by.principal, name=by.name, ref=by.ref), row.created_at)

    async def revoke(self, by: Asker, delegation: str) -> None:
        anybody = Permission.ACCESS_MANAGE in by.permissions
        await lending.revoke(self._store, delegation, by=by.principal, anybody=anybody)


def _must_not_be_a_token(by: Asker) -> None:
    if by.via == "token":
        raise Forbidden(
            "A token cannot let somebody else decide for its owner: that would outlive the token. Nothing was "
            "delegated. Sign in and do it there."
        )


def _person(row: PrincipalRow) -> Person:
    return Person(id=row.id, name=row.name, ref=row.ref)


async def _last_of(session: Session, by: Asker, run: RunRow, now: datetime) -> RunRow | None:
    """The last run of this action here before this one, if the asker may see it."""
    found = await last_of_action(
        session,
        run.action,
        entity=run.entity,
        inputs=run.inputs,
        keys=keys_of(run),
        before=run.started_at or run.ended_at or now,
        run=RunId(run.id),
    )
    return await _visible(session, by, found)


async def _visible(session: Session, by: Asker, run: RunRow | None) -> RunRow | None:
    return run if run is not None and run.id in await among(session, [run.id], onlooker(by)) else None


async def _back_to(session: Session, run: RunRow) -> RunRow | None:
    """What an undo would go back to: the one recorded under the lock, or the newest so far."""
    if run.previous_run is not None:
        return await runs.peek(session, RunId(run.previous_run))
    if run.lock_key is None or run.started_at is not None:
        return None
    return await runs.previous_under_lock(
        session, keys_of(run), before=run.created_at, names=sorted(run.inputs), run=RunId(run.id)
    )
