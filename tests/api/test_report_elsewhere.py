"""The library's claim and report on GitLab and on Argo from end to end: jobs that really run ask our API, and report.

GitHub's are in `test_claim_fence_whole.py`.
"""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_house import House
from company import Company
from more_actions import like_deploy, load_beside
from served import Late, served

from daytwo_actions.backends.registry import connect
from daytwo_api.settings import ApiSettings
from daytwo_standins.argo.testing import start_standin as start_argo
from daytwo_standins.gitlab.testing import start_standin as start_gitlab
from daytwo_standins.gitlab.tools import find_tools
from daytwo_standins.shared.testing import RunningStandin, make_repository
from daytwo_store import runs
from daytwo_store.ids import StepPath
from daytwo_store.states import RUN_ENDS, RunState

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]
LIBRARY = Path(__file__).parents[2] / "actions/library"
TOKEN = "token-of-the-bot"
TOKENS = [{"login": "acme-bot", "token": TOKEN, "bot": True}]
GITLAB = """\
spec:
  inputs: {version: {default: ''}, environment: {default: ''}, daytwo_run: {default: ''}}
---
workflow: {name: "Deploy [$[[ inputs.daytwo_run ]]]"}
include:
  - component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/daytwo-claim@$CI_COMMIT_SHA
    inputs: {daytwo: "ADDRESS", run: "$[[ inputs.daytwo_run ]]", seconds: "60"}
  - component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/daytwo-report@$CI_COMMIT_SHA
    inputs:
      daytwo: "ADDRESS"
      run: "$[[ inputs.daytwo_run ]]"
      outputs: '{"url": "https://shop.example/$CI_PIPELINE_ID", "replicas": 3}'
ship: {stage: deploy, extends: .daytwo-claim, script: [echo ship >>WORKED]}
check:
  stage: .post
  needs: [ship]
  extends: .daytwo-claim
  rules: [{if: '"$[[ inputs.version ]]" == "1.0.0"'}]
  script: [echo check >>WORKED, exit 1]
"""
ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: deploy}
spec:
  entrypoint: main
  ttlStrategy: {secondsAfterCompletion: 86400}
  arguments:
    parameters:
    - {name: version}
    - {name: environment}
    - {name: daytwo_run, value: ""}
    - {name: daytwo_token, value: ""}
  templates:
  - name: main
    steps:
    - - {name: ship, template: work, arguments: {parameters: [{name: what, value: ship}]}}
    - - name: check
        template: work
        arguments: {parameters: [{name: what, value: check}]}
        when: "'{{workflow.parameters.version}}' == '1.0.0'"
    - - name: report
        templateRef: {name: daytwo-report, template: report}
        arguments:
          parameters:
          - {name: daytwo, value: ADDRESS}
          - {name: run, value: "{{workflow.parameters.daytwo_run}}"}
          - {name: token, value: "{{workflow.parameters.daytwo_token}}"}
          - {name: outputs, value: '{"url": "https://shop.example/{{workflow.parameters.version}}", "replicas": 3}'}
  - name: work
    inputs: {parameters: [{name: what}]}
    script:
      image: any
      command: [bash, -e]
      env:
      - {name: WHAT, value: "{{inputs.parameters.what}}"}
      - {name: DAYTWO, value: ADDRESS}
      - {name: DAYTWO_RUN, value: "{{workflow.parameters.daytwo_run}}"}
      - {name: DAYTWO_TOKEN, value: "{{workflow.parameters.daytwo_token}}"}
      - {name: DAYTWO_EXECUTION, value: "{{workflow.uid}}"}
      - {name: DAYTWO_JOB, value: "{{pod.name}}"}
      - {name: DAYTWO_START, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}
      source: |
        bash LIBRARY/daytwo-claim/ask.sh claim
        echo "$WHAT" >>WORKED
        [ "$WHAT" != check ]
