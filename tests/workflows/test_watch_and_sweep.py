"""Poller, sweeper and poker when something goes wrong: for one run, for one project, or for all of them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ci_in_memory import CiInMemory
from company import Company, open_company
from pydantic import SecretStr
from sqlalchemy import func, select, text

from daytwo_actions.backends.base import ExternalState, Target
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_store import externals, inbox, outbox, runs
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Poke, Store, Tx
from daytwo_store.errors import Unavailable
from daytwo_store.ids import ExternalRunId, RunId
from daytwo_store.inbox import Delivery
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ExternalStatus, RunState
from daytwo_store.tables import ExternalRunRow, WebhookRow
from daytwo_workflows import sweeper as sweeper_module
from daytwo_workflows.client import Driver
from daytwo_workflows.life.polling import Poller
from daytwo_workflows.life.watch import watch
from daytwo_workflows.poker import Poker, deliver
from daytwo_workflows.seal import Seal
from daytwo_workflows.secret_care import SecretCare
from daytwo_workflows.sweeper import Sweeper

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Temporal(Driver):
    """Takes runs, refuses some, fails at some, or does not answer at all."""

    refuses: Collection[str] = ()
    fails_at: Collection[str] = ()
    there: bool = True
    asked: list[RunId] = field(default_factory=list)
    taken: list[RunId] = field(default_factory=list)
    watched: list[str] = field(default_factory=list)

    async def drive(self, run: RunId) -> bool:
        self.asked.append(run)
        if run in self.fails_at:
            raise ValueError("an answer that makes no sense")
        if not self.there or run in self.refuses:
            return False
        self.taken.append(run)
        return True

    async def watch(self, connections: Sequence[str]) -> bool:
        self.watched += connections if self.there else ()
        return self.there and not set(connections) & set(self.refuses)

    async def alive(self) -> bool:
        return self.there


class Breaking(Store):
    """A store whose transactions fail, from one on, in the way that is handed in."""

    def __init__(self, settings: StoreSettings) -> None:
        super().__init__(settings)
        self.left = 10**9
        self.failure: Exception = Unavailable("gone")

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        self.left -= 1
        if self.left < 0:
            raise self.failure
        async with super().write() as tx:
            yield tx


@pytest.fixture
async def breaking(database_url: str) -> AsyncIterator[Breaking]:
    opened = Breaking(StoreSettings(url=SecretStr(database_url), pool_size=4))
    yield opened
    await opened.close()


def sweeper(company: Company, temporal: Temporal, at_a_time: int = 200) -> Sweeper:
    return Sweeper(
        store=company.store,
        driver=temporal,
        windows=company.life.windows,
        connections=["one", "two", "three"],
        name="test",
        at_a_time=at_a_time,
    )


async def stale(company: Company, count: int) -> list[RunId]:
    """Runs that nothing drives, the oldest first; nobody will poke them any more."""
    made = [await company.ask("ana", "1.1.0", "staging") for _ in range(count)]
    async with company.store.write() as tx:
        await tx.session.execute(text("delete from outbox"))
        for age, run in enumerate(reversed(made)):
            row = await runs.hold(tx, run)
            row.progress_at, row.next_at = tx.now - timedelta(hours=1 + age), None
    return made


async def test_a_run_that_temporal_will_not_take_keeps_no_other_waiting(company: Company) -> None:
    first, second, third = await stale(company, 3)
    temporal = Temporal(refuses=[first], fails_at=[second])
    assert await sweeper(company, temporal).sweep() == [third]
    assert temporal.asked == [first, second, third]


async def test_when_temporal_is_gone_the_sweeper_does_not_ask_for_every_run(company: Company) -> None:
    made = await stale(company, 20)
    temporal = Temporal(there=False)
    sweeping = sweeper(company, temporal)
    assert await sweeping.sweep() == []
    assert 0 < len(temporal.asked) < 20
    temporal.there = True
    assert await sweeping.sweep() == made, "that it was gone says nothing about the runs"


async def test_many_runs_that_are_refused_take_nobodys_turn(company: Company) -> None:
    *refused, good, better = await stale(company, 6)
    temporal = Temporal(refuses=refused)
    sweeping = sweeper(company, temporal, at_a_time=2)
    for _ in range(4):
        await sweeping.sweep()
    assert {good, better} <= set(temporal.taken)
    temporal.refuses = ()
    await sweeping.sweep()
    assert set(refused) <= set(temporal.taken), "they are asked for again all the same"


async def test_a_connection_that_is_refused_keeps_no_other_from_its_poller(company: Company) -> None:
    temporal = Temporal(refuses=["one"])
    await sweeper(company, temporal).sweep()
    assert temporal.watched == ["one", "two", "three"]


@pytest.mark.parametrize("broken", ["locks", "seal", "questions"])
async def test_a_job_of_the_sweeper_that_breaks_keeps_no_other_from_its_turn(
    company: Company, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    (run,) = await stale(company, 1)
    done: list[str] = []

    def job(name: str) -> Callable[..., Awaitable[Any]]:
        async def work(*_: object) -> int:
            done.append(name)
            if name == broken:
                raise RuntimeError("of this job")
            return 0

        return work

    monkeypatch.setattr(sweeper_module, "sweep_locks", job("locks"))
    sweeping = sweeper(company, Temporal())
    sweeping.seal = cast("Seal", SimpleNamespace(seal=job("seal")))
    sweeping.answer = job("questions")
    sweeping.secrets = cast("SecretCare", SimpleNamespace(round=job("secrets")))
    assert await sweeping.sweep() == [run]
    assert done == ["locks", "seal", "questions", "secrets"]


async def test_pokes_of_other_runs_are_delivered(company: Company) -> None:
    made = [await company.ask("ana", "1.1.0", "staging") for _ in range(3)]
    temporal = Temporal(refuses=made[:1], fails_at=made[1:2])
    assert await deliver(company.store, temporal) == 1
    left = await outbox.waiting(company.store, older_than=timedelta(0))
    assert {poke.run for poke in left} == set(made[:2]), "what was not taken is still there"


async def test_every_unanswered_run_has_its_turn(company: Company) -> None:
    company.ci.ends_as = None
    made = [await running(company) for _ in range(3)]
    async with company.store.write() as tx:
        for number, run in enumerate(made):
            external = await external_of(tx, run)
            await inbox.store(tx, delivery(f"d-{number}", ExternalRunId(external.id)))
        await tx.session.execute(text("delete from outbox"))
        await tx.session.execute(text("update webhook_inbox set received_at = received_at - interval '1 hour'"))
    temporal = Temporal()
    sweeping = sweeper(company, temporal, at_a_time=1)
    for _ in range(3):
        await sweeping.sweep()
    assert sorted(temporal.taken) == sorted(made)


async def test_deliveries_are_pruned_once_an_hour(database_url: str) -> None:
    clock = GivenClock(NOON)
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=2), clock)
    company = await open_company(store)
    sweeping = sweeper(company, Temporal())

    async def old(name: str) -> None:
        async with store.write() as tx:
            await inbox.store(tx, delivery(name, ExternalRunId("1")))
            await tx.session.execute(text("update webhook_inbox set received_at = received_at - interval '31 days'"))

    async def kept() -> int:
        async with store.read() as session:
            return await session.scalar(select(func.count()).select_from(WebhookRow)) or 0

    await old("first")
    await sweeping.sweep()
    assert await kept() == 0
    await old("second")
    clock.moment += timedelta(minutes=50)
    await sweeping.sweep()
    assert await kept() == 1, "a scan of the whole inbox at every round"
    clock.moment += timedelta(minutes=11)
    await sweeping.sweep()
    assert await kept() == 0
    await store.close()


async def test_the_poker_outlives_an_answer_that_makes_no_sense(company: Company) -> None:
    made = [await company.ask("ana", "1.1.0", "staging") for _ in range(40)]
    temporal = Temporal(fails_at=made[:30])
    with poking(Poker(company.store, temporal), await waiting(company)) as task:
        async with asyncio.timeout(20):
            while len(await waiting(company)) > 30:
                await asyncio.sleep(0.02)
        assert not task.done()
    assert temporal.taken == made[30:]


async def test_the_poker_outlives_a_database_that_fails_in_an_unknown_way(breaking: Breaking) -> None:
    company = await open_company(breaking)
    first, second = [await company.ask("ana", "1.1.0", "staging") for _ in range(2)]
    one, two = await waiting(company)
    temporal = Temporal()
    breaking.left, breaking.failure = 0, RuntimeError("what nobody thought of")
    poker = Poker(breaking, temporal)
    with poking(poker, [one]) as task:
        async with asyncio.timeout(20):
            while breaking.left >= 0:
                await asyncio.sleep(0.02)
            breaking.left = 10**9
            poker.offer([two])
            while {poke.run for poke in await waiting(company)} != {first}:
                await asyncio.sleep(0.02)
        assert not task.done()
    assert temporal.taken == [first, second]


# -- the poller of a connection --------------------------------------------------------------------------------------


@dataclass
class Projects(CiInMemory):
    """Some projects cannot be read, each for its own reason."""

    failures: dict[str, Exception] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    before_read: Callable[[], Awaitable[None]] | None = None

    async def read(self, runs: Sequence[tuple[Target, ExternalRunId]]) -> Sequence[ExternalState | None]:
        project = runs[0][0].project
        if self.before_read is not None:
            await self.before_read()
        self.reads.append(project)
        if project in self.failures:
            raise self.failures[project]
        return await super().read(runs)


@pytest.fixture
async def projects(company: Company) -> Projects:
    ci = Projects(ends_as=None)
    company.ci, company.life = ci, replace(company.life, backends={"github": ci})
    return ci


async def look_once(company: Company, beat: Callable[[], None] = lambda: None) -> Poller:
    """One look at everything that is due, by a poller that has just begun."""
    poller = Poller(company.life, "github", beat)
    await poller.glance()
    return poller


def beats() -> tuple[list[int], "Beat"]:
    seen: list[int] = []
    return seen, Beat(seen)


@dataclass
class Beat:
    seen: list[int]

    def __call__(self) -> None:
        self.seen.append(1)


async def test_a_change_and_its_poke_are_one(breaking: Breaking) -> None:
    """A process that dies after the change leaves a poke for the sweeper."""
    company = await open_company(breaking)
    company.ci.ends_as = None
    run = await running(company)
    company.ci.end("1", ExternalStatus.SUCCEEDED)
    async with breaking.write() as tx:
        await tx.session.execute(text("delete from outbox"))
    breaking.left = 1  # it dies after its first transaction
    with contextlib.suppress(Unavailable):
        await look_once(company)
    breaking.left = 10**9
    assert (await external(company, run)).status == ExternalStatus.SUCCEEDED
    assert [poke.run for poke in await waiting(company)] == [run]


async def test_it_beats_for_every_read_and_every_run(company: Company, projects: Projects) -> None:
    made = [await running(company) for _ in range(3)]
    await move_to(company, made[0], "acme/other")
    seen, beat = beats()
    await look_once(company, beat)
    assert sorted(projects.reads) == ["acme/other", "acme/shop"]
    assert len(seen) >= 2 + 3


async def test_it_beats_while_a_read_takes_long(company: Company, projects: Projects) -> None:
    await running(company)
    seen, beat = beats()

    async def several_signs() -> None:
        async with asyncio.timeout(20):
            while len(seen) < 3:
                await asyncio.sleep(0.02)

    projects.before_read = several_signs
    await look_once(company, beat)
    assert projects.reads == ["acme/shop"]


async def test_the_poller_hands_its_beat_on(company: Company, projects: Projects) -> None:
    await running(company)
    seen, beat = beats()

    async def stop(seconds: float) -> bool:
        return False

    await watch(company.life, "github", stop, beat)
    assert len(seen) >= 2


@pytest.mark.parametrize(
    "failure", [BackendUnreachable("no answer"), BackendDenied("no such repository"), ValueError("nonsense")]
)
async def test_silence_shows_for_one_project_and_the_others_are_seen(
    company: Company, projects: Projects, failure: Exception
) -> None:
    silent, seen = await running(company), await running(company)
    await move_to(company, silent, "acme/other")
    projects.failures["acme/other"] = failure
    await look_once(company)
    since = (await external(company, silent)).unseen_since
    assert since is not None
    assert (await external(company, seen)).unseen_since is None
    assert (await external(company, seen)).seen_at is not None
    await look_once(company)
    assert (await external(company, silent)).unseen_since == since, "since the first failure"
    projects.failures.clear()
    await look_once(company)
    assert (await external(company, silent)).unseen_since is None


async def test_a_pause_that_is_asked_for_is_kept(company: Company, projects: Projects) -> None:
    await running(company)
    projects.failures["acme/shop"] = BackendUnreachable("slow down", retry_after=77)
    poller = await look_once(company)
    await poller.glance()
    assert projects.reads == ["acme/shop"], "it was asked again before it wanted to be"


async def test_a_failed_read_does_not_hide_what_a_newer_one_saw(company: Company, projects: Projects) -> None:
    run = await running(company)
    known = await external(company, run)
    async with company.store.write() as tx:
        began = tx.now
        (await external_of(tx, run)).seen_at = tx.now + timedelta(seconds=1)
    async with company.store.write() as tx:
        await externals.mark_unseen(tx, "github", [ExternalRunId(known.id)], began=began)
    assert (await external(company, run)).unseen_since is None


async def test_a_run_that_cannot_be_written_down_does_not_hide_the_others(company: Company, projects: Projects) -> None:
    made = [await running(company) for _ in range(3)]
    bad = (await external(company, made[0])).id
    projects.states[bad] = replace(projects.states[bad], detail="a\x00b")  # PostgreSQL takes no null character
    for run in made[1:]:
        projects.end((await external(company, run)).id, ExternalStatus.FAILED)
    await look_once(company)
    assert [(await external(company, run)).status for run in made[1:]] == [ExternalStatus.FAILED] * 2


async def test_what_a_run_left_behind_by_force_is_not_polled_for_ever(company: Company, projects: Projects) -> None:
    left, other = await running(company), await running(company)
    async with company.store.write() as tx:
        row = await runs.hold(tx, left)
        runs.move(tx, row, RunState.CANCELLING)
        await runs.end(tx, row, RunState.CANCELLED, reason="given up")
    async with company.store.read() as session:
        [project] = await externals.open_projects(session, "github")
        polled = [row.run_id for row in await externals.open_in(session, "github", project.name)]
    assert (await external(company, left)).ended_at is None
    assert polled == [other]


def delivery(name: str, external: ExternalRunId) -> Delivery:
    return Delivery(connection="github", delivery=name, external=external, project_id="1", event="workflow_run")


async def running(company: Company) -> RunId:
    """A run whose pipeline has been started a while ago; each under a lock of its own."""
    run = await company.ask("ana", "1.1.0", "staging")
    async with company.store.write() as tx:
        (await runs.hold(tx, run)).lock_key = None
    await company.drive(run)
    assert (await company.run(run)).state == RunState.RUNNING
    async with company.store.write() as tx:
        (await external_of(tx, run)).seen_at = None
    return run


async def external_of(tx: Tx, run: RunId) -> ExternalRunRow:
    return (await tx.session.execute(select(ExternalRunRow).where(ExternalRunRow.run_id == run))).scalar_one()


async def external(company: Company, run: RunId) -> ExternalRunRow:
    async with company.store.write() as tx:
        return await external_of(tx, run)


async def move_to(company: Company, run: RunId, project: str) -> None:
    async with company.store.write() as tx:
        (await external_of(tx, run)).project = project


async def waiting(company: Company) -> Sequence[Poke]:
    return await outbox.waiting(company.store, older_than=timedelta(0))


@contextlib.contextmanager
def poking(poker: Poker, pokes: Sequence[Poke]) -> Iterator["asyncio.Task[None]"]:
    task = asyncio.create_task(poker.run())
    poker.offer(pokes)
    try:
        yield task
    finally:
        task.cancel()
