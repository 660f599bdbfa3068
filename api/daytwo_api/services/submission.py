"""Dry runs, submissions and undo."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from daytwo_actions.policy import may_by_token
from daytwo_api.asker import Asker
from daytwo_api.services import run_permissions
from daytwo_api.services.control import Control
from daytwo_api.services.keys import key_of
from daytwo_api.services.plan_views import plan_view
from daytwo_api.services.runs import visible
from daytwo_api.services.undo_views import resume_view
from daytwo_api.services.veil import veiled
from daytwo_api.services.window_words import window_waits
from daytwo_api.views.actions import PlanRequest, PlanView, RunRequest
from daytwo_api.views.runs import ReasonRequest, ResumeRequest, ResumeView, RunAccepted
from daytwo_store.errors import Forbidden, Rejected
from daytwo_store.ids import EntityRef, TokenId
from daytwo_store.states import RunState
from daytwo_store.tables import RunRow
from daytwo_workflows.life import asking, resuming, window
from daytwo_workflows.life.asking import Wish
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.resuming import Resumption

_FAR: Final = timedelta(days=1500)  # nobody knows the freezes of then


class SubmissionService:
    def __init__(self, life: Life, control: Control) -> None:
        self._life = life
        self._control = control

    async def plan(self, by: Asker, name: str, asked: PlanRequest) -> PlanView:
        _token_must_be_for(by, name)
        async with self._life.store.read() as session:
            now = await self._life.store.clock.now(session)
        if asked.at is not None and abs(asked.at - now) > _FAR:
            raise Rejected(f"`at` is within {_FAR.days} days of now. Nothing was planned.")
        planned = await asking.plan(self._life, replace(_wish(by, name, asked), at=asked.at))
        async with self._life.store.read() as session:
            now = await self._life.store.clock.now(session)
            opening = await window.of_plan(self._life, session, planned, by=by.principal, at=asked.at or now, now=now)
            return await veiled(session, by, await plan_view(session, by, planned, opening, now=now))

    async def start(self, by: Asker, name: str, asked: RunRequest, key: str | None) -> RunAccepted:
        _token_must_be_for(by, name)
        accepted = await asking.start(self._life, _wish(by, name, asked), key_of(by, key))
        return await self.answer(accepted.run, repeated=accepted.repeated)

    async def undo(self, by: Asker, run: str, asked: ReasonRequest, key: str | None) -> RunAccepted:
        await self._control.must_be_allowed(by, run, by_rule=run_permissions.run_answer)
        async with self._life.store.read() as session:
            row = await visible(session, by, run)
        accepted = await asking.undo(
            self._life, row, by.principal, _token(by), comment=asked.reason.strip() or None, key=key_of(by, key)
        )
        return await self.answer(accepted.run, repeated=accepted.repeated)

    async def rerun(self, by: Asker, run: str, asked: ReasonRequest, key: str | None) -> RunAccepted:
        """The same inputs again. Whether the asker may run the action there is asked as for every start."""
        async with self._life.store.read() as session:
            row = await visible(session, by, run)
        _token_must_be_for(by, row.action)
        accepted = await asking.rerun(
            self._life, row, by.principal, _token(by), comment=asked.reason.strip() or None, key=key_of(by, key)
        )
        return await self.answer(accepted.run, repeated=accepted.repeated)

    async def preview_resume(self, by: Asker, run: str) -> ResumeView:
        """What resuming would do. Asks CI systems and services where nobody knows, and changes nothing."""
        row = await self._resumable(by, run)
        seen = await resuming.preview(self._life, _resumption(by, row, ResumeRequest()))
        async with self._life.store.read() as session:
            now = await self._life.store.clock.now(session)
            opening = await window.of_plan(self._life, session, seen.planned, by=by.principal, at=now, now=now)
            planned = await veiled(session, by, await plan_view(session, by, seen.planned, opening, now=now))
        return resume_view(row, seen, planned)

    async def resume(self, by: Asker, run: str, asked: ResumeRequest, key: str | None) -> RunAccepted:
        row = await self._resumable(by, run)
        accepted = await resuming.resume(self._life, _resumption(by, row, asked), key_of(by, key))
        return await self.answer(accepted.run, repeated=accepted.repeated)

    async def _resumable(self, by: Asker, run: str) -> RunRow:
        """Whether the asker may run the action there is asked before anything is looked for."""
        await self._control.must_be_allowed(by, run, by_rule=run_permissions.run_answer)
        async with self._life.store.read() as session:
            return await visible(session, by, run)

    async def answer(self, run: RunRow, *, repeated: bool) -> RunAccepted:
        async with self._life.store.read() as session:
            opening = await window.of_run(self._life, session, run, await self._life.store.clock.now(session))
        return RunAccepted(
            id=run.id,
            state=RunState(run.state),
            repeated=repeated,
            url=f"{self._life.public_url}/runs/{run.id}",
            held=window_waits(opening.as_json()).text if opening.shut and run.ended_at is None else None,
        )


def _token_must_be_for(by: Asker, action: str) -> None:
    """Asked before anything is looked up, so that nothing is learnt about other actions. Raises `Forbidden`."""
    answer = may_by_token(by.actions, action)
    if not answer.allowed:
        raise Forbidden(f"{answer.why_not} Nothing was started.")


def _wish(by: Asker, name: str, asked: RunRequest) -> Wish:
    return Wish(
        action=name,
        requester=by.principal,
        token=_token(by),
        entity=EntityRef(asked.entity) if asked.entity else None,
        inputs=asked.inputs,
        version=asked.version,
        comment=asked.comment.strip() or None,
        break_glass=asked.break_glass,
    )


def _resumption(by: Asker, run: RunRow, asked: ResumeRequest) -> Resumption:
    return Resumption(
        run=run,
        requester=by.principal,
        token=_token(by),
        answers=asked.answers,
        version=asked.version,
        comment=asked.reason.strip() or None,
    )


def _token(by: Asker) -> TokenId | None:
    return TokenId(by.token) if by.token else None
