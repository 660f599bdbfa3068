"""`make histories`: records what workflows do in a Temporal server, as JSON beside this file, for `test_replay.py`.

Recorded again when a workflow is changed on purpose, in the way that workflows/README.md says; the old recordings stay
for as long as runs of that shape may be open. `SHAPES` names them: each is one workflow, on the example company with a
CI system in memory.
"""

import asyncio
import gzip
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from ci_in_memory import CiInMemory
from company import Company, open_company
from databases import Databases
from more_actions import like_deploy, load_beside
from pydantic import SecretStr
from service_in_memory import ServiceInMemory, answer
from stepping import dispatch, wait
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from daytwo_actions.backends.base import Ambiguous
from daytwo_cli.up.postgres import EmbeddedPostgres
from daytwo_cli.up.temporal import EmbeddedTemporal
from daytwo_store import events, migrate, runs, tasks
from daytwo_store.engine import Store
from daytwo_store.event_loop import loop_factory
from daytwo_store.events import NewEvent
from daytwo_store.ids import RunId, StepPath, TaskId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import RUN_ENDS, ExternalStatus, RunState
from daytwo_store.tables import StepRow
from daytwo_workflows.client import Driver
from daytwo_workflows.contracts import POKE_SIGNAL, run_workflow_id, watch_workflow_id
from daytwo_workflows.life import doing
from daytwo_workflows.life.doing import Done
from daytwo_workflows.life.interventions import cancel
from daytwo_workflows.life.lasting import give_back
from daytwo_workflows.poker import deliver
from daytwo_workflows.worker import create_worker

FOLDER: Final = Path(__file__).with_name("histories")
_QUIET: Final = 2001  # pokes after which a history is begun anew
_TRIFLES: Final = {"taskId", "identity", "requestId", "binaryChecksum"}


@dataclass
class Recorder:
    """A company with a Temporal server, and workers on it that come and go."""

    company: Company
    client: Client

    @property
    def ci(self) -> CiInMemory:
        return self.company.ci

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Driver]:
        worker: Worker = create_worker(self.client, self.company.life)
        async with worker:
            yield Driver(self.client)

    async def poke(self, driver: Driver, run: RunId, handle: "WorkflowHandle[Any, Any]") -> None:
        """And wait until nothing more comes of it: what comes meanwhile makes the server take a task again."""
        await self.company.look(run)
        await driver.drive(run)
        await self.quiet(handle)

    async def quiet(self, handle: "WorkflowHandle[Any, Any]") -> None:
        async with asyncio.timeout(60):
            while await self.busy(handle):
                await asyncio.sleep(0.05)

    async def busy(self, handle: "WorkflowHandle[Any, Any]") -> bool:
        found = (await handle.describe()).raw_description
        return found.HasField("pending_workflow_task") or len(found.pending_activities) > 0

    async def begun(self, handle: "WorkflowHandle[Any, Any]") -> bool:
        """Has a worker taken its activity?"""
        pending = (await handle.describe()).raw_description.pending_activities
        return any(one.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED for one in pending)

    async def until(self, run: RunId, *states: RunState) -> None:
        async with asyncio.timeout(60):
            while (await self.company.run(run)).state not in states:
                await asyncio.sleep(0.02)

    async def step(self, run: RunId, path: str) -> StepRow:
        async with self.company.store.read() as session:
            return await runs.step(session, run, StepPath(path))

    async def first(self, run: RunId) -> "WorkflowHandle[Any, Any]":
        """The workflow that was started first: a poke that comes after its end starts another one."""
        handle = self.client.get_workflow_handle(run_workflow_id(run))
        return self.client.get_workflow_handle(handle.id, run_id=(await handle.describe()).run_id)

    async def ended(self, driver: Driver, run: RunId, handle: "WorkflowHandle[Any, Any]") -> "WorkflowHandle[Any, Any]":
        """Look again and again until the run is over, and its workflow with it."""
        async with asyncio.timeout(60):
            await self.quiet(handle)
            while (await self.company.run(run)).state not in RUN_ENDS:
                await self.poke(driver, run, handle)
                await asyncio.sleep(0.5)
            await handle.result()
        return handle


