"""Stopping, withdrawing and resolving runs: who may, then the life of the run does it."""

from daytwo_api.asker import Asker
from daytwo_api.services import run_views
from daytwo_api.services.gather import gather
from daytwo_api.services.runs import Runs, everything, visible
from daytwo_api.views.runs import CancelRequest, ReasonRequest, ResolveRequest, RunView
from daytwo_store.engine import Store
from daytwo_store.errors import Forbidden
from daytwo_store.ids import AttemptNo, ExternalRunId, RunId, StepPath
from daytwo_workflows.life import interventions
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.interventions import Finding


class Control:
    def __init__(self, life: Life, runs: Runs) -> None:
        self._life = life
        self._runs = runs

    @property
    def _store(self) -> Store:
        return self._life.store

    async def cancel(self, by: Asker, run: str, asked: CancelRequest) -> RunView:
        await self.must_be_allowed(by, run)
        await interventions.cancel(self._store, RunId(run), by=by.principal, reason=asked.reason, force=asked.force)
        return await self._after(by, run)

    async def withdraw(self, by: Asker, run: str, asked: ReasonRequest) -> RunView:
        async with self._store.read() as session:
            row = await visible(session, by, run)
        if row.requester != by.principal:
            raise Forbidden("Only who asked for a run can withdraw it. Nothing was changed. An approver can reject it.")
        await interventions.withdraw(self._store, RunId(run), by=by.principal, reason=asked.reason)
        return await self._after(by, run)

    async def resolve(self, by: Asker, run: str, asked: ResolveRequest) -> RunView:
        await self.must_be_allowed(by, run)
        await interventions.resolve(
            self._life,
            Finding(
                run=RunId(run),
                path=StepPath(asked.step),
                no=AttemptNo(asked.attempt),
                outcome=asked.outcome,
                external=ExternalRunId(asked.external_run) if asked.external_run else None,
                by=by.principal,
                reason=asked.reason,
            ),
        )
        return await self._after(by, run)

    async def must_be_allowed(self, by: Asker, run: str) -> None:
        async with self._store.read() as session:
            row = await visible(session, by, run)
            rows = await everything(session, by, row)
            known = await gather(session, [row])
        answer = run_views.stop_answer(rows, known, by)
        if not answer.allowed:
            raise Forbidden(f"{answer.why_not} Nothing was changed.")

    async def _after(self, by: Asker, run: str) -> RunView:
        return await self._runs.get(by, run)
