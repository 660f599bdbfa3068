"""A secret input from the form to a job that `act` executes: collected once with the job's own token, used, masked.

The pipeline prints it in several encodings, as a careless one does.
"""

import asyncio
import base64
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from api_house import House
from company import Company
from secret_action import ask_for_password, load_set_password
from served import Late, served

from daytwo_actions.backends.registry import connect
from daytwo_api.settings import ApiSettings
from daytwo_standins.github.launcher import find_act
from daytwo_standins.github.testing import RunningStandin, make_repository, start_standin
from daytwo_store import runs
from daytwo_store.ids import StepPath
from daytwo_store.states import RunState

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not find_act(None), reason="act is not installed")]
TOKEN = "token-of-the-bot"
PASSWORD = "correct horse/battery+staple"
LIBRARY = Path(__file__).parents[2] / "actions/library"
WORKFLOW = """\
name: Set a password
run-name: "Set the password of ${{ inputs.account }} [${{ inputs.daytwo_run }}]"
on:
  workflow_dispatch:
    inputs:
      account: { type: string, required: true }
      daytwo_run: { type: string, default: "" }
permissions: { id-token: write, contents: read }
jobs:
  set:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./.github/actions/daytwo/secrets
        with: { daytwo: "${{ vars.DAYTWO }}", run: "${{ inputs.daytwo_run }}" }
      - env: { PLACE: "${{ vars.PLACE }}" }
        run: |
          printf %s "$SECRET_PASSWORD" | sha256sum | cut -d' ' -f1 >> "$PLACE"
          echo "the password is $SECRET_PASSWORD"
          echo "in base64: $(printf %s "$SECRET_PASSWORD" | base64 -w0)"
          echo "in a header: $(printf 'user:%s' "$SECRET_PASSWORD" | base64 -w0)"
          echo "in hex: $(printf %s "$SECRET_PASSWORD" | od -An -tx1 | tr -d ' \\n')"
      - name: Once more
        continue-on-error: true
        uses: ./.github/actions/daytwo/secrets
        with: { daytwo: "${{ vars.DAYTWO }}", run: "${{ inputs.daytwo_run }}" }
"""


@dataclass
class Scene:
    company: Company
    house: House
    standin: RunningStandin
    used: Path


@pytest.fixture
async def scene(
    company: Company, make_settings: Callable[..., ApiSettings], make_house: Callable[..., House], tmp_path: Path
) -> AsyncIterator[Scene]:
    late, used = Late(), tmp_path / "used.txt"
    files = {
        f".github/actions/daytwo/secrets/{name}": (LIBRARY / "secrets" / name).read_text()
        for name in ("action.yml", "collect.sh")
    }
    files[".github/workflows/set-password.yml"] = WORKFLOW
    make_repository(tmp_path / "shop", [(files, "1.0.0")])
    await load_set_password(company, tmp_path)
    async with served(late) as (address, _):
        shop = {"full_name": "acme/shop", "path": tmp_path / "shop", "vars": {"DAYTWO": address, "PLACE": str(used)}}
        with start_standin(tmp_path, [shop], tokens=[{"login": "daytwo-bot", "token": TOKEN}]) as standin:
            (tmp_path / "bot").write_text(TOKEN)
            github = {"backend": "github", "address": standin.url, "token_file": tmp_path / "bot"}
            settings = make_settings(ci_audience=address, connections={"github": github})
            backend = connect(settings.connections["github"].settings("github"), observe=lambda *_: None)
            company.life = replace(company.life, backends={"github": backend})
            house = make_house(company, settings)
            late.app = house.app
            yield Scene(company, house, standin, used)
            await house.close()
            backend.close()


@pytest.mark.timeout(300)
async def test_a_real_job_collects_it_once_and_uses_it(scene: Scene, tmp_path: Path) -> None:
    company = scene.company
    run = await ask_for_password(company, PASSWORD)
    until = time.monotonic() + 200
    while (await company.through(run), await company.run(run))[1].state == RunState.RUNNING:
        assert time.monotonic() < until
        await asyncio.sleep(0.3)
    row = await company.run(run)
    assert row.state == RunState.SUCCEEDED, row.reason
    used = await asyncio.to_thread(scene.used.read_text)
    assert used.split() == [hashlib.sha256(PASSWORD.encode()).hexdigest()]
    async with company.store.read() as session:
        step = await runs.step(session, run, StepPath("ship"))
        [attempt] = await company.attempts(run)
    assert step.secrets_by == f"{attempt.external_id}/1"

    ana = await scene.house.signed_in("ana")
    lines = [line["text"] for line in (await ana.get(f"/api/v1/runs/{run}/logs?limit=1000")).json()["lines"]]
    log = "\n".join(lines)
    assert "the password is ***" in log
    assert "in a header: " in log
    assert "handed out once" in log, "the second step was refused"
    raw = PASSWORD.encode()
    for form in (PASSWORD, base64.b64encode(raw).decode(), raw.hex(), base64.b64encode(b"user:" + raw).decode()[8:40]):
        assert form not in log
    sent = await asyncio.to_thread(
        lambda: [p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and "ledger" in p.name]
    )
    assert all(raw not in content for content in sent)
