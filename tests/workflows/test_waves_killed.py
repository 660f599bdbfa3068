"""The worker dies again and again while a list goes in waves: each target is begun once, and all of them end.

In full size, 500 targets on the GitHub stand-in with SIGKILL: tests/chaos/test_waves_killed.py.
"""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import Company, open_company
from more_actions import like_deploy, load_beside
from mortal import Died, MortalCi, MortalStore
from pydantic import SecretStr
from sqlalchemy import select
from stepping import dispatch

from daytwo_store import entities
from daytwo_store.clock import GivenClock
from daytwo_store.entities import Draft
from daytwo_store.ids import RunId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import RunState
from daytwo_store.tables import RunRow
from daytwo_workflows.contracts import What

pytestmark = [pytest.mark.anyio, pytest.mark.long]
PLAIN: dict[str, object] = {"approval": [], "catalog": [], "undo": None, "lock": None}
INPUTS = {"version": "${{ inputs.version }}", "environment": "${{ inputs.environment.ref }}"}
TARGETS = 20


async def test_twenty_targets_and_a_worker_that_dies(database_url: str, tmp_path: Path) -> None:
    clock = GivenClock(datetime.now(UTC))
    store = MortalStore(StoreSettings(url=SecretStr(database_url), pool_size=4), clock, random.Random(20))
    store.apart = (8, 24)
    company = await open_company(store)
    windows = company.life.windows.model_copy(update={"attempts": 50})  # it dies more often than a worker ever does
    backends = {"github": MortalCi(company, store)}
    company.life = replace(company.life, windows=windows, backends=backends)  # type: ignore[arg-type]
    async with store.write() as tx:
        for number in range(TARGETS):
            said = {"description": "one of many", "repository": "acme/shop", "language": "Elm"}
            await entities.upsert(
                tx,
                Draft(kind="service", name=f"s{number}", title="x", owner="group:storefront", properties=said),
                by="t",
            )
    targets = {"kind": "service", "where": {"language": "Elm"}}
    each = {"action": "child", "targets": targets, "inputs": INPUTS, "canary": 1, "batch": 10, "at_once": 10}
    await load_beside(
        company,
        tmp_path,
        like_deploy("child", **PLAIN, steps=[dispatch("ship", inputs={"of": "${{ entity.name }}"})]),
        like_deploy("parent", **PLAIN, steps=[{"id": "roll", "uses": "foreach", "with": each}]),
    )
    run = await company.ask("ana", "1.1.0", "staging", action="parent")
    for _ in range(400):
        async with store.read() as session:
            found = await session.scalars(select(RunRow.id).where(RunRow.ended_at.is_(None)).order_by(RunRow.id.desc()))
            going_on = [RunId(one) for one in found]
        if not going_on:
            break
        for one in going_on:
            await on(store, company, one)
        clock.moment += timedelta(seconds=2)
        company.ci.ahead += timedelta(seconds=2)
    row = await company.run(run)
    assert (row.state, store.deaths >= 10) == (RunState.SUCCEEDED, True), row.reason
    begun = Counter(
        b"".join(request.body.partition(b'"of": "')[2].partition(b'"')[:1]) for request in company.ci.ledger
    )
    assert begun == {f"s{number}".encode(): 1 for number in range(TARGETS)}
    await store.close()


async def on(store: MortalStore, company: Company, run: RunId) -> None:
    """To where it waits, whoever dies on the way."""
    await company.look(run)
    store.mortal = True
    try:
        for _ in range(100):
            try:
                if (await company.step(run)).what in (What.WAIT, What.END):
                    return
            except Died:
                company.life = replace(company.life)
    finally:
        store.mortal = False
