"""The claim fence from end to end: jobs that `act` executes ask our API with tokens that the stand-in signs.

One dispatch is started twice, as a provider or a sleeping sender might; a third run is started by somebody who copied
our marker (R18); and the one that worked is run again by hand. One works, once.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_house import House
from company import Company
from served import Late, served

from daytwo_actions.backends.registry import connect
from daytwo_api.settings import ApiSettings
from daytwo_standins.github.launcher import find_act
from daytwo_standins.github.testing import RunningStandin, make_repository, start_standin
from daytwo_store import runs
from daytwo_store.ids import RunId, StepPath
from daytwo_store.states import AttemptState, RunState
from daytwo_store.tables import StepRow

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not find_act(None), reason="act is not installed")]
TOKEN, MALLORY = "token-of-the-bot", "token-of-mallory"
LIBRARY = Path(__file__).parents[2] / "actions/library"
WORKFLOW = """\
name: Deploy
run-name: "Deploy ${{ inputs.version }} to ${{ inputs.environment }} [${{ inputs.daytwo_run }}]"
on:
  workflow_dispatch:
    inputs:
      version: { type: string, required: true }
      environment: { type: string, required: true }
      daytwo_run: { type: string, default: "" }
permissions: { id-token: write, contents: read }
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./.github/actions/daytwo/claim
        with: { daytwo: "${{ vars.DAYTWO }}", run: "${{ inputs.daytwo_run }}", seconds: "60" }
      - env: { PLACE: "${{ vars.PLACE }}" }
        run: echo "$GITHUB_RUN_ID/$GITHUB_RUN_ATTEMPT" >> "$PLACE"
      - uses: ./.github/actions/daytwo/report
        with:
          daytwo: ${{ vars.DAYTWO }}
          run: ${{ inputs.daytwo_run }}
          outputs: '{"url": "https://shop.example", "replicas": 3}'
  check:
    needs: work
    if: ${{ inputs.version == '1.0.0' }}
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./.github/actions/daytwo/claim
        with: { daytwo: "${{ vars.DAYTWO }}", run: "${{ inputs.daytwo_run }}", seconds: "60" }
      - env: { PLACE: "${{ vars.PLACE }}" }
        run: |
          echo "check $GITHUB_RUN_ID/$GITHUB_RUN_ATTEMPT" >> "$PLACE"
          exit 1
