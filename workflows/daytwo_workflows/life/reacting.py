"""Events become runs, by triggers: as with schedules, in three small things that are a transaction each.

What an event means to whom is written down, each of these is asked for as if its owner had, and the ends of runs are
counted. Work is bounded: so many events a round, so many entries of an event, so many runs of a trigger in an hour, and
so many runs in a chain that triggers began. What was left out says so.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from pydantic import JsonValue

from daytwo_actions.definitions.durations import format_duration
from daytwo_actions.triggers import (
    CATALOG,
    RUNS,
    LoadedTrigger,
    TriggerSpec,
    Unreadable,
    items_of,
    restore_trigger,
    wanted,
)
from daytwo_actions.triggers.reading import MOST_ITEMS
from daytwo_store import entities, principals, reactions, triggers
from daytwo_store.engine import Session, Tx
from daytwo_store.entities import as_entity, as_record
from daytwo_store.errors import NotFound
from daytwo_store.ids import EntityRef, PrincipalId
from daytwo_store.reactions import Reaction
from daytwo_store.run_visibility import Onlooker, among
from daytwo_store.states import ReactionState, RunState
from daytwo_store.tables import EventRow, ReactionRow, TriggerRow
from daytwo_store.triggers import Made
from daytwo_workflows.life.answering import PAUSED, begin_safely
from daytwo_workflows.life.causes import BAD_ENDS
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.people import belongings

log = structlog.get_logger()
_AT_A_TIME: Final = 20  # events of one transaction
_ROUNDS: Final = 10  # of these one after the other, before runs are asked for
_AT_ONCE: Final = 4  # runs that are being asked for: people who ask meanwhile are not held up
_NOT_SEEN: Final = (
    "It is about something that is not there, or that whoever showed the event again may not see. Nothing was started."
)
_DEEPEST: Final = 3  # runs in a chain, each begun by what the one before did


async def react(life: Life) -> int:
    """One round; how many runs were asked for. What fails for one trigger is told and keeps no other from its turn."""
    async with life.store.read() as session:
        if not await reactions.anything(session, await life.store.clock.now(session)):
            return 0
    for _ in range(_ROUNDS):
        if await note_fresh(life) < _AT_A_TIME:
            break
    await count_ends(life)
    async with life.store.read() as session:
        now = await life.store.clock.now(session)
        waiting = await reactions.due(session, now, limit=_ROUNDS * _AT_A_TIME)
    room = asyncio.Semaphore(_AT_ONCE)

    async def in_turn(row: ReactionRow) -> bool:
        async with room:
            return await begin_safely(life, row)

    return sum(await asyncio.gather(*map(in_turn, waiting)))


async def tell_expired(life: Life) -> None:
    """Properties with a time that is over become events, for triggers that listen to them; each time once."""
    async with life.store.write() as tx:
        for row in await triggers.listening(tx.session, [CATALOG]):
            spec = restore_trigger(row.document)
            if spec is None or spec.on.catalog is None or spec.on.expired is None:
                continue
            name = spec.on.expired
            for entity in await triggers.over(tx, spec.on.catalog, name, limit=_AT_A_TIME):
                payload: dict[str, JsonValue] = {
                    "change": "expired",
                    "property": name,
                    "entity": as_record(as_entity(entity)),
                    "depth": 0,
                    "visible_to": list(entity.visible_to),
                }
                delivery = f"{entity.ref} {name} {entity.properties[name]}"
                await triggers.happened(tx, CATALOG, delivery, payload, sure=True)


async def note_fresh(life: Life) -> int:
    """Write down what events mean to triggers; how many events that were."""
    async with life.store.write() as tx:
        events = await reactions.fresh(tx, limit=_AT_A_TIME)
        if not events:
            return 0
        named = await triggers.listening(tx.session, {event.source for event in events})
        held = await triggers.hold_all(tx, {row.id for row in named})
        for event in events:
            for row in held:
                if row.listens == event.source:
                    await note(tx, row, event)
        await reactions.looked_at(tx, [event.id for event in events])
    return len(events)


async def note(
    tx: Tx, row: TriggerRow, event: EventRow, *, turn: int = 0, by: PrincipalId | None = None, key: str | None = None
) -> int:
    """What one event means to one held trigger; how many runs are to be asked for. `turn` is that of a replay."""
    spec = restore_trigger(row.document)
    made = _Noting(tx, row, event, turn, by, key)
    if spec is None:
        triggers.pause(tx, row, by=triggers.SYSTEM, why="Its definition cannot be read any more. Write it again.")
        return 0
    if not await _owner_sees(tx.session, row, event):
        return 0
    try:
        items = items_of(spec, event.payload)
    except Unreadable as error:
        await made.skip(0, f"{error} Nothing was started.")
        return 0
    begun = 0
    for number, item in enumerate(items[:MOST_ITEMS]):
        begun += await _note_item(made, spec, number, item)
    if len(items) > MOST_ITEMS:
        await made.skip(
            MOST_ITEMS, f"It has {len(items)} entries, and {MOST_ITEMS} are the most. The rest is left out."
        )
    return begun


class _Noting:
    """Where it is written down."""

    def __init__(
        self, tx: Tx, row: TriggerRow, event: EventRow, turn: int, by: PrincipalId | None, key: str | None
    ) -> None:
        self.tx, self.row, self.event, self.turn = tx, row, event, turn
        self.by, self._key = by, key
        depth = event.payload.get("depth") if event.source in (CATALOG, RUNS) else 0
        self.depth = (depth if isinstance(depth, int) else 0) + 1

    async def skip(self, item: int, why: str, *, about: str | None = None) -> None:
        await self.write(item, ReactionState.SKIPPED, why=why, about=about)

    async def write(
        self,
        item: int,
        state: ReactionState,
        *,
        why: str | None = None,
        about: str | None = None,
        asked: dict[str, JsonValue] | None = None,
    ) -> bool:
        return await reactions.note(
            self.tx,
            Reaction(
                trigger=self.row.id,
                event=self.event.id,
                item=item,
                turn=self.turn,
                depth=self.depth,
                state=state,
                why=why,
                about=about,
                asked=asked,
                by=self.by,
                key=None if self._key is None else f"{self._key}-{item}",
            ),
        )


async def _note_item(made: _Noting, spec: TriggerSpec, number: int, item: JsonValue) -> bool:
    """True when a run is to be asked for. What it is not about leaves no trace: most events are not."""
    tx, row = made.tx, made.row
    try:
        found = wanted(spec, made.event.payload, item)
    except Unreadable as error:
        await made.skip(number, f"{error} Nothing was started.")
        return False
    if found is None:
        return False
    if row.paused_at is not None and made.turn == 0:
        await made.skip(number, PAUSED, about=found.key)
        return False
    if made.depth > _DEEPEST:
        why = f"{_DEEPEST} runs lead here already, each begun by what the one before did. Nothing was started."
        await made.skip(number, why, about=found.key)
        return False
    if spec.throttle is not None and found.key is not None and made.turn == 0:
        last = await reactions.last_about(tx, row.id, found.key, since=tx.now - spec.throttle)
        if last is not None:
            why = f"One began for the same less than {format_duration(spec.throttle)} before. Nothing was started."
            await made.skip(number, why, about=found.key)
            return False
    if await reactions.begun_in_an_hour(tx, row.id) >= spec.most:
        why = f"A flood: {spec.most} began within an hour, and these are the most. Nothing was started."
        await made.skip(number, why, about=found.key)
        return False
    if found.entity is not None and not await _shown_by_who_sees(made, EntityRef(found.entity)):
        await made.skip(number, _NOT_SEEN, about=found.key)
        return False
    asked: dict[str, JsonValue] = {
        "action": spec.action,
        "entity": found.entity,
        "inputs": found.inputs,
        "title": row.title,
        "writers": list(row.writers),
    }
    return await made.write(number, ReactionState.DUE, about=found.key, asked=asked)


async def _shown_by_who_sees(made: _Noting, entity: EntityRef) -> bool:
    """Whoever shows an event again has nothing done to what they may not see, whoever's trigger it is."""
    if made.by is None:
        return True
    who = (await principals.by_ids(made.tx.session, [made.by]))[made.by]
    sees = await belongings(made.tx.session, who.ref)
    return await entities.get(made.tx.session, entity, sees=sees) is not None


