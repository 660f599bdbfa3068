"""Stopping, withdrawing and resolving runs: who may, then the life of the run does it."""

from collections.abc import Callable

from daytwo_actions.policy import Answer
from daytwo_actions.roles import Permission
from daytwo_api.asker import Asker
from daytwo_api.services import run_permissions
from daytwo_api.services.gate_views import answer_to_gate
from daytwo_api.services.gather import Known, gather
from daytwo_api.services.keys import key_of
from daytwo_api.services.run_rows import Rows
from daytwo_api.services.runs import Runs, everything, visible
from daytwo_api.services.voters import voter_of
from daytwo_api.views.runs import CancelRequest, GateRequest, ReasonRequest, ResolveRequest, RunView, UndoingRequest
from daytwo_store.engine import Store
from daytwo_store.errors import Forbidden
from daytwo_store.gates import GateAnswer
from daytwo_store.ids import AttemptNo, ExternalRunId, RunId, StepPath
from daytwo_workflows.life import gates, interventions, undo_choices
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.interventions import Finding

Rule = Callable[[Rows, Known, Asker], Answer]


class Control:
    def __init__(self, life: Life, runs: Runs) -> None:
        self._life = life
        self._runs = runs

    @property
    def _store(self) -> Store:
        return self._life.store

    async def cancel(self, by: Asker, run: str, asked: CancelRequest) -> RunView:
        await self.must_be_allowed(by, run)
        await interventions.cancel(
            self._store,
            RunId(run),
            by=by.principal,
            reason=asked.reason,
            force=asked.force,
            operator=Permission.RUNS_CONTROL in by.permissions,
        )
        return await self._after(by, run)

    async def withdraw(self, by: Asker, run: str, asked: ReasonRequest) -> RunView:
        await self.must_be_allowed(by, run, by_rule=run_permissions.withdraw_answer)
        await interventions.withdraw(self._store, RunId(run), by=by.principal, reason=asked.reason)
        return await self._after(by, run)

    async def choose(self, by: Asker, run: str, asked: UndoingRequest) -> RunView:
        await self.must_be_allowed(by, run)
        decides = Permission.DECIDE in by.permissions
        await undo_choices.choose(
            self._store, RunId(run), asked.choice, by=by.principal, reason=asked.reason, decides=decides
        )
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
                without_marker=asked.without_marker,
            ),
        )
        return await self._after(by, run)

    async def answer(self, by: Asker, run: str, gate: str, asked: GateRequest, key: str | None) -> RunView:
        """Tell the CI system, once."""
        async with self._store.read() as session:
            row = await visible(session, by, run)
            rows = await everything(session, by, row, {}, self._store.clock)
            who = await voter_of(self._store, session, by, rows.approvals)
            known = await gather(session, [row], voter=who)
        allowed = answer_to_gate(rows, known, by, asked.verdict, run_permissions.stop_answer(rows, known, by))
        if not allowed.allowed:
            raise Forbidden(f"{allowed.why_not} Nothing was sent.")
        said = GateAnswer(
            run=RunId(row.id),
            path=StepPath(""),  # found with the gate
            gate=gate,
            verdict=asked.verdict,
            comment=asked.comment.strip(),
            by=by.principal,
            key=key_of(by, key),
        )
        await gates.answer(self._life, said)
        return await self._after(by, run)

    async def must_be_allowed(self, by: Asker, run: str, *, by_rule: Rule = run_permissions.stop_answer) -> None:
        """Raises `NotFound` for a run that may not be seen, `Forbidden`."""
        async with self._store.read() as session:
            row = await visible(session, by, run)
            rows = await everything(session, by, row, {}, self._store.clock)
            known = await gather(session, [row])
        answer = by_rule(rows, known, by)
        if not answer.allowed:
            raise Forbidden(f"{answer.why_not} Nothing was changed.")

    async def _after(self, by: Asker, run: str) -> RunView:
        return await self._runs.get(by, run)
