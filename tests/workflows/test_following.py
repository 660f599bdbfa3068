"""External facts are named, silence is no answer, live logs grow, and a connection that asks to wait is left alone."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from ci_in_memory import CiInMemory, job
from company import Company
from pydantic import JsonValue
from sqlalchemy import select, text
from structlog.testing import capture_logs

from daytwo_actions.backends.argo.wire import runs as argo
from daytwo_actions.backends.argo.wire.nodes import tree_of
from daytwo_actions.backends.argo.wire.objects import Workflow
from daytwo_actions.backends.base import Budget, ExternalState, Hint, Target, Traits
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable, OutputsUnusable
from daytwo_actions.backends.github.wire import runs as github
from daytwo_actions.backends.gitlab.wire import pipelines as gitlab
from daytwo_actions.backends.tree import Job, JobTree
from daytwo_store import connections, externals, inbox, logs, runs
from daytwo_store.ids import ExternalJobId, ExternalRunId, RunId, StepPath
from daytwo_store.inbox import Delivery
from daytwo_store.states import ExternalStatus, RunState
from daytwo_store.tables import AttemptRow, AuditRow, ExternalRunRow, LogChunkRow, StepRow
from daytwo_workflows.connections.considerate import considerate
from daytwo_workflows.contracts import What
from daytwo_workflows.life.interventions import cancel
from daytwo_workflows.life.polling import Poller
from daytwo_workflows.life.watch import watch

pytestmark = pytest.mark.anyio
SECRET = "very-secret-token"
_NOBODY_LOOKS = "update external_run set watched_until = null, looked_at = now() - interval '1 hour'"


async def running(company: Company) -> RunId:
    company.ci.ends_as = None
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    return run


async def external(company: Company, run: RunId) -> ExternalRunRow:
    async with company.store.read() as session:
        return (await session.execute(select(ExternalRunRow).where(ExternalRunRow.run_id == run))).scalar_one()


async def look(company: Company, run: RunId) -> None:
    await company.look(run)
    await company.drive(run)


async def audited(company: Company) -> list[str]:
    async with company.store.read() as session:
        return list((await session.scalars(select(AuditRow.action).order_by(AuditRow.n))).all())


async def a_minute_passes(company: Company) -> None:
    async with company.store.write() as tx:
        await tx.session.execute(text("update external_run set gone_at = gone_at - interval '1 minute'"))


# -- R20: what other hands do there ----------------------------------------------------------------------------------


async def test_a_deleted_run_waits_for_a_person_and_is_ended_by_one(company: Company) -> None:
    run = await running(company)
    was = company.ci.states.pop("1")
    await look(company, run)
    assert (await company.run(run)).state == RunState.RUNNING, "once is a slip of its listings"
    company.ci.states["1"] = was
    await look(company, run)
    assert (await external(company, run)).gone_at is None
    del company.ci.states["1"]
    await look(company, run)
    await a_minute_passes(company)
    await look(company, run)
    row = await company.run(run)
    assert row.state == RunState.NEEDS_ATTENTION
    assert "was deleted in the CI system" in str(row.reason)
    await cancel(company.store, run, by=await company.person("ana"), reason="seen", force=False)
    assert (await company.drive(run)).what is What.END
    row = await company.run(run)
    assert (row.state, company.ci.cancels) == (RunState.CANCELLED, [])
    assert "what it had done there stays" in str(row.reason)


async def test_a_run_that_is_there_again_goes_on(company: Company) -> None:
    run = await running(company)
    was = company.ci.states.pop("1")
    await look(company, run)
    await a_minute_passes(company)
    await look(company, run)
    assert (await company.run(run)).state == RunState.NEEDS_ATTENTION
    company.ci.states["1"] = was
    await look(company, run)
    assert (await company.run(run)).state == RunState.RUNNING
    company.ci.end("1", ExternalStatus.SUCCEEDED)
    await look(company, run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_a_rerun_after_the_end_is_noted_and_changes_nothing(company: Company) -> None:
    run = await running(company)
    company.ci.end("1", ExternalStatus.FAILED)
    await look(company, run)
    assert (await company.run(run)).state == RunState.FAILED
    before = await external(company, run)
    company.ci.states["1"] = replace(company.ci.states["1"], attempt=2, status=ExternalStatus.RUNNING, detail="again")
    told = Delivery(
        connection="github", delivery="d", external=ExternalRunId("1"), project_id="1", event="workflow_run.in_progress"
    )
    async with company.store.write() as tx:
        await inbox.want_after_end(tx, told, settled=timedelta(hours=1), goes_on=False)
    await Poller(company.life, "github", lambda: None).glance()
    assert "external.rerun" not in await audited(company), "deliveries overtake each other"
    async with company.store.write() as tx:
        await inbox.want_after_end(tx, told, settled=timedelta(0), goes_on=False)
    for _ in range(2):
        await Poller(company.life, "github", lambda: None).glance()
    assert (await audited(company)).count("external.rerun") == 1
    now = await external(company, run)
    assert (now.ci_attempt, now.status, now.detail) == (2, before.status, before.detail)
    assert (await company.run(run)).state == RunState.FAILED


async def test_a_rerun_right_after_the_end_is_noted_when_no_older_delivery_can_come_any_more(company: Company) -> None:
    run = await running(company)
    company.ci.end("1", ExternalStatus.FAILED)
    await look(company, run)
    company.ci.states["1"] = replace(company.ci.states["1"], attempt=2, status=ExternalStatus.RUNNING, detail="again")
    told = Delivery(
        connection="github", delivery="d", external=ExternalRunId("1"), project_id="1", event="workflow_run.in_progress"
    )
    async with company.store.write() as tx:
        await inbox.want_after_end(tx, told, settled=timedelta(hours=1), goes_on=True)
    await Poller(company.life, "github", lambda: None).glance()
    assert "external.rerun" not in await audited(company), "not yet"
    assert (await external(company, run)).wanted_at is not None
    async with company.store.write() as tx:  # as if that hour was over
        await inbox.want_after_end(tx, told, settled=timedelta(0), goes_on=True)
    await Poller(company.life, "github", lambda: None).glance()
    assert (await audited(company)).count("external.rerun") == 1
    assert (await external(company, run)).wanted_at is None, "and not again"


async def test_what_is_noted_on_a_failed_job_is_kept_with_it_masked_and_bounded(company: Company) -> None:
    run = await running(company)
    notes = [f"it said {SECRET}", "x" * 900, "", *["more\nof it"] * 40]
    failed = Job(
        id=ExternalJobId("7"),
        name="ship",
        status=ExternalStatus.FAILED,
        detail="failure",
        url=None,
        started_at=None,
        ended_at=None,
        notes=notes,
    )
    company.ci.tree = [failed, replace(failed, id=ExternalJobId("8"), notes=())]
    company.ci.end("1", ExternalStatus.FAILED)
    await look(company, run)
    async with company.store.read() as session:
        step = await runs.step(session, run, StepPath("ship"))
    first, second = (one["notes"] for one in step.jobs)
    assert first == ["it said ***", "x" * 500, *["more", "of it"] * 4]
    assert second == []


def on_github(status: str, conclusion: str | None = None, *, step: str = "success") -> tuple[ExternalState, JobTree]:
    state = github.state_of(github.VendorRun(id=1, status=status, conclusion=conclusion))
    steps = (github.VendorStep(number=1, name="do it", status="completed", conclusion=step),)
    return state, github.tree_of([github.VendorJob(id=2, name="ship", status="in_progress", steps=steps)])


def on_gitlab(status: str) -> tuple[ExternalState, JobTree]:
    return gitlab.state_of(gitlab.VendorPipeline(id=1, status=status)), JobTree(jobs=())


def on_argo(phase: str, message: str = "", *, node: tuple[str, str] = ("Pod", "Running")) -> Any:
    nodes = {"n": {"id": "n", "name": "w.n", "type": node[0], "phase": node[1]}}
    metadata = {"name": "w", "namespace": "shop", "uid": "u"}
    status = {"phase": phase, "message": message, "nodes": nodes}
    workflow = Workflow.model_validate({"metadata": metadata, "status": status})
    return argo.state_of(workflow, page="https://argo"), tree_of(workflow, page="https://argo")


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ([on_github("levitating"), on_github("levitating"), on_github("queued")], ["status levitating"]),
        ([on_github("in_progress", step="odd")] * 2, ["conclusion odd"]),
        ([on_github("completed", "stale")], []),  # known, and it says that nobody knows
        ([on_gitlab("levitating")] * 2, ["status levitating"]),
        ([on_argo("Odd", "with 3 of 8"), on_argo("Odd", "with 4 of 8")], ["phase Odd"]),
        ([on_argo("Running", node=("Teapot", "Brewing"))] * 2, ["node phase Brewing", "node type Teapot"]),
        ([on_argo("Running", node=("", ""))], []),
    ],
)
async def test_a_word_that_nobody_knows_is_logged_once_and_is_no_success(
    company: Company, shown: list[tuple[ExternalState, JobTree]], words: list[str]
) -> None:
    run = await running(company)
    with capture_logs() as told:
        for state, tree in shown:
            company.ci.states["1"] = replace(state, id=ExternalRunId("1"))
            company.ci.tree, company.ci.strange = tree.jobs, tree.strange
            await look(company, run)
    assert [line["state"] for line in told if line["event"] == "external.unknown_word"] == words
    assert (await company.run(run)).state == RunState.RUNNING


async def test_what_we_say_ourselves_is_no_word_of_a_vendors(company: Company) -> None:
    run = await running(company)
    lost = "run again in GitHub, as attempt 2, and the first one is not shown any more"
    company.ci.states["1"] = replace(company.ci.states["1"], status=ExternalStatus.UNKNOWN, detail=lost)
    with capture_logs() as told:
        await look(company, run)
    assert [line for line in told if line["event"] == "external.unknown_word"] == []


# -- R14, R22: told to wait, not allowed, and well again -------------------------------------------------------------


async def test_a_credential_that_fails_is_not_a_run_that_fails(company: Company) -> None:
    @dataclass
    class Denying(CiInMemory):
        denies: bool = True

        async def read(self, runs: Sequence[tuple[Target, ExternalRunId]]) -> Sequence[ExternalState | None]:
            if self.denies:
                raise BackendDenied("GitHub answered 401.")
            return await super().read(runs)

    ci = Denying()
    company.ci, company.life = ci, replace(company.life, backends={"github": ci})
    run = await running(company)
    await look(company, run)
    assert (await external(company, run)).unseen_since is not None
    assert (await company.run(run)).state == RunState.RUNNING
    ci.denies = False
    ci.end("1", ExternalStatus.SUCCEEDED)
    await Poller(company.life, "github", lambda: None).glance()
    await company.drive(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED, "it recovers by itself"


async def test_a_wait_that_one_process_is_told_of_is_kept_by_all(company: Company) -> None:
    run = await running(company)
    second = await company.ask("ana", "1.1.0", "production")
    async with company.store.read() as session:
        now = await company.store.clock.now(session)
    company.ci.left_to_ask = Budget(limit=5000, remaining=0, resets_at=None, held_until=now + timedelta(seconds=90))
    company.ci.down = True
    await look(company, run)
    company.ci.down = False
    other = CiInMemory(ends_as=None)  # another process: nobody has told it anything
    company.life = replace(company.life, backends=considerate({"github": other}, company.store))
    assert 60 < await Poller(company.life, "github", lambda: None).glance() <= 90
    await company.look(run)
    move = await company.drive(run)
    assert (move.what, 60 < (move.seconds or 0) <= 90) == (What.WAIT, True)
    await company.decide("sam", second)
    assert 60 < ((await company.drive(second)).seconds or 0) <= 90 + 15, "and not with all the others at once"
    assert other.posts == other.finds == 0, "it was sent to a connection that asked to be left alone"
    async with company.store.write() as tx:
        await tx.session.execute(text("update connection set held_until = now() - interval '1 second'"))
    await company.drive(second)
    assert other.posts == 1


# -- live logs -------------------------------------------------------------------------------------------------------


@dataclass
class Live(CiInMemory):
    """Its logs can be read while jobs run: the whole of it each time, in small pieces."""

    text: str = ""
    traits: Traits = field(default_factory=lambda: Traits(kind="memory", title="Memory", live_logs=True))

    async def logs(self, target: Target, run: ExternalRunId, job: ExternalJobId) -> AsyncIterator[bytes]:
        data = self.text.encode()
        for at in range(0, len(data), 7):
            yield data[at : at + 7]


@pytest.fixture
async def live(company: Company) -> Live:
    ci = Live()
    company.ci, company.life = ci, replace(company.life, backends={"github": ci})
    return ci


async def lines(company: Company, run: RunId) -> list[str]:
    async with company.store.read() as session:
        return [line.text for line in await logs.read(session, run, after=0, limit=10_000)]


async def test_a_live_log_grows_by_whole_lines_masked_and_in_few_rows(company: Company, live: Live) -> None:
    run = await running(company)
    live.text = f"one\ntwo {SECRET}\nthr"
    await look(company, run)
    assert await lines(company, run) == ["one", "two ***"]
    live.text += f"ee\n{SECRET[:9]}"
    await look(company, run)
    assert await lines(company, run) == ["one", "two ***", "three"]
    live.text += f"{SECRET[9:]}\nerror: no disk\n"
    await look(company, run)
    assert await lines(company, run) == ["one", "two ***", "three", "***", "error: no disk"]
    assert (await company.run(run)).first_error is None, "the job has not failed"
    for number in range(50):
        live.text += f"line {number}\n"
        await look(company, run)
    async with company.store.read() as session:
        rows = (await session.scalars(select(LogChunkRow).where(LogChunkRow.run_id == run))).all()
    assert len(rows) == 1, "a row for every look"
    live.text += "the end"
    live.end("1", ExternalStatus.FAILED)
    await look(company, run)
    kept = await lines(company, run)
    assert (len(kept), kept[-1]) == (56, "the end")
    assert (await company.run(run)).first_error == 5
    assert SECRET not in "".join(kept)


async def test_jobs_that_run_side_by_side_keep_their_lines_apart(company: Company, live: Live) -> None:
    run = await running(company)
    live.tree = [job("a"), job("b")]
    for _ in range(3):
        live.text += "more\n"
        await look(company, run)
    async with company.store.read() as session:
        found = [await logs.read(session, run, after=0, limit=100, job=name) for name in ("a", "b")]
    assert [[line.text for line in one] for one in found] == [["more"] * 3, ["more"] * 3]
    numbers = sorted(line.number for one in found for line in one)
    assert numbers == list(range(1, 7))


async def test_an_old_marked_error_counts_more_than_a_guess_before_it(company: Company, live: Live) -> None:
    run = await running(company)
    live.text = "error: a guess\n"
    await look(company, run)
    live.text += "fine\n##[error]the disk is full\nfine\n"
    await look(company, run)
    live.end("1", ExternalStatus.FAILED)
    await look(company, run)
    assert (await company.run(run)).first_error == 3


async def test_whoever_looks_is_served_by_the_poller_and_the_others_slowly(company: Company, live: Live) -> None:
    run = await running(company)
    await look(company, run)
    live.text = "hello\n"
    poller = Poller(company.life, "github", lambda: None)
    await poller.glance()
    assert await lines(company, run) == [], "nobody looks, and it was looked at a moment ago"
    async with company.store.write() as tx:
        await externals.watch(tx, run, until=tx.now + timedelta(seconds=15))
    await poller.glance()
    assert await lines(company, run) == ["hello"]
    live.text += "again\n"
    async with company.store.write() as tx:
        await tx.session.execute(text(_NOBODY_LOOKS))
    await poller.glance()
    assert await lines(company, run) == ["hello", "again"]


# -- streams ---------------------------------------------------------------------------------------------------------


@dataclass
class Streaming(CiInMemory):
    """Tells of a run once per connection of its stream, and breaks off the first time."""

    heard: list[Sequence[str]] = field(default_factory=list)
    told_of: str = "1"

    async def listen(self, projects: Sequence[str]) -> AsyncIterator[Hint]:
        self.heard.append(projects)
        if len(self.heard) == 1:
            raise BackendUnreachable("cut off")
        self.end(self.told_of, ExternalStatus.SUCCEEDED)
        yield Hint(delivery="s", project_id="1", run=ExternalRunId(self.told_of), event="node")


async def test_a_stream_is_opened_again_and_wakes_the_poller(company: Company) -> None:
    ci = Streaming()
    company.ci, company.life = ci, replace(company.life, backends={"github": ci})
    run = await running(company)
    await look(company, run)
    rounds = 0

    async def rest(seconds: float) -> bool:
        nonlocal rounds
        rounds += 1
        await asyncio.sleep(0.05)
        return rounds < 200 and (await external(company, run)).ended_at is None

    await watch(company.life, "github", rest, lambda: None)
    assert (await external(company, run)).status == ExternalStatus.SUCCEEDED
    assert ci.heard[0] == ["acme/shop"]
    assert len(ci.heard) >= 2
    async with company.store.read() as session:
        [row] = await connections.everything(session)
    assert row.streams is not None


# -- results that a run left ------------------------------------------------------------------------------------------


async def ended_with(company: Company, left: Mapping[str, JsonValue] | OutputsUnusable) -> tuple[StepRow, AttemptRow]:
    company.ci.left = left
    run = await company.ask("ana", "1.1.0", "staging")
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED, "results change no end"
    async with company.store.read() as session:
        step = (await session.scalars(select(StepRow).where(StepRow.run_id == run))).one()
    return step, (await company.attempts(run))[0]


async def test_results_that_a_run_left_are_kept_masked(company: Company) -> None:
    step, attempt = await ended_with(company, {"url": "https://shop.example", "said": f"x {SECRET}"})
    assert step.outputs == {"url": "https://shop.example", "said": "x ***"}
    assert (step.outputs_source, attempt.note) == ("artifact", None)


@pytest.mark.parametrize(
    ("left", "why"),
    [
        (OutputsUnusable("The artifact has expired.\x00"), "The artifact has expired."),
        ({"text": "x" * 70_000}, "64 KB are kept"),
        ({"number": 2**60}, "a number that JSON cannot carry"),
    ],
)
async def test_results_that_cannot_be_kept_are_told_where_people_look_for_them(
    company: Company, left: Mapping[str, JsonValue] | OutputsUnusable, why: str
) -> None:
    step, attempt = await ended_with(company, left)
    assert step.outputs is None
    assert str(attempt.note).startswith("It left results that were not kept: ")
    assert why in str(attempt.note)
