"""S28, S31: twenty secrets go through runs that succeed, fail, are cancelled and crash, and through requests that are
refused. Then everything that is kept or shown is searched for them, in every usual encoding."""

import asyncio
import contextlib
import io
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_house import ORIGIN, House
from ci_tokens import AUDIENCE, ISSUER, Issuer
from company import EXAMPLES, Company
from receivers import hook_server, mail_server
from secret_action import load_set_password, set_password
from served import served
from sqlalchemy import text
from temporalio.client import Client

from daytwo_actions.backends.base import Target
from daytwo_actions.backends.identity.issuers import CiIdentity, github_caller
from daytwo_actions.backends.tree import Artifact
from daytwo_actions.masking import encodings_of
from daytwo_api.app import create_app
from daytwo_api.services.ci import CiDoor
from daytwo_cli.up.temporal import EmbeddedTemporal
from daytwo_store.ids import ExternalRunId, RunId
from daytwo_store.logging import configure_logging
from daytwo_store.states import RUN_ENDS, ExternalStatus, RunState
from daytwo_store.tables import EventRow, TriggerRow
from daytwo_workflows.client import Driver
from daytwo_workflows.company import load_company
from daytwo_workflows.life import asking, sealing
from daytwo_workflows.notify.channels import open_channels
from daytwo_workflows.notify.entry import NotificationsEntry
from daytwo_workflows.notify.notifier import Notifier
from daytwo_workflows.poker import deliver
from daytwo_workflows.sweeper import Sweeper
from daytwo_workflows.worker import create_worker

pytestmark = pytest.mark.anyio
ONE = Issuer()
GITHUB = {"workflow_ref": "acme/shop/.github/workflows/set-password.yml@refs/heads/main"}
NEVER = {
    "/api/v1/locks/detail": "these runs need no lock",
    "/api/v1/reviews/{run}": "nobody went past an approval",
    "/api/v1/runs/{run}/resume": "none of these is one that could be resumed",
    "/api/v1/session/oidc": "there is no identity provider here",
    "/api/v1/session/oidc/callback": "nor here",
}
FIELDS = ("password", "api_key", "certificate", "note")
SHAPES = (
    "Tr0ub4dor/{n}+canary=&x",
    "dk_live_{n}CanaryOfTheKey",
    "-----BEGIN CANARY-----\nMIIEcanary{n}line1\nAgEAcanary{n}line2\n-----END CANARY {n}-----",
    "über \"canary\" {n} \\ 'quoted' <&>",
)


def action() -> dict[str, Any]:
    """As `set-password`, with four secrets of different shapes."""
    made = set_password()
    (page,) = made["spec"]["form"]["pages"]
    page["required"] = ["account", "password"]
    page["properties"] = {"account": {"type": "string", "maxLength": 20}} | {
        name: {"type": "string", "secret": True, "maxLength": 200} for name in FIELDS
    }
    made["spec"]["steps"][0]["secrets"] = list(FIELDS)
    made["spec"]["approval"] = [{"when": "${{ inputs.account == 'asked' }}", "from": ["group:sre"]}]
    return made


@dataclass
class Watch:
    """Everything that was said, and the canaries that may be in none of it."""

    canaries: list[str] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)

    def answers(self, account: str = "shop") -> dict[str, str]:
        """Answers with four canaries that nobody has used."""
        made = [shape.format(n=f"{len(self.canaries) + at:02}x7") for at, shape in enumerate(SHAPES)]
        self.canaries += made
        return {"account": account, **dict(zip(FIELDS, made, strict=True))}

    def forms(self) -> list[str]:
        """What is searched for: every form that only one of them has."""
        known = Counter(form for canary in self.canaries for form in encodings_of(canary) if len(form) >= 8)
        return [form for form, count in known.items() if count == 1]

    def found(self) -> list[tuple[str, str]]:
        forms = self.forms()
        return [(place, form) for place, content in self.said.items() for form in forms if form in content]


