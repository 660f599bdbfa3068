"""R26, R28: a thousand deliveries about one run are a few looks; one that comes before its run is known is not lost."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from api_house import House
from ci_in_memory import CiInMemory
from company import Company, open_company
from sqlalchemy import func, select

from daytwo_actions.backends.base import Hint
from daytwo_store import inbox
from daytwo_store.engine import Store
from daytwo_store.ids import ExternalRunId
from daytwo_store.tables import OutboxRow, WebhookRow

pytestmark = pytest.mark.anyio
WHERE = "/api/v1/webhooks/github"


@dataclass
class Telling(CiInMemory):
    """Takes the body of a delivery for its id."""

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        return [Hint(delivery=body.decode(), project_id="1", run=ExternalRunId("1"), event="workflow_job.in_progress")]


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
        assert await inbox.unanswered(tx.session, before=tx.now, limit=10) == [run]
    await house.company.look(run)
    await house.company.drive(run)
    async with house.store.write() as tx:
        assert await inbox.unanswered(tx.session, before=tx.now, limit=10) == []
