"""A CI system whose clock is wrong, and one in which somebody runs ours again: real backends, and their faults."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from company import Company
from contract_systems import ARGO_DEPLOY, GITHUB_DEPLOY, GITLAB_DEPLOY, TOKEN
from more_actions import like_deploy, load_beside
from pydantic import SecretStr
from structlog.testing import capture_logs

from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_actions.backends.base import ExternalState, Listing
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_actions.backends.registry import connect
from daytwo_api.services.run_views import _facts
from daytwo_api.views.external import ExternalFact
from daytwo_standins.argo.testing import start_standin as start_argo
from daytwo_standins.github.testing import RunningStandin, eventually, make_repository
from daytwo_standins.github.testing import start_standin as start_github
from daytwo_standins.gitlab.testing import start_standin as start_gitlab
from daytwo_store import attempts, connections
from daytwo_store.ids import ExternalRunId, RunId
from daytwo_store.states import AttemptState, ExternalStatus, RunState
from daytwo_store.tables import AttemptRow, ExternalRunRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life.lateness import lacked, note_lateness
from daytwo_workflows.life.reconcile import reconcile
from daytwo_workflows.life.steps.search import Search

pytestmark = pytest.mark.anyio
NEVER = {"match": {"operation": "dispatch", "times": 1}, "status": {"code": 502, "when": "before"}}
LOST = {"match": {"operation": "dispatch", "times": 1}, "status": {"code": 502, "when": "after"}}
INPUTS = {"version": "${{ inputs.version }}"}
OFF = timedelta(minutes=10).total_seconds()
SETTINGS = {"github": GitHubSettings, "gitlab": GitLabSettings, "argo": ArgoSettings}
WHERE = {
    "github": {"project": "acme/shop", "ref": "main", "pipeline": "deploy.yml"},
    "gitlab": {"project": "acme/shop", "ref": "main"},
    "argo": {"project": "shop", "pipeline": "deploy"},
}


@dataclass
class Clocked:
    """A company on a real backend, and its CI system."""

    company: Company
    standin: RunningStandin
    repeats: bool  # the same request may be sent again, under a name that is taken only once

    async def ask(self) -> RunId:
        return await self.company.ask("ana", "1.1.0", "staging", action="clocked")

    async def looks(self, run: RunId) -> AttemptRow:
        """The answer is lost, and time passes: it is looked for until that is settled."""
        move = await self.company.step(run)
        await self.company.age(run)
        assert move.what is What.RECONCILE
        while (await self.company.attempts(run))[-1].state in (AttemptState.SENT, AttemptState.AMBIGUOUS):
            await reconcile(self.company.life, run, move.path, move.attempt, lambda: None)
            await asyncio.sleep(0.05)
        return (await self.company.attempts(run))[0]

    async def ends(self, run: RunId) -> None:
        """Drive it to its end; a pipeline takes a moment, also one in which nothing is done."""
        await self.company.drive(run)
        for _ in range(200):
            await self.company.look(run)
            if (await self.company.drive(run)).what is What.END:
                return
            await asyncio.sleep(0.05)

    def fault(self, **rule: Any) -> None:
        self.standin.control.add_fault(rule)

    async def external(self, run: RunId) -> ExternalRunRow:
        async with self.company.store.read() as session:
            [row] = await attempts.externals_of_run(session, run)
        return row


@pytest.fixture(scope="module")
def standins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningStandin]]:
    folder: Path = tmp_path_factory.mktemp("clocks")
    files = {".github/workflows/deploy.yml": GITHUB_DEPLOY, ".gitlab-ci.yml": GITLAB_DEPLOY}
    make_repository(folder / "shop", [(files, "1.1.0")])
    tokens = [{"login": "acme-bot", "token": TOKEN}]
    where = {"path": folder / "shop", "executor": "instant"}
    with (
        start_github(folder, [{"full_name": "acme/shop", **where}], tokens=tokens) as github,
        start_gitlab(folder, [{"full_path": "acme/shop", **where}], tokens=tokens) as gitlab,
        start_argo(
            folder,
            {"shop": {"deploy.yaml": ARGO_DEPLOY}},
            tokens=tokens,
            namespace_settings={"shop": {"executor": "instant"}},
        ) as argo,
    ):
        yield {"github": github, "gitlab": gitlab, "argo": argo}


@pytest.fixture(params=["github", "gitlab", "argo"])
async def clocked(
    request: pytest.FixtureRequest, company: Company, standins: dict[str, RunningStandin], tmp_path: Path
) -> AsyncIterator[Clocked]:
    standin = standins[request.param]
    known: dict[str, Any] = {"name": request.param, "base": standin.url, "token": SecretStr(TOKEN)}
    known |= {} if request.param == "argo" else {"login": "acme-bot"}
    backend = connect(SETTINGS[request.param](**known), observe=lambda *_: None)
    steps = like_deploy("x")["spec"]["steps"]
    steps[0] |= {"uses": request.param, "with": {**WHERE[request.param], "inputs": INPUTS}}
    await load_beside(company, tmp_path, like_deploy("clocked", steps=steps), known={request.param: request.param})
    life = replace(company.life, backends={**company.life.backends, request.param: backend})
    yield Clocked(replace(company, life=life), standin, backend.traits.repeatable)
    standin.control.clear_faults()
    backend.close()


async def test_what_was_started_is_ours_though_by_a_slow_clock_it_began_before_it_was_sent(clocked: Clocked) -> None:
    clocked.fault(match={}, skew={"seconds": -OFF})
    before = len(clocked.standin.control.ledger())
    run = await clocked.ask()
    await clocked.ends(run)
    [attempt] = await clocked.company.attempts(run)
    assert (attempt.state, len(clocked.standin.control.ledger()) - before) == (AttemptState.ACCEPTED, 1)
    assert (await clocked.company.run(run)).state == RunState.SUCCEEDED


async def test_a_run_whose_answer_is_lost_is_found_by_a_slow_clock(clocked: Clocked) -> None:
    clocked.fault(**LOST)
    clocked.fault(match={}, skew={"seconds": -OFF})
    before = len(clocked.standin.control.ledger())
    run = await clocked.ask()
    assert (await clocked.looks(run)).state == AttemptState.ACCEPTED
    assert len(clocked.standin.control.ledger()) - before == 1


@pytest.mark.parametrize(
    ("clocked", "by"), [("github", -OFF), ("github", OFF), ("gitlab", -OFF), ("argo", -OFF)], indirect=["clocked"]
)
async def test_what_never_began_is_proven_absent_by_a_wrong_clock_that_stays_as_wrong(
    clocked: Clocked, by: float
) -> None:
    clocked.fault(**NEVER)
    clocked.fault(match={}, skew={"seconds": by})
    before = len(clocked.standin.control.ledger())
    run = await clocked.ask()
    settled = await clocked.looks(run)
    assert settled.state == (AttemptState.ACCEPTED if clocked.repeats else AttemptState.ABSENT)
    await clocked.ends(run)
    assert len(clocked.standin.control.ledger()) - before == 1
    assert (await clocked.company.run(run)).state == RunState.SUCCEEDED


@pytest.mark.parametrize("clocked", ["github", "gitlab"], indirect=True)
async def test_old_answers_prove_no_absence_however_late_it_gets(clocked: Clocked) -> None:
    """Before the send its clock was right. What is five minutes behind since then may be an answer of that time."""
    company = clocked.company
    long, short = (
        replace(
            company.life, windows=company.life.windows.model_copy(update={"give_up_looking": timedelta(seconds=one)})
        )
        for one in (3600, 0.5)
    )
    company.life = long
    clocked.fault(**LOST, lag={"seconds": 3600})
    before = len(clocked.standin.control.ledger())
    run = await clocked.ask()
    move = await company.step(run)
    assert move.what is What.RECONCILE
    clocked.fault(match={}, skew={"seconds": -300})
    async with company.store.write() as tx:  # and now it is four minutes later, by every clock
        [attempt] = await attempts.of_run(tx.session, run)
        attempt.send_by -= timedelta(seconds=240)
    for _ in range(6):
        await reconcile(company.life, run, move.path, move.attempt, lambda: None)
    [attempt] = await company.attempts(run)
    assert attempt.state == AttemptState.AMBIGUOUS, "six complete lists without it, and none proves anything"
    company.life = short
    for _ in range(40):  # half a second of looks, whose moments are the run's own
        await reconcile(company.life, run, move.path, move.attempt, lambda: None)
        await company.drive(run)
        [attempt] = await company.attempts(run)
        if attempt.state == AttemptState.HELD:
            break
        await asyncio.sleep(0.05)
    assert (attempt.state, len(clocked.standin.control.ledger()) - before) == (AttemptState.HELD, 1)
    row = await company.run(run)
    assert row.state == RunState.NEEDS_ATTENTION
    assert "the clock of the CI system is far behind, or its answers are old ones" in (row.reason or "")


@pytest.mark.parametrize("by", [0, -OFF], ids=["right", "slow"])
@pytest.mark.parametrize("clocked", ["github", "gitlab"], indirect=True)
async def test_how_late_a_run_was_listed_is_kept_and_an_alarm_when_it_is_more_than_half_of_what_is_waited_for(
    clocked: Clocked, by: float
) -> None:
    company = clocked.company
    windows = company.life.windows.model_copy(update={"listing_lag": timedelta(seconds=6)})
    company.life = replace(company.life, windows=windows)
    clocked.fault(match={}, skew={"seconds": by})

    async def lost(lag: float) -> tuple[float | None, list[Any]]:
        clocked.fault(**LOST, lag={"seconds": lag})
        run = await clocked.ask()
        move = await company.step(run)
        with capture_logs() as logs:
            while (await company.attempts(run))[-1].state in (AttemptState.SENT, AttemptState.AMBIGUOUS):
                await reconcile(company.life, run, move.path, move.attempt, lambda: None)
                await asyncio.sleep(0.05)
        assert [one.state for one in await company.attempts(run)] == [AttemptState.ACCEPTED]
        await clocked.ends(run)
        async with company.store.read() as session:
            late = [row.listing_lag for row in await connections.everything(session) if row.name in SETTINGS]
        return next(iter(late), None), [line for line in logs if line["event"] == "listing.late"]

    assert await lost(0.0) == (None, []), "a look that shows it at once tells of no lateness"
    late, [alarm] = await lost(4.5)
    assert late is not None
    assert 3 < late < 12
    assert (alarm["log_level"], alarm["seconds"]) == ("error", round(late, 1))
    assert "may be 6 s late" in alarm["detail"]


@pytest.mark.parametrize("clocked", ["github"], indirect=True)
async def test_a_look_that_comes_late_itself_makes_no_listing_late(clocked: Clocked) -> None:
    """The worker was down for an hour between the listing without the run and the one with it."""
    company = clocked.company
    now = datetime.now(UTC).replace(microsecond=0)
    found = ExternalState(
        id=ExternalRunId("17"), attempt=1, status=ExternalStatus.RUNNING, detail="", url="", commit=None,
        created_at=now - timedelta(minutes=61), updated_at=None,
    )  # fmt: skip
    run = await clocked.ask()
    search = Search(no=1, due=(now - timedelta(hours=1)).isoformat())
    lacked(search, Listing(found=(), complete=True, server_time=now - timedelta(seconds=3650)), now)
    shown = Listing(found=(found,), complete=True, server_time=now)
    row = AttemptRow(run_id=run, path="deploy", no=1, connection="github")
    await note_lateness(company.life, row, search, shown, now)
    async with company.store.read() as session:
        assert [one.listing_lag for one in await connections.everything(session)] == [60.0]


@pytest.mark.parametrize("clocked", ["github", "gitlab"], indirect=True)
async def test_a_fast_clock_proves_no_absence_before_ours_does(clocked: Clocked) -> None:
    """By it everything that was sent would have to be listed by now; by ours not yet, and it is found in the end."""
    company = clocked.company
    short = {"send_total": 1.0, "send_margin": 2.0, "send_by": 4.0, "listing_lag": 0.5}
    windows = company.life.windows.model_copy(update={name: timedelta(seconds=one) for name, one in short.items()})
    company.life = replace(company.life, windows=windows)
    clocked.fault(**LOST, lag={"seconds": 2.0})
    clocked.fault(match={}, skew={"seconds": 3600})
    before = len(clocked.standin.control.ledger())
    run = await clocked.ask()
    move = await company.step(run)
    assert move.what is What.RECONCILE
    while (await company.attempts(run))[-1].state in (AttemptState.SENT, AttemptState.AMBIGUOUS):
        await reconcile(company.life, run, move.path, move.attempt, lambda: None)
        await asyncio.sleep(0.05)
    [attempt] = await company.attempts(run)
    assert (attempt.state, len(clocked.standin.control.ledger()) - before) == (AttemptState.ACCEPTED, 1)


@pytest.mark.parametrize("clocked", ["github"], indirect=True)
async def test_what_somebody_runs_again_there_is_shown_and_changes_no_result(clocked: Clocked) -> None:
    company = clocked.company
    clocked.fault(match={"operation": "dispatch", "times": 1}, human_rerun=True)
    run = await clocked.ask()
    await company.through(run)
    again = eventually(lambda: clocked.standin.control.ledger(kind="rerun"))
    assert [line["actor"] for line in again] == ["somebody"]
    await company.look(run)
    external = await clocked.external(run)
    if external.ci_attempt == 1:  # its end was read before: the poller's next listing tells of it
        from daytwo_workflows.life import follow

        [attempt] = await company.attempts(run)
        await follow.read(company.life, run, attempt.path, attempt.no)  # type: ignore[arg-type]  # its ids
        external = await clocked.external(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    assert external.ci_attempt == 2
    assert ExternalFact.RERUN in set(_facts(external))
    told = [row.facts for row in await company.audit(run) if row.action == "external.rerun"]
    assert told == [{"external": external.id, "attempt": "2"}]