@dataclass
class Scene:
    company: Company
    house: House
    driver: Driver
    client: httpx.AsyncClient
    watch: Watch

    async def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        answer = await self.client.post(f"/api/v1{path}", json=body, headers=headers)
        self.watch.said[f"POST {path} {len(self.watch.said)}"] = answer.text + str(answer.headers)
        return answer

    async def start(self, answers: dict[str, str]) -> RunId:
        body = {"entity": "service:shop", "inputs": answers}
        started = await self.post("/actions/set-password/runs", body)
        assert started.status_code == 202, started.text
        run = RunId(started.json()["id"])
        await deliver(self.company.store, self.driver)
        return run

    async def collected(self, run: RunId) -> str:
        """Its pipeline has started and collects; the external run."""
        async with asyncio.timeout(60):
            while not (tries := await self.company.attempts(run)) or tries[0].external_id is None:
                await asyncio.sleep(0.05)
        external = str(tries[0].external_id)
        commit = self.company.ci.commit
        token = ONE.github(**GITHUB, run=external, sha=commit)
        door = self.house.anonymous(Authorization=f"Bearer {token}")
        for status in (200, 409):
            answer = await door.post("/api/v1/ci/secrets", json={"marker": tries[0].corr})
            assert answer.status_code == status, answer.text
        self.watch.said[f"refused {run}"] = answer.text
        return external

    async def through(self, run: RunId, *states: RunState) -> None:
        async with asyncio.timeout(60):
            while (state := (await self.company.run(run)).state) not in (states or RUN_ENDS):
                await self.company.look(run)
                await self.driver.drive(run)
                await asyncio.sleep(0.1)
        assert state in (states or RUN_ENDS)


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    configure_logging(process="tests", level="debug", stream=stream)
    yield stream
    configure_logging(process="tests", level="warning")


@pytest.fixture
async def scene(company: Company, house: House, tmp_path: Path, logs: io.StringIO) -> AsyncIterator[Scene]:
    await load_set_password(company, tmp_path)
    (tmp_path / "more-actions/set-password.yaml").write_text(json.dumps(action()))
    chore = set_password(steps=[{"id": "switch", "uses": "task", "with": {"from": ["group:sre"], "text": "Switch it"}}])
    chore["metadata"], chore["spec"]["form"] = {"name": "chore", "title": "Switch it"}, {"pages": []}
    (tmp_path / "more-actions/chore.yaml").write_text(json.dumps(chore))
    folders = [EXAMPLES / "catalog", EXAMPLES / "actions", tmp_path / "more-actions"]
    await load_company(company.store, folders, {"github": "github"})
    company.ci.traits = replace(company.ci.traits, kind="github", title="GitHub")
    company.ci.ends_as = None
    company.life = replace(house.services.ci._life, windows=company.life.windows)
    identity = CiIdentity(ONE, issuer=ISSUER, audience=AUDIENCE, caller=github_caller)
    services = replace(house.services, ci=CiDoor(company.life, {"github": identity}))
    ours = House(create_app(services), services, company, house.temporal)
    with EmbeddedTemporal(tmp_path / "temporal") as server:
        client = await Client.connect(server.address)
        async with create_worker(client, company.life, task_queue="canaries"):
            yield Scene(company, ours, Driver(client, "canaries"), await ours.signed_in("ana"), Watch())
    await ours.close()


def printed(canaries: list[str]) -> bytes:
    """The log of a pipeline that prints its secrets in every way it can."""
    forms = sorted({form for canary in canaries for form in encodings_of(canary)})
    return "".join(f"2026-11-29T04:00:00Z value={form};\n" for form in forms).encode()


