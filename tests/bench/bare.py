"""The yardstick: a bare Temporal workflow that does the same POST and promises nothing of what we promise.

`PostByActivity` has one regular activity, in a worker process of its own (`python -m tests.bench.bare`).
`PostLocally` has one local activity; its worker lives beside the client, so that it may be started eagerly.
"""

import argparse
import asyncio
import json
import os
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

with workflow.unsafe.imports_passed_through():
    import httpx

QUEUE: Final = "bare"
EAGER_QUEUE: Final = "bare-eager"
_SECONDS: Final = timedelta(seconds=60)


@dataclass(frozen=True)
class Post:
    """What is sent, and the note by which the ledger shows it."""

    path: str
    note: str

    def body(self) -> bytes:
        inputs = {"version": "1.1.0", "environment": "staging", "note": self.note}
        return json.dumps({"ref": "main", "inputs": inputs, "return_run_details": True}).encode()


class Sender:
    """The activity, on one HTTP client that keeps its connections."""

    def __init__(self, address: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._http = httpx.AsyncClient(base_url=address, headers=headers, trust_env=False, timeout=30)

    @activity.defn(name="post")
    async def post(self, post: Post) -> int:
        answer = await self._http.post(post.path, content=post.body())
        answer.raise_for_status()
        return int(answer.json()["workflow_run_id"])

    async def close(self) -> None:
        await self._http.aclose()


@workflow.defn
class PostByActivity:
    @workflow.run
    async def run(self, post: Post) -> int:
        return await workflow.execute_activity_method(Sender.post, post, start_to_close_timeout=_SECONDS)


@workflow.defn
class PostLocally:
    @workflow.run
    async def run(self, post: Post) -> int:
        return await workflow.execute_local_activity_method(Sender.post, post, start_to_close_timeout=_SECONDS)


def worker(client: Client, sender: Sender, queue: str) -> Worker:
    """With the limits of our own worker."""
    return Worker(
        client,
        task_queue=queue,
        workflows=[PostByActivity, PostLocally],
        activities=[sender.post],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=2000,
        max_concurrent_workflow_tasks=100,
        max_concurrent_local_activities=50,
        max_concurrent_activities=100,
        max_concurrent_workflow_task_polls=5,
    )


async def _serve(temporal: str, github: str, token: str) -> None:
    client = await Client.connect(temporal)
    async with worker(client, Sender(github, token), QUEUE):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("--temporal", "--github", "--token-file"):
        parser.add_argument(name, required=True)
    given = parser.parse_args()
    try:
        asyncio.run(_serve(given.temporal, given.github, Path(given.token_file).read_text().strip()))
    finally:
        os._exit(0)