async def _owner_sees(session: Session, row: TriggerRow, event: EventRow) -> bool:
    """Of what happened here the owner hears as much as they may see."""
    if event.source not in (CATALOG, RUNS):
        return True
    belongs = await belongings(session, row.owner)
    if event.source == RUNS:
        who = await principals.of(session, row.owner, None)
        by = Onlooker(belongs=belongs, principal=PrincipalId(who.id) if who is not None else PrincipalId(""))
        if event.delivery not in await among(session, [event.delivery], by):
            return False
    visible_to = event.payload.get("visible_to")
    if not isinstance(visible_to, list) or not visible_to:
        return True
    return not belongs.isdisjoint(str(one) for one in visible_to)


async def count_ends(life: Life) -> None:
    """Runs that have ended: so many in a row that did not succeed pause their trigger."""
    async with life.store.write() as tx:
        for reaction, run in await reactions.ended(tx, limit=_AT_A_TIME):
            reaction.counted_at = tx.now
            try:
                row = await triggers.hold(tx, reaction.trigger)
            except NotFound:
                continue
            if run.state == RunState.SUCCEEDED:
                row.failures = 0
            elif run.state in BAD_ENDS:
                _failed(tx, row, f"the last one is run {run.id}, which is {run.state}")


def made(loaded: LoadedTrigger, writers: Sequence[str]) -> Made:
    """A checked trigger as the store keeps it."""
    model = loaded.model
    return Made(
        id=loaded.name,
        title=model.metadata.title,
        owner=model.metadata.owner,
        action=model.spec.action,
        listens=model.spec.on.source,
        document=dict(loaded.document),
        digest=loaded.digest,
        source=loaded.file,
        writers=tuple(sorted(writers)),
    )


def _failed(tx: Tx, row: TriggerRow, last: str) -> None:
    row.failures += 1
    spec = restore_trigger(row.document)
    most = spec.pause_after if spec is not None else 1
    if row.failures >= most:
        times = "Once it did not succeed" if row.failures == 1 else f"{row.failures} times in a row it did not succeed"
        triggers.pause(tx, row, by=triggers.SYSTEM, why=f"{times}; {last.rstrip('.')}.")