@pytest.mark.timeout(300)
async def test_twenty_secrets_are_nowhere(
    scene: Scene,
    tmp_path: Path,
    logs: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    watch, company, ci = scene.watch, scene.company, scene.company.ci

    # a run that succeeds, and prints all of them
    good = watch.answers()
    run = await scene.start(good)
    external = await scene.collected(run)
    ci.log, ci.left = printed(watch.canaries), {"echo": good["password"], "in": {good["note"]: [good["api_key"]]}}
    ci.end(external, ExternalStatus.SUCCEEDED)
    await scene.through(run, RunState.SUCCEEDED)
    runs = [run]

    # (a log that is missing is looked for again later, when the only log here is another run's)
    # one that fails with an empty log, with a remark of the CI system's, and its secrets in names and details: the
    # whole of what a container printed last, where a cut would fall into the middle of one
    bad = watch.answers()
    run = await scene.start(bad)
    external = await scene.collected(run)
    ci.log, ci.left, ci.notes = b"", None, [f"could not log in with {bad['password']}", bad["certificate"]]
    ci.end(external, ExternalStatus.FAILED)
    last_lines = "Failed: " + "x" * 280 + "\n" + "\n".join(printed([*bad.values()][1:]).decode().splitlines())
    ci.states[external] = replace(ci.states[external], detail=last_lines, waits_for=f"{bad['note']} of somebody")
    here = Target(project="acme/shop", pipeline="set-password.yml", ref="main")
    (job,) = (await ci.jobs(here, ExternalRunId(external))).jobs
    steps = [replace(one, name=f"log in as {bad['api_key']}") for one in job.steps]
    ci.tree = [replace(job, name=f"login({bad['password']})", detail=last_lines, steps=steps)]
    ci.files = [Artifact(name=f"{bad['api_key']}.txt", size=1, url=None, expires_at=None, expired=False)]
    await scene.through(run, RunState.FAILED)
    ci.tree, ci.files = None, []
    runs.append(run)

    # one that is approved, and cancelled while it works; its own report is refused for what is in it
    run = await scene.start(answers := watch.answers("asked"))
    approver = await scene.house.signed_in("sam")
    approval = (await company.approvals(run))[-1]
    decision = {"verdict": "approve", "digest": approval.digest, "comment": "ok"}
    assert (await approver.post(f"/api/v1/approvals/{approval.id}/decision", json=decision)).is_success
    await deliver(company.store, scene.driver)
    await scene.collected(run)
    ci.log = printed(list(answers.values())[1:])
    assert (await scene.post(f"/runs/{run}/cancel", {"reason": "enough"})).is_success
    await deliver(company.store, scene.driver)
    await scene.through(run, RunState.CANCELLED)
    runs.append(run)

    # one whose worker fails with the secrets in the exception, then is well again
    crashing = watch.answers()
    real, crashes = sealing.fingerprints_of, list[int]()

    async def crash(*given: Any) -> dict[str, str]:
        crashes.append(1)
        raise RuntimeError(f"cannot work with {crashing} {given}")

    monkeypatch.setattr(sealing, "fingerprints_of", crash)
    run = await scene.start(crashing)
    async with asyncio.timeout(60):
        while len(crashes) < 2:
            await asyncio.sleep(0.05)
    monkeypatch.setattr(sealing, "fingerprints_of", real)
    external = await scene.collected(run)
    ci.log = printed(list(crashing.values())[1:])
    ci.end(external, ExternalStatus.SUCCEEDED)
    await scene.through(run, RunState.SUCCEEDED)
    runs.append(run)

    # requests that come to nothing: dry run, form, refused answers, a fault of ours
    refused = watch.answers()
    body = {"entity": "service:shop", "inputs": refused}
    assert (await scene.post("/actions/set-password/plan", body)).status_code == 200
    form = {"entity": "service:shop", "answers": refused}
    assert (await scene.post("/actions/set-password/form", form)).status_code == 200
    for inputs in (
        {**refused, "account": "x" * 21},
        {**refused, "password": refused["password"] * 20},
        {**refused, "password": [refused["password"]]},
        {**refused, "password": {refused["note"]: refused["api_key"]}},
        {**refused, "unknown": refused["certificate"]},
        {**refused, "password": refused["api_key"] + "\x00"},
    ):
        wrong = {"entity": "service:shop", "inputs": inputs}
        assert (await scene.post("/actions/set-password/runs", wrong)).status_code == 422
        assert (await scene.post("/actions/set-password/plan", wrong)).status_code == 422
        assert (await scene.post("/actions/set-password/form", {"entity": "service:shop", "answers": inputs})).text
    assert (await scene.post("/actions/set-password/runs", {**body, "extra": refused["note"]})).status_code == 422

    def fault(*given: Any) -> dict[str, str]:
        raise RuntimeError(f"cannot work with {refused} {given}")

    monkeypatch.setattr(asking, "fingerprints", fault)
    assert (await scene.post("/actions/set-password/runs", body)).status_code == 500
    assert (await scene.post("/actions/set-password/plan", body)).status_code == 500
    monkeypatch.undo()

    things = await beside(scene, refused)
    runs.append(things.pop("run"))

    # people are told of all that by mail, chat and webhook
    await told(scene, tmp_path)

    assert len(watch.canaries) == 20
    record_property("inputs", len(watch.canaries))
    assert len(watch.forms()) > 300
    sweeper = Sweeper(store=company.store, driver=scene.driver, windows=company.life.windows, connections=[], name="t")
    await sweeper.sweep()
    await everything(scene, runs, things, tmp_path, logs)
    assert watch.found() == []
    # The search itself finds what is there.
    watch.said["control"] = json.dumps(good)
    assert {place for place, _ in watch.found()} == {"control"}


async def beside(scene: Scene, answers: dict[str, str]) -> dict[str, RunId]:
    """One of each thing that has a page and is no run, by its name in paths; `run` is held by the freeze, and has
    secrets that were refused before. A schedule takes none."""
    sam = await scene.house.signed_in("sam")
    held = {"actions": ["set-password"], "when": "${{ inputs.account == 'frozen' }}"}
    freeze = {"title": "Canaries", "owner": "group:sre", "spec": {"reason": "canaries", "where": held}}
    ids: dict[str, Any] = {"freeze": (await sam.post("/api/v1/freezes", json=freeze)).json()["id"]}
    ids["run"] = await scene.start({**answers, "account": "frozen"})
    await scene.through(ids["run"], RunState.WAITING_WINDOW)
    asked = {"freeze": ids["freeze"], "reason": "canaries"}
    ids["exception"] = (await scene.post(f"/runs/{ids['run']}/exceptions", asked)).json()["id"]

    restart = {"action": "restart", "inputs": {"environment": "environment:staging"}}
    daily = {"entity": "service:shop", "cron": "0 2 * * *", "timezone": "UTC"}
    made = await scene.post("/schedules", {"title": "Canaries", "spec": {**restart, **daily}})
    ids["schedule"] = made.json()["id"]
    secret = {"action": "set-password", "inputs": answers, **daily}
    assert (await scene.post("/schedules", {"title": "Canaries", "spec": secret})).status_code == 422
    async with scene.company.store.write() as tx:
        event = {"id": "e_canaries", "source": "canaries", "delivery": "1", "payload": {}}
        tx.session.add(EventRow(**event, received_at=tx.now, reacted_at=tx.now))
        document = {"metadata": {}, "spec": {"on": {"event": "canaries"}, **restart, "entity": "service:shop"}}
        known = {"id": "canaries", "title": "Canaries", "owner": "person:ana", "writers": [], "action": "restart"}
        more = {"listens": "canaries", "document": document, "digest": "d", "source": "x.yaml", "failures": 0}
        tx.session.add(TriggerRow(**known, **more, changed_at=tx.now))
    ids |= {"trigger": "canaries", "event": "e_canaries"}

    chore = await scene.post("/actions/chore/runs", {"entity": "service:shop", "inputs": {}})
    assert chore.status_code == 202, chore.text
    await deliver(scene.company.store, scene.driver)
    async with asyncio.timeout(60):
        while not (tasks := (await scene.client.get("/api/v1/tasks")).json()["items"]):
            await asyncio.sleep(0.1)
    ids["task"] = tasks[0]["id"]
    return ids


async def told(scene: Scene, folder: Path) -> None:
    """What mail servers, chats and webhooks are sent, as it comes and as it is read."""
    with mail_server() as mail, hook_server() as hook:
        urls = {
            "mail": f"mailto://127.0.0.1:{mail.port}?from=daytwo@acme.example",
            "chat": hook.url.replace("http://", "json://") + "/chat",
            "webhook": f"{hook.url}/hooks",
        }
        for name, url in {**urls, "signing": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}.items():
            (folder / f"channel-{name}").write_text(url)
        channels: dict[str, Any] = {name: {"kind": name, "url_file": folder / f"channel-{name}"} for name in urls}
        channels["webhook"]["secret_files"] = [folder / "channel-signing"]
        entry = NotificationsEntry.model_validate(
            {"channels": channels, "routes": [{"events": ["*"], "channels": list(urls)}]}
        )
        notifier = Notifier(
            store=scene.company.store, entry=entry, channels=open_channels(entry), page=ORIGIN, name="test", pause=1
        )
        while await notifier.round():
            pass
    for number, (to, message) in enumerate(mail.taken):
        scene.watch.said[f"mail {number} to {to}"] = f"{message.as_string()}\n{message.get_content()}"
    for number, (path, headers, content) in enumerate(hook.taken):
        scene.watch.said[f"POST {path} {number}"] = f"{headers}\n{content.decode()}"
    assert len(mail.taken) > 3, "several events have reached somebody"
    assert {path for path, _, _ in hook.taken} == {"/chat", "/hooks"}


async def everything(
    scene: Scene, runs: list[RunId], things: Mapping[str, str], folder: Path, logs: io.StringIO
) -> None:
    """What is kept and shown."""
    said = scene.watch.said
    said["our log"] = logs.getvalue()
    async with scene.company.store.read() as session:
        for name in (await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).all():
            said[f"table {name}"] = "\n".join((await session.scalars(text(f'SELECT t::text FROM "{name}" t'))).all())
    assert "run.accepted" in said["table audit"]
    assert str(runs[0]) in said["table secret"]
    for path, content in await asyncio.to_thread(contents, folder):
        said[path] = content
    assert any("temporal.db" in path and f"run-{runs[0]}" in content for path, content in said.items())
    await every_page(scene, runs, things)


def contents(folder: Path) -> list[tuple[str, str]]:
    """Every file below a folder: Temporal's database with its journal, and whatever else was written."""
    return [
        (str(path), path.read_bytes().decode("latin-1"))
        for path in folder.rglob("*")
        if path.is_file() and "postgres" not in path.parts
    ]


async def every_page(scene: Scene, runs: list[RunId], things: Mapping[str, str]) -> None:
    """All GET routes, for each run and approval and one of everything else, as an administrator and as who asked."""
    admin = await scene.house.signed_in("pat")
    approvals = [str(one.id) for run in runs for one in await scene.company.approvals(run)]
    values = {
        "run": [str(run) for run in runs],
        "approval": approvals,
        "name": ["set-password", "github", "service", "shop"],
        "kind": ["service"],
        "pipeline": ["set-password.yml"],
    } | {name: [one] for name, one in things.items()}
    paths = scene.house.app.openapi()["paths"]
    streams = {"/api/v1/events", "/api/v1/runs/{run}/events"}
    answered, asked = set[str](), set[str]()
    for path, operations in paths.items():
        if "get" not in operations or path in streams:
            continue
        for one in filled(path, values):
            for who, client in (("ana", scene.client), ("admin", admin)):
                answer = await client.get(one, params={"project": "acme/shop", "limit": 100} if "{" in path else None)
                assert answer.status_code < 500, (one, answer.text)
                scene.watch.said[f"GET {one} {who}"] = answer.text + str(answer.headers)
                asked.add(path)
                answered |= {path} if answer.status_code == 200 else set()
    assert len(asked) > 40
    assert asked - answered == set(NEVER), "a page that nobody was shown was not searched"
    await every_stream(scene, runs)


def filled(path: str, values: dict[str, list[str]]) -> list[str]:
    for name, known in values.items():
        if f"{{{name}}}" in path:
            return [one for value in known for one in filled(path.replace(f"{{{name}}}", value, 1), values)]
    assert "{" not in path, f"say what stands in {path}"
    return [path]


async def every_stream(scene: Scene, runs: list[RunId]) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in scene.client.cookies.items())
    listener = asyncio.create_task(scene.house.services.listener.run())
    try:
        async with served(scene.house.app) as (address, _), httpx.AsyncClient(base_url=address) as client:
            for path in [
                "/api/v1/events",
                *(f"/api/v1/runs/{run}/{what}" for run in runs for what in ("events", "logs")),
            ]:
                headers = {"Cookie": cookie, "Accept": "text/event-stream"}
                got = ""
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(2), client.stream("GET", path, headers=headers) as answer:
                        assert answer.status_code == 200, path
                        async for piece in answer.aiter_text():
                            got += piece
                scene.watch.said[f"SSE {path}"] = got
            assert "set-password" in scene.watch.said[f"SSE /api/v1/runs/{runs[0]}/events"]
            assert "***" in scene.watch.said[f"SSE /api/v1/runs/{runs[0]}/logs"]
            scene.house.services.live.close()
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)
