"""What Temporal's library logs when the server has gone is a line of ours, and none of its own."""

import json
import subprocess
import sys
from pathlib import Path

from daytwo_cli.up.temporal import EmbeddedTemporal

_PROCESS = """
import asyncio, os, sys
from datetime import timedelta
from temporalio.client import Client
from temporalio.service import RPCError
from daytwo_store.logging import configure_logging
from daytwo_workflows.core_logs import forward_core_logs

async def ask(address):
    client = await Client.connect(address)
    print("connected", flush=True)
    sys.stdin.readline()
    try:
        await client.start_workflow("W", id="w", task_queue="q", rpc_timeout=timedelta(seconds=8))
    except (RPCError, RuntimeError):
        print("nobody answered", flush=True)
    await asyncio.sleep(0.5)

configure_logging(process="test")
forward_core_logs()
asyncio.run(ask(sys.argv[1]))
os._exit(0)
"""


def test_a_call_that_nobody_answers_is_told_in_json_without_values(tmp_path: Path) -> None:
    with (
        EmbeddedTemporal(tmp_path / "temporal") as server,
        subprocess.Popen(
            [sys.executable, "-c", _PROCESS, server.address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == "connected\n"
        server.kill()
        out, errors = process.communicate("go on\n", timeout=120)
    assert out == "nobody answered\n"
    lines = [json.loads(line) for line in errors.splitlines()]
    assert any("retried" in line["template"] for line in lines), errors
    assert {(line["event"], line["level"], line["process"]) for line in lines} == {("library", "warning", "test")}
    assert "transport" not in errors, "what the server or the network said came along"
