"""Real runs: what somebody typed arrives as it was typed; results, child pipelines, manual jobs and traces."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from daytwo_actions.backends.base import Accepted, Marker, Target
from daytwo_actions.backends.failures import BackendDenied, GateClosed
from daytwo_actions.backends.gitlab.backend import GitLabBackend
from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_actions.backends.tree import ExternalGate, GateId, GateKind, GateVerdict, Job, JobKind
from daytwo_standins.gitlab.testing import RunningStandin, make_repository, start_standin
from daytwo_standins.gitlab.tools import find_tools
from daytwo_store.ids import ConnectionName, Corr, ExternalRunId
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(bool(find_tools(None).missing), reason=find_tools(None).missing or "all tools are there"),
]

TOKEN = "token-of-the-bot"
APPROVERS = ("ana", "ben")
VALUES = """\
sums:
  script:
    - names='LINES QUOTES DOLLARS EXPRESSIONS LONG ODD'
    - for name in $names; do eval "value=\\$$name"; printf %s "$value" | sha256sum; done
"""
TREE = """\
stages: [build, child, gate, after]
daytwo-result:
  stage: build
  script:
    - echo '{"version":"1.2.0","count":3}' > result.json
  artifacts: {paths: [result.json]}
children:
  stage: child
  trigger: {include: child.yml, strategy: depend}
approve:
  stage: gate
  when: manual
  allow_failure: false
  script: [echo approved]
after:
  stage: after
  script: [echo after]
"""
DEPLOY = """\
stages: [build, deploy, after]
build:
  stage: build
  script: [echo built]
production:
  stage: deploy
  environment: production
  script: [echo deployed]
after:
  stage: after
  script: [echo after]
