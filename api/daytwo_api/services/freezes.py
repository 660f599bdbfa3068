"""Freezes, exceptions to them, and the global stop."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from daytwo_actions.freezes.rules import EARLIEST, LATEST
from daytwo_api.asker import Asker
from daytwo_api.services.control import Control
from daytwo_api.services.freeze_views import exception_view, freeze_view, stop_view
from daytwo_api.services.gather import Known, gather
from daytwo_api.services.keys import key_of
from daytwo_api.services.onlooking import onlooker
from daytwo_api.services.stop_flag import StopFlag
from daytwo_api.services.voters import voter_of
from daytwo_api.views.common import Page, Permitted
from daytwo_api.views.freezes import (
    ExceptionDecision,
    ExceptionEnd,
    ExceptionRequest,
    ExceptionView,
    FreezeChange,
    FreezeRequest,
    FreezeView,
    StopRequest,
    StopView,
)
from daytwo_store import cursors, freeze_exceptions, freezes, runs
from daytwo_store.engine import Session
from daytwo_store.errors import Rejected
from daytwo_store.ids import RunId
from daytwo_store.run_visibility import among
from daytwo_store.tables import FreezeExceptionRow, FreezeRow, RunRow
from daytwo_workflows.life import exceptions, freeze_changes
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.exceptions import Asking, Deciding
from daytwo_workflows.life.freeze_changes import Draft
from daytwo_workflows.life.freeze_eyes import why_not_change
from daytwo_workflows.life.own_interest import must_not_wait_for_the_stop, why_not_lift

_LONGEST: Final = timedelta(days=400)


class Freezes:
    def __init__(self, life: Life, control: Control, flag: StopFlag) -> None:
        self._life = life
        self._flag = flag
        self._control = control

    async def list(
        self,
        *,
        after: datetime | None,
        before: datetime | None,
    ) -> Page[FreezeView]:
        if (after is None) is not (before is None):
            raise Rejected("Say both `from` and `until`, or neither.")
        if after is not None and before is not None and not _near(after, before):
            raise Rejected(f"`until` is after `from`, by {_LONGEST.days} days at most, and neither is far away.")
        async with self._life.store.read() as session:
            rows = await freezes.everything(session)
            now = await self._life.store.clock.now(session)
            known = await gather(session, [], people={row.created_by for row in rows if row.created_by})
        items = [self._view(row, known, now, after, before) for row in rows]
        if after is None:
            items = [one for one, row in zip(items, rows, strict=True) if row.over_at is None or row.over_at > now]
        else:
            items = [one for one in items if one.occurrences or one.spec.get("frozen") == "outside"]
        return Page(items=items)

    def _view(
        self, row: FreezeRow, known: Known, now: datetime, after: datetime | None, before: datetime | None
    ) -> FreezeView:
        version = self._life.frozen.parsed(row)
        try:
            periods = version.periods(after, before) if after and before else []
        except (ValueError, OverflowError):
            periods = []
        return freeze_view(row, version, known, now=now, periods=periods)

    async def get(self, freeze: str) -> FreezeView:
        async with self._life.store.read() as session:
            row = await freezes.get(session, freeze)
            now = await self._life.store.clock.now(session)
            known = await gather(session, [], people={row.created_by} if row.created_by else ())
        return self._view(row, known, now, None, None)

    async def make(self, by: Asker, asked: FreezeRequest, key: str | None) -> FreezeView:
        draft = Draft(title=asked.title, description=asked.description, owner=asked.owner, spec=asked.spec)
        row = await freeze_changes.make(self._life, draft, by=by.principal, key=key_of(by, key))
        return await self.get(row.id)

    async def change(self, by: Asker, freeze: str, asked: FreezeChange) -> FreezeView:
        draft = Draft(title=asked.title, description=asked.description, owner=asked.owner, spec=asked.spec)
        await freeze_changes.change(self._life, freeze, draft, by=by.principal)
        return await self.get(freeze)

    async def remove(self, by: Asker, freeze: str) -> None:
        await freeze_changes.remove(self._life, freeze, by=by.principal)

    async def stop_state(self) -> StopView:
        async with self._life.store.read() as session:
            row = await freezes.stopped(session)
            return stop_view(row, await gather(session, [], people=[row.by] if row else ()))

    async def stop(self, by: Asker, asked: StopRequest) -> StopView:
        if not asked.reason.strip():
            raise Rejected("Say why everything is stopped: everybody will read it. Nothing was stopped.")
        async with self._life.store.write() as tx:
            await freezes.stop(tx, by=by.principal, reason=asked.reason.strip())
        self._flag.forget()
        return await self.stop_state()

    async def lift(self, by: Asker, reason: str) -> StopView:
        if not reason.strip():
            raise Rejected("Say why the stop is lifted: everybody will read it. Nothing was lifted.")
        await must_not_wait_for_the_stop(self._life.store, by.principal)
        async with self._life.store.write() as tx:
            await freezes.lift(tx, by=by.principal, why=reason.strip())
        self._flag.forget()
        return await self.stop_state()

    async def may_change(self, by: Asker, freeze: str) -> Permitted:
        """Raises `NotFound`."""
        async with self._life.store.read() as session:
            row = await freezes.get(session, freeze)
            if row.source is not None:
                return Permitted(allowed=False, why_not=freeze_changes.of_a_file(freeze))
            why = await why_not_change(self._life, session, row, by.principal)
        return Permitted(allowed=why is None, why_not=why)

    async def may_lift(self, by: Asker) -> Permitted:
        """Of a stop that there is; where there is none, nothing is in the way."""
        async with self._life.store.read() as session:
            why = await why_not_lift(self._life.store, session, by.principal)
        return Permitted(allowed=why is None, why_not=why)

    async def ask(self, by: Asker, run: str, asked: ExceptionRequest, key: str | None) -> ExceptionView:
        await self._control.must_be_allowed(by, run)
        row = await exceptions.ask(
            self._life,
            Asking(run=RunId(run), freeze=asked.freeze, by=by.principal, reason=asked.reason, key=key_of(by, key)),
        )
        return await self.exception(by, row.id)

    async def exceptions(self, by: Asker, *, cursor: str | None, limit: int) -> Page[ExceptionView]:
        """Those that wait for a decision, as far as the asker sees their runs or may decide."""
        after = cursors.moment(cursor) if cursor else None
        async with self._life.store.read() as session:
            found = await freeze_exceptions.waiting(session, onlooker(by), after=after, limit=limit + 1)
            items = [*await self._shown(session, by, found[:limit])]
        last = found[limit - 1][0] if len(found) > limit else None
        return Page(items=items, next_cursor=cursors.make(last.asked_at.isoformat(), last.id) if last else None)

    async def exception(self, by: Asker, exception: str) -> ExceptionView:
        async with self._life.store.read() as session:
            row = await freeze_exceptions.get(session, exception)
            run = await runs.peek(session, RunId(row.run_id))
            shown = await self._shown(session, by, [(row, run)])
        if not shown:
            raise freeze_exceptions.not_there(exception)
        return shown[0]

    async def decide(self, by: Asker, exception: str, asked: ExceptionDecision) -> ExceptionView:
        await self.exception(by, exception)  # who may not see it gets the same answer as for one that does not exist
        await exceptions.decide(
            self._life,
            Deciding(
                exception=exception,
                by=by.principal,
                grant=asked.verdict == "grant",
                until=asked.until,
                comment=asked.comment,
            ),
        )
        return await self.exception(by, exception)

    async def revoke(self, by: Asker, exception: str, asked: ExceptionEnd) -> ExceptionView:
        await self.exception(by, exception)
        await exceptions.revoke(self._life, exception, by=by.principal, person=by.ref, reason=asked.reason)
        return await self.exception(by, exception)

    async def _shown(
        self, session: Session, by: Asker, found: Sequence[tuple[FreezeExceptionRow, RunRow]]
    ) -> Sequence[ExceptionView]:
        seen = await among(session, [run.id for _, run in found], onlooker(by))
        people = {name for row, run in found for name in (*speakers(row), run.requester)}
        known = await gather(session, [], people=people, voter=await voter_of(self._life.store, session, by, []))
        shown = []
        for row, run in found:
            freeze = await exceptions.freeze_of(session, row)
            if run.id in seen or freeze.owner in by.belongs:
                shown.append(exception_view(row, run, freeze, known, by))
        return shown


def speakers(row: FreezeExceptionRow) -> Collection[str]:
    return {name for name in (row.asked_by, row.decided_by, row.ended_by) if name is not None}


def _near(after: datetime, before: datetime) -> bool:
    return EARLIEST.year < after.year < LATEST.year and after < before <= after + _LONGEST
