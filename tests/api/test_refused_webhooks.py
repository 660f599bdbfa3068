"""Why deliveries were refused can be read by those who look after connections, and costs next to nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from api_house import House, problem
from ci_in_memory import CiInMemory
from company import Company, open_company
from sqlalchemy import event

from daytwo_actions.backends.base import Hint
from daytwo_actions.backends.failures import WebhookRefused
from daytwo_store.engine import Store

pytestmark = pytest.mark.anyio
WHERE, READ = "/api/v1/webhooks/github", "/api/v1/connections/github/webhooks/refused"


@dataclass
class Strict(CiInMemory):
    """Takes nothing, unless it is told to take all."""

    strict: bool = True
    taken: int = 0

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        if not self.strict:
            self.taken += 1
            return ()
        raise WebhookRefused("The delivery was refused and nothing of it was kept: it is not signed.")


@pytest.fixture
async def company(store: Store) -> Company:
    opened = await open_company(store)
    ci = Strict(ends_as=None)
    return Company(life=replace(opened.life, backends={"github": ci}), ci=ci)


async def test_two_signatures_are_none(house: House, company: Company) -> None:
    """S24: what stands before us may have looked at the other one."""
    ci = company.ci
    assert isinstance(ci, Strict)
    ci.strict = False
    sender, signature = house.anonymous(), "x-hub-signature-256"
    for names in ((signature, signature), (signature, "X-Hub-Signature-256"), ("x-github-event", "x-github-event")):
        twice = [(name, f"sha256={number}") for number, name in enumerate(names)]
        said = problem(await sender.post(WHERE, headers=twice, content=b"{}"), 401)["detail"]
        assert f"the header {names[0]} more than once" in said
    assert ci.taken == 0
    passed_on = [(signature, "sha256=0"), ("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "192.0.2.2")]
    assert (await sender.post(WHERE, headers=passed_on, content=b"{}")).status_code == 202
    assert ci.taken == 1


async def test_a_flood_is_one_row_and_few_writes(house: House) -> None:
    sender = house.anonymous()
    written: list[str] = []
    event.listen(
        house.store.engine.sync_engine,
        "before_cursor_execute",
        lambda _, __, statement, *___: written.append(statement) if "refused_webhook" in statement else None,
    )
    for _ in range(5):
        answers = await asyncio.gather(*(sender.post(WHERE, content="a-secret-of-theirs") for _ in range(10)))
        assert {answer.status_code for answer in answers} == {401}
    problem(await sender.post(WHERE, content=b"x" * 1_100_000), 413, "too-large")
    problem(await sender.post("/api/v1/webhooks/nowhere", content=b"x" * 1_100_000), 413, "too-large")
    await asyncio.sleep(1.5)
    sam = await house.signed_in("sam")
    answer = await sam.get(READ)
    assert "a-secret-of-theirs" not in answer.text
    shown = {one["size"]: one for one in answer.json()["items"]}
    assert set(shown) == {18, 1_100_000}
    assert (shown[18]["times"], shown[18]["source"]) == (50, "127.0.0.1")
    assert "it is not signed" in shown[18]["why"]
    assert "more than 1024 KB" in shown[1_100_000]["why"]
    assert len(written) < 20
    problem(await sam.get("/api/v1/connections/nowhere/webhooks/refused"), 404)