"""


@dataclass
class System:
    """A stand-in whose pipeline claims, ships and reports; how it is connected, and how a step names the pipeline."""

    name: str
    standin: RunningStandin
    more: dict[str, Any]
    where: dict[str, str]

    async def failed(self, client: httpx.AsyncClient) -> str:
        """Once its one run has failed: where that is in the API."""
        until = time.monotonic() + 120
        while True:
            if self.name == "gitlab":
                [one] = (await client.get("/api/v4/projects/acme%2Fshop/pipelines")).json()
                place, state = f"/api/v4/projects/acme%2Fshop/pipelines/{one['id']}", one["status"]
            else:
                [one] = (await client.get("/api/v1/workflows/shop")).json()["items"]
                place, state = f"/api/v1/workflows/shop/{one['metadata']['name']}", one["status"].get("phase", "")
            if state.casefold() == "failed":
                return place
            assert time.monotonic() < until, one
            await asyncio.sleep(0.2)

    async def retries(self, client: httpx.AsyncClient, place: str) -> list[tuple[str, str, dict[str, Any]]]:
        """What somebody can have run again: what failed, and where the system lets them, a part that succeeded."""
        if self.name == "argo":
            _, _, _, _, namespace, name = place.split("/")
            return [("PUT", f"{place}/retry", {"namespace": namespace, "name": name})]
        jobs = {one["name"]: one["id"] for one in (await client.get(f"{place}/jobs")).json()}
        ship = f"/api/v4/projects/acme%2Fshop/jobs/{jobs['ship']}"
        return [("POST", f"{place}/retry", {}), ("POST", f"{ship}/retry", {})]

    def noes(self) -> int:
        """How often a job was told that it is run again, as far as its log is written."""
        count = 0
        for folder, _, names in os.walk(self.standin.data):  # a job's folder may go meanwhile
            for name in names:
                with suppress(OSError):
                    count += (Path(folder) / name).read_text(errors="replace").count("this is another start of it")
        return count

    async def refused(self, before: int) -> None:
        until = time.monotonic() + 60
        while self.noes() <= before:
            assert time.monotonic() < until, "no job was told no"
            await asyncio.sleep(0.2)


def filled(text: str, folder: Path, address: str) -> str:
    for name, value in (("ADDRESS", address), ("LIBRARY", folder), ("WORKED", folder / "worked")):
        text = text.replace(name, str(value))
    return text


PARTS = {
    f"templates/daytwo-{name}.yml": (LIBRARY / name / "templates" / f"daytwo-{name}.yml").read_text()
    for name in ("claim", "report")
}


@contextmanager
def gitlab(folder: Path, address: str) -> Iterator[System]:
    """The components stand in the same project."""
    files = {".gitlab-ci.yml": filled(GITLAB, folder, address), **PARTS}
    make_repository(folder / "shop", [(files, None)])
    with start_gitlab(folder, [{"full_path": "acme/shop", "path": folder / "shop"}], tokens=TOKENS) as standin:
        yield System("gitlab", standin, {}, {"project": "acme/shop", "ref": "main"})


@contextmanager
def gitlab_elsewhere(folder: Path, address: str) -> Iterator[System]:
    """They are published in a project of their own, with a tag, as docs/how-to/use-the-claim-fence.md says."""
    elsewhere = GITLAB.replace("$CI_PROJECT_PATH", "acme/daytwo").replace("@$CI_COMMIT_SHA", "@1")
    make_repository(folder / "shop", [({".gitlab-ci.yml": filled(elsewhere, folder, address)}, None)])
    make_repository(folder / "daytwo", [(PARTS, "1"), (dict.fromkeys(PARTS, "{}"), None)])
    projects = [{"full_path": f"acme/{name}", "path": folder / name} for name in ("shop", "daytwo")]
    with start_gitlab(folder, projects, tokens=TOKENS) as standin:
        yield System("gitlab", standin, {}, {"project": "acme/shop", "ref": "main"})


@contextmanager
def argo(folder: Path, address: str) -> Iterator[System]:
    shutil.copytree(LIBRARY / "claim", folder / "daytwo-claim")  # as a volume would bring it
    files = {"deploy.yaml": filled(ARGO, folder, address), "report.yaml": (LIBRARY / "report/argo.yaml").read_text()}
    tokens = [{"login": "acme-bot", "token": TOKEN}]
    with start_argo(folder, {"shop": files}, tokens=tokens) as standin:
        yield System("argo", standin, {"run_tokens": True}, {"project": "shop", "pipeline": "deploy"})


NO_JOBS = pytest.mark.skipif(bool(find_tools(None).missing), reason="no jobs here")
KINDS = [
    pytest.param(gitlab, id="gitlab", marks=NO_JOBS),
    pytest.param(gitlab_elsewhere, id="gitlab-elsewhere", marks=NO_JOBS),
    pytest.param(argo, id="argo"),
]


@pytest.fixture(params=KINDS)
async def system(
    request: pytest.FixtureRequest,
    company: Company,
    make_settings: Callable[..., ApiSettings],
    make_house: Callable[..., House],
    tmp_path: Path,
) -> AsyncIterator[System]:
    """A CI system that the company's action `report` goes to, and that reaches our API."""
    late = Late()
    async with served(late) as (address, _):
        with request.param(tmp_path, address) as system:
            (tmp_path / "bot").write_text(TOKEN)
            told = {"backend": system.name, "address": system.standin.url, "token_file": tmp_path / "bot"}
            settings = make_settings(ci_audience=address, connections={system.name: told | system.more})
            backend = connect(settings.connections[system.name].settings(system.name), observe=lambda *_: None)
            backends = {**company.life.backends, system.name: backend}
            tokens = frozenset({system.name} if system.more else ())
            key = settings.key("run tokens")  # what the API will know them by
            company.life = replace(company.life, backends=backends, hand_tokens=tokens, token_key=key)
            steps = like_deploy("x")["spec"]["steps"]
            steps[0] |= {"uses": system.name, "with": {**system.where, "inputs": steps[0]["with"]["inputs"]}}
            await load_beside(company, tmp_path, like_deploy("report", steps=steps), known={system.name: system.name})
            house = make_house(company, settings)
            late.app = house.app
            yield system
            await house.close()
            backend.close()