"""


@dataclass
class Scene:
    company: Company
    standin: RunningStandin
    worked: Path  # one line for each execution that worked

    async def again(self, run: RunId, times: int, token: str = TOKEN) -> None:
        """The same bytes arrive again, from the same account: what a provider that starts things twice looks like."""
        [attempt] = await self.company.attempts(run)
        client = httpx.AsyncClient(base_url=self.standin.url, headers={"Authorization": f"Bearer {token}"})
        async with client:
            for _ in range(times):
                answer = await client.post(str(attempt.request["path"]), content=attempt.body)
                assert answer.is_success, answer.text

    async def rerun(self, external: str, what: str = "rerun") -> None:
        client = httpx.AsyncClient(base_url=self.standin.url, headers={"Authorization": f"Bearer {TOKEN}"})
        async with client:
            answer = await client.post(f"/repos/acme/shop/actions/runs/{external}/{what}")
            assert answer.status_code == 201, answer.text

    async def ended(self, count: int) -> dict[str, tuple[int, str]]:
        """Once so many attempts have ended: by run id the attempt and how it ended."""
        until = time.monotonic() + 120
        while True:
            listed = await self.listed()
            if len(listed) == count and all(one["status"] == "completed" for one in listed):
                return {str(one["id"]): (one["run_attempt"], one["conclusion"]) for one in listed}
            assert time.monotonic() < until, listed
            await asyncio.sleep(0.2)

    async def listed(self) -> list[dict[str, Any]]:
        client = httpx.AsyncClient(base_url=self.standin.url, headers={"Authorization": f"Bearer {TOKEN}"})
        async with client:
            found: list[dict[str, Any]] = (await client.get("/repos/acme/shop/actions/runs")).json()["workflow_runs"]
            return found

    async def step(self, run: RunId) -> StepRow:
        async with self.company.store.read() as session:
            return await runs.step(session, run, StepPath("ship"))


@pytest.fixture
async def scene(
    company: Company, make_settings: Callable[..., ApiSettings], make_house: Callable[..., House], tmp_path: Path
) -> AsyncIterator[Scene]:
    late, worked = Late(), tmp_path / "worked.txt"
    files = {
        f".github/actions/daytwo/{name}": (LIBRARY / name).read_text()
        for name in ("claim/action.yml", "claim/ask.sh", "report/action.yml")
    }
    files[".github/workflows/deploy.yml"] = WORKFLOW
    make_repository(tmp_path / "shop", [(files, "1.0.0"), ({"version": "1.1.0\n"}, "1.1.0")])
    async with served(late) as (address, _):
        shop = {
            "full_name": "acme/shop",
            "path": tmp_path / "shop",
            "vars": {"DAYTWO": address, "PLACE": str(worked)},
        }
        accounts = [{"login": "daytwo-bot", "token": TOKEN}, {"login": "mallory", "token": MALLORY}]
        with start_standin(tmp_path, [shop], tokens=accounts) as standin:
            (tmp_path / "bot").write_text(TOKEN)
            github = {"backend": "github", "address": standin.url, "token_file": tmp_path / "bot"}
            settings = make_settings(ci_audience=address, connections={"github": github})
            backend = connect(settings.connections["github"].settings("github"), observe=lambda *_: None)
            company.life = replace(company.life, backends={"github": backend})
            house = make_house(company, settings)
            late.app = house.app
            yield Scene(company, standin, worked)
            await house.close()
            backend.close()


@pytest.mark.timeout(300)
async def test_of_all_executions_with_one_marker_one_works(scene: Scene) -> None:
    company = scene.company
    lost = {"match": {"operation": "dispatch", "times": 1}, "status": {"code": 502, "when": "after"}}
    scene.standin.control.add_fault(lost)
    run = await company.ask("ana", "1.1.0", "staging")
    await company.step(run)
    assert (await company.attempts(run))[0].state == AttemptState.AMBIGUOUS
    await scene.again(run, times=1, token=MALLORY)  # who has read the marker in the name of our run
    squatter = max(await scene.listed(), key=lambda one: int(one["id"]))["id"]
    await scene.again(run, times=1)
    ended = await scene.ended(3)
    [attempt] = await company.attempts(run)
    assert attempt.request["fenced"] is True
    assert scene.worked.read_text().split() == [f"{attempt.external_id}/1"]
    assert attempt.claimed_by == f"{attempt.external_id}/1"
    assert attempt.state == AttemptState.ACCEPTED, "it made itself known: nobody has looked for it"
    assert sorted(how for _, how in ended.values()).count("success") == 1
    assert ended[str(squatter)] == (1, "failure"), "it is told no, and is not ours to stop"
    assert (await scene.step(run)).outputs == {"url": "https://shop.example", "replicas": 3}

    await company.drive(run)
    await company.look(run)
    await company.drive(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED

    await scene.rerun(str(attempt.external_id))
    again = await scene.ended(3)
    assert again[str(attempt.external_id)] == (2, "failure")
    assert scene.worked.read_text().split() == [f"{attempt.external_id}/1"]


@pytest.mark.timeout(300)
async def test_a_failed_job_that_is_run_again_by_itself_does_no_work(scene: Scene) -> None:
    """ "Re-run failed jobs" leaves out the job that succeeded, so that each has to ask itself."""
    company = scene.company
    run = await company.ask("ana", "1.0.0", "staging")
    await company.step(run)
    await scene.ended(1)
    [attempt] = await company.attempts(run)
    assert attempt.request["fenced"] is True
    one = str(attempt.external_id)
    assert scene.worked.read_text().splitlines() == [f"{one}/1", f"check {one}/1"], "both jobs of one execution may"
    await scene.rerun(one, "rerun-failed-jobs")
    assert await scene.ended(1) == {one: (2, "failure")}
    assert scene.worked.read_text().splitlines() == [f"{one}/1", f"check {one}/1"]
    assert RunState((await company.run(run)).state) == RunState.RUNNING, "nobody has looked: the claim itself said no"
