"""A CI system whose clock is wrong, and one in which somebody runs ours again: real backends, and their faults."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from company import Company
from contract_systems import GITHUB_DEPLOY, GITLAB_DEPLOY, TOKEN
from more_actions import like_deploy, load_beside
from pydantic import SecretStr

from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_actions.backends.registry import connect
from daytwo_api.services.run_views import _facts
from daytwo_api.views.external import ExternalFact
from daytwo_standins.github.testing import RunningStandin, eventually, make_repository
from daytwo_standins.github.testing import start_standin as start_github
from daytwo_standins.gitlab.testing import start_standin as start_gitlab
from daytwo_store import attempts
from daytwo_store.ids import RunId
from daytwo_store.states import AttemptState, RunState
from daytwo_store.tables import ExternalRunRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life.reconcile import reconcile

pytestmark = pytest.mark.anyio
LOST = {"match": {"operation": "dispatch", "times": 1}, "status": {"code": 502, "when": "after"}}
INPUTS = {"version": "${{ inputs.version }}"}


@dataclass
class Clocked:
    """A company on a real backend, and its CI system."""

    company: Company
    standin: RunningStandin
    action: str

    async def ask(self) -> RunId:
        return await self.company.ask("ana", "1.1.0", "staging", action=self.action)

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
    ):
        yield {"github": github, "gitlab": gitlab}


@pytest.fixture(params=["github", "gitlab"])
async def clocked(
    request: pytest.FixtureRequest, company: Company, standins: dict[str, RunningStandin], tmp_path: Path
) -> AsyncIterator[Clocked]:
    standin = standins[request.param]
    known: dict[str, Any] = {"name": request.param, "base": standin.url, "token": SecretStr(TOKEN), "login": "acme-bot"}
    backend = connect(
        (GitHubSettings if request.param == "github" else GitLabSettings)(**known), observe=lambda *_: None
    )
    steps = like_deploy("x")["spec"]["steps"]
    pipeline = {"pipeline": "deploy.yml"} if request.param == "github" else {}
    steps[0] |= {"uses": request.param, "with": {"project": "acme/shop", "ref": "main", "inputs": INPUTS, **pipeline}}
    await load_beside(company, tmp_path, like_deploy("clocked", steps=steps), known={request.param: request.param})
    life = replace(company.life, backends={**company.life.backends, request.param: backend})
    yield Clocked(replace(company, life=life), standin, "clocked")
    standin.control.clear_faults()
    backend.close()


async def test_a_slow_clock_proves_no_absence_however_late_it_gets(clocked: Clocked) -> None:
    """By it the run began five minutes before it was sent, where nobody looks for it; and then it is late enough."""
    company = clocked.company
    long, short = (
        replace(
            company.life, windows=company.life.windows.model_copy(update={"give_up_looking": timedelta(seconds=one)})
        )
        for one in (3600, 0.5)
    )
    company.life = long
    clocked.fault(**LOST)
    clocked.fault(match={}, skew={"seconds": -300})
    before = len(clocked.standin.control.ledger())
    run = await clocked.ask()
    move = await company.step(run)
    assert move.what is What.RECONCILE
    async with company.store.write() as tx:  # and now it is seven minutes later, by every clock
        [attempt] = await attempts.of_run(tx.session, run)
        attempt.send_by -= timedelta(seconds=420)
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
    assert "the clock of the CI system is more than a minute slow" in (row.reason or "")


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
