"""`python -m tests.bench.audit [--entries 1000000]`: how long `daytwo audit verify` walks, and in how much memory.

A chain of so many entries is computed here and copied into an embedded PostgreSQL; what is measured is the command's
own function in a process of its own.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from pydantic import SecretStr

from daytwo_cli.up.postgres import EmbeddedPostgres
from daytwo_store import migrate
from daytwo_store.audit import GENESIS, Entry, link
from daytwo_store.audit_check import verify
from daytwo_store.checkpoints import Checkpoint
from daytwo_store.engine import Store
from daytwo_store.event_loop import loop_factory
from daytwo_store.settings import StoreSettings
from daytwo_store.signing import KeyRing, Signer

SIGNER = Signer.read(b"1" * 64)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def fill(url: str, entries: int) -> list[Checkpoint]:
    """Entries as a run makes them, and a checkpoint after every thousand."""
    before, checkpoints = GENESIS, []
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        with cursor.copy("COPY audit (n, at, actor, action, subject, facts, hash) FROM STDIN") as copy:
            for n in range(1, entries + 1):
                facts = {"from": "running", "digest": f"{n:064x}"}
                at = BEGAN + timedelta(seconds=n)
                entry = Entry(at=at, actor="daytwo", action="run.succeeded", subject=f"run:r_{n}", facts=facts)
                before = link(before, n, entry)
                copy.write_row((n, at, entry.actor, entry.action, entry.subject, json.dumps(facts), before))
                if n % 1000 == 0:
                    checkpoints.append(Checkpoint.sign(SIGNER, n=n, hash_=before, at=at))
        cursor.execute("UPDATE audit_head SET n = %s, hash = %s", (entries, before))
    return checkpoints


def walk(url: str, checkpoints: list[Checkpoint], answer: "multiprocessing.Queue[dict[str, object]]") -> None:
    async def inside() -> object:
        store = Store(StoreSettings(url=SecretStr(url)))
        async with store.read() as session:
            found = await verify(session, keys=KeyRing.of([SIGNER.public]), outside=checkpoints)
        await store.close()
        return found

    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        found = runner.run(inside())
    used = resource.getrusage(resource.RUSAGE_SELF)
    answer.put(
        {
            "found": repr(found),
            "seconds": round(time.monotonic() - began, 1),
            "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
            "more_memory_mb": round((used.ru_maxrss - before) / 1024),
            "load": round(os.getloadavg()[0], 1),
        }
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    given = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="dt-bench-") as folder, EmbeddedPostgres(Path(folder) / "data") as server:
        migrate.upgrade(server.url)
        checkpoints = fill(server.url, given.entries)
        answer: multiprocessing.Queue[dict[str, object]] = context.Queue()
        process = context.Process(target=walk, args=(server.url, checkpoints, answer))
        process.start()
        measured = answer.get(timeout=1200)
        process.join()
    told = {"entries": given.entries, "checkpoints": len(checkpoints), **measured}
    sys.stdout.write(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
