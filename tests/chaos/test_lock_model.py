"""R40 over locks: whatever happens in whatever order, the rows say what a small model in plain Python says.

The model knows nothing of rows, transactions or advisory locks. After each event both are compared: the state of every
run, who has each key, and who waits for it in which order. The approvals have a model of their own beside this one.
"""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pytest
from company import SHOP, Company, open_company
from databases import Databases
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from locking import Locking, needs
from more_actions import like_deploy, load_beside
from pydantic import SecretStr
from sqlalchemy import text
from tests.chaos.harness.dying_store import quick
from tests.chaos.harness.lock_model import KINDS, Model

from daytwo_actions.backends.base import Pinned
from daytwo_actions.plan.render import pin
from daytwo_store import lock_holds
from daytwo_store.engine import Store, Tx
from daytwo_store.errors import Conflict
from daytwo_store.ids import RunId, new_run_id
from daytwo_store.lock_reading import situations
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ExternalStatus, RunState
from daytwo_store.tables import RunRow
from daytwo_workflows.life.accept import Submission, accept
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.asking import Wish, plan
from daytwo_workflows.life.interventions import cancel, withdraw
from daytwo_workflows.life.lock_sweep import sweep_locks
from daytwo_workflows.life.planning import Aimed, assemble
from daytwo_workflows.life.taking_away import TakeAway, take_away

pytestmark = pytest.mark.chaos

Event = tuple[str, int]  # what, and which kind, run or key
WORDS: Final = ["ask"] * 10 + [
    "send",
    "finish",
    "finish",
    "drive",
    "withdraw",
    "cancel",
    "hold",
    "end",
    "expire",
    "force",
]
OPEN: Final = ("waiting_lock", "running")
AT_ONCE: Final = 4  # histories: they share nothing but the house


def events_of(steps: int) -> "st.SearchStrategy[list[Event]]":
    one = st.tuples(st.sampled_from(WORDS), st.integers(0, 59))
    return st.lists(one, min_size=steps, max_size=steps)


# One statement after each event: the state of every run, who has each key, and who waits, the next one first.
SEEN: Final = text(
    """
    SELECT (SELECT json_object_agg(id, state) FROM run WHERE id = ANY(:ids)),
      (SELECT json_object_agg(substr(key, length(:place) + 1), coalesce(holder_run, hold_id)) FROM lock
       WHERE starts_with(key, :place)),
      (SELECT json_agg(json_build_array(substr(key, length(:place) + 1), run_id)
                       ORDER BY "first" DESC, priority DESC, place)
       FROM lock_queue WHERE starts_with(key, :place) AND superseded_by IS NULL)
    """
)


@dataclass(frozen=True)
class Yard:
    """A house, and a plan that is made once: of what is asked for, only the locks differ."""

    company: Company
    aimed: Aimed
    pins: Sequence[Pinned]

    async def accept(self, tx: Tx) -> RunRow:
        """Another run of that plan, as a submission writes it."""
        life, run = self.company.life, new_run_id()
        context = {**self.aimed.facts.context, "run": {"id": run, "url": f"{life.public_url}/runs/{run}"}}
        aimed = replace(self.aimed, facts=replace(self.aimed.facts, run=run, context=context))
        submission = Submission(
            plan=assemble(life, aimed, self.pins),
            requester=self.company.people["ana"],
            token=None,
            key=f"key-{run}",
            body_sha256="",
        )
        return await accept(tx, life.keys.ring, submission)


