"""The life of the runs: queued, started when there is room, followed, cancelled, run again.

One task looks at everything that is under way; it sleeps while nothing is. Whatever it knows can be rebuilt from the
ledger and the files of the attempts, which is what a restart does.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from daytwo_standins.github.config import Executor
from daytwo_standins.github.endings import cancelled, failed
from daytwo_standins.github.groups import Groups
from daytwo_standins.github.job_log import JobLog
from daytwo_standins.github.ledger import Accepted, Ledger, Rerun, accepted_from, rerun_from
from daytwo_standins.github.records import Attempt, Plan, to_json
from daytwo_standins.github.reviews import Reviews
from daytwo_standins.github.runs import Run, Runs
from daytwo_standins.github.scripts import (
    NOT_EXECUTED,
    Script,
    instant,
    load_script,
    played,
    save_script,
    stuck,
    write_logs,
)
from daytwo_standins.shared.answers import SOMEBODY
from daytwo_standins.shared.launcher import Launcher

_LOOK_EVERY = 0.05
_AFTER_TROUBLE = 1.0
_LOG = logging.getLogger(__name__)


class PlanError(Exception):
    """An accepted run cannot be executed; the text says why and what to do."""


Planner = Callable[[Run], Awaitable[Plan]]
Listener = Callable[[Run], None]


class Engine:
    """Owns the runs. ``planner`` makes the plan of an attempt, ``listener`` hears of every change."""

    def __init__(
        self,
        *,
        folder: Path,
        runners: int,
        ledger: Ledger,
        launcher: Launcher[Attempt],
        reviews: Reviews,
        planner: Planner,
        listener: Listener,
    ) -> None:
        self.runs = Runs()
        self._folder = folder / "runs"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._runners = runners
        self._ledger = ledger
        self._launcher = launcher
        self._reviews = reviews
        self._planner = planner
        self._listener = listener
        self._groups = Groups()
        self._open: dict[int, Run] = {}
        self._running: set[int] = set()
        self._again: list[Run] = []  # to be run again by somebody
        self._wake = asyncio.Event()

    def restore(self) -> None:
        """Take up what the ledger and the files say; called once, before the first request."""
        for line in self._ledger.read():
            if line["kind"] == "dispatch":
                self._know(accepted_from(line))
            else:
                again = rerun_from(line)
                run = self.runs.get(again.run_id)
                if run is not None:
                    self._load_latest(run)
                    run.add_attempt(again.actor, again.received_at, failed_only=again.failed_only)
        for run in self.runs:
            self._load_latest(run)
            if not run.latest.ended:
                self._enter(run)
            self._listener(run)

    async def accept(self, accepted: Accepted) -> Run:
        """Make a dispatch durable, then let it begin."""
        await self._ledger.accept(accepted)
        run = self._know(accepted)
        self._enter(run)
        self._listener(run)
        return run

    async def rerun(self, run: Run, actor: str, *, failed_only: bool) -> None:
        """Accept another attempt of a run that has ended."""
        now = time.time()
        again = Rerun(
            run_id=run.id, attempt=len(run.attempts) + 1, actor=actor, failed_only=failed_only, received_at=now
        )
        run.add_attempt(actor, now, failed_only=failed_only)
        await self._ledger.accept_rerun(again)
        self._enter(run)
        self._listener(run)

    def cancel(self, run: Run, *, force: bool) -> None:
        """Stop a run: at once when it has not begun, else by asking its runner."""
        folder = run.attempt_folder(run.latest.number)
        run.cancelling = True
        if run.accepted.effects.never_finish and not force:
            return
        if run.accepted.executor is Executor.ACT and not self._launcher.never_start(folder):
            self._launcher.ask_to_stop(folder, force=force)
            return
        state = cancelled(run.latest, time.time())
        self._launcher.write_end(folder, state)
        self._end(run, state)

    def set_script(self, run: Run, script: Script) -> None:
        """Let a script begin for the newest attempt of a scripted run."""
        save_script(run.attempt_folder(run.latest.number), script)
        self._open[run.id] = run
        self._look_at(run, time.time())
        self._wake.set()

    def look(self, run: Run) -> None:
        """Something about a run has changed that its files do not tell."""
        self._look_at(run, time.time())
        self._wake.set()

    async def work(self) -> None:
        """Follow the runs until cancelled."""
        while True:
            self._wake.clear()
            try:
                pause = await self._work_once(time.time())
            except OSError:
                _LOG.exception("Following the runs failed and is tried again in a second; started runs go on.")
                pause = _AFTER_TROUBLE
            await self._sleep(pause)

    async def _work_once(self, now: float) -> float | None:
        """Look at everything that is under way; how long to wait until the next time, None until something happens."""
        for run in list(self._open.values()):
            self._look_at(run, now)
        while self._again:
            run = self._again.pop()
            if len(run.attempts) == 1:  # a start finds in the ledger that it was done before
                await self.rerun(run, SOMEBODY, failed_only=False)
        await self._start_waiting()
        busy = self._launcher.reap() or any(self._moves(run, now) for run in self._open.values())
        return _LOOK_EVERY if busy else None

    async def _sleep(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    def _moves(self, run: Run, now: float) -> bool:
        """Whether something can happen to a run without a request."""
        if run.accepted.executor is Executor.ACT:
            return True
        script = load_script(run.attempt_folder(run.latest.number))
        return script is not None and script.next_at(now) is not None

    def _know(self, accepted: Accepted) -> Run:
        run = Run(accepted, self._folder / str(accepted.run_id))
        run.add_attempt(accepted.actor, accepted.received_at)
        self.runs.add(run)
        return run

    def _load_latest(self, run: Run) -> None:
        folder = run.attempt_folder(run.latest.number)
        state = self._launcher.read(folder)
        if state is not None:
            run.put(state)
        elif run.accepted.executor is Executor.INSTANT:
            self._succeed_at_once(run)

    def _enter(self, run: Run) -> None:
        if run.accepted.executor is Executor.INSTANT:
            self._succeed_at_once(run)
            return
        self._open[run.id] = run
        entered = self._groups.enter(run)
        if entered.waits:
            run.wait_for_group(time.time())
        for other in entered.cancel:
            self.cancel(other, force=False)
        self._look_at(run, time.time())
        self._wake.set()

    def _succeed_at_once(self, run: Run) -> None:
        """Nothing is executed. There is a log all the same, as of every job that has ended."""
        run.put(instant(run.latest))
        self._tempt(run)
        path = run.log_file(run.latest.jobs[0], run.latest.number)
        if not path.exists():
            log = JobLog(path)
            log.line(NOT_EXECUTED, run.latest.created_at)
            log.close()

    def _look_at(self, run: Run, now: float) -> None:
        """Take in what has happened to a run."""
        if run.waits_for_group or self._is_held(run, now):
            return
        state = self._current(run, now)
        if state is None or state == run.latest:
            return
        if state.ended:
            self._end(run, state)
        else:
            run.put(state)
            self._listener(run)

    def _is_held(self, run: Run, now: float) -> bool:
        """Whether it may not begin yet; a rejection ends it."""
        folder = run.attempt_folder(run.latest.number)
        if run.accepted.executor is not Executor.ACT or not run.accepted.gated or self._launcher.launched(folder):
            return False
        rejected, before = self._reviews.rejected(run), run.latest
        if rejected is not None and not before.ended and self._launcher.never_start(folder):
            text = f"The deployment to {rejected.environment} was rejected by {rejected.login}: {rejected.comment}"
            state = failed(before, text, now)
            self._launcher.write_end(folder, state)
            self._end(run, state)
            return True
        waits = not before.ended and bool(self._reviews.pending(run, now))
        (run.wait_for_environment if waits else run.leave_environment)(now)
        if run.latest != before:
            self._listener(run)
        return waits

    def _current(self, run: Run, now: float) -> Attempt | None:
        folder = run.attempt_folder(run.latest.number)
        if run.accepted.effects.never_finish:
            return stuck(run.latest)
        if run.accepted.executor is Executor.SCRIPTED:
            return self._played(run, folder, now)
        if not self._launcher.launched(folder):
            return None
        state = self._launcher.read(folder)
        if (state is None or not state.ended) and self._launcher.died(folder):
            return self._launcher.bury(folder, state or run.latest)
        return state

    def _played(self, run: Run, folder: Path, now: float) -> Attempt | None:
        script = load_script(folder)
        if script is None:
            return None
        state = played(run.latest, script, now)
        if state != run.latest:
            write_logs(script, state, now, folder)
        if state.ended:
            self._launcher.write_end(folder, state)
        return state

    def _end(self, run: Run, state: Attempt) -> None:
        folder = run.attempt_folder(state.number)
        run.put(state)
        run.waits_for_group = False
        self._open.pop(run.id, None)
        self._running.discard(run.id)
        self._launcher.forget(folder)
        self._tempt(run)
        following = self._groups.leave(run)
        if following is not None:
            following.leave_group_queue(time.time())
            self._listener(following)
        self._listener(run)
        self._wake.set()

    def _tempt(self, run: Run) -> None:
        """Somebody has it run again, when a fault says so and it was not yet."""
        if run.accepted.effects.human_rerun and len(run.attempts) == 1:
            self._again.append(run)
            self._wake.set()

    async def _start_waiting(self) -> None:
        for run in list(self._open.values()):
            folder = run.attempt_folder(run.latest.number)
            if run.accepted.executor is not Executor.ACT or run.waits_for_group or run.accepted.effects.never_finish:
                continue
            if self._is_held(run, time.time()):
                continue
            if self._launcher.launched(folder):
                self._running.add(run.id)
            elif len(self._running) < self._runners:
                self._running.add(run.id)
                await self._start(run, folder)

    async def _start(self, run: Run, folder: Path) -> None:
        try:
            plan = await self._planner(run)
        except PlanError as error:
            state = failed(run.latest, str(error), time.time())
            self._launcher.write_end(folder, state)
            self._end(run, state)
            return
        if not run.latest.ended and not run.cancelling:
            self._launcher.start(folder, to_json(plan), path=plan.path)
