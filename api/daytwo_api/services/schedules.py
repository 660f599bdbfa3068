"""Schedules as people use them: seen as far as one may see what they do, and changed by whom they are."""

from collections.abc import Sequence
from typing import Final

from daytwo_actions.policy import may_by_token
from daytwo_actions.roles import Permission
from daytwo_actions.schedules import CronFault, TimeFault, restore_schedule, times_of
from daytwo_api.asker import Asker
from daytwo_api.services.gather import gather
from daytwo_api.services.keys import key_of
from daytwo_api.services.onlooking import onlooker
from daytwo_api.services.schedule_views import firing_view, schedule_view, time_view
from daytwo_api.services.submission import SubmissionService
from daytwo_api.views.common import Page
from daytwo_api.views.runs import ReasonRequest, RunAccepted
from daytwo_api.views.schedules import (
    FiringView,
    PreviewRequest,
    PreviewView,
    ScheduleChange,
    ScheduleRequest,
    ScheduleView,
)
from daytwo_store import cursors, entities, firings, principals, schedules
from daytwo_store.engine import Session
from daytwo_store.errors import FieldFault, Forbidden, NotFound, Rejected
from daytwo_store.ids import EntityRef, TokenId
from daytwo_store.run_visibility import among
from daytwo_store.tables import FiringRow, RunRow, ScheduleRow
from daytwo_workflows.life import schedule_changes
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.planning import must_be_seen
from daytwo_workflows.life.schedule_changes import Draft, Hand

_SHOWN: Final = 10  # times of one schedule