"""
CHILD = "inner:\n  script: [echo inner]\n"


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStandin]:
    folder = tmp_path_factory.mktemp("gitlab")
    make_repository(folder / "values", [({".gitlab-ci.yml": VALUES}, None)])
    make_repository(folder / "tree", [({".gitlab-ci.yml": TREE, "child.yml": CHILD}, None)])
    make_repository(folder / "deploy", [({".gitlab-ci.yml": DEPLOY}, None)])
    projects = [
        {"full_path": "acme/values", "path": folder / "values", "trigger_tokens": ["glptt-trigger"]},
        {"full_path": "acme/tree", "path": folder / "tree"},
        {
            "full_path": "acme/deploy",
            "path": folder / "deploy",
            "environments": [{"name": "production", "approvals": 2}],
        },
    ]
    people = [{"login": name, "token": f"token-of-{name}"} for name in APPROVERS]
    with start_standin(
        folder, projects, tokens=[{"login": "acme-bot", "token": TOKEN, "bot": True}, *people]
    ) as running:
        yield running


@pytest.fixture
async def backend(standin: RunningStandin) -> AsyncIterator[GitLabBackend]:
    settings = GitLabSettings(name=ConnectionName("gitlab"), base=standin.url, token=SecretStr(TOKEN))
    opened = GitLabBackend(settings, observe=lambda *_: None)
    yield opened
    opened.close()


def target(name: str) -> Target:
    return Target(project=f"acme/{name}", pipeline="", ref="main")


_numbers = iter(range(1, 1000))


async def start(backend: GitLabBackend, name: str, **inputs: Any) -> ExternalRunId:
    corr = Corr(f"{next(_numbers):a>20}")
    pinned = await backend.resolve(target(name))
    sent = await backend.send(backend.freeze(pinned, inputs, corr), seconds=10)
    assert isinstance(sent, Accepted), sent
    assert sent.id is not None
    # No name shows the marker here: it is found by the pipeline's variables.
    listing = await backend.find(Marker(corr=corr, pinned=pinned), datetime.now(UTC) - timedelta(seconds=60))
    assert ([one.id for one in listing.found], listing.complete) == ([sent.id], True)
    return sent.id


async def until(backend: GitLabBackend, name: str, run: ExternalRunId, *statuses: ExternalStatus) -> None:
    deadline = time.monotonic() + 60
    while True:
        (state,) = await backend.read([(target(name), run)])
        assert state is not None
        if state.status in statuses:
            return
        assert time.monotonic() < deadline, state
        await asyncio.sleep(0.1)


async def log(backend: GitLabBackend, name: str, run: ExternalRunId, job: Any) -> bytes:
    return b"".join([piece async for piece in backend.logs(target(name), run, job)])


TYPED = {
    "LINES": "one\r\ntwo\nthree",
    "QUOTES": "'single' \"double\" `tick` \\ back",
    "DOLLARS": "$HOME ${HOME} $$ $[[ inputs.x ]] %PATH% cost: 5$",
    "EXPRESSIONS": "${{ secrets.TOKEN }}",
    "LONG": "x" * 60_000,
    "ODD": "ünï 💥 \t-- end",
}


async def test_values_arrive_as_they_were_typed(backend: GitLabBackend) -> None:
    run = await start(backend, "values", **TYPED)
    await until(backend, "values", run, *EXTERNAL_ENDS)
    (job,) = (await backend.jobs(target("values"), run)).jobs
    printed = await log(backend, "values", run, job.id)
    sums = {name: hashlib.sha256(value.encode()).hexdigest().encode() for name, value in TYPED.items()}
    assert [name for name, wanted in sums.items() if wanted not in printed] == []


async def test_by_a_trigger_token(standin: RunningStandin) -> None:
    settings = GitLabSettings(
        name=ConnectionName("gitlab"),
        base=standin.url,
        token=SecretStr(TOKEN),
        login="acme-bot",
        trigger_tokens={"acme/values": SecretStr("glptt-trigger")},
    )
    backend = GitLabBackend(settings, observe=lambda *_: None)
    pinned = await backend.resolve(target("values"))
    request = backend.freeze(pinned, {"TEXT": "x"}, Corr("triggered23456789abc"))
    sent = await backend.send(request, seconds=10)
    backend.close()
    assert isinstance(sent, Accepted), sent
    assert b"glptt" not in request.body
    assert standin.control.ledger()[-1]["run_id"] == int(sent.id or 0)


async def test_children_gates_and_results_of_a_real_pipeline(backend: GitLabBackend) -> None:
    run = await start(backend, "tree")
    await until(backend, "tree", run, ExternalStatus.WAITING, *EXTERNAL_ENDS)
    tree = {job.name: job for job in (await backend.jobs(target("tree"), run)).jobs}
    assert [*tree] == ["daytwo-result", "children", "inner", "approve", "after"]
    assert (tree["children"].kind, tree["inner"].parent) == (JobKind.GROUP, tree["children"].id)
    assert tree["children"].status is tree["inner"].status is ExternalStatus.SUCCEEDED
    gate = tree["approve"].gate
    assert gate is not None
    assert (gate.kind, gate.verdicts) == (GateKind.MANUAL_JOB, frozenset({GateVerdict.GO}))

    with pytest.raises(BackendDenied):
        await backend.answer(target("tree"), run, gate.id, GateVerdict.STOP, comment="")
    await backend.answer(target("tree"), run, gate.id, GateVerdict.GO, comment="")
    await until(backend, "tree", run, *EXTERNAL_ENDS)
    with pytest.raises(GateClosed):
        await backend.answer(target("tree"), run, gate.id, GateVerdict.GO, comment="")
    ended = {job.name: job for job in (await backend.jobs(target("tree"), run)).jobs}
    assert {job.status for job in ended.values()} == {ExternalStatus.SUCCEEDED}
    assert all(job.gate is None for job in ended.values())
    assert b"inner" in await log(backend, "tree", run, ended["inner"].id)

    assert await backend.outputs(target("tree"), run) == {"version": "1.2.0", "count": 3}
    assert "daytwo-result/artifacts.zip" in [one.name for one in await backend.artifacts(target("tree"), run)]


@pytest.fixture
async def approvers(standin: RunningStandin) -> AsyncIterator[list[GitLabBackend]]:
    """Connections whose accounts may answer deployments."""
    opened = [
        GitLabBackend(
            GitLabSettings(
                name=ConnectionName("gitlab"),
                base=standin.url,
                token=SecretStr(f"token-of-{name}"),
                approves_deployments=True,
            ),
            observe=lambda *_: None,
        )
        for name in APPROVERS
    ]
    yield opened
    for one in opened:
        one.close()


async def gated(backend: GitLabBackend, run: ExternalRunId) -> tuple[Job, ExternalGate]:
    """The job that waits, and what it waits for."""
    await until(backend, "deploy", run, ExternalStatus.WAITING, *EXTERNAL_ENDS)
    [job] = [job for job in (await backend.jobs(target("deploy"), run)).jobs if job.gate is not None]
    assert job.gate is not None
    return job, job.gate


async def test_a_deployment_is_approved_then_played_and_is_then_done(
    backend: GitLabBackend, approvers: list[GitLabBackend]
) -> None:
    run = await start(backend, "deploy")
    job, gate = await gated(backend, run)
    assert (job.name, gate.kind, gate.title, gate.verdicts) == (
        *("production", GateKind.DEPLOYMENT, "production"),
        frozenset(),
    )  # this account answers none
    ana, ben = approvers
    seen = (await gated(ana, run))[1]
    assert (seen.id, seen.verdicts) == (gate.id, frozenset(GateVerdict))
    assert seen.waits_for == "approval of the deployment to production (2 more)"
    await ana.answer(target("deploy"), run, gate.id, GateVerdict.GO, comment="looks right")
    assert (await gated(backend, run))[1].waits_for == "approval of the deployment to production (one more)"
    with pytest.raises(GateClosed):
        await backend.answer(target("deploy"), run, GateId(f"job:{job.id}"), GateVerdict.GO, comment="")

    await ben.answer(target("deploy"), run, gate.id, GateVerdict.GO, comment="")
    with pytest.raises(GateClosed):
        await ben.answer(target("deploy"), run, gate.id, GateVerdict.GO, comment="")
    played = (await gated(backend, run))[1]
    assert (played.kind, played.verdicts) == (GateKind.MANUAL_JOB, frozenset({GateVerdict.GO}))
    await backend.answer(target("deploy"), run, played.id, GateVerdict.GO, comment="")
    await until(backend, "deploy", run, *EXTERNAL_ENDS)
    ended = (await backend.jobs(target("deploy"), run)).jobs
    assert [(one.name, one.status) for one in ended] == [
        (name, ExternalStatus.SUCCEEDED) for name in ("build", "production", "after")
    ]
    assert b"deployed" in await log(backend, "deploy", run, job.id)


async def test_a_deployment_that_is_rejected_fails_its_pipeline(
    backend: GitLabBackend, approvers: list[GitLabBackend]
) -> None:
    run = await start(backend, "deploy")
    _, gate = await gated(backend, run)
    ana, ben = approvers
    await ana.answer(target("deploy"), run, gate.id, GateVerdict.GO, comment="")
    await ben.answer(target("deploy"), run, gate.id, GateVerdict.STOP, comment="not today")
    await until(backend, "deploy", run, ExternalStatus.FAILED)
    with pytest.raises(GateClosed):
        await ana.answer(target("deploy"), run, gate.id, GateVerdict.GO, comment="")
    ended = {job.name: job for job in (await backend.jobs(target("deploy"), run)).jobs}
    assert (ended["production"].status, ended["production"].gate) == (ExternalStatus.FAILED, None)
    assert ended["after"].status is ExternalStatus.SKIPPED
    assert ended["production"].notes == ["production: its deployment was rejected (deployment_rejected)"]
