"""What is temporary ends: by its time, early, or when the run is stopped; what was granted is taken back each time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import open_company
from freezing import freeze
from pydantic import SecretStr
from stepping import Step, Stepping, dispatch, wait

from daytwo_actions.plan.model import Plan, digest_of
from daytwo_store import approvals, entities, freezes
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.errors import Conflict, DaytwoError, Forbidden, Rejected
from daytwo_store.ids import ApprovalId, EntityRef, PrincipalId, RunId
from daytwo_store.lasting import of_entity
from daytwo_store.run_visibility import Onlooker
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ExternalStatus, RunState, Verdict
from daytwo_store.tables import ApprovalRow
from daytwo_workflows.life import interventions, lasting, letting_on, taking_back
from daytwo_workflows.life.decide import Decision, decide

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


@pytest.fixture
async def stepping(database_url: str, tmp_path: Path) -> AsyncIterator[Stepping]:
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    yield Stepping(await open_company(store), clock, tmp_path)
    await store.close()


def granted(**extend: object) -> list[Step]:
    """A grant that is taken back, for four hours."""
    back = {key: value for key, value in dispatch("revoke").items() if key != "id"}
    lasts: Step = {"id": "access", "uses": "temporary", "with": {"for": "4h", **({"extend": extend} if extend else {})}}
    return [dispatch("grant", undo=back), lasts]


async def lasts(stepping: Stepping, **extend: object) -> RunId:
    run = await stepping.run(*granted(**extend), on_error="undo")
    await stepping.on(run)
    assert (await stepping.states(run))["access"] == "running"
    return run


async def end(stepping: Stepping, run: RunId) -> RunState:
    for _ in range(3):
        await stepping.on(run)
    return RunState((await stepping.company.run(run)).state)


async def test_when_its_time_is_over_what_was_granted_is_taken_back(stepping: Stepping) -> None:
    run = await lasts(stepping)
    async with stepping.company.store.read() as session:
        ana = await stepping.company.person("ana")
        (one,) = await of_entity(session, "service:shop", Onlooker(belongs=frozenset(), principal=ana))
    assert (one.run, one.until is not None and one.until > stepping.clock.moment) == (run, True)
    await stepping.on(run, later=3 * HOUR)
    assert stepping.sent() == ["grant"]
    await stepping.on(run, later=30 * HOUR)  # the system was down when it ended
    assert await end(stepping, run) == RunState.SUCCEEDED
    assert stepping.sent() == ["grant", "revoke"]


async def test_it_is_given_back_early_or_with_the_run(stepping: Stepping) -> None:
    ana = await stepping.company.person("ana")
    early = await lasts(stepping)
    await lasting.give_back(stepping.company.store, early, "access", by=ana, reason="done")
    assert await end(stepping, early) == RunState.SUCCEEDED
    stopped = await lasts(stepping)
    await interventions.cancel(stepping.company.store, stopped, by=ana, reason="no", force=False)
    assert await end(stepping, stopped) == RunState.CANCELLED
    assert stepping.sent() == ["grant", "revoke"] * 2


async def test_the_owning_group_extends_where_the_action_says_owner(stepping: Stepping) -> None:
    run = await lasts(stepping, **{"from": ["owner"], "most": "8h"})
    store, until = stepping.company.store, stepping.clock.moment + 6 * HOUR
    sam = await stepping.company.person("sam")
    with pytest.raises(Forbidden, match="It is extended by group:storefront"):
        await lasting.extend(store, run, "access", until=until, by=sam, person="person:sam")
    asked = await lasting.ask_to_extend(store, run, "access", until=until, by=sam)
    async with store.read() as session:
        row = await session.get(ApprovalRow, asked)
        assert row is not None
        assert row.needed_from == ["group:storefront"]


async def test_it_is_extended_by_those_who_may_and_never_too_far(stepping: Stepping) -> None:
    run = await lasts(stepping, **{"from": ["group:sre", "group:storefront"], "most": "8h"})
    store, now = stepping.company.store, stepping.clock.moment
    ana, sam, fay = [await stepping.company.person(name) for name in ("ana", "sam", "fay")]
    with pytest.raises(Forbidden, match="Who asked"):
        await lasting.extend(store, run, "access", until=now + 6 * HOUR, by=ana, person="person:ana")
    with pytest.raises(Forbidden, match="group:sre"):
        await lasting.extend(store, run, "access", until=now + 6 * HOUR, by=fay, person="person:fay")
    with pytest.raises(Rejected, match="8h"):
        await lasting.extend(store, run, "access", until=now + 9 * HOUR, by=sam, person="person:sam")
    await lasting.extend(store, run, "access", until=now + 6 * HOUR, by=sam, person="person:sam")
    await stepping.on(run, later=5 * HOUR)
    assert stepping.sent() == ["grant"]
    await stepping.on(run, later=2 * HOUR)
    assert await end(stepping, run) == RunState.SUCCEEDED
    assert stepping.sent() == ["grant", "revoke"]


async def test_who_asked_asks_for_more_time_and_one_of_those_named_approves_it(stepping: Stepping) -> None:
    run = await lasts(stepping, **{"from": ["group:sre"], "most": "24h"})
    store, begun = stepping.company.store, stepping.clock.moment
    ana, sam, fay = [await stepping.company.person(name) for name in ("ana", "sam", "fay")]
    five = await lasting.ask_to_extend(store, run, "access", until=begun + 5 * HOUR, by=ana)
    six = await lasting.ask_to_extend(store, run, "access", until=begun + 6 * HOUR, by=ana)
    assert await lasting.ask_to_extend(store, run, "access", until=begun + 6 * HOUR, by=ana) == six
    with pytest.raises(Conflict, match="void"):
        await decision(stepping, five, sam)
    for who, why in ((ana, "You asked for this run"), (fay, "group:sre")):
        with pytest.raises(Forbidden, match=why):
            await decision(stepping, six, who)
    await decision(stepping, six, sam)
    row = await asked_about(stepping, six)
    assert (row.state, row.path, Plan.model_validate_json(row.document).filled) == (
        "approved",
        "access.extend",
        {"until": (begun + 6 * HOUR).isoformat()},
    )
    assert row.digest == digest_of(row.document)
    with pytest.raises(Conflict, match="lasts longer already"):
        await taking_back.take_back(store, six, by=sam)
    await stepping.on(run, later=5 * HOUR)
    assert stepping.sent() == ["grant"]
    seven = await lasting.ask_to_extend(store, run, "access", until=begun + 7 * HOUR, by=ana)
    await stepping.on(run, later=2 * HOUR)
    assert await end(stepping, run) == RunState.SUCCEEDED, "nobody has decided in time"
    assert stepping.sent() == ["grant", "revoke"]
    assert (await asked_about(stepping, seven)).state == "withdrawn"
    with pytest.raises(Conflict):
        await decision(stepping, seven, sam)


async def test_a_longer_lease_binds_nothing_else(stepping: Stepping) -> None:
    """Whoever extended it may leave, and lets no gate on; what stands beside it goes on as it was approved."""
    beside = dispatch("beside", needs=["later"])
    steps = [*granted(**{"from": ["group:finance"], "most": "24h"}), wait("later", "1h", needs=["grant"]), beside]
    run = await stepping.ask(*steps, on_error="undo", approval=[{"from": ["group:sre"]}])
    await stepping.company.decide("sam", run)
    await stepping.on(run)
    await stepping.on(run)
    fay, store = await stepping.company.person("fay"), stepping.company.store
    until = stepping.clock.moment + 6 * HOUR
    await lasting.extend(store, run, "access", until=until, by=fay, person="person:fay", comment="still looking")
    async with store.write() as tx:
        await entities.delete(tx, EntityRef("person:fay"), by="daytwo")
    await stepping.on(run, later=2 * HOUR)
    assert stepping.sent() == ["grant", "beside"]
    async with store.read() as session:
        asked = await approvals.of_run(session, run)
        (said,) = await approvals.decisions(session, [one.id for one in asked if one.path is not None])
        assert (said.principal, said.comment, letting_on.asked_of(asked)[0].path) == (fay, "still looking", None)
        assert letting_on.asked_of([one for one in asked if one.path is not None]) == []


async def test_a_rejected_extension_ends_nothing(stepping: Stepping) -> None:
    run = await lasts(stepping, **{"from": ["group:sre"], "most": "24h"})
    store, sam = stepping.company.store, await stepping.company.person("sam")
    ana = await stepping.company.person("ana")
    more = await lasting.ask_to_extend(store, run, "access", until=stepping.clock.moment + 9 * HOUR, by=ana)
    await decision(stepping, more, sam, Verdict.REJECT)
    await stepping.on(run, later=3 * HOUR)
    assert (await stepping.states(run))["access"] == "running"
    await stepping.on(run, later=2 * HOUR)
    assert await end(stepping, run) == RunState.SUCCEEDED


async def asked_about(stepping: Stepping, approval: ApprovalId) -> ApprovalRow:
    async with stepping.company.store.read() as session:
        row = await approvals.get(session, approval)
    assert row is not None
    return row


async def decision(
    stepping: Stepping, approval: ApprovalId, by: PrincipalId, verdict: Verdict = Verdict.APPROVE
) -> None:
    digest = (await asked_about(stepping, approval)).digest
    said = Decision(approval=approval, principal=by, verdict=verdict, digest=digest, comment="so it is")
    await decide(stepping.company.store, said)


async def test_what_cannot_be_taken_back_is_loud(stepping: Stepping) -> None:
    run = await lasts(stepping)
    stepping.company.ci.ends_as = ExternalStatus.FAILED
    await stepping.on(run, later=5 * HOUR)
    assert await end(stepping, run) == RunState.NEEDS_ATTENTION


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "on_error: undo"),
        ({"on_error": "undo", "catalog": [{"upsert": {"kind": "deployment", "name": "x"}}]}, "catalog"),
    ],
)
async def test_what_would_not_be_taken_back_is_refused(stepping: Stepping, spec: dict[str, object], said: str) -> None:
    with pytest.raises(DaytwoError) as refused:
        await stepping.run(*granted(), **spec)
    assert said in str(refused.value)


async def test_it_ends_when_who_asked_or_approved_has_left_and_under_a_freeze(stepping: Stepping) -> None:
    run = await stepping.ask(*granted(), on_error="undo", approval=[{"from": ["group:sre"]}])
    await stepping.company.decide("sam", run)
    await stepping.on(run)
    await stepping.on(run)
    assert (await stepping.states(run))["access"] == "running"
    async with stepping.company.store.write() as tx:
        for person in ("person:ana", "person:sam"):
            await entities.delete(tx, EntityRef(person), by="daytwo")
    await freeze(stepping.company, "all")
    await stepping.on(run, later=5 * HOUR)
    assert await end(stepping, run) == RunState.SUCCEEDED
    assert stepping.sent() == ["grant", "revoke"]


async def test_the_global_stop_holds_it_back_and_it_goes_on_by_itself_when_that_is_lifted(stepping: Stepping) -> None:
    run, pat = await lasts(stepping), await stepping.company.person("pat")
    async with stepping.company.store.write() as tx:
        await freezes.stop(tx, by=pat, reason="fire")
    await stepping.on(run, later=5 * HOUR)
    assert stepping.sent() == ["grant"]
    async with stepping.company.store.write() as tx:
        await freezes.lift(tx, by=pat, why="out")
    assert await end(stepping, run) == RunState.SUCCEEDED
    assert stepping.sent() == ["grant", "revoke"]