async def approved(at: Recorder) -> "WorkflowHandle[Any, Any]":
    """Approval, dispatch, its pipeline's end, logs."""
    run = await at.company.ask("ana", "1.1.0", "production")
    async with at.worker() as driver:
        await deliver(at.company.store, driver)
        handle = await at.first(run)
        await at.quiet(handle)
        await at.until(run, RunState.WAITING_APPROVAL)
        await at.company.decide("sam", run)
        await deliver(at.company.store, driver)
        await at.until(run, RunState.RUNNING)
        return await at.ended(driver, run, handle)


async def cancelled(at: Recorder) -> "WorkflowHandle[Any, Any]":
    """A pipeline that does not stop when it is asked, and does when it is forced to."""
    at.ci.ends_as, at.ci.obeys = None, False
    run = await at.company.ask("ana", "1.1.0", "staging")
    async with at.worker() as driver:
        await deliver(at.company.store, driver)
        handle = await at.first(run)
        await at.until(run, RunState.RUNNING)
        await at.quiet(handle)
        await cancel(at.company.store, run, by=await at.company.person("ana"), reason="recorded", force=False)
        await deliver(at.company.store, driver)
        async with asyncio.timeout(60):
            while "force" not in at.ci.cancels:
                await at.poke(driver, run, handle)
                await asyncio.sleep(0.5)
        at.ci.end("1", ExternalStatus.CANCELLED)
        return await at.ended(driver, run, handle)


async def reconciled(at: Recorder) -> "WorkflowHandle[Any, Any]":
    """The answer to the dispatch got lost; the run is found."""
    at.ci.says = lambda run: Ambiguous(detail="the answer got lost")
    run = await at.company.ask("ana", "1.1.0", "staging")
    async with at.worker() as driver:
        await deliver(at.company.store, driver)
        return await at.ended(driver, run, await at.first(run))


async def late_log(at: Recorder) -> "WorkflowHandle[Any, Any]":
    """A log that is not there yet when its pipeline has ended."""
    at.ci.log = None
    run = await at.company.ask("ana", "1.1.0", "staging")
    async with at.worker() as driver:
        await deliver(at.company.store, driver)
        handle = await at.first(run)
        await at.quiet(handle)
        await at.poke(driver, run, handle)
        at.ci.log = b"hello\n"
        return await at.ended(driver, run, handle)


async def of_steps(at: Recorder) -> "WorkflowHandle[Any, Any]":
    """A pipeline, a service that is called, another pipeline."""
    company = at.company
    company.life = replace(company.life, services={"pager": ServiceInMemory()})
    call = {"service": "pager", "method": "POST", "path": "/incidents"}
    steps = [dispatch("build"), {"id": "page", "uses": "http", "with": call}, dispatch("ship")]
    runbook = like_deploy("runbook", approval=[], catalog=[], undo=None, lock=None, steps=steps)
    with tempfile.TemporaryDirectory() as folder:
        await load_beside(company, Path(folder), runbook)
    run = await company.ask("ana", "1.1.0", "staging", action="runbook")
    async with at.worker() as driver:
        await deliver(company.store, driver)
        return await at.ended(driver, run, await at.first(run))


async def of_parent(company: Company, steps: list[dict[str, Any]], part: dict[str, Any]) -> RunId:
    """A run of an action of these steps, beside an action `child` of one step that it calls."""
    usual: dict[str, Any] = {"approval": [], "catalog": [], "undo": None, "lock": None}
    child = like_deploy("child", **usual, steps=[part])
    with tempfile.TemporaryDirectory() as folder:
        await load_beside(company, Path(folder), child, like_deploy("parent", **usual, steps=steps))
    return await company.ask("ana", "1.1.0", "staging", action="parent")


async def of_people(at: Recorder) -> "WorkflowHandle[Any, Any]":
    """An event that comes, a person who does something, another action that is called."""
    company = at.company
    given = {"version": "${{ inputs.version }}", "environment": "${{ inputs.environment.ref }}"}
    steps = [
        {"id": "change", "uses": "wait", "with": {"event": {"source": "changes", "key": "CHG-1"}}},
        {"id": "switch", "uses": "task", "with": {"from": ["group:sre"], "text": "Switch it"}},
        {"id": "sub", "uses": "action", "with": {"action": "child", "inputs": given}},
    ]
    run = await of_parent(company, steps, dispatch("ship"))
    async with at.worker() as driver:
        await deliver(company.store, driver)
        handle = await at.first(run)
        await at.quiet(handle)
        async with company.store.write() as tx:
            await events.keep(tx, NewEvent(source="changes", delivery="1", key="CHG-1", payload={}))
        await deliver(company.store, driver)
        await at.quiet(handle)
        async with company.store.read() as session:
            [task] = await tasks.of_run(session, run)
        done = Done(task=TaskId(task.id), by=await company.person("sam"), answers={})
        await doing.complete(company.life, done)
        await deliver(company.store, driver)
        await at.quiet(handle)
        async with company.store.read() as session:
            [called] = await runs.called(session, run, StepPath("sub"))
        await deliver(company.store, driver)
        below = RunId(called.id)
        await at.ended(driver, below, await at.first(below))
        await deliver(company.store, driver)
        return await at.ended(driver, run, handle)


