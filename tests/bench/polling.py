"""What it costs to follow 1,000 running pipelines in 20 repositories, and how soon their ends are seen (A7).

The real poller over the real GitHub backend and a real PostgreSQL, against the stand-in, with the windows of production
and no webhooks. Runs last from a minute to hours, and for every one that ends another is started in its repository, so
the long ones get further and further down; `newer` ended ones lie above them from the beginning. It runs for some
minutes in real time; the poller's requests are counted by the stand-in and the hour is extrapolated from these minutes.
Nothing drives the runs beside it (no Temporal), so sends and ends are not in it.
"""

import asyncio
import heapq
import random
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
_WORKFLOW: Final = """
on: { workflow_dispatch: { inputs: { daytwo_run: {} } } }
run-name: deploy ${{ inputs.daytwo_run }}
jobs: { deploy: { runs-on: ubuntu-latest, steps: [ { run: "true" } ] } }
"""
_RUNNING: Final = ({"status": "in_progress"},)
_ENDED: Final = ({"status": "completed", "conclusion": "success"},)
# A run of the example company, as often as there are pipelines; each follows one of them.
_COPIES: Final = """
with copies as (
  select 'r_bench_' || n as id from generate_series(cast(:first as int), cast(:last as int)) as n
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


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of it. Times are seconds."""

    runs: int = 1000
    projects: int = 20
    newer: int = 0  # runs in each repository that were started after all of these, and have ended
    seconds: float = 300.0
    warm: float = 60.0  # every repository was looked at and its listing is known
    late: float = 60.0  # at the end, in which nothing ends any more
    # How long runs last: of how many, from, to. By the first two about two of 1,000 end each second.
    lasting: tuple[tuple[float, float, float], ...] = ((0.1, 60, 180), (0.3, 180, 900), (0.6, 7200, 14400))


@dataclass(frozen=True)
class Polled:
    """Measured over `seconds`; `an_hour` is extrapolated."""

    runs: int
    projects: int
    newer: int
    seconds: float
    requests: int
    unchanged: int  # of these answered 304, which GitHub does not count
    an_hour: float
    ended: int
    seen: int
    seen_p50: float
    seen_p95: float
    seen_most: float


async def polling(folder: Path, size: Size) -> Polled:
    """Follow them for so long."""
    make_repository(folder / "bench", [({".github/workflows/deploy.yml": _WORKFLOW}, None)])
    names = [f"acme/bench-{number:02}" for number in range(1, size.projects + 1)]
    repositories = [{"full_name": name, "path": folder / "bench", "executor": "scripted"} for name in names]
    with (
        EmbeddedPostgres(folder / "postgres") as server,
        start_standin(
            folder,
            repositories,
            tokens=[{"login": "acme-bot", "token": _TOKEN}],
            settings={"rate_limit": 1_000_000},
            environment={"DAYTWO_SPECS": ""},  # what is measured is the product, not the check of the stand-in
        ) as standin,
    ):
        migrate.upgrade(server.url)
        async with _store(server.url) as store:
            _say(f"dispatching {size.runs} runs in {size.projects} repositories")
            started = await asyncio.to_thread(_dispatch, standin, names, size.runs)
            if size.newer:
                _say(f"and {size.newer} newer ones in each, which end")
                await asyncio.to_thread(_dispatch, standin, names, size.newer * size.projects, _ENDED)
            followed = Followed(store, standin, await _follow(store, started))
            return await _measure(followed, started, size)


@asynccontextmanager
async def _store(url: str) -> AsyncIterator[Store]:
    store = Store(StoreSettings(url=SecretStr(url)))
    try:
        yield store
    finally:
        await store.close()


