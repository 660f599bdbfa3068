"""The yardstick of runbooks: bare workflows of the same shapes, each step one activity that writes one row.

Where ours asks the service, the activity does too, before it writes. They promise nothing of what we promise.
The worker is a process of its own: `python -m tests.bench.bare_steps`.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

with workflow.unsafe.imports_passed_through():
    import httpx
    import psycopg
    from tests.bench.shapes import KINDS, ROUNDS, WIDTH

QUEUE: Final = "bare-steps"
TABLE: Final = "CREATE TABLE did (run text, step text, at timestamptz NOT NULL DEFAULT clock_timestamp())"
ASKING: Final = ("http", "check")
_ROW: Final = [f"{kind}{number}" for number in range(ROUNDS) for kind in KINDS]
_SECONDS: Final = timedelta(seconds=60)
_CONNECTIONS: Final = 20  # as our worker has at most


@dataclass(frozen=True)
class Did:
    """One step of one run."""

    run: str
    step: str
    asks: bool = False


@dataclass(frozen=True)
class Given:
    run: str
    local: bool = False  # local activities, as our workflow has them
    days: int = 0  # 0: no timer beside the signal


class Doer:
    """The activity, on one HTTP client and a few connections that are kept."""

    def __init__(self, http: httpx.AsyncClient, connections: Sequence[psycopg.AsyncConnection]) -> None:
        self._http = http
        self._free: asyncio.Queue[psycopg.AsyncConnection] = asyncio.Queue()
        for one in connections:
            self._free.put_nowait(one)

    @activity.defn(name="did")
    async def did(self, did: Did) -> None:
        if did.asks:
            (await self._http.post("/did", json={"step": did.step})).raise_for_status()
        connection = await self._free.get()
        try:
            await connection.execute("INSERT INTO did (run, step) VALUES (%s, %s)", [did.run, did.step])
        finally:
            self._free.put_nowait(connection)


async def _do(given: Given, step: str, *, asks: bool) -> None:
    did = Did(given.run, step, asks)
    if given.local:
        await workflow.execute_local_activity_method(Doer.did, did, start_to_close_timeout=_SECONDS)
    else:
        await workflow.execute_activity_method(Doer.did, did, start_to_close_timeout=_SECONDS)


@workflow.defn
class BareRow:
    @workflow.run
    async def run(self, given: Given) -> None:
        for step in _ROW:
            await _do(given, step, asks=step.startswith(ASKING))


@workflow.defn
class BareItem:
    @workflow.run
    async def run(self, given: Given) -> None:
        await _do(given, "asked", asks=True)
        await _do(given, "noted", asks=False)


@workflow.defn
class BareSpread:
    @workflow.run
    async def run(self, given: Given) -> None:
        await _do(given, "first", asks=False)
        await asyncio.gather(*(_do(given, f"branch{number}", asks=True) for number in range(WIDTH)))
        await _do(given, "joined", asks=False)
        items = [Given(f"{given.run}/{number}", given.local) for number in range(WIDTH)]
        await asyncio.gather(*(workflow.execute_child_workflow(BareItem.run, one, id=one.run) for one in items))


@workflow.defn
class BareWait:
    """Waits for a signal. A poke writes a row, as ours looks into the database; a decision ends it."""

    def __init__(self) -> None:
        self._poked = False
        self._decided = False

    @workflow.signal
    def poke(self) -> None:
        self._poked = True

    @workflow.signal
    def decide(self) -> None:
        self._decided = True

    @workflow.run
    async def run(self, given: Given) -> None:
        timeout = timedelta(days=given.days) if given.days else None
        while not self._decided:
            await workflow.wait_condition(lambda: self._poked or self._decided, timeout=timeout)
            if self._poked:
                self._poked = False
                await _do(given, "looked", asks=False)
        await _do(given, "told", asks=False)


async def _serve(temporal: str, database: str, service: str) -> None:
    """With the limits of our own worker."""
    client = await Client.connect(temporal)
    connections = [await psycopg.AsyncConnection.connect(database, autocommit=True) for _ in range(_CONNECTIONS)]
    async with httpx.AsyncClient(base_url=service, trust_env=False, timeout=30) as http:
        doer = Doer(http, connections)
        async with Worker(
            client,
            task_queue=QUEUE,
            workflows=[BareRow, BareItem, BareSpread, BareWait],
            activities=[doer.did],
            workflow_runner=UnsandboxedWorkflowRunner(),
            max_cached_workflows=2000,
            max_concurrent_workflow_tasks=100,
            max_concurrent_local_activities=200,
            max_concurrent_activities=100,
            max_concurrent_workflow_task_polls=5,
        ):
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("--temporal", "--database", "--service"):
        parser.add_argument(name, required=True)
    told = parser.parse_args()
    try:
        asyncio.run(_serve(told.temporal, told.database, told.service))
    finally:
        os._exit(0)