class Schedules:
    def __init__(self, life: Life, submission: SubmissionService) -> None:
        self._life = life
        self._submission = submission

    async def list(self, by: Asker, *, action: str | None, cursor: str | None, limit: int) -> Page[ScheduleView]:
        after = cursors.read(cursor, 1)[0] if cursor else None
        async with self._life.store.read() as session:
            found = await self._page(session, by, action=action, after=after, limit=limit + 1)
            items = await self._views(session, by, found[:limit], times=1)
        return Page(items=[*items], next_cursor=cursors.make(items[-1].id) if len(found) > limit else None)

    async def get(self, by: Asker, schedule: str) -> ScheduleView:
        async with self._life.store.read() as session:
            row = await self._visible(session, by, schedule)
            return (await self._views(session, by, [row], times=_SHOWN))[0]

    async def firings(self, by: Asker, schedule: str, *, cursor: str | None, limit: int) -> Page[FiringView]:
        before = cursors.moment(cursor)[0] if cursor else None
        async with self._life.store.read() as session:
            row = await self._visible(session, by, schedule)
            found = await firings.page(session, row.id, before=before, limit=limit + 1)
            items = await self._firings(session, by, found[:limit])
        last = found[limit - 1][0] if len(found) > limit else None
        return Page(items=[*items], next_cursor=cursors.make(last.at.isoformat(), "") if last else None)

    async def preview(self, asked: PreviewRequest) -> PreviewView:
        try:
            times = times_of(cron=asked.cron, at=asked.at, timezone=asked.timezone)
        except (CronFault, TimeFault) as error:
            place = "/cron" if asked.cron is not None else "/at"
            raise Rejected(f"{error}. Nothing was changed.", errors=[FieldFault(place, str(error))]) from error
        async with self._life.store.read() as session:
            now = await self._life.store.clock.now(session)
        upcoming = [time_view(times, due) for due in times.upcoming(now, _SHOWN)]
        text = f"Due next on {upcoming[0].local}." if upcoming else "It is over already: it would never run."
        return PreviewView(upcoming=upcoming, text=text)

    async def make(self, by: Asker, asked: ScheduleRequest, key: str | None) -> ScheduleView:
        _token_must_be_for(by, asked.spec.get("action"))
        draft = Draft(title=asked.title, description=asked.description, spec=asked.spec)
        row = await schedule_changes.make(self._life, draft, by=_hand(by), key=key_of(by, key))
        return await self.get(by, row.id)

    async def change(self, by: Asker, schedule: str, asked: ScheduleChange) -> ScheduleView:
        view = await self.get(by, schedule)
        _token_must_be_for(by, view.action)
        _token_must_be_for(by, (asked.spec or {}).get("action", view.action))
        draft = Draft(title=asked.title, description=asked.description, spec=asked.spec)
        await schedule_changes.change(self._life, schedule, draft, by=_hand(by))
        return await self.get(by, schedule)

    async def remove(self, by: Asker, schedule: str) -> None:
        _must(await self.get(by, schedule), "remove")
        await schedule_changes.remove(self._life, schedule, by=_hand(by))

    async def pause(self, by: Asker, schedule: str, asked: ReasonRequest) -> ScheduleView:
        _must(await self.get(by, schedule), "pause")
        why = asked.reason.strip() or "No reason was given."
        await schedule_changes.pause(self._life, schedule, by=_hand(by), why=why)
        return await self.get(by, schedule)

    async def resume(self, by: Asker, schedule: str) -> ScheduleView:
        _must(await self.get(by, schedule), "pause")
        await schedule_changes.resume(self._life, schedule, by=_hand(by))
        return await self.get(by, schedule)

    async def take(self, by: Asker, schedule: str) -> ScheduleView:
        view = await self.get(by, schedule)
        _token_must_be_for(by, view.action)
        await schedule_changes.take(self._life, schedule, by=_hand(by))
        return await self.get(by, schedule)

    async def run_now(self, by: Asker, schedule: str, key: str | None) -> RunAccepted:
        view = await self.get(by, schedule)
        _token_must_be_for(by, view.action)
        accepted = await schedule_changes.run_now(self._life, schedule, by=_hand(by), key=key_of(by, key))
        return await self._submission.answer(accepted.run, repeated=accepted.repeated)

    async def _visible(self, session: Session, by: Asker, schedule: str) -> ScheduleRow:
        """Raises `NotFound`, the same for what does not exist and for what the asker may not see."""
        row = await schedules.get(session, schedule)
        if not await self._sees(session, by, row):
            raise schedules.not_there(schedule)
        return row

    async def _page(
        self, session: Session, by: Asker, *, action: str | None, after: str | None, limit: int
    ) -> Sequence[ScheduleRow]:
        """Full as long as more follow that may be seen: `allow.see` of an action is not looked at in SQL."""
        found: list[ScheduleRow] = []
        while len(found) < limit:
            rows = await schedules.page(session, sees=by.belongs, owner=by.ref, action=action, after=after, limit=limit)
            found += [row for row in rows if await self._sees(session, by, row)]
            if len(rows) < limit:
                break
            after = rows[-1].id
        return found[:limit]

    async def _sees(self, session: Session, by: Asker, row: ScheduleRow) -> bool:
        """Whoever may see the action and what it is about, and its owner; of an action that is gone, operators."""
        if row.owner == by.ref:
            return True
        if row.entity is not None and await entities.get(session, EntityRef(row.entity), sees=by.belongs) is None:
            return False
        who = (await principals.by_ids(session, [by.principal]))[by.principal]
        try:
            version = await self._life.definitions.current(session, row.action)
        except NotFound:
            return Permission.RUNS_CONTROL in by.permissions
        try:
            await must_be_seen(session, version, who, EntityRef(row.entity) if row.entity is not None else None)
        except NotFound:
            return False
        return True

    async def _views(
        self, session: Session, by: Asker, rows: Sequence[ScheduleRow], *, times: int
    ) -> Sequence[ScheduleView]:
        now = await self._life.store.clock.now(session)
        newest = await firings.newest(session, [row.id for row in rows])
        last = await self._firings(session, by, list(newest.values()))
        by_schedule = dict(zip(newest, last, strict=True))
        known = await gather(session, [], people={row.paused_by for row in rows if row.paused_by})
        return [
            schedule_view(
                row,
                restore_schedule(row.document),
                known,
                by,
                last=by_schedule.get(row.id),
                now=now,
                times=times,
            )
            for row in rows
        ]

    async def _firings(
        self, session: Session, by: Asker, found: Sequence[tuple[FiringRow, RunRow | None]]
    ) -> Sequence[FiringView]:
        seen = await among(session, [row.run_id for row, _ in found], onlooker(by))
        known = await gather(session, [], people={row.by for row, _ in found if row.by})
        return [firing_view(row, run if run is not None and run.id in seen else None, known) for row, run in found]


def _hand(by: Asker) -> Hand:
    return Hand(principal=by.principal, ref=by.ref, token=TokenId(by.token) if by.token else None)


def _must(view: ScheduleView, what: str) -> None:
    permitted = getattr(view.may, what)
    if not permitted.allowed:
        raise Forbidden(f"{permitted.why_not} Nothing was changed.")


def _token_must_be_for(by: Asker, action: object) -> None:
    answer = may_by_token(by.actions, str(action))
    if not answer.allowed:
        raise Forbidden(f"{answer.why_not} Nothing was changed.")
