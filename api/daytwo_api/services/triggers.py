"""Triggers as people see them, pause them, and show them an event again."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from daytwo_actions.expressions import has_expression
from daytwo_actions.policy import may_by_token
from daytwo_actions.roles import Permission
from daytwo_api.asker import Asker
from daytwo_api.services.gather import Known, gather
from daytwo_api.services.keys import key_of
from daytwo_api.services.moments import moment
from daytwo_api.services.onlooking import onlooker
from daytwo_api.services.words import run_words
from daytwo_api.views.common import Page, Permitted
from daytwo_api.views.runs import ReasonRequest
from daytwo_api.views.triggers import EventDetail, EventSummary, ReactionView, Replayed, ReplayRequest, TriggerView
from daytwo_store import cursors, entities, principals, reactions, runs, triggers
from daytwo_store.engine import Session
from daytwo_store.errors import Forbidden, NotFound, Rejected
from daytwo_store.ids import EntityRef
from daytwo_store.run_visibility import among
from daytwo_store.states import ReactionState, RunState
from daytwo_store.tables import EventRow, ReactionRow, RunRow, TriggerRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.planning import must_be_seen
from daytwo_workflows.life.reacting import note

_NOT_THERE: Final = (
    "There is no such event, or you may not see it; events are kept for some weeks. Look at the list of events."
)


class Triggers:
    def __init__(self, life: Life) -> None:
        self._life = life

    async def list(self, by: Asker) -> Page[TriggerView]:
        async with self._life.store.read() as session:
            rows = [row for row in await triggers.everything(session) if await self._sees(session, by, row)]
            known = await gather(session, [], people={row.paused_by for row in rows if row.paused_by})
        return Page(items=[_trigger_view(row, known, by) for row in rows])

    async def get(self, by: Asker, trigger: str) -> TriggerView:
        async with self._life.store.read() as session:
            row = await self._visible(session, by, trigger)
            known = await gather(session, [], people={row.paused_by} if row.paused_by else ())
        return _trigger_view(row, known, by)

    async def reactions(self, by: Asker, trigger: str, *, cursor: str | None, limit: int) -> Page[ReactionView]:
        before = _place(cursor) if cursor else None
        async with self._life.store.read() as session:
            row = await self._visible(session, by, trigger)
            found = await reactions.of_trigger(session, row.id, before=before, limit=limit + 1)
            items = await self._views(session, by, found[:limit])
        last = found[limit - 1] if len(found) > limit else None
        return Page(items=[*items], next_cursor=_cursor(last) if last else None)

    async def pause(self, by: Asker, trigger: str, asked: ReasonRequest) -> TriggerView:
        await self._must_mend(by, trigger)
        async with self._life.store.write() as tx:
            why = asked.reason.strip() or "No reason was given."
            triggers.pause(tx, await triggers.hold(tx, trigger), by=by.principal, why=why)
        return await self.get(by, trigger)

    async def resume(self, by: Asker, trigger: str) -> TriggerView:
        await self._must_mend(by, trigger)
        async with self._life.store.write() as tx:
            triggers.resume(tx, await triggers.hold(tx, trigger), by=by.principal)
        return await self.get(by, trigger)

    async def replay(self, by: Asker, trigger: str, asked: ReplayRequest, key: str | None) -> Replayed:
        """The same key again does nothing more."""
        await self._must_mend(by, trigger)
        own = f"replay-{by.principal}-{key_of(by, key)}"
        async with self._life.store.write() as tx:
            row = await triggers.hold(tx, trigger)
            event = await reactions.event(tx.session, asked.event, onlooker(by))
            if event is None or event.source != row.listens:
                raise NotFound(_NOT_THERE)
            begins = 0
            if await reactions.with_key(tx.session, own) is None:
                turn = await reactions.next_turn(tx, row.id, event.id)
                begins = await note(tx, row, event, turn=turn, by=by.principal, key=own)
                facts = {"event": event.id, "count": str(begins)}
                tx.audit(actor=by.principal, action="trigger.replayed", subject=f"trigger:{row.id}", facts=facts)
        async with self._life.store.read() as session:
            caused = (await reactions.of_events(session, [asked.event])).get(asked.event, [])
            views = await self._views(session, by, [one for one in caused if one.trigger == trigger])
        return Replayed(begins=begins, caused=[*views])

    async def events(self, by: Asker, *, cursor: str | None, limit: int) -> Page[EventSummary]:
        before = cursors.moment(cursor) if cursor else None
        async with self._life.store.read() as session:
            rows = await reactions.events_page(session, onlooker(by), before=before, limit=limit + 1)
            shown = rows[:limit]
            caused = await reactions.of_events(session, [row.id for row in shown])
            items = [
                EventSummary(**_event(row), caused=[*await self._views(session, by, caused.get(row.id, []))])
                for row in shown
            ]
        last = shown[-1] if len(rows) > limit else None
        return Page(items=items, next_cursor=cursors.make(last.received_at.isoformat(), last.id) if last else None)

    async def event(self, by: Asker, event: str) -> EventDetail:
        async with self._life.store.read() as session:
            row = await reactions.event(session, event, onlooker(by))
            if row is None:
                raise NotFound(_NOT_THERE)
            caused = (await reactions.of_events(session, [event])).get(event, [])
            views = await self._views(session, by, caused)
        return EventDetail(**_event(row), caused=[*views], payload=row.payload)

    async def _must_mend(self, by: Asker, trigger: str) -> None:
        view = await self.get(by, trigger)
        if not view.may_pause.allowed:
            raise Forbidden(f"{view.may_pause.why_not} Nothing was changed.")

    async def _visible(self, session: Session, by: Asker, trigger: str) -> TriggerRow:
        row = await triggers.get(session, trigger)
        if not await self._sees(session, by, row):
            raise triggers.not_there(trigger)
        return row

    async def _sees(self, session: Session, by: Asker, row: TriggerRow) -> bool:
        """Whoever may see the action and what it is always about, and its owner; of an action that is gone, operators.

        What an event decides it to be about is seen with the runs that it began."""
        if row.owner == by.ref:
            return True
        entity = _always_about(row)
        if entity is not None and await entities.get(session, entity, sees=by.belongs) is None:
            return False
        who = (await principals.by_ids(session, [by.principal]))[by.principal]
        try:
            version = await self._life.definitions.current(session, row.action)
        except NotFound:
            return Permission.RUNS_CONTROL in by.permissions
        try:
            await must_be_seen(session, version, who, entity)
        except NotFound:
            return False
        return True

    async def _views(self, session: Session, by: Asker, rows: Sequence[ReactionRow]) -> Sequence[ReactionView]:
        named = [row.run_id for row in rows if row.run_id is not None]
        if not rows:
            return []
        seen = await among(session, named, onlooker(by))
        found = await runs.by_ids(session, seen)
        known = await gather(session, [], people={row.by for row in rows if row.by})
        about = {row: str(row.asked["entity"]) for row in rows if row.asked is not None}
        hidden = await entities.hidden(session, set(about.values()), sees=by.belongs)
        return [
            _reaction_view(
                row,
                {str(run): one for run, one in found.items()},
                known,
                hidden=about.get(row) in hidden and row.run_id not in found,
            )
            for row in rows
        ]


def _always_about(row: TriggerRow) -> EntityRef | None:
    """The entity that its definition names, where no event has a say in that."""
    spec = row.document["spec"]
    entity = spec.get("entity") if isinstance(spec, dict) else None
    return EntityRef(entity) if isinstance(entity, str) and not has_expression(entity) else None


def _trigger_view(row: TriggerRow, known: Known, by: Asker) -> TriggerView:
    metadata, spec = row.document["metadata"], row.document["spec"]
    assert isinstance(metadata, dict)
    assert isinstance(spec, dict)
    paused = row.paused_at is not None
    told = f"paused since {moment(row.paused_at)}: {row.paused_why}" if row.paused_at is not None else "listens"
    return TriggerView(
        id=row.id,
        title=row.title,
        description=str(metadata.get("description", "")),
        owner=row.owner,
        action=row.action,
        listens=row.listens,
        spec=spec,
        state="paused" if paused else "active",
        text=told,
        paused_why=row.paused_why,
        paused_by=known.person(row.paused_by) if paused else None,
        failures=row.failures,
        changed_at=row.changed_at,
        may_pause=_may_mend(row, by),
    )


def _may_mend(row: TriggerRow, by: Asker) -> Permitted:
    if row.owner == by.ref or Permission.RUNS_CONTROL in by.permissions:
        by_token = may_by_token(by.actions, row.action)
        return Permitted(allowed=by_token.allowed, why_not=by_token.why_not)
    return Permitted(allowed=False, why_not=f"Only its owner, {row.owner}, and operators do this.")


def _reaction_view(row: ReactionRow, found: dict[str, RunRow], known: Known, *, hidden: bool) -> ReactionView:
    """`hidden`: what it is about may not be seen, so neither is the reason, which may name it."""
    run = found.get(row.run_id or "")
    text = row.why or "Its run is about to be asked for."
    if hidden and row.why is not None:
        text = "It is about something that you may not see."
    if row.state == ReactionState.STARTED:
        text = f"Its run is {run_words(run.state)}." if run is not None else "There is a run of it."
    return ReactionView(
        trigger=row.trigger,
        event=row.event,
        item=row.item,
        turn=row.turn,
        at=row.at,
        state=ReactionState(row.state),
        text=text,
        by=known.person(row.by) if row.by is not None else None,
        run=run.id if run is not None else None,
        run_state=RunState(run.state) if run is not None else None,
    )


def _cursor(row: ReactionRow) -> str:
    return cursors.make(row.at.isoformat(), json.dumps([row.event, row.item, row.turn]))


def _place(cursor: str) -> tuple[datetime, str, int, int]:
    """Raises `Rejected` when it is none of ours."""
    at, within = cursors.moment(cursor)
    try:
        event, item, turn = json.loads(within)
        return at, str(event), int(item), int(turn)
    except (ValueError, TypeError, RecursionError):
        raise Rejected("The cursor is not one of ours, so there is no page to show. Start without a cursor.") from None


def _event(row: EventRow) -> dict[str, str | datetime | None]:
    return {
        "id": row.id,
        "source": row.source,
        "delivery": row.delivery,
        "key": row.key,
        "received_at": row.received_at,
    }