async def test_what_is_run_again_by_hand_does_no_work(company: Company, system: System, tmp_path: Path) -> None:
    """A retry leaves out what succeeded, so each part has to ask itself; nobody of us looks at the run meanwhile."""
    run = await company.ask("ana", "1.0.0", "staging", action="report")
    await company.step(run)
    headers = {"PRIVATE-TOKEN": TOKEN} if system.name == "gitlab" else {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=system.standin.url, headers=headers, timeout=30) as client:
        place = await system.failed(client)
        assert (tmp_path / "worked").read_text().split() == ["ship", "check"], "each part of one execution may"
        for method, path, body in await system.retries(client, place):
            before = system.noes()
            answer = await client.request(method, path, json=body)
            assert answer.is_success, answer.text
            await system.refused(before)
            await system.failed(client)
    assert (tmp_path / "worked").read_text().split() == ["ship", "check"]
    assert RunState((await company.run(run)).state) == RunState.RUNNING


async def test_a_pipeline_claims_works_and_reports(company: Company, system: System) -> None:
    await _reports(company, system)


async def _reports(company: Company, system: System) -> None:
    run = await company.ask("ana", "1.1.0", "staging", action="report")
    deadline = time.monotonic() + 120
    while RunState((state := await company.run(run)).state) not in RUN_ENDS:
        assert time.monotonic() < deadline, state.reason
        await company.through(run)
        await asyncio.sleep(0.2)
    async with company.store.read() as session:
        step = await runs.step(session, run, StepPath("ship"))
    [attempt] = await company.attempts(run)
    jobs = {str(one["name"]): one["status"] for one in step.jobs}
    said = [file.read_text() for file in sorted(system.standin.data.glob("runs/*/*/logs/*"))]
    assert RunState(state.state) == RunState.SUCCEEDED, (state.reason, attempt.note, jobs, said)
    assert attempt.request["fenced"] is True
    assert attempt.claimed_by
    about = str(attempt.external_id) if system.name == "gitlab" else "1.1.0"
    assert step.outputs == {"url": f"https://shop.example/{about}", "replicas": 3}
    assert step.outputs_source == "report"
    assert {"succeeded"} == set(jobs.values()) - {"skipped"}, jobs
