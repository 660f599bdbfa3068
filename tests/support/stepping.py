"""Actions of several steps in tests: written in a line each, run to where they wait, with a clock that tests move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from company import Company
from more_actions import like_deploy, load_beside

from daytwo_store import runs
from daytwo_store.clock import GivenClock
from daytwo_store.ids import RunId
from daytwo_store.tables import StepRow
from daytwo_workflows.contracts import Move

Step = dict[str, Any]


def dispatch(name: str, *, inputs: Mapping[str, object] | None = None, **more: object) -> Step:
    """A step that starts a pipeline of the shop."""
    what = {"project": "${{ entity.properties.repository }}", "pipeline": f"{name}.yml", "ref": "main"}
    return {"id": name, "uses": "github", "with": {**what, "inputs": dict(inputs or {})}, **more}


def wait(name: str, duration: str = "10m", **more: object) -> Step:
    return {"id": name, "uses": "wait", "with": {"for": duration}, **more}


@dataclass
class Stepping:
    company: Company
    clock: GivenClock
    folder: Path
    loaded: int = 0

    async def run(self, *steps: Step, environment: str = "staging", **spec: object) -> RunId:
        """A run of an action of these steps, asked for by Ana and moved to where it waits."""
        run = await self.ask(*steps, environment=environment, **spec)
        await self.company.drive(run)
        return run

    async def ask(self, *steps: Step, environment: str = "staging", **spec: object) -> RunId:
        """The same, and nothing has moved yet."""
        self.loaded += 1
        name = f"runbook-{self.loaded}"
        folder = self.folder / name
        folder.mkdir()
        usual: dict[str, object] = {"approval": [], "catalog": [], "undo": None, "lock": None}
        await load_beside(self.company, folder, like_deploy(name, **{**usual, **spec, "steps": list(steps)}))
        return await self.company.ask("ana", "1.1.0", environment, action=name)

    async def on(self, run: RunId, *, later: timedelta = timedelta(0)) -> Move:
        """Time passes, webhooks come, and the run goes on to where it waits next."""
        self.clock.moment += later
        self.company.ci.ahead += later
        await self.company.look(run)
        self.clock.moment += timedelta(milliseconds=1)  # what is read now is newer than what asked for it
        return await self.company.drive(run)

    async def steps(self, run: RunId) -> Sequence[StepRow]:
        async with self.company.store.read() as session:
            return await runs.steps(session, run)

    async def states(self, run: RunId) -> dict[str, str]:
        """'build': 'succeeded' …"""
        return {step.path: step.state for step in await self.steps(run)}

    def sent(self) -> list[str]:
        """The pipelines that really began, in order."""
        return [request.pinned.target.pipeline.removesuffix(".yml") for request in self.company.ci.ledger]
