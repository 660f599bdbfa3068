"""The life of the pipelines: created, their jobs started when there is room, followed, ordered about.

One task looks at everything that is under way; it sleeps while nothing is. Whatever it knows can be rebuilt from the
ledger and the files of pipelines and jobs, which is what a restart does.
"""

import asyncio
import dataclasses
import logging
import time
from collections.abc import Callable
from pathlib import Path

from daytwo_standins.gitlab.config import Config, Executor
from daytwo_standins.gitlab.creating import Draft
from daytwo_standins.gitlab.foreman import Foreman
from daytwo_standins.gitlab.ledger import Accepted, Ledger, Order, accepted_from, new_order, order_from
from daytwo_standins.gitlab.orders import obey
from daytwo_standins.gitlab.pipelines import Pipeline, Pipelines
from daytwo_standins.gitlab.progress import advance, created
from daytwo_standins.gitlab.records import Blueprint, State, Status, blueprint_from, plain, state_from
from daytwo_standins.gitlab.scripts import (
    Script,
    forget_script,
    instant,
    load_script,
    played,
    save_script,
    stuck,
    write_traces,
)
from daytwo_standins.shared.answers import SOMEBODY
from daytwo_standins.shared.files import read_json, write_json

_LOOK_EVERY = 0.05
_AFTER_TROUBLE = 1.0
_LOG = logging.getLogger(__name__)

Listener = Callable[[Pipeline], None]