async def of_runbook(at: Recorder, *steps: dict[str, Any], **spec: object) -> RunId:
    """A run of an action of these steps."""
    usual: dict[str, object] = {"approval": [], "catalog": [], "undo": None, "lock": None}
    with tempfile.TemporaryDirectory() as folder:
        await load_beside(at.company, Path(folder), like_deploy("runbook", **{**usual, **spec, "steps": list(steps)}))
    return await at.company.ask("ana", "1.1.0", "staging", action="runbook")


async def undone(at: Recorder) -> "WorkflowHandle[Any, Any]":
    """The second pipeline fails, and what the first one did is undone."""

    def third_succeeds() -> None:
        at.ci.ends_as = ExternalStatus.FAILED if at.ci.posts == 2 else ExternalStatus.SUCCEEDED

    at.ci.before_send = third_succeeds
    back = dispatch("back")
    ship = dispatch("ship", undo={key: back[key] for key in ("uses", "with")})
    run = await of_runbook(at, ship, dispatch("bad"), on_error="undo")
    async with at.worker() as driver:
        await deliver(at.company.store, driver)
        handle = await at.ended(driver, run, await at.first(run))
    assert at.ci.posts == 3
    return handle


async def searched_beside_a_wait(at: Recorder) -> "WorkflowHandle[Any, Any]":
    """A dispatch is looked for several times while a timer of another branch runs out."""
    at.ci.says, at.ci.hidden = (lambda run: Ambiguous(detail="the answer got lost")), True
    windows = at.company.life.windows.model_copy(update={"look_every": (0.5,), "listing_lag": timedelta(seconds=60)})
    at.company.life = replace(at.company.life, windows=windows)
    run = await of_runbook(at, dispatch("ship", needs=[]), wait("soak", "1s", needs=[]))
    async with at.worker() as driver:
        await deliver(at.company.store, driver)
        handle = await at.first(run)
        async with asyncio.timeout(60):
            while at.ci.finds < 5:
                await asyncio.sleep(0.1)
        at.ci.hidden = False
        return await at.ended(driver, run, handle)


async def with_a_check(at: Recorder) -> "WorkflowHandle[Any, Any]":
    """A service is looked at until it is well."""
    pager = ServiceInMemory(says=lambda number: answer(ok=number > 1))
    at.company.life = replace(at.company.life, services={"pager": pager})
    get = {"service": "pager", "path": "/health"}
    healthy = {"get": get, "until": "${{ response.body.ok }}", "every": "1s"}
    run = await of_runbook(at, {"id": "healthy", "uses": "check", "with": healthy}, dispatch("ship"))
    async with at.worker() as driver:
        await deliver(at.company.store, driver)
        return await at.ended(driver, run, await at.first(run))


async def lasting(at: Recorder) -> "WorkflowHandle[Any, Any]":
    """Something is granted for a time, given back early, and taken back by a pipeline."""
    back = dispatch("revoke")
    grant = dispatch("grant", undo={key: back[key] for key in ("uses", "with")})
    access = {"id": "access", "uses": "temporary", "with": {"for": "4h"}}
    run = await of_runbook(at, grant, access, on_error="undo")
    async with at.worker() as driver:
        await deliver(at.company.store, driver)
        handle = await at.first(run)
        async with asyncio.timeout(60):
            while (await at.step(run, "access")).started_at is None:
                await at.poke(driver, run, handle)
                await asyncio.sleep(0.2)
        by = await at.company.person("ana")
        await give_back(at.company.store, run, "access", by=by, reason="recorded")
        await deliver(at.company.store, driver)
        return await at.ended(driver, run, handle)


