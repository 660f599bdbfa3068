"""What one run asks of GitHub, from the wish to its kept log, against the stand-in: within the budget (design §11)."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from company import Company
from contract_systems import TOKEN
from pydantic import SecretStr

from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.registry import connect
from daytwo_standins.github.testing import RunningStandin, make_repository, start_standin
from daytwo_store import runs
from daytwo_store.ids import RunId, StepPath
from daytwo_store.states import RunState

pytestmark = pytest.mark.anyio
BUDGET = 8  # besides the look-up before the send, which is a listing
FILE = """\
name: Deploy
run-name: "Deploy ${{ inputs.version }} [${{ inputs.daytwo_run }}]"
on:
  workflow_dispatch:
    inputs: {version: {type: string}, environment: {type: string}, daytwo_run: {type: string, default: ''}}
jobs: {ship: {runs-on: ubuntu-latest, steps: [{run: echo}]}}
"""


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStandin]:
    folder: Path = tmp_path_factory.mktemp("github")
    make_repository(folder / "shop", [({".github/workflows/deploy.yml": FILE}, "1.1.0")])
    repositories = [{"full_name": "acme/shop", "path": folder / "shop", "executor": "scripted"}]
    with start_standin(folder, repositories, tokens=[{"login": "acme-bot", "token": TOKEN}]) as running:
        yield running


@pytest.fixture
async def company(company: Company, standin: RunningStandin) -> AsyncIterator[Company]:
    settings = GitHubSettings(name="github", base=standin.url, login="acme-bot", token=SecretStr(TOKEN))
    backend = connect(settings, observe=lambda *_: None)
    windows = company.life.windows.model_copy(update={"fresh_plan": timedelta(seconds=30)})
    yield replace(company, life=replace(company.life, backends={"github": backend}, windows=windows))
    backend.close()


async def play(
    company: Company, standin: RunningStandin, environment: str, conclusion: str = "success", jobs: int = 1
) -> RunId:
    run = await company.ask("ana", "1.1.0", environment)
    if environment == "production":
        await company.decide("sam", run)
    await company.drive(run)
    (attempt,) = await company.attempts(run)
    done = {"status": "completed", "conclusion": conclusion}
    listed = [{"name": f"ship {number}", "log": ["shipped"], **done} for number in range(jobs)]
    end = {"jobs": listed, **done}
    standin.control.script(int(attempt.external_id or 0), [end])
    await company.through(run)
    wanted = RunState.SUCCEEDED if conclusion == "success" else RunState.FAILED
    assert RunState((await company.run(run)).state) == wanted
    return run


@pytest.mark.parametrize("environment", ["staging", "production"])
async def test_a_run_stays_within_its_budget(company: Company, standin: RunningStandin, environment: str) -> None:
    await play(company, standin, environment)  # what belongs to a commit is read once
    before = len(standin.control.requests())
    await play(company, standin, environment)
    asked = Counter(line["operation"] for line in standin.control.requests()[before:])
    assert asked == {
        "get_ref": 2 if environment == "production" else 1,  # what was approved is looked at again
        "list_workflow_runs": 1,
        "dispatch": 1,
        "get_run": 2,  # to confirm the dispatch, which is its first state, and at its end
        "list_attempt_jobs": 1,
        "get_logs": 1,
        "list_artifacts": 1,
    }
    assert asked.total() - asked["list_workflow_runs"] <= BUDGET


@pytest.mark.parametrize(("jobs", "notes"), [(1, 1), (9, 9)])
async def test_a_run_that_fails_costs_one_call_more_for_each_of_its_first_failed_jobs(
    company: Company, standin: RunningStandin, jobs: int, notes: int
) -> None:
    await play(company, standin, "staging")
    before = len(standin.control.requests())
    run = await play(company, standin, "staging", "failure", jobs)
    asked = Counter(line["operation"] for line in standin.control.requests()[before:])
    assert asked["annotations"] == notes
    assert asked.total() - asked["list_workflow_runs"] - notes - asked["get_logs"] <= BUDGET - 1
    async with company.store.read() as session:
        step = await runs.step(session, run, StepPath("ship"))
    assert [len(one["notes"]) for one in step.jobs] == [0] * jobs, "a script notes nothing"
