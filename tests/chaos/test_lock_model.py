"""R40 over locks: whatever happens in whatever order, the rows say what a small model in plain Python says.

The model knows nothing of rows, transactions or advisory locks. After each event both are compared: the state of every
run, who has each key, and who waits for it in which order. The approvals have a model of their own beside this one.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from company import Company, open_company
from databases import Databases
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from locking import Locking, needs
from more_actions import like_deploy, load_beside
from pydantic import SecretStr

from daytwo_store import lock_holds, runs
from daytwo_store.engine import Store
from daytwo_store.errors import Conflict
from daytwo_store.ids import RunId
from daytwo_store.lock_reading import situations
from daytwo_store.locks import Queue
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ExternalStatus, RunState
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.interventions import cancel, withdraw
from daytwo_workflows.life.lock_sweep import sweep_locks
from daytwo_workflows.life.taking_away import TakeAway, take_away

pytestmark = pytest.mark.chaos

# Ways to ask: keys, how it queues, its priority, and whether it is an undo.
KINDS: Final[dict[str, tuple[str, Queue, int, bool]]] = {
    "one": ("a", Queue.FIFO, 0, False),
    "other": ("b", Queue.FIFO, 0, False),
    "both": ("ab", Queue.FIFO, 0, False),
    "all": ("abc", Queue.FIFO, 0, False),
    "urgent": ("a", Queue.PRIORITY, 9, False),
    "newest": ("a", Queue.LATEST, 0, False),
    "newest of two": ("ab", Queue.LATEST, 0, False),
    "impatient": ("a", Queue.REJECT, 0, False),
    "pushy": ("b", Queue.REPLACE, 0, False),
    "undo": ("a", Queue.FIFO, 0, True),
}
Event = tuple[str, int]  # what, and which kind, run or key
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["ask"] * 10 + ["send", "finish", "finish", "drive", "withdraw", "cancel", "hold", "end", "expire", "force"]
        ),
        st.integers(0, 59),
    ),
    min_size=10,
    max_size=30,
)
OPEN: Final = ("waiting_lock", "running")


@dataclass
class Run:
    keys: str
    queue: Queue
    priority: int
    undo: bool
    place: int = 0
    state: str = "waiting_lock"
    sent: bool = False
    superseded: bool = False

    @property
    def order(self) -> tuple[bool, int, int]:
        return (not self.undo, -self.priority, self.place)


@dataclass
class Model:
    """What should be true. A key is had by the number of a run, or by the word "hold"."""

    runs: list[Run] = field(default_factory=list)
    has: dict[str, int | str] = field(default_factory=dict)
    next_hold: set[str] = field(default_factory=set)
    places: int = 0

    def line(self, key: str) -> list[int]:
        """Who waits for a key, the next one first."""
        waits = [n for n, run in enumerate(self.runs) if self._waits(n) and key in run.keys]
        return sorted(waits, key=lambda n: self.runs[n].order)

    def _waits(self, n: int) -> bool:
        run = self.runs[n]
        return run.state == "waiting_lock" and not run.superseded and n not in self.has.values()

    def pass_on(self) -> None:
        """Free keys go to holds, then to those that are first in all their lines; until nothing moves."""
        for key in [key for key in self.next_hold if key not in self.has]:
            self.next_hold.discard(key)
            self.has[key] = "hold"
        for n, run in enumerate(self.runs):
            if self._waits(n) and all(key not in self.has and self.line(key)[0] == n for key in run.keys):
                self.has |= dict.fromkeys(run.keys, n)

    def over(self, n: int, state: str) -> None:
        self.runs[n].state = state
        self.has = {key: who for key, who in self.has.items() if who != n}
        self.pass_on()

    def ask(self, kind: str) -> str:
        run = Run(*KINDS[kind])
        taken = [key for key in run.keys if key in self.has]
        if run.queue is Queue.REJECT and taken:
            return "conflict"
        if run.queue is Queue.REJECT and any(self.line(key) for key in run.keys):
            run.state = "refused"
        self.places += 1
        run.place = self.places
        if run.queue is Queue.LATEST:
            for other in self.runs:
                alike = (other.queue, other.keys, other.state) == (run.queue, run.keys, "waiting_lock")
                if alike and self._waits(self.runs.index(other)):
                    run.place, other.superseded = min(run.place, other.place), True
        self.runs.append(run)
        self.pass_on()
        return "ok"

    def push(self, n: int) -> None:
        """A run that replaces stops who has what it is the next for."""
        run = self.runs[n]
        if run.queue is not Queue.REPLACE or not self._waits(n):
            return
        for key in run.keys:
            who = self.has.get(key)
            if isinstance(who, int) and self.line(key)[0] == n and not self.runs[who].undo:
                self.over(who, "cancelled")

    def settle(self) -> None:
        """Everybody who has been told something has done it."""
        for n, run in enumerate(self.runs):
            if run.state == "waiting_lock" and run.superseded:
                run.state = "superseded"
            elif run.state == "waiting_lock" and n in self.has.values():
                run.state = "running"

    def told(self) -> list[int]:
        return [
            n
            for n, run in enumerate(self.runs)
            if run.state == "waiting_lock" and (run.superseded or n in self.has.values())
        ]

    def seen(self) -> tuple[list[str], dict[str, str], dict[str, list[int]]]:
        return (
            [run.state for run in self.runs],
            {key: str(who) for key, who in self.has.items()},
            {key: self.line(key) for key in "abc"},
        )


@dataclass
class Play:
    """One history: each event on the model and on the life itself, then both are compared."""

    company: Company
    place: str
    model: Model = field(default_factory=Model)
    ids: list[RunId] = field(default_factory=list)
    holds: dict[str, str] = field(default_factory=dict)

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
        run = await self.company.ask("ana", "1.1.0", "staging", action="plain")
        async with self.company.store.write() as tx:
            row = await runs.hold(tx, run)
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
        states = [(await self.company.run(run)).state for run in self.ids]
        numbers = {run: str(n) for n, run in enumerate(self.ids)}
        has = {key: numbers.get(RunId(who), "hold") for key, who in (await self.locking.holders()).items()}
        lines = {key: [int(numbers[RunId(run)]) for run in await self.locking.waiting(key)] for key in "abc"}
        return states, has, lines


async def play(company: Company, number: int, events: Sequence[Event]) -> None:
    history = Play(company, f"history-{number}/")
    for event in events:
        await history.event(*event)
        assert await history.seen() == history.model.seen(), event
    # Everybody ends: then nothing is left of any lock.
    for n, run in enumerate(history.model.runs):
        if run.state in OPEN:
            await cancel(company.store, history.ids[n], by=await company.person("ana"), reason="", force=False)
            await company.through(history.ids[n])
    for key in "abc":
        if history.model.has.get(key) == "hold" or key in history.model.next_hold:
            await history.locking.end(history.holds[key])
    await history.locking.nothing_is_left()


async def open_yard(url: str, folder: Path) -> Company:
    company = await open_company(Store(StoreSettings(url=SecretStr(url), pool_size=2)))
    await load_beside(company, folder, like_deploy("plain", approval=[]))
    company.ci.ends_as = None
    return company


Played = Callable[[Sequence[Event]], None]


@pytest.fixture
def played(databases: Databases, tmp_path: Path) -> Iterator[Played]:
    """One house for all examples of a test: each has keys and runs of its own."""
    url = databases.create()
    numbers = iter(range(10_000))
    with asyncio.Runner() as runner:
        company = runner.run(open_yard(url, tmp_path))
        yield lambda events: runner.run(play(company, next(numbers), events))
        runner.run(company.store.close())
    databases.drop(url)


def _check(played: Played, examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),  # a shorter history would cost minutes; the event that differs is told
    )
    @given(EVENTS)
    def run(events: Sequence[Event]) -> None:
        played(events)

    run()


@pytest.mark.short
def test_a_few_histories_of_locks(played: Played) -> None:
    _check(played, 4)


@pytest.mark.timeout(1500)
def test_a_hundred_histories_of_locks(played: Played) -> None:
    _check(played, 100)