async def of_many(at: Recorder) -> "WorkflowHandle[Any, Any]":
    """Two runs of another action at once, and a person who agrees in the middle."""
    company = at.company
    given = {"version": "${{ item }}", "environment": "${{ inputs.environment.ref }}"}
    each = {"action": "child", "items": ["1.0.0", "1.1.0"], "inputs": given, "at_once": 2}
    steps = [
        {"id": "each", "uses": "foreach", "with": each},
        {"id": "ok", "uses": "approval", "with": {"from": ["group:sre"]}},
        dispatch("ship"),
    ]
    run = await of_parent(company, steps, dispatch("part"))
    async with at.worker() as driver:
        await deliver(company.store, driver)
        handle = await at.first(run)
        await at.quiet(handle)
        async with company.store.read() as session:
            called = await runs.called(session, run, StepPath("each"))
        for below in (RunId(one.id) for one in called):
            await deliver(company.store, driver)
            await at.ended(driver, below, await at.first(below))
        await deliver(company.store, driver)
        async with asyncio.timeout(60):
            while not await company.approvals(run):
                await at.poke(driver, run, handle)
                await asyncio.sleep(0.2)
        await company.decide("sam", run)
        await deliver(company.store, driver)
        return await at.ended(driver, run, handle)


async def begun_anew(at: Recorder) -> "WorkflowHandle[Any, Any]":
    """Poked so often while it waits that it continues as a new one."""
    run = await at.company.ask("ana", "1.1.0", "production")
    async with at.worker() as driver:
        await deliver(at.company.store, driver)
        await at.until(run, RunState.WAITING_APPROVAL)
    handle = at.client.get_workflow_handle(run_workflow_id(run))
    first = (await handle.describe()).run_id
    for _ in range(_QUIET):
        await handle.signal(POKE_SIGNAL)
    async with at.worker():
        async with asyncio.timeout(60):
            while (await handle.describe()).run_id == first:
                await asyncio.sleep(0.05)
    await handle.terminate()
    return at.client.get_workflow_handle(run_workflow_id(run), run_id=first)


async def watched(at: Recorder) -> "WorkflowHandle[Any, Any]":
    """The poller of a connection returns with its worker, and is begun anew by the next one."""
    async with at.worker() as driver:
        await driver.watch(["github"])
        handle = at.client.get_workflow_handle(watch_workflow_id("github"))
        first = (await handle.describe()).run_id
        async with asyncio.timeout(60):
            while not await at.begun(handle):
                await asyncio.sleep(0.05)
    async with at.worker():
        async with asyncio.timeout(60):
            while (await handle.describe()).run_id == first:
                await asyncio.sleep(0.05)
        await handle.terminate()
    return at.client.get_workflow_handle(watch_workflow_id("github"), run_id=first)


Shape = Callable[[Recorder], Awaitable["WorkflowHandle[Any, Any]"]]
SHAPES: Final[dict[str, Shape]] = {
    "run-approved": approved,
    "run-cancelled": cancelled,
    "run-reconciled": reconciled,
    "run-with-a-late-log": late_log,
    "run-of-steps": of_steps,
    "run-of-people": of_people,
    "run-undone": undone,
    "run-searched-beside-a-wait": searched_beside_a_wait,
    "run-with-a-check": with_a_check,
    "run-lasting": lasting,
    "run-of-many": of_many,
    "run-begun-anew": begun_anew,
    "watch": watched,
}


def clean(part: Any) -> Any:
    """Without what says on which machine it was recorded."""
    if isinstance(part, list):
        return [clean(one) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {name: clean(value) for name, value in part.items() if name not in _TRIFLES}
    if kept.get("kind") == "TASK_QUEUE_KIND_STICKY":
        kept["name"] = "sticky"
    return kept


async def record(at: Recorder, name: str) -> None:
    history = await (await SHAPES[name](at)).fetch_history()
    events = clean(json.loads(history.to_json()))["events"]
    text = "\n".join(["[", ",\n".join(json.dumps(one, sort_keys=True) for one in events), "]", ""])
    if len(events) > _QUIET:
        (FOLDER / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    else:
        (FOLDER / f"{name}.json").write_text(text)
    sys.stdout.write(f"{name}: {len(events)} events\n")


async def main(names: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="dt-record-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres") as server,
        EmbeddedTemporal(Path(folder) / "temporal") as temporal,
    ):
        migrate.upgrade(server.url)
        databases = Databases(server)
        client = await Client.connect(temporal.address, identity="recorder")
        for name in names or SHAPES:
            store = Store(StoreSettings(url=SecretStr(databases.create()), pool_size=4))
            await record(Recorder(await open_company(store), client), name)
            await store.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main(sys.argv[1:]))
