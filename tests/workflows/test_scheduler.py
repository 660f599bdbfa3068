"""The loop that looks at schedules and events, in two workers of which one is stopped."""

import asyncio
from datetime import timedelta

import pytest
from company import Company
from timetable import DEPLOY

from daytwo_actions.schedules import as_document, schedule_of
from daytwo_store import firings, schedules
from daytwo_store.states import FiringState
from daytwo_workflows.life.schedule_changes import made
from daytwo_workflows.scheduler import Scheduler

pytestmark = pytest.mark.anyio


async def test_two_workers_begin_one_run_and_one_is_enough(company: Company) -> None:
    ana = await company.person("ana")
    spec = {**DEPLOY, "cron": "* * * * *"}
    hourly = schedule_of(as_document(name="x", title="x", description="", owner="person:ana", spec=spec))
    async with company.store.write() as tx:
        wanted = made("sc_1", hourly, after=tx.now - timedelta(minutes=1))
        await schedules.add(tx, wanted, by=ana, key="key-of-it", body_sha256="", writers=[])
    workers = [asyncio.create_task(Scheduler(life=company.life, name=name).run()) for name in ("a", "b")]
    try:
        async with asyncio.timeout(60):
            while not await begun(company):
                await asyncio.sleep(0.1)
            workers[0].cancel()
            await asyncio.gather(workers[0], return_exceptions=True)
    finally:
        for one in workers:
            one.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    assert len(await begun(company)) == 1


async def begun(company: Company) -> list[str]:
    async with company.store.read() as session:
        found = await firings.page(session, "sc_1", before=None, limit=9)
        return [str(row.run_id) for row, _ in found if row.state == FiringState.STARTED]