class Engine:
    """Owns the pipelines. ``listener`` hears of every change."""

    def __init__(self, *, config: Config, folder: Path, ledger: Ledger, foreman: Foreman, listener: Listener) -> None:
        self.pipelines = Pipelines()
        self._config = config
        self._folder = folder / "runs"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._ledger = ledger
        self._foreman = foreman
        self._listener = listener
        self._open: dict[int, Pipeline] = {}
        self._scripts: dict[int, Script | None] = {}
        self._again: list[Pipeline] = []  # to be retried by somebody
        self._wake = asyncio.Event()
        foreman.attach(self)

    def restore(self) -> None:
        """Take up what the ledger and the files say; called once, before the first request."""
        for line in self._ledger.read():
            if line["kind"] == "order":
                self._obey(order_from(line))
            else:
                self._know(accepted_from(line))
        for pipeline in self.pipelines:
            self._enter(pipeline)

    async def accept(self, draft: Draft) -> Pipeline:
        """Make a pipeline durable, then let it begin."""
        folder = self._folder / str(draft.accepted.run_id)
        folder.mkdir(parents=True, exist_ok=True)
        if draft.expanded:
            (folder / "config.yml").write_text(draft.expanded, encoding="utf-8")
            write_json(folder / "blueprint.json", plain(draft.blueprint), durable=True)
        await self._ledger.accept(draft.accepted)
        pipeline = self._know(draft.accepted)
        self._enter(pipeline)
        return pipeline

    async def order(self, pipeline: Pipeline, order: Order) -> None:
        """Make an order durable, then carry it out."""
        pipeline.orders = max(pipeline.orders, order.number)
        await self._ledger.order(order)
        if order.verb in ("retry", "retry_job"):
            forget_script(pipeline.folder)  # that was of the jobs before: what is run again waits for one of its own
            self._scripts.pop(pipeline.id, None)
        self._obey(order)
        for child in self.children(pipeline):
            if order.verb == "cancel" and not child.state.ended:
                await self.order(child, dataclasses.replace(order, run_id=child.id, number=child.orders + 1))
        self._enter(pipeline)

    def children(self, pipeline: Pipeline) -> list[Pipeline]:
        """The pipelines that its bridges have started."""
        return [one for one in self.pipelines if one.accepted.parent == pipeline.id]

    def put(self, pipeline: Pipeline, state: State) -> None:
        """Take a newer state: on disk, in memory, to whoever listens."""
        if state == pipeline.state:
            return
        pipeline.state = state
        write_json(pipeline.folder / "pipeline.json", plain(state))
        self._listener(pipeline)

    def wake(self) -> None:
        """Something has happened that must be looked at."""
        self._wake.set()

    def set_script(self, pipeline: Pipeline, script: Script) -> None:
        """Let a script begin for a scripted pipeline."""
        save_script(pipeline.folder, script)
        self._scripts.pop(pipeline.id, None)
        self._enter(pipeline)

    async def work(self) -> None:
        """Follow the pipelines until cancelled."""
        while True:
            self._wake.clear()
            try:
                pause = self._work_once(time.time())
                while self._again:
                    tempting = self._again.pop()
                    await self.order(tempting, new_order(tempting.id, tempting.orders + 1, "retry", SOMEBODY))
            except OSError:
                _LOG.exception("Following the pipelines failed and is tried again in a second; started jobs go on.")
                pause = _AFTER_TROUBLE
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _work_once(self, now: float) -> float | None:
        """Look at everything under way; how long to wait until the next time, None until something happens."""
        for pipeline in list(self._open.values()):
            self._look_at(pipeline, now)
        self._foreman.start_waiting(list(self._open.values()), now)
        due = [when for one in self._open.values() if (when := self._due(one, now)) is not None]
        return max(0.0, min(due) - now) if due else _LOOK_EVERY if self._foreman.reap() else None

    def _due(self, pipeline: Pipeline, now: float) -> float | None:
        """When a pipeline is to be looked at again without a request; None when it waits for one."""
        if pipeline.accepted.executor is Executor.SCRIPTED:
            script = self._script(pipeline)
            return script.next_at(now) if script else None
        idle = {Status.MANUAL, Status.CREATED, Status.SUCCESS, Status.FAILED, Status.CANCELED, Status.SKIPPED}
        return now + _LOOK_EVERY if any(job.status not in idle for job in pipeline.state.latest) else None

    def _script(self, pipeline: Pipeline) -> Script | None:
        """The script of a pipeline, read once."""
        if pipeline.id not in self._scripts:
            self._scripts[pipeline.id] = load_script(pipeline.folder)
        return self._scripts[pipeline.id]

    def _know(self, accepted: Accepted) -> Pipeline:
        folder = self._folder / str(accepted.run_id)
        planned = read_json(folder / "blueprint.json")
        blueprint = blueprint_from(planned) if planned else Blueprint(stages=("test",), jobs=())
        known = read_json(folder / "pipeline.json")
        state = state_from(known) if known else self._first(accepted, blueprint)
        pipeline = Pipeline(accepted, folder, blueprint, state)
        self.pipelines.add(pipeline)
        return pipeline

    def _first(self, accepted: Accepted, blueprint: Blueprint) -> State:
        now = accepted.received_at
        state = State(created_at=now, updated_at=now)
        if accepted.effects.never_finish:
            return stuck(state)
        if accepted.executor is Executor.INSTANT:
            return instant(state)
        if accepted.executor is Executor.SCRIPTED:
            return state
        project = next(one for one in self._config.projects if one.full_path == accepted.repository)
        return created(blueprint, {one.name: one.approvals for one in project.environments}, now)

    def _obey(self, order: Order) -> None:
        pipeline = self.pipelines.get(order.run_id)
        if pipeline is None:
            return
        pipeline.orders = max(pipeline.orders, order.number)
        state = obey(pipeline.state, pipeline.blueprint, order)
        if pipeline.accepted.executor is Executor.SCRIPTED and not pipeline.accepted.effects.never_finish:
            state = _at_once(state, order)
        else:
            self._foreman.stop(pipeline, state, force=order.force)
        self.put(pipeline, state)

    def _enter(self, pipeline: Pipeline) -> None:
        if pipeline.accepted.executor is not Executor.INSTANT and self._unfinished(pipeline):
            self._open[pipeline.id] = pipeline
            self._look_at(pipeline, time.time())
        self._listener(pipeline)
        self._wake.set()

    def _unfinished(self, pipeline: Pipeline) -> bool:
        return not pipeline.state.ended or any(not job.ended for job in pipeline.state.latest)

    def _look_at(self, pipeline: Pipeline, now: float) -> None:
        """Take in what has happened to a pipeline."""
        self.put(pipeline, self._current(pipeline, now))
        if not self._unfinished(pipeline):
            self._open.pop(pipeline.id, None)
            if pipeline.accepted.effects.human_rerun and not pipeline.orders and pipeline.state.status is Status.FAILED:
                self._again.append(pipeline)
                self._wake.set()

    def _current(self, pipeline: Pipeline, now: float) -> State:
        if pipeline.accepted.effects.never_finish:
            return pipeline.state
        if pipeline.accepted.executor is Executor.SCRIPTED:
            return self._played(pipeline, now)
        return advance(self._foreman.followed(pipeline, now), pipeline.blueprint, now)

    def _played(self, pipeline: Pipeline, now: float) -> State:
        script = self._script(pipeline)
        if script is None or pipeline.state.ended:
            return pipeline.state
        state = played(pipeline.state, script, now)
        if state != pipeline.state:
            write_traces(script, state, now, pipeline.folder)
        return state


def _at_once(state: State, order: Order) -> State:
    """Nobody executes a scripted pipeline, so nothing has to wind down when it is cancelled."""
    if order.verb != "cancel" or state.status in {Status.SUCCESS, Status.FAILED}:
        return state
    now = order.received_at
    jobs = tuple(
        job if job.ended else dataclasses.replace(job, status=Status.CANCELED, finished_at=now) for job in state.jobs
    )
    return dataclasses.replace(state, jobs=jobs, status=Status.CANCELED, finished_at=now, updated_at=now)