@dataclass
class Play:
    """One history: each event on the model and on the life itself, then both are compared."""

    yard: Yard
    place: str
    model: Model = field(default_factory=Model)
    ids: list[RunId] = field(default_factory=list)
    holds: dict[str, str] = field(default_factory=dict)

    @property
    def company(self) -> Company:
        return self.yard.company

    @property
    def locking(self) -> Locking:
        return Locking(self.company, self.place)

    async def event(self, word: str, number: int) -> None:
        if word == "ask":
            await self.ask(sorted(KINDS)[number % len(KINDS)])
        elif word in ("hold", "end", "expire", "force"):
            await self._on_key(word, "abc"[number % 3])
        elif self.ids:
            await self._on_run(word, number % len(self.ids))
        while told := self.model.told():
            self.model.settle()
            for n in told:
                await advance(self.company.life, self.ids[n])

    async def ask(self, kind: str) -> None:
        keys, queue, priority, undo = KINDS[kind]
        async with self.company.store.write() as tx:
            row = await self.yard.accept(tx)
            run = RunId(row.id)
            of = self.ids[0] if undo and self.ids else run if undo else None
            needs(row, *self.locking.keys(*keys), queue=queue, priority=priority, undo_of=of)
        if self.model.ask(kind) == "conflict":  # at its submission; here it has been made, so it is refused
            await advance(self.company.life, run)
            assert (await self.company.run(run)).state == RunState.REFUSED
            return
        self.ids.append(run)
        await advance(self.company.life, run)
        if self.model.runs[-1].state == "waiting_lock" and len(self.ids) - 1 in self.model.has.values():
            self.model.runs[-1].state = "running"
        await self._push(len(self.ids) - 1)

    async def _push(self, n: int) -> None:
        """What was stopped for another run is driven to its end."""
        before = [run.state for run in self.model.runs]
        self.model.push(n)
        for other, run in enumerate(self.model.runs):
            if run.state != before[other] and run.state == "cancelled":
                await self.company.through(self.ids[other])

    async def _on_run(self, word: str, n: int) -> None:
        run, real = self.model.runs[n], self.ids[n]
        ana, store = await self.company.person("ana"), self.company.store
        if run.state not in OPEN or (run.state == "waiting_lock" and not self.model._waits(n)):
            return
        match word, run.state:
            case "send", "running" if not run.undo and not run.sent and n in self.model.has.values():
                run.sent = True
                await self.company.drive(real)
            case "finish", "running" if run.sent:
                external = (await self.company.attempts(real))[-1].external_id
                assert external is not None
                self.company.ci.end(external, ExternalStatus.SUCCEEDED)
                self.model.over(n, "succeeded")
                await self.company.look(real)
                await self.company.drive(real)
            case "withdraw", "waiting_lock":
                self.model.over(n, "withdrawn")
                await withdraw(store, real, by=ana, reason="")
            case "withdraw", "running":
                with pytest.raises(Conflict):
                    await withdraw(store, real, by=ana, reason="")
            case "cancel", _:
                self.model.over(n, "cancelled")
                await cancel(store, real, by=ana, reason="", force=False)
                await self.company.through(real)
            case "drive", "waiting_lock":
                await advance(self.company.life, real)
                await self._push(n)

    async def _on_key(self, word: str, key: str) -> None:
        model, store = self.model, self.company.store
        held = model.has.get(key) == "hold" or key in model.next_hold
        match word:
            case "hold" if not held:
                model.next_hold.add(key)
                self.holds[key] = await self.locking.hold(key)
                model.pass_on()
            case "hold":
                with pytest.raises(Conflict):
                    await self.locking.hold(key)
            case "end" | "expire" if held:
                model.next_hold.discard(key)
                if model.has.get(key) == "hold":
                    del model.has[key]
                model.pass_on()
                if word == "end":
                    return await self.locking.end(self.holds[key])
                async with store.write() as tx:
                    (await lock_holds.get(tx.session, self.holds[key])).until = tx.now
                async with store.read() as session:
                    await sweep_locks(store, await store.clock.now(session))
            case "force" if key in model.has:
                who = model.has.pop(key)
                if isinstance(who, int) and not model.runs[who].sent:
                    model.over(who, "refused")
                model.pass_on()
                async with store.read() as session:
                    (seen,) = await situations(session, [self.locking.key(key)])
                assert seen.fence is not None
                pat = await self.company.person("pat")
                await take_away(store, TakeAway(key=self.locking.key(key), fence=seen.fence, by=pat, reason="it hangs"))
        return None

    async def seen(self) -> tuple[list[str], dict[str, str], dict[str, list[int]]]:
        async with self.company.store.read() as session:
            asked = {"ids": list(self.ids), "place": self.place}
            states, holders, waiting = (await session.execute(SEEN, asked)).one()
        numbers = {run: n for n, run in enumerate(self.ids)}
        has = {key: str(numbers.get(RunId(who), "hold")) for key, who in (holders or {}).items()}
        lines: dict[str, list[int]] = {key: [] for key in "abc"}
        for key, run in waiting or ():
            lines[key].append(numbers[run])
        return [states[run] for run in self.ids] if self.ids else [], has, lines


