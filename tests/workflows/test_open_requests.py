"""What a sealed plan leaves open is shown to whoever decides: as it is written, what it can be, and what is sent."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from company import Company
from service_in_memory import ServiceInMemory, answer
from stepping import Stepping, dispatch

from daytwo_store import approvals, runs
from daytwo_store.clock import GivenClock
from daytwo_store.ids import ApprovalId, RunId
from daytwo_workflows.life.open_requests import OpenRequest, open_requests

pytestmark = pytest.mark.anyio
IMAGE = {"outputs": {"image": {"type": "string", "pattern": "^shop@"}}}
BUILT = {"image": "${{ steps.build.outputs.image }}"}
CALL = {"service": "pager", "method": "POST", "path": "/deploys", "body": {"of": "${{ steps.build.outputs.image }}"}}
ASKED = [{"from": ["group:sre"]}]


@pytest.fixture
def stepping(company: Company, tmp_path: Path) -> Stepping:
    company.ci.left = {"image": "shop@1"}
    company.life = replace(company.life, services={"pager": ServiceInMemory(says=lambda _: answer())})
    return Stepping(company, GivenClock(datetime.now(UTC)), tmp_path)


async def seen(company: Company, run: RunId, number: int = -1) -> Sequence[OpenRequest]:
    wanted = (await company.approvals(run))[number]
    async with company.store.read() as session:
        row = await approvals.get(session, ApprovalId(wanted.id))
        assert row is not None
        return await open_requests(company.life, session, row, await runs.peek(session, run))


async def test_what_comes_from_a_step_is_shown_from_the_first_to_the_last_moment(stepping: Stepping) -> None:
    company = stepping.company
    check = {"id": "see", "uses": "check", "with": {"until": "${{ steps.build.outputs.image == 'shop@1' }}"}}
    soak = {"id": "tell", "uses": "notify", "with": {"to": ["group:sre"], "text": "${{ steps.build.outputs.image }}"}}
    run = await stepping.run(
        dispatch("build", **IMAGE),
        check,
        dispatch("ship", inputs=BUILT, protected=True),
        {"id": "page", "uses": "http", "with": CALL},
        soak,
        environment="production",
        approval=ASKED,
    )
    ship, page, tell = await seen(company, run)
    assert [one.step for one in (ship, page, tell)] == ["ship", "page", "tell"], "what is looked at again is no hole"
    [hole] = ship.holes
    assert (hole.written, hole.filled) == (BUILT["image"], False)
    assert hole.sources == {"steps.build.outputs.image": {"type": "string", "pattern": "^shop@"}}
    assert (ship.sent, page.sent, tell.sent) == (None, None, None)

    await company.decide("sam", run)
    await company.through(run)
    ship, page, _ = await seen(company, run)  # asked again, at the step
    assert ship.sent is not None
    assert (ship.sent.attempt, ship.holes[0].value) == (None, "shop@1")
    will_be = ship.sent.digest
    await company.decide("sam", run)
    await company.through(run)
    ship, page, _ = await seen(company, run)
    assert ship.sent is not None
    assert (ship.sent.attempt, ship.sent.digest) == (1, will_be), "what was shown is what was sent"
    assert company.ci.ledger[-1].body.decode() == ship.sent.body
    assert page.sent is not None
    assert (page.sent.attempt, page.sent.method, page.sent.path) == (1, "POST", "/deploys")
    assert json.loads(page.sent.body) == {"of": "shop@1"}
    [hole] = page.holes
    assert (hole.name, hole.written, hole.value) == ("body", CALL["body"], {"of": "shop@1"})


async def test_what_was_approved_before_shows_nothing_of_the_plan_after(stepping: Stepping) -> None:
    company = stepping.company
    run = await stepping.run(
        dispatch("build", **IMAGE), dispatch("ship", inputs=BUILT), environment="production", approval=ASKED
    )
    await company.decide("sam", run)
    company.ci.commit = "e" * 40
    await company.drive(run)
    await company.decide("sam", run)
    await company.through(run)
    old, new = await seen(company, run, 0), await seen(company, run, 1)
    assert (old[0].sent, new[0].sent is None) == (None, False)
