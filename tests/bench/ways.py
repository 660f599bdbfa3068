"""The three ways from somebody's wish to the POST: ours, and the two yardsticks."""

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import httpx
import psycopg
from temporalio.client import Client, WorkflowHandle
from tests.bench.bare import EAGER_QUEUE, QUEUE, Post, PostByActivity, PostLocally, Sender, worker
from tests.chaos.harness.house import ChaosHouse
from tests.chaos.harness.person import Journal, Person

OURS: Final = "daytwo"
BARE: Final = "bare: one activity"
EAGER: Final = "bare: eager, local activity"
# Not where ours go: of more than 1,000 runs in a minute GitHub lists too few to tell that one is not among them, and
# ours would wait for a person.
_PATH: Final = "/repos/acme/bare/actions/workflows/deploy.yml/dispatches"


def now() -> float:
    """CLOCK_MONOTONIC in seconds, as the ledger's."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class Way(Protocol):
    """`begin` returns when the wish is taken; `ended` waits until all that was begun has ended.

    `quiet` waits for what is left to be done after that, so that the next way does not pay for it.
    """

    name: str
    processes: Mapping[str, int]  # what works for it beside the house, by process id

    async def begin(self, note: str, service: str) -> None: ...
    async def ended(self) -> None: ...
    async def quiet(self) -> None: ...


@dataclass
class Ours:
    """POST /actions/deploy/runs over HTTP with a token; ended when the run's row says so."""

    house: ChaosHouse
    http: httpx.AsyncClient
    connection: psycopg.AsyncConnection
    client: Client
    name: str = OURS
    processes: Mapping[str, int] = field(default_factory=dict)

    async def begin(self, note: str, service: str) -> None:
        inputs = {"version": "1.1.0", "environment": "environment:staging", "note": note}
        body = {"entity": f"service:{service}", "inputs": inputs}
        headers = {"Idempotency-Key": f"bench-{uuid.uuid4()}"}
        answer = await self.http.post("/actions/deploy/runs", json=body, headers=headers)
        if answer.status_code != httpx.codes.ACCEPTED:
            raise RuntimeError(f"a run was not accepted: {answer.text}")

    async def ended(self) -> None:
        while await self._open():
            await asyncio.sleep(0.02)

    async def quiet(self) -> None:
        """Workflows keep late logs after the end of their runs, for a minute at most."""
        query = "ExecutionStatus = 'Running' AND WorkflowType = 'RunAction'"
        async with asyncio.timeout(120):
            while (await self.client.count_workflows(query)).count:
                await asyncio.sleep(0.1)

    async def _open(self) -> int:
        cursor = await self.connection.execute("SELECT count(*) FROM run WHERE ended_at IS NULL")
        row = await cursor.fetchone()
        assert row is not None
        return int(row[0])


class Bare:
    """Start a workflow; ended when all have answered."""

    def __init__(self, client: Client, *, eager: bool, process: int) -> None:
        self.processes: Mapping[str, int] = {"bare worker": process}
        self.name = EAGER if eager else BARE
        self._client = client
        self._eager = eager
        self._begun: list[WorkflowHandle[Any, int]] = []

    async def begin(self, note: str, service: str) -> None:
        handle = await self._client.start_workflow(
            PostLocally.run if self._eager else PostByActivity.run,
            Post(_PATH, note),
            id=f"bare-{note}",
            task_queue=EAGER_QUEUE if self._eager else QUEUE,
            request_eager_start=self._eager,
        )
        self._begun.append(handle)

    async def ended(self) -> None:
        begun, self._begun = self._begun, []
        await asyncio.gather(*(handle.result() for handle in begun))

    async def quiet(self) -> None:
        """Nothing is left."""


@asynccontextmanager
async def three_ways(house: ChaosHouse) -> AsyncIterator[Sequence[Way]]:
    """All three on one Temporal server and one stand-in."""
    token = house.house.ci.token_file.read_text().strip()
    address = house.house.product.temporal_address
    client = await Client.connect(address)
    sender = Sender(house.house.ci.address, token)
    ana = Person.sign_in(house.page, "ana", Journal())
    headers = {"Authorization": ana.authorization}
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    process = _bare_worker(house, address)
    _no_webhooks_for_the_bare(house)
    try:
        async with (
            httpx.AsyncClient(
                base_url=f"{house.page}/api/v1", headers=headers, timeout=60, trust_env=False, limits=limits
            ) as http,
            await psycopg.AsyncConnection.connect(house.database_url, autocommit=True) as connection,
            worker(client, sender, EAGER_QUEUE),
        ):
            apart = Bare(client, eager=False, process=process.pid)
            beside = Bare(client, eager=True, process=os.getpid())
            yield [Ours(house, http, connection, client), apart, beside]
    finally:
        ana.close()
        await sender.close()
        process.kill()
        process.wait()


def _no_webhooks_for_the_bare(house: ChaosHouse) -> None:
    """Our API would have to answer them."""
    with house.control() as control:
        control.add_fault({"match": {"operation": "webhook", "run": f"{BARE}|{EAGER}"}, "webhook": {"drop": 1.0}})


def _bare_worker(house: ChaosHouse, address: str) -> "subprocess.Popen[bytes]":
    where = ["--temporal", address, "--github", house.house.ci.address, "--token-file", str(house.house.ci.token_file)]
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.bare", *where], stdout=subprocess.PIPE)
    assert process.stdout is not None
    if process.stdout.readline() != b"ready\n":
        raise RuntimeError("the bare worker did not start")
    return process