async def play(yard: Yard, number: int, events: Sequence[Event]) -> None:
    history = Play(yard, f"history-{number}/")
    company = yard.company
    for step, event in enumerate(events):
        await history.event(*event)
        assert await history.seen() == history.model.seen(), f"history {number}: {events[: step + 1]}"
    # Everybody ends: then nothing is left of any lock.
    for n, run in enumerate(history.model.runs):
        if run.state in OPEN:
            await cancel(company.store, history.ids[n], by=await company.person("ana"), reason="", force=False)
            await company.through(history.ids[n])
    for key in "abc":
        if history.model.has.get(key) == "hold" or key in history.model.next_hold:
            await history.locking.end(history.holds[key])
    await history.locking.nothing_is_left()


async def open_yard(url: str, folder: Path) -> Yard:
    company = await open_company(Store(StoreSettings(url=SecretStr(quick(url)), pool_size=2 * AT_ONCE)))
    await load_beside(company, folder, like_deploy("plain", approval=[]))
    company.ci.ends_as = None
    for name in ("ana", "pat", "sam"):
        await company.person(name)
    wish = Wish(
        action="plain",
        requester=company.people["ana"],
        token=None,
        entity=SHOP,
        inputs={"version": "1.1.0", "environment": "environment:staging"},
        version=None,
    )
    aimed = (await plan(company.life, wish)).aimed
    return Yard(company, aimed, await pin(aimed.aims, company.life.backends))


Played = Callable[[Sequence[Sequence[Event]]], None]


@pytest.fixture
def played(databases: Databases, tmp_path: Path) -> Iterator[Played]:
    """One house for all examples of a test: each history has keys and runs of its own, and some are played at once."""
    url = databases.create()
    numbers = iter(range(10_000))
    with asyncio.Runner() as runner:
        yard = runner.run(open_yard(url, tmp_path))

        async def together(histories: Sequence[Sequence[Event]]) -> None:
            await asyncio.gather(*(play(yard, next(numbers), events) for events in histories))

        yield lambda histories: runner.run(together(histories))
        runner.run(yard.company.store.close())
    databases.drop(url)


def _check(played: Played, count: int, steps: int, dice: random.Random) -> None:
    """Histories are drawn first: playing them one by one would wait for the database."""
    histories: list[Sequence[Event]] = []

    @seed(dice.randrange(1 << 31))
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),  # a shorter history would cost minutes; the event that differs is told
    )
    @given(events_of(steps))
    def draw(events: Sequence[Event]) -> None:
        histories.append(events)

    draw()
    assert len(histories) == count
    for begin in range(0, count, AT_ONCE):
        played(histories[begin : begin + AT_ONCE])


@pytest.mark.short
def test_a_few_histories_of_locks(played: Played, dice: random.Random) -> None:
    _check(played, 4, 30, dice)


@pytest.mark.timeout(600)
def test_a_hundred_histories_of_locks(played: Played, dice: random.Random) -> None:
    _check(played, 100, 30, dice)


@pytest.mark.timeout(7200)
def test_two_thousand_long_histories_of_locks(played: Played, dice: random.Random) -> None:
    _check(played, 2000, 50, dice)
