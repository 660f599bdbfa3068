"""The life of the workflows: accepted, started when there is room, followed, controlled, retried, deleted, archived.

One task looks at everything that is under way; it sleeps while nothing is. Whatever it knows can be rebuilt from the
ledger and the files of the attempts, which is what a restart does.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from daytwo_standins.argo.broadcast import Broadcast
from daytwo_standins.argo.config import Executor
from daytwo_standins.argo.endings import alone
from daytwo_standins.argo.interpreter.again import again
from daytwo_standins.argo.interpreter.phases import WorkflowPhase
from daytwo_standins.argo.interpreter.workflow import State
from daytwo_standins.argo.ledger import Accepted, Ledger, Rerun, accepted_from
from daytwo_standins.argo.lifetimes import expires_at
from daytwo_standins.argo.plans import Plan, plan_to_json
from daytwo_standins.argo.runs import Run, Runs
from daytwo_standins.argo.scripts import Script, load_script, played, save_script, write_logs
from daytwo_standins.shared.answers import SOMEBODY
from daytwo_standins.shared.launcher import Launcher

_LOOK_EVERY = 0.05
_AFTER_TROUBLE = 1.0
_LOG = logging.getLogger(__name__)

Planner = Callable[[Run], Plan]
Archives = Callable[[str], bool]


class Engine:
    """Owns the workflows. ``planner`` makes the plan of an attempt, ``archives`` says whether a namespace has one."""

    def __init__(
        self,
        *,
        folder: Path,
        runners: int,
        ledger: Ledger,
        launcher: Launcher[State],
        planner: Planner,
        archives: Archives,
    ) -> None:
        self.runs = Runs()
        self.changes = Broadcast()
        self.launcher = launcher
        self._folder = folder / "runs"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._runners = runners
        self._ledger = ledger
        self._planner = planner
        self._archives = archives
        self._open: dict[str, Run] = {}
        self._running: set[str] = set()
        self._again: list[Run] = []  # to be retried by somebody
        self._wake = asyncio.Event()
        self._version = int(time.time() * 1000)

    @property
    def version(self) -> int:
        """The resource version of the newest change."""
        return self._version

    def restore(self) -> None:
        """Take up what the ledger and the files say; called once, before the first request."""
        for line in self._ledger.read():
            if line["kind"] == "dispatch":
                self._know(accepted_from(line))
                continue
            run = self.runs.get(line["uid"])
            if run is not None and line["kind"] == "rerun":
                self._load(run)
                self._next_attempt(run)
            elif run is not None:
                run.deleted, run.archived = True, line["archived"]
        for run in self.runs:
            self._load(run)
            if run.state.ended:
                run.archived = run.archived or (not run.deleted and self._archives(run.accepted.namespace))
            else:
                self._enter(run)

    async def accept(self, accepted: Accepted) -> Run:
        """Make a workflow durable, then let it begin."""
        await self._ledger.accept(accepted)
        run = self._know(accepted)
        self.changes.tell("ADDED", run)
        self._enter(run)
        return run

    async def retry(self, run: Run, actor: str) -> None:
        """Accept another attempt of a workflow that has failed."""
        self._next_attempt(run)
        run.archived = False
        attempt = Rerun(uid=run.uid, attempt=run.attempt, actor=actor, received_at=time.time())
        await self._ledger.accept_rerun(attempt)
        self.changed(run)
        self._enter(run)

    async def delete(self, run: Run) -> None:
        """Remove an object; what it still runs has been told to end."""
        now = time.time()
        archived = run.state.ended and self._archives(run.accepted.namespace)
        run.deleted, run.archived = True, archived
        await self._ledger.delete(run.uid, archived=archived, at=now)
        self.changed(run, kind="DELETED")

    def set_script(self, run: Run, script: Script) -> None:
        """Let a script begin for the newest attempt of a scripted workflow."""
        save_script(run.folder, script)
        self._open[run.uid] = run
        self.look_at(run, time.time())
        self._wake.set()

    def changed(self, run: Run, *, kind: str = "MODIFIED") -> None:
        """Give a workflow a new version and tell everybody who watches."""
        self._version += 1
        run.version = self._version
        run.generation += 1
        if run.live or kind == "DELETED":
            self.changes.tell(kind, run)

    def look_at(self, run: Run, now: float) -> None:
        """Take in what has happened to a workflow."""
        state = self._current(run, now)
        if state is None or state == run.state:
            return
        if state.ended:
            self.end(run, state)
        else:
            run.state = state
            self.changed(run)

    def end(self, run: Run, state: State) -> None:
        """A workflow has ended like this."""
        run.state = state
        run.archived = not run.deleted and self._archives(run.accepted.namespace)
        self._open.pop(run.uid, None)
        self._running.discard(run.uid)
        failed = state.phase in {WorkflowPhase.FAILED, WorkflowPhase.ERROR}
        if run.accepted.effects.human_rerun and run.attempt == 1 and failed:
            self._again.append(run)
        self.launcher.forget(run.folder)
        self.changed(run)
        self._wake.set()

    async def work(self) -> None:
        """Follow the workflows until cancelled."""
        while True:
            self._wake.clear()
            try:
                pause = await self._work_once(time.time())
            except OSError:
                _LOG.exception("Following the workflows failed and is tried again in a second; started ones go on.")
                pause = _AFTER_TROUBLE
            await self._sleep(pause)

    async def _work_once(self, now: float) -> float | None:
        """Look at everything that is under way; how long to wait until the next time, None until something happens."""
        for run in list(self._open.values()):
            self.look_at(run, now)
        while self._again:
            await self.retry(self._again.pop(), SOMEBODY)
        self._start_waiting()
        coming = await self._expire(now)
        busy = self.launcher.reap() or any(self._moves(run, now) for run in self._open.values())
        return _LOOK_EVERY if busy else coming

    async def _sleep(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _expire(self, now: float) -> float | None:
        """Delete what has lived long enough; how long until the next, or None."""
        coming = []
        for run in self.runs:
            due = expires_at(run) if run.live else None
            if due is not None and now >= due:
                await self.delete(run)
            elif due is not None:
                coming.append(due - now)
        return min(coming, default=None)

    def _moves(self, run: Run, now: float) -> bool:
        """Whether something can happen to a workflow without a request."""
        if run.accepted.executor is Executor.RUN:
            return not run.accepted.effects.never_finish
        script = load_script(run.folder)
        return script is not None and script.next_at(now) is not None

    def _know(self, accepted: Accepted) -> Run:
        self._version += 1
        run = Run(accepted, self._folder / accepted.uid, self._version)
        self.runs.add(run)
        return run

    def _next_attempt(self, run: Run) -> None:
        run.state = again(run.state, run.accepted.name)
        run.attempt += 1

    def _load(self, run: Run) -> None:
        state = self.launcher.read(run.folder)
        if state is not None:
            run.state = state
        elif run.accepted.executor is Executor.INSTANT:
            run.state = alone(run.workflow, WorkflowPhase.SUCCEEDED, run.accepted.received_at)

    def _enter(self, run: Run) -> None:
        if run.accepted.executor is Executor.INSTANT:
            self.end(run, alone(run.workflow, WorkflowPhase.SUCCEEDED, run.accepted.received_at))
            return
        self._open[run.uid] = run
        self.look_at(run, time.time())
        self._wake.set()

    def _current(self, run: Run, now: float) -> State | None:
        folder = run.folder
        if run.accepted.effects.never_finish:
            return run.state if run.state.nodes else alone(run.workflow, WorkflowPhase.RUNNING, now)
        if run.accepted.executor is Executor.SCRIPTED:
            return self._played(run, now)
        if not self.launcher.launched(folder):
            return None
        state = self.launcher.read(folder)
        if (state is None or not state.ended) and self.launcher.died(folder):
            return self.launcher.bury(folder, state or run.state)
        return state

    def _played(self, run: Run, now: float) -> State | None:
        script = load_script(run.folder)
        if script is None:
            return None
        state = played(run.workflow, script, now)
        if state != run.state:
            write_logs(run.workflow, script, now, run.folder)
        if state.ended:
            self.launcher.write_end(run.folder, state)
        return state

    def _start_waiting(self) -> None:
        for run in list(self._open.values()):
            if run.accepted.executor is not Executor.RUN or run.accepted.effects.never_finish:
                continue
            if self.launcher.launched(run.folder):
                self._running.add(run.uid)
            elif len(self._running) < self._runners:
                self._running.add(run.uid)
                plan = self._planner(run)
                self.launcher.start(run.folder, plan_to_json(plan), path=plan.path)
            elif run.state.phase is WorkflowPhase.UNKNOWN:
                run.wait()
                self.changed(run)
