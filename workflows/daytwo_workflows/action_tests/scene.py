"""One test while it is played: who acts in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Final

from pydantic import JsonValue

from daytwo_actions.action_tests.model import Earlier, Given, GivenEntity, Outcome, Values
from daytwo_actions.services.door import ServiceCall
from daytwo_catalog.model import Draft, Entity
from daytwo_catalog.schema import check
from daytwo_store import events, kinds, principals, runs
from daytwo_store.claims import by_marker
from daytwo_store.entities import EVERYTHING, get, upsert
from daytwo_store.errors import DaytwoError
from daytwo_store.events import NewEvent
from daytwo_store.identity import Login, principal_for
from daytwo_store.ids import ApprovalId, Corr, EntityRef, PrincipalId, RunId, TaskId
from daytwo_store.settings import Windows
from daytwo_store.states import ApprovalState, RunState, TaskState, Verdict
from daytwo_store.tables import ApprovalRow, PrincipalRow
from daytwo_store.whole_runs import WholeRun
from daytwo_workflows.action_tests.going import Going, NotThere
from daytwo_workflows.life import doing, lasting
from daytwo_workflows.life.asking import Wish, start, undo
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.decide import Decision, decide
from daytwo_workflows.life.doing import Done
from daytwo_workflows.life.filling import filled_in
from daytwo_workflows.life.interventions import cancel

WINDOWS: Final = Windows(fresh_plan=timedelta(0), settle_with_logs=timedelta(0))
_LATER: Final = re.compile(r"\.undo\..*$")  # of the path of a later try to undo a step
PAGE: Final = "https://daytwo.example"


@dataclass(kw_only=True)
class Scene(Going):
    life: Life
    calls: list[tuple[str, ServiceCall]]  # what services were asked
    given: Given
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    used: dict[str, int] = field(default_factory=dict)  # how many outcomes of a step were taken
    earlier: Earlier | None = None  # the run of before that is played now

    # --- who acts ---------------------------------------------------------------------------------------------------

    async def person(self, ref: str) -> PrincipalId:
        async with self.store.write() as tx:
            known = await get(tx.session, ref, sees=EVERYTHING)
            if known is None:
                raise NotThere(f"There is no {ref} in the catalog of this test.")
            login = Login(issuer="catalog", subject=ref, name=known.title, ref=EntityRef(ref))
            return (await principal_for(tx, login)).id

    async def requester(self) -> PrincipalRow:
        assert self.given.user is not None
        who = await self.person(self.given.user)
        async with self.store.read() as session:
            return (await principals.by_ids(session, [who]))[who]

    async def prepare(self) -> None:
        """What is different in the catalog."""
        for one in self.given.entities or []:
            async with self.store.write() as tx:
                draft = _draft(one, await get(tx.session, one.ref, sees=EVERYTHING))
                check(draft, await kinds.every(tx.session))
                await upsert(tx, draft, by="test")

    async def ask(self, action: str) -> None:
        """Ask for the run. What is said when it is refused is kept."""
        given = self.given
        assert given.user is not None
        try:
            self.run = await self._start(action, given.user, given.entity, given.answers or {}, given.comment)
        except DaytwoError as error:
            self.refused = told(error)

    async def play_before(self) -> None:
        """The runs of before, one after the other, each to its end. Of what they sent nothing is left to be seen."""
        for one in self.given.before or []:
            self.earlier = one
            self.run = await self._before(one)
            await self.settle()
            while one.approved_by is not None and _pending(await self.whole()):
                await self.decide(one.approved_by, Verdict.APPROVE, "", None)
                await self.settle()
            self.used.clear()
            row = await self.row()
            if row.state != RunState.SUCCEEDED:
                why = f": {row.reason}" if row.reason else ""
                raise NotThere(f"The run of {one.action} in `before` has not succeeded, it is {row.state}{why}")
        self.run = self.earlier = None
        self.calls.clear()

    async def _before(self, one: Earlier) -> RunId:
        who = one.user or self.given.user
        assert who is not None
        try:
            return await self._start(one.action, who, one.entity or self.given.entity, one.answers, None)
        except DaytwoError as error:
            raise NotThere(f"The run of {one.action} in `before` was refused: {told(error)}") from None

    async def _start(self, action: str, who: str, entity: str | None, answers: Values, comment: str | None) -> RunId:
        wish = Wish(
            action=action,
            requester=await self.person(who),
            token=None,
            entity=EntityRef(entity) if entity else None,
            inputs=answers,
            version=None,
            comment=comment,
        )
        return RunId((await start(self.life, wish, f"test-{next(self.numbers)}")).run.id)

    async def undo(self, by: str, reason: str) -> None:
        """From now on it is about the run that undoes the one of before."""
        row = await self.row()
        who = await self.person(by)
        key = f"test-{next(self.numbers)}"
        self.run = RunId((await undo(self.life, row, who, None, comment=reason, key=key)).run.id)

    async def decide(self, by: str, verdict: Verdict, comment: str, answers: Mapping[str, JsonValue] | None) -> None:
        whole = await self.whole()
        waiting = _pending(whole)
        if not waiting:
            raise NotThere("Nothing waits for a decision now.")
        approval = waiting[0]
        words = comment or ("said in a test" if verdict is Verdict.REJECT else "")
        asked = Decision(
            approval=ApprovalId(approval.id),
            principal=await self.person(by),
            verdict=verdict,
            digest=approval.digest,
            comment=words,
            answers=answers,
        )
        await decide(self.store, await filled_in(self.life, asked))

    async def task(self, path: str) -> TaskId:
        action, _, step = path.rpartition("/")
        whole = await self.whole()
        found = [
            one
            for one in whole.tasks
            if one.state == TaskState.OPEN and one.path == step and action in ("", whole.action_of(one.run_id))
        ]
        if not found:
            raise NotThere(f"Step {path} asks nobody to do anything now.")
        return TaskId(found[0].id)

    async def complete(self, path: str, by: str, answers: Mapping[str, JsonValue], words: str) -> None:
        done = Done(task=await self.task(path), by=await self.person(by), answers=answers, words=words)
        await doing.complete(self.life, done)

    async def give_up(self, path: str, by: str, words: str) -> None:
        await doing.give_up(self.life, await self.task(path), by=await self.person(by), words=words)

    async def cancel(self, by: str, reason: str) -> None:
        await cancel(self.store, self.the_run, by=await self.person(by), reason=reason, force=False)

    async def extend(self, path: str, by: str, length: timedelta) -> None:
        until = await self.clock.now() + length
        who = await self.person(by)
        await lasting.extend(self.store, self.the_run, path, until=until, by=who, person=by)

    async def give_back(self, path: str, by: str) -> None:
        await lasting.give_back(self.store, self.the_run, path, by=await self.person(by), reason="said in a test")

    async def event(self, source: str, key: str, payload: Mapping[str, JsonValue]) -> None:
        delivery = f"test-{next(self.numbers)}"
        async with self.store.write() as tx:
            await events.keep(tx, NewEvent(source=source, delivery=delivery, key=key, payload=payload))

    # --- what is looked at ------------------------------------------------------------------------------------------

    async def outcome(self, corr: Corr) -> Outcome:
        """What becomes of an attempt: by its step, by the step of an action that is called, or that it succeeds."""
        async with self.store.read() as session:
            attempt = await by_marker(session, corr)
            assert attempt is not None, "what is sent has an attempt"
            action = (await runs.peek(session, RunId(attempt.run_id))).action
        said = (self.earlier or self.given).pipelines or {}
        path = _LATER.sub(".undo", attempt.path)
        name = next((one for one in (f"{action}/{path}", path) if one in said), None)
        if name is None:
            return Outcome()
        found = said[name]
        several = found if isinstance(found, list) else [found]
        number = self.used.get(name, 0)
        self.used[name] = number + 1
        return several[min(number, len(several) - 1)]


def _pending(whole: WholeRun) -> list[ApprovalRow]:
    return [one for one in whole.approvals if one.state == ApprovalState.PENDING]


def _draft(said: GivenEntity, current: Entity | None) -> Draft:
    """What is there now, where there is something, with what the test says."""
    kind, _, name = said.ref.partition(":")
    return Draft(
        kind=kind,
        name=name,
        title=said.title or (current.title if current else name),
        owner=said.owner or (current.owner if current else None),
        properties={**(current.properties if current else {}), **said.properties},
        relations={**(current.relations if current else {}), **said.relations},
        visible_to=current.visible_to if current else (),
    )


def told(error: DaytwoError) -> str:
    """What people are told, faults of fields included."""
    more = "; ".join(f"{one.pointer}: {one.detail}" for one in error.errors)
    return f"{error.detail} {more}".strip()
