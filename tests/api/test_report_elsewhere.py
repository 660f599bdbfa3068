"""The library's claim and report on GitLab and on Argo from end to end: jobs that really run ask our API, and report.

GitHub's are in `test_claim_fence_whole.py`.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
  - local: ci/daytwo-claim.yml
    inputs: {daytwo: "ADDRESS", run: "$[[ inputs.daytwo_run ]]", seconds: "60"}
  - local: ci/daytwo-report.yml
    inputs:
      daytwo: "ADDRESS"
      run: "$[[ inputs.daytwo_run ]]"
      outputs: '{"url": "https://shop.example/$CI_PIPELINE_ID", "replicas": 3}'
ship: {stage: deploy, script: [echo shipped]}
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
    - - name: claim
        templateRef: {name: daytwo-claim, template: claim}
        arguments:
          parameters:
          - {name: daytwo, value: ADDRESS}
          - {name: run, value: "{{workflow.parameters.daytwo_run}}"}
          - {name: token, value: "{{workflow.parameters.daytwo_token}}"}
    - - {name: ship, template: ship}
    - - name: report
        templateRef: {name: daytwo-report, template: report}
        arguments:
          parameters:
          - {name: daytwo, value: ADDRESS}
          - {name: run, value: "{{workflow.parameters.daytwo_run}}"}
          - {name: token, value: "{{workflow.parameters.daytwo_token}}"}
          - {name: outputs, value: '{"url": "https://shop.example/{{workflow.parameters.version}}", "replicas": 3}'}
  - name: ship
    script: {image: any, command: [sh], source: "echo shipped"}
"""


@dataclass
class System:
    """A stand-in whose pipeline claims, ships and reports; how it is connected, and how a step names the pipeline."""

    name: str
    standin: RunningStandin
    more: dict[str, Any]
    where: dict[str, str]


@contextmanager
def gitlab(folder: Path, address: str) -> Iterator[System]:
    parts = {
        f"ci/daytwo-{name}.yml": (LIBRARY / name / "templates" / f"daytwo-{name}.yml").read_text()
        for name in ("claim", "report")
    }
    files = {".gitlab-ci.yml": GITLAB.replace("ADDRESS", address), **parts}
    make_repository(folder / "shop", [(files, None)])
    with start_gitlab(folder, [{"full_path": "acme/shop", "path": folder / "shop"}], tokens=TOKENS) as standin:
        yield System("gitlab", standin, {}, {"project": "acme/shop", "ref": "main"})


@contextmanager
def argo(folder: Path, address: str) -> Iterator[System]:
    parts = {f"{name}.yaml": (LIBRARY / name / "argo.yaml").read_text() for name in ("claim", "report")}
    files = {"deploy.yaml": ARGO.replace("ADDRESS", address), **parts}
    tokens = [{"login": "acme-bot", "token": TOKEN}]
    with start_argo(folder, {"shop": files}, tokens=tokens) as standin:
        yield System("argo", standin, {"run_tokens": True}, {"project": "shop", "pipeline": "deploy"})


KINDS = [
    pytest.param(gitlab, id="gitlab", marks=pytest.mark.skipif(bool(find_tools(None).missing), reason="no jobs here")),
    pytest.param(argo, id="argo"),
]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_pipeline_claims_works_and_reports(
    kind: Callable[..., Any],
    company: Company,
    make_settings: Callable[..., ApiSettings],
    make_house: Callable[..., House],
    tmp_path: Path,
) -> None:
    late = Late()
    async with served(late) as (address, _):
        with kind(tmp_path, address) as system:
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
            try:
                await _reports(company, system)
            finally:
                await house.close()
                backend.close()


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
    assert RunState((await company.run(run)).state) == RunState.SUCCEEDED, (jobs, said)
    assert attempt.request["fenced"] is (system.name == "argo"), "a claim from an included file is not counted"
    assert attempt.claimed_by
    about = str(attempt.external_id) if system.name == "gitlab" else "1.1.0"
    assert step.outputs == {"url": f"https://shop.example/{about}", "replicas": 3}
    assert step.outputs_source == "report"
    assert {"succeeded"} == set(jobs.values()), jobs
