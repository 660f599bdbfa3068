"""The inbox and decisions."""

from daytwo_actions.plan.difference import differences
from daytwo_api.asker import Asker
from daytwo_api.services import approval_views
from daytwo_api.services.gather import gather
from daytwo_api.services.runs import onlooker
from daytwo_api.views.approvals import ApprovalSummary, ApprovalView, DecisionAnswer, DecisionRequest
from daytwo_api.views.common import Page
from daytwo_store import approvals, cursors, runs
from daytwo_store.approvals import ApprovalFilter
from daytwo_store.engine import Session, Store
from daytwo_store.ids import ApprovalId, LockKey, RunId
from daytwo_store.run_visibility import among
from daytwo_store.states import ApprovalState
from daytwo_store.tables import RunRow
from daytwo_workflows.life import decide as life
from daytwo_workflows.life.decide import Decision


class Approvals:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(
        self, by: Asker, *, mine: bool, state: ApprovalState | None, cursor: str | None, limit: int
    ) -> Page[ApprovalSummary]:
        after = cursors.moment(cursor) if cursor else None
        wanted = ApprovalFilter(
            state=ApprovalState.PENDING if mine and state is None else state,
            decidable_by=by.principal if mine else None,
        )
        async with self._store.read() as session:
            found = await approvals.page(
                session,
                wanted,
                groups=sorted(by.belongs),
                principal=by.principal,
                after=after,
                limit=limit + 1,
            )
            known = await gather(session, [run for _, run in found], [row for row, _ in found])
        shown = found[:limit]
        return Page(
            items=[approval_views.summary(row, run, known, by) for row, run in shown],
            next_cursor=cursors.make(shown[-1][0].expires_at.isoformat(), shown[-1][0].id)
            if len(found) > limit
            else None,
        )

    async def get(self, by: Asker, approval: str) -> ApprovalView:
        async with self._store.read() as session:
            row, run = await approvals.get_visible(
                session, ApprovalId(approval), groups=sorted(by.belongs), principal=by.principal
            )
            known = await gather(session, [run], [row])
            previous = await _previous_of(session, by, run)
            following = await approvals.successor(session, row)
        return approval_views.whole(
            row,
            run,
            known,
            by,
            previous=previous,
            differences=differences(previous.inputs, run.inputs) if previous else [],
            superseded_by=following.id if following else None,
        )

    async def decide(self, by: Asker, approval: str, asked: DecisionRequest) -> DecisionAnswer:
        await self.get(by, approval)  # who may not see it gets the same answer as for one that does not exist
        repeated = await life.decide(
            self._store,
            Decision(
                approval=ApprovalId(approval),
                principal=by.principal,
                person=by.ref,
                verdict=asked.verdict,
                digest=asked.digest,
                comment=asked.comment,
            ),
        )
        return DecisionAnswer(approval=await self.get(by, approval), repeated=repeated)


async def _previous_of(session: Session, by: Asker, run: RunRow) -> RunRow | None:
    """What was there before this run, if the asker may see it."""
    previous = await _before(session, run)
    if previous is None or previous.id not in await among(session, [previous.id], onlooker(by)):
        return None
    return previous


async def _before(session: Session, run: RunRow) -> RunRow | None:
    """The one recorded under the lock, or the newest so far."""
    if run.previous_run is not None:
        return await runs.peek(session, RunId(run.previous_run))
    if run.lock_key is None or run.started_at is not None:
        return None
    return await runs.previous_under_lock(
        session, LockKey(run.lock_key), before=run.created_at, names=sorted(run.inputs), run=RunId(run.id)
    )
