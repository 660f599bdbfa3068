"""What it costs to follow 1,000 running pipelines in 20 repositories, and how soon their ends are seen (A7).

The real poller over the real GitHub backend and a real PostgreSQL, against the stand-in, with the windows of production
and no webhooks. It runs for some minutes in real time; requests are counted by the stand-in and the hour is
extrapolated from these minutes. Nothing drives the runs beside it (no Temporal), so sends and ends are not in it.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import httpx
from pydantic import SecretStr
from sqlalchemy import text

from daytwo_actions.backends.github.backend import GitHubBackend
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_cli.up.postgres import EmbeddedPostgres
from daytwo_standins.github.testing import RunningStandin, make_repository, start_standin
from daytwo_store import migrate
from daytwo_store.engine import Store
from daytwo_store.ids import ConnectionName
from daytwo_store.settings import StoreSettings, Windows
from daytwo_workflows.life.spending import Spending
from daytwo_workflows.life.watch import watch
from daytwo_workflows.wiring import counted

_SUPPORT: Final = Path(__file__).resolve().parents[1] / "support"
_TOKEN: Final = "bench-token"
_WARM: Final = 60.0  # seconds in which every repository was looked at and its listing is known
_LATE: Final = 60.0  # seconds at the end in which nothing ends any more
_WORKFLOW: Final = """
on: { workflow_dispatch: { inputs: { daytwo_run: {} } } }
run-name: deploy ${{ inputs.daytwo_run }}
jobs: { deploy: { runs-on: ubuntu-latest, steps: [ { run: "true" } ] } }
"""
# A run of the example company, as often as there are pipelines; each follows one of them.
_COPIES: Final = """
with copies as (
  select n, 'r_bench_' || n as id, 'acme/bench-' || lpad((n % :projects + 1)::text, 2, '0') as project
  from generate_series(1, :count) as n
), runs as (
  insert into run select (jsonb_populate_record(r, jsonb_build_object(
    'id', copies.id, 'idempotency_key', copies.id, 'lock_key', null))).*
  from run r, copies where r.id = :run
), steps as (
  insert into step select (jsonb_populate_record(s, jsonb_build_object('run_id', copies.id))).*
  from step s, copies where s.run_id = :run
), attempts as (
  insert into attempt select (jsonb_populate_record(a, jsonb_build_object(
    'run_id', copies.id, 'corr', copies.id, 'external_id', null))).*
  from attempt a, copies where a.run_id = :run
)
select 1
"""


@dataclass(frozen=True)
class Polled:
    """Measured over `seconds`; `an_hour` is extrapolated."""

    runs: int
    projects: int
    seconds: float
    requests: int
    unchanged: int  # of these answered 304, which GitHub does not count
    an_hour: float
    ended: int
    seen: int
    seen_p50: float
    seen_p95: float
    seen_most: float


async def polling(folder: Path, *, runs: int = 1000, projects: int = 20, minutes: float = 5.0) -> Polled:
    """Follow them for so long."""
    make_repository(folder / "bench", [({".github/workflows/deploy.yml": _WORKFLOW}, None)])
    names = [f"acme/bench-{number:02}" for number in range(1, projects + 1)]
    repositories = [{"full_name": name, "path": folder / "bench", "executor": "scripted"} for name in names]
    with (
        EmbeddedPostgres(folder / "postgres") as server,
        start_standin(
            folder,
            repositories,
            tokens=[{"login": "acme-bot", "token": _TOKEN}],
            settings={"rate_limit": 100_000},
            environment={"DAYTWO_SPECS": ""},  # what is measured is the product, not the check of the stand-in
        ) as standin,
    ):
        migrate.upgrade(server.url)
        async with _store(server.url) as store:
            _say(f"dispatching {runs} runs in {projects} repositories")
            started = await asyncio.to_thread(_dispatch, standin, names, runs)
            await _follow(store, started)
            return await _measure(store, standin, started, projects=projects, minutes=minutes)


@asynccontextmanager
async def _store(url: str) -> AsyncIterator[Store]:
    store = Store(StoreSettings(url=SecretStr(url)))
    try:
        yield store
    finally:
        await store.close()


def _dispatch(standin: RunningStandin, names: Sequence[str], count: int) -> list[tuple[str, str]]:
    """Start them all: repository and id of each, running."""

    def start(number: int) -> tuple[str, str]:
        name = names[number % len(names)]
        body = {"ref": "main", "inputs": {"daytwo_run": f"r{number}"}, "return_run_details": True}
        answer = client.post(f"/repos/{name}/actions/workflows/deploy.yml/dispatches", json=body)
        answer.raise_for_status()
        run = str(answer.json()["workflow_run_id"])
        standin.control.script(run, [{"status": "in_progress"}])
        return name, run

    headers = {"Authorization": f"Bearer {_TOKEN}"}
    with (
        httpx.Client(base_url=standin.url, headers=headers, trust_env=False, timeout=60) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        return list(threads.map(start, range(1, count + 1)))


async def _follow(store: Store, started: Sequence[tuple[str, str]]) -> None:
    """Rows for them, made from one run of the example company."""
    sys.path.insert(0, str(_SUPPORT))
    from company import open_company

    company = await open_company(store)
    company.ci.ends_as = None
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    projects = len({name for name, _ in started})
    async with store.write() as tx:
        given = {"run": run, "count": len(started), "projects": projects}
        await tx.session.execute(text(_COPIES), given)
        copy = text(
            "insert into external_run select (jsonb_populate_record(e, jsonb_build_object("
            "'run_id', cast(:copy as text), 'id', cast(:id as text), 'project', cast(:project as text), "
            "'seen_at', null))).* from external_run e where e.run_id = :run"
        )
        rows = [
            {"run": run, "copy": f"r_bench_{number}", "id": external, "project": name}
            for number, (name, external) in enumerate(started, 1)
        ]
        await tx.session.execute(copy, rows)
        await tx.session.execute(
            text("update run set state = 'failed', ended_at = now() where id = :run"), {"run": run}
        )


async def _measure(
    store: Store, standin: RunningStandin, started: Sequence[tuple[str, str]], *, projects: int, minutes: float
) -> Polled:
    sys.path.insert(0, str(_SUPPORT))
    from company import open_company

    spending = Spending()
    settings = GitHubSettings(
        name=ConnectionName("github"), base=standin.url, token=SecretStr(_TOKEN), login="acme-bot"
    )
    backend = GitHubBackend(settings, observe=counted(lambda *_: None, spending))
    life = replace(
        (await open_company(store)).life,
        backends={"github": backend},
        windows=Windows(),
        spending={"github": spending},
        allowances={"github": 2500},
    )
    until = time.monotonic() + _WARM + minutes * 60

    async def rest(seconds: float) -> bool:
        await asyncio.sleep(seconds)
        return time.monotonic() < until

    watching = asyncio.create_task(watch(life, "github", rest, lambda: None))
    try:
        await asyncio.sleep(_WARM)
        _say(f"following for {minutes:g} minutes")
        began, before = time.monotonic(), await asyncio.to_thread(standin.control.requests)
        ended = await _end_some(standin, started, seconds=minutes * 60 - _LATE)
        await asyncio.sleep(max(0.0, until - time.monotonic()))
        took, after = time.monotonic() - began, await asyncio.to_thread(standin.control.requests)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        backend.close()
    asked = Counter(line["status"] for line in after[len(before) :])
    seen = sorted(await _seen_after(store, ended))
    return Polled(
        runs=len(started),
        projects=projects,
        seconds=round(took, 1),
        requests=asked.total(),
        unchanged=asked[304],
        an_hour=round(asked.total() * 3600 / took),
        ended=len(ended),
        seen=len(seen),
        seen_p50=round(seen[len(seen) // 2], 1),
        seen_p95=round(seen[int(len(seen) * 0.95)], 1),
        seen_most=round(seen[-1], 1),
    )


async def _end_some(standin: RunningStandin, started: Sequence[tuple[str, str]], *, seconds: float) -> dict[str, float]:
    """End one of them about every second, in all repositories: when each ended."""
    ended: dict[str, float] = {}
    until = time.monotonic() + seconds
    step = max(1, int(len(started) * 0.377))  # goes round all repositories
    at = 0
    while time.monotonic() < until:
        at = (at + step) % len(started)
        run = started[at][1]
        if run not in ended:
            ended[run] = time.time()
            script = [{"status": "completed", "conclusion": "success"}]
            await asyncio.to_thread(standin.control.script, run, script)
        at += 1
        await asyncio.sleep(1.0)
    return ended


async def _seen_after(store: Store, ended: dict[str, float]) -> list[float]:
    """Seconds from each end to the moment at which our database knew of it."""
    async with store.read() as session:
        rows = await session.execute(
            text("select id, extract(epoch from ended_at) from external_run where ended_at is not null")
        )
        return [float(at) - ended[external] for external, at in rows if external in ended]


def _say(line: str) -> None:
    sys.stderr.write(f"polling: {line} …\n")
