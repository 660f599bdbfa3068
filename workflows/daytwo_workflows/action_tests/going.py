"""How a test's run goes on, and time with it.

Time goes by itself as long as something works: pipelines, `wait`, `check`, tries of requests. Where the run waits for
people, for an event, a window, a lock, or the end of something temporary, it stands still until the test goes on.
"""

import asyncio
import contextlib
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from temporalio.service import RPCError

from daytwo_store import attempts, outbox, runs
from daytwo_store.engine import Store
from daytwo_store.ids import RunId
from daytwo_store.states import RunState, StepState
from daytwo_store.tables import AttemptRow, RunRow, StepRow
from daytwo_store.whole_runs import WholeRun, whole_run
from daytwo_workflows.action_tests.pipelines import Pipelines
from daytwo_workflows.action_tests.server import Skipping, TestClock
from daytwo_workflows.client import Driver
from daytwo_workflows.contracts import run_workflow_id

_PATIENCE: Final = 120.0  # real seconds that a run may take until it rests
_ROUNDS: Final = 2000
_LONGEST: Final = timedelta(days=200)  # that time goes by itself in one test
_A_LITTLE: Final = timedelta(milliseconds=50)
_WORKING: Final = frozenset({"dispatch", "check", "http", "catalog", "notify"})


class Stuck(Exception):
    """The run neither rests nor ends, or goes round in circles."""


class NotThere(Exception):
    """The test speaks of somebody, or of something, that is not there at this moment."""


@dataclass(kw_only=True)
class Going:
    server: Skipping
    store: Store
    clock: TestClock
    driver: Driver
    pipelines: Mapping[str, Pipelines]
    run: RunId | None = None
    refused: str | None = None  # why there is none
    passed: timedelta = timedelta(0)

    @property
    def the_run(self) -> RunId:
        if self.run is None:
            raise NotThere(f"There is no run: it was refused ({self.refused}).")
        return self.run

    async def row(self) -> RunRow:
        async with self.store.read() as session:
            return await runs.peek(session, self.the_run)

    async def whole(self) -> WholeRun:
        async with self.store.read() as session:
            return await whole_run(session, self.the_run)

    async def settle(self) -> None:
        """Until nothing happens any more without the test, or time."""
        for _ in range(_ROUNDS):
            await self.rest()
            if self.run is None or not await self.works():
                return
            await self.on()
        raise Stuck(f"It went on for {_ROUNDS} rounds and did not come to rest: {await self.seen()}.")

    async def let_pass(self, duration: timedelta) -> None:
        """So much time, and whatever is due on the way."""
        await self.settle()
        ends = await self.clock.now() + duration
        while (now := await self.clock.now()) < ends:
            await self.leap(min([ends - now, *await self.dues(now)]))
            await self.settle()

    async def on(self) -> None:
        """To the next moment at which something is due."""
        due = await self.dues(await self.clock.now())
        if not due:
            raise Stuck(f"It works, and nothing is due: {await self.seen()}.")
        await self.leap(min(due))

    async def dues(self, now: datetime) -> list[timedelta]:
        """In how long pipelines end, and runs look again by themselves."""
        runs_too = [self.server.rests.due(run) for run in self.server.rests.moves]
        ends = [max(one - now, timedelta(0)) for pipelines in self.pipelines.values() for one in pipelines.due]
        return [*ends, *(one for one in runs_too if one is not None)]

    async def leap(self, length: timedelta) -> None:
        """Time goes by, whoever slept until then looks, and then a webhook comes for every pipeline.

        One after the other: the server that skips time loses its way when a signal comes into what a timer has begun.
        """
        self.passed += length
        if self.passed > _LONGEST:
            raise Stuck(f"More than {_LONGEST.days} days went by, and it still works: {await self.seen()}.")
        rests, beyond = self.server.rests, length + _A_LITTLE
        for run in [run for run in rests.moves if (due := rests.due(run)) is not None and due <= beyond]:
            rests.wake(run)
        try:
            await self.server.leap(beyond)
        except RPCError as error:
            raise Stuck(f"The server that skips time did not: {error.message}") from None
        await self._quiet()
        await self.look()

    async def look(self) -> None:
        """A webhook comes for every pipeline that has ended since the last look."""
        now = await self.clock.now()
        ended = {(name, one) for name, ci in self.pipelines.items() for one in ci.newly_ended(now)}
        if ended:
            whole, wanted = await self.whole(), set[RunId]()
            async with self.store.write() as tx:
                for row in whole.runs:
                    for external in await attempts.externals_of_run(tx.session, RunId(row.id)):
                        if (external.connection, external.id) in ended:
                            external.wanted_at = tx.now
                            wanted.add(RunId(row.id))
            await self._drive(wanted)
        await self.rest()

    async def rest(self) -> None:
        """Until every run that was poked rests."""
        await self._quiet()
        while pokes := await outbox.waiting(self.store, older_than=timedelta(days=-1)):
            await self._drive({one.run for one in pokes})
            await outbox.forget(self.store, [one.number for one in pokes])

    async def _drive(self, runs_to_look: set[RunId]) -> None:
        for run in sorted(runs_to_look):
            self.server.rests.wake(run)
            if not await self.driver.drive(run):
                raise Stuck("The Temporal server that skips time does not answer.")
        await self._quiet()

    async def _quiet(self) -> None:
        """Until whoever was woken rests."""
        rests, deadline = self.server.rests, time.monotonic() + _PATIENCE
        while rests.awake:
            rests.changed.clear()
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + deadline - time.monotonic()):
                    await rests.changed.wait()
            except TimeoutError:
                wrong = "; ".join(rests.failures.values())
                raise Stuck(f"It did not come to rest within {_PATIENCE:.0f} s. {wrong}") from None

    async def stop(self) -> None:
        """What is still open is let go of: the server is everybody's."""
        if self.run is None:
            return
        for row in (await self.whole()).runs:
            with contextlib.suppress(RPCError):  # it has ended
                await self.server.client.get_workflow_handle(run_workflow_id(RunId(row.id))).terminate(
                    "its test is over"
                )

    async def works(self) -> bool:
        """Does something go on that only time is needed for?"""
        whole = await self.whole()
        endless = {(one.run_id, one.path) for one in whole.attempts if self._endless(one)}
        return any(_works(row, whole, endless) for row in whole.runs)

    def _endless(self, attempt: AttemptRow) -> bool:
        """Is it a pipeline that never ends?"""
        ci = self.pipelines.get(attempt.connection)
        return ci is not None and attempt.external_id is not None and ci.endless(attempt.external_id)

    async def seen(self) -> str:
        whole = await self.whole()
        steps = ", ".join(f"{one.path} {one.state}" for one in whole.steps_of(self.the_run))
        return f"the run is {whole.runs[0].state} ({steps})"


def _works(row: RunRow, whole: WholeRun, endless: Collection[tuple[str, str]]) -> bool:
    if row.ended_at is not None or row.state not in (RunState.RUNNING, RunState.CANCELLING):
        return False
    going = [one for one in whole.steps_of(row.id) if one.state == StepState.RUNNING]
    # Without any, something is about to begin, or a step waits for its next try. What was called says so itself.
    alone = not going or row.undoing is not None or row.state == RunState.CANCELLING
    return alone or any(_works_itself(step) and (row.id, step.path) not in endless for step in going)


def _works_itself(step: StepRow) -> bool:
    if step.kind == "wait":
        return step.awaits is None and "window" not in (step.given or {})
    return step.kind in _WORKING