def _dispatch(
    standin: RunningStandin, names: Sequence[str], count: int, script: Sequence[dict[str, str]] = _RUNNING
) -> list[tuple[str, str]]:
    """Start them all: repository and id of each, which runs or does as the script says."""

    def start(number: int) -> tuple[str, str]:
        name = names[number % len(names)]
        body = {"ref": "main", "inputs": {"daytwo_run": f"r{number}"}, "return_run_details": True}
        answer = client.post(f"/repos/{name}/actions/workflows/deploy.yml/dispatches", json=body)
        answer.raise_for_status()
        run = str(answer.json()["workflow_run_id"])
        standin.control.script(run, script)
        return name, run

    headers = {"Authorization": f"Bearer {_TOKEN}"}
    with (
        httpx.Client(base_url=standin.url, headers=headers, trust_env=False, timeout=60) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        return list(threads.map(start, range(1, count + 1)))


async def _follow(store: Store, started: Sequence[tuple[str, str]]) -> str:
    """Rows for them, made from one run of the example company: that run."""
    sys.path.insert(0, str(_SUPPORT))
    from company import open_company

    company = await open_company(store)
    company.ci.ends_as = None
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    await _copied(store, run, run, started, first=1)
    async with store.write() as tx:
        await tx.session.execute(
            text("update run set state = 'failed', ended_at = now() where id = :run"), {"run": run}
        )
    return str(run)


async def _copied(store: Store, run: str, external_of: str, started: Sequence[tuple[str, str]], *, first: int) -> None:
    """Rows numbered from `first`: of the one run, and what it follows of the other one."""
    copy = text(
        "insert into external_run select (jsonb_populate_record(e, jsonb_build_object("
        "'run_id', cast(:copy as text), 'id', cast(:id as text), 'project', cast(:project as text), "
        "'seen_at', null))).* from external_run e where e.run_id = :run"
    )
    rows = [
        {"run": external_of, "copy": f"r_bench_{number}", "id": external, "project": name}
        for number, (name, external) in enumerate(started, first)
    ]
    async with store.write() as tx:
        given = {"run": run, "first": first, "last": first + len(started) - 1}
        await tx.session.execute(text(_COPIES), given)
        await tx.session.execute(copy, rows)


@dataclass
class Followed:
    """What runs end and start in. `source` is the run of the example company; the first copy of it stays open."""

    store: Store
    standin: RunningStandin
    source: str

    async def replace(self, name: str, ended: str, *, number: int) -> str:
        """Let one end, and start another in its repository, which is followed: its id."""
        await asyncio.to_thread(self.standin.control.script, ended, _ENDED)
        started = await asyncio.to_thread(_dispatch, self.standin, [name], 1)
        await _copied(self.store, "r_bench_1", self.source, started, first=number)
        return started[0][1]


async def _measure(followed: Followed, started: Sequence[tuple[str, str]], size: Size) -> Polled:
    store, standin = followed.store, followed.standin
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
    until = time.monotonic() + size.warm + size.seconds

    async def rest(seconds: float) -> bool:
        await asyncio.sleep(seconds)
        return time.monotonic() < until

    watching = asyncio.create_task(watch(life, "github", rest, lambda: None))
    try:
        await asyncio.sleep(size.warm)
        _say(f"following for {size.seconds:g} seconds")
        began, before = time.monotonic(), await asyncio.to_thread(standin.control.requests)
        ended = await _let_end(followed, started, size)
        await asyncio.sleep(max(0.0, until - time.monotonic()))
        took, after = time.monotonic() - began, await asyncio.to_thread(standin.control.requests)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        backend.close()
    asked = Counter(line["status"] for line in after[len(before) :] if line["method"] == "GET")  # others are ours
    seen = sorted(await _seen_after(store, ended))
    return Polled(
        runs=len(started),
        projects=size.projects,
        newer=size.newer,
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


async def _let_end(followed: Followed, started: Sequence[tuple[str, str]], size: Size) -> dict[str, float]:
    """Let each end when its time is over, with another in its place: when each ended."""
    chance, ended = random.Random(7), dict[str, float]()  # the same durations each time
    began = time.monotonic()

    def lasts() -> float:
        _, least, most = chance.choices(size.lasting, [share for share, _, _ in size.lasting])[0]
        return chance.uniform(least, most)

    # They are met in the middle of their lives.
    ends = [(began + chance.random() * lasts(), name, run) for name, run in started]
    heapq.heapify(ends)
    while ends[0][0] < began + size.seconds - size.late:
        await asyncio.sleep(max(0.0, ends[0][0] - time.monotonic()))
        if time.monotonic() > began + size.seconds - size.late:
            break  # this machine does not keep up
        _, name, run = heapq.heappop(ends)
        ended[run] = time.time()
        other = await followed.replace(name, run, number=len(started) + len(ended))
        heapq.heappush(ends, (time.monotonic() + lasts(), name, other))
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
