"""R26, R28: a thousand deliveries about one run are a few looks; one that comes before its run is known is not lost."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast

import pytest
from api_house import House
from ci_in_memory import CiInMemory
from company import Company, open_company
from sqlalchemy import func, select, text

from daytwo_actions.backends.base import Hint, Part
from daytwo_store import externals, inbox
from daytwo_store.engine import Store
from daytwo_store.ids import ExternalRunId
from daytwo_store.states import ExternalStatus
from daytwo_store.tables import OutboxRow, WebhookRow

pytestmark = pytest.mark.anyio
WHERE = "/api/v1/webhooks/github"


@dataclass
class Telling(CiInMemory):
    """Takes the body of a delivery for its id."""

    part: Part = Part.ANY

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        run, event = ExternalRunId("1"), "workflow_job.waiting"
        return [Hint(delivery=body.decode(), project_id="1", run=run, event=event, part=self.part)]


@pytest.fixture
async def company(store: Store) -> Company:
    opened = await open_company(store)
    ci = Telling(ends_as=None)
    return Company(life=replace(opened.life, backends={"github": ci}), ci=ci)


async def pokes(house: House) -> int:
    async with house.store.read() as session:
        return await session.scalar(select(func.count()).select_from(OutboxRow)) or 0


async def test_a_flood_about_one_run_is_a_few_looks(house: House) -> None:
    await house.company.drive(await house.company.ask("ana", "1.1.0", "staging"))
    before, began = await pokes(house), time.monotonic()
    sender = house.anonymous()
    for first in range(0, 120, 4):
        answers = await asyncio.gather(*(sender.post(WHERE, content=f"d{first + n}") for n in range(4)))
        assert {answer.status_code for answer in answers} == {202}
    took = time.monotonic() - began
    async with house.store.read() as session:
        assert await session.scalar(select(func.count()).select_from(WebhookRow)) == 120
    assert 1 <= await pokes(house) - before <= 2 * took + 2, "a look for each delivery"


async def test_a_delivery_before_its_run_is_known_is_answered_later(house: House) -> None:
    sender = house.anonymous()
    assert (await sender.post(WHERE, content="early")).json() == {"stored": True}
    assert (await sender.post(WHERE, content="early")).json() == {"stored": False}
    run = await house.company.ask("ana", "1.1.0", "staging")
    await house.company.drive(run)
    async with house.store.write() as tx:
        assert await inbox.unanswered(tx.session, before=tx.now, limit=10) == [], (
            "the read that confirmed it came later"
        )
    house.company.ci.end("1", ExternalStatus.SUCCEEDED)
    await sender.post(WHERE, content="late")
    async with house.store.write() as tx:
        assert await inbox.unanswered(tx.session, before=tx.now, limit=10) == [run]
    await house.company.drive(run)
    async with house.store.write() as tx:
        assert await inbox.unanswered(tx.session, before=tx.now, limit=10) == []
    assert (await house.company.run(run)).state == "succeeded"


async def test_what_begins_is_looked_at_only_for_those_who_have_it_open(house: House) -> None:
    """A beginning is seen in the next listing; a job's end waits a moment for the end of the whole run."""
    run = await house.company.ask("ana", "1.1.0", "staging")
    await house.company.drive(run)
    sender, ci = house.anonymous(), cast("Telling", house.company.ci)
    before = await pokes(house)
    for part, more in ((Part.BEGINS, 0), (Part.ENDS, 0), (Part.ANY, 1)):
        ci.part = part
        await sender.post(WHERE, content=f"unwatched-{part.name}")
        assert await pokes(house) - before == more, part
    async with house.store.write() as tx:
        await externals.watch(tx, run, until=tx.now + timedelta(minutes=1))
        await tx.session.execute(text("update external_run set wanted_at = null"))
    ci.part = Part.BEGINS
    await sender.post(WHERE, content="watched")
    assert await pokes(house) - before == 2
