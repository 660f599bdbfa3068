"""Runs and their locks: several keys, the ways to queue, holds of people, and locks that are taken away (R42).

All tests share one company. After each of them every run has ended, and nothing of any lock is left.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from company import Company, open_company
from databases import Databases
from locking import Locking
from more_actions import like_deploy, load_beside
from pydantic import SecretStr
from sqlalchemy import select

from daytwo_actions.plan.model import Plan
from daytwo_store import entities, lock_holds, runs
from daytwo_store.engine import Store
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import Conflict, Rejected
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.settings import StoreSettings
from daytwo_store.states import AttemptState, ExternalStatus, RunState
from daytwo_store.tables import AuditRow, LockRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.asking import undo
from daytwo_workflows.life.claiming import ByToken, ClaimRefused, Known, claim
from daytwo_workflows.life.dispatch import dispatch
from daytwo_workflows.life.interventions import cancel, withdraw
from daytwo_workflows.life.lock_sweep import sweep_locks
from daytwo_workflows.life.sealing import seal
from daytwo_workflows.life.taking_away import TakeAway, take_away

pytestmark = pytest.mark.anyio
KEY = "shop/staging"
SHIP, FIRST = StepPath("ship"), AttemptNo(1)


def like(name: str, lock: object, **spec: object) -> dict[str, Any]:
    return like_deploy(name, **{"approval": [], **spec}, lock=lock)


def rolling_back(action: dict[str, Any]) -> dict[str, Any]:
    action["metadata"]["tags"] = ["rollback"]
    return action


ONE = "${{ entity.name }}/${{ inputs.environment.name }}"
ACTIONS = [
    like("both", [ONE, "${{ entity.name }}/database"]),
    like("database", "${{ entity.name }}/database"),
    like("listed", {"keys": ["${{ [entity.name, 'b', entity.name] }}"]}),
    like("newest", {"keys": [ONE], "queue": "latest"}),
    like("impatient", {"keys": [ONE], "queue": "reject"}),
    like("pushy", {"keys": [ONE], "queue": "replace"}),
    rolling_back(like("back", {"keys": [ONE], "queue": "replace"})),
    like("ranked", {"keys": [ONE], "queue": "priority", "priority": "${{ 9 if inputs.version == '1.3.0' else 1 }}"}),
    like("ours", {"keys": [ONE], "queue": "replace"}, allow={"run": ["group:sre", "group:storefront"]}),
    like("theirs", ONE, allow={"run": ["group:sre"]}),
    like("late", {"keys": [ONE], "queue": "reject"}, approval=[{"from": ["group:sre"]}]),
    like("wrong", {"keys": ["${{ inputs.reason }}"]}),
    like("empty", {"keys": ["${{ [] }}"]}),
    like("unranked", {"keys": ["a"], "queue": "priority", "priority": "${{ inputs.version }}"}),
]


@pytest.fixture(scope="module")
async def house(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Company]:
    url = databases.create()
    company = await open_company(Store(StoreSettings(url=SecretStr(url), pool_size=4)))
    await load_beside(company, tmp_path_factory.mktemp("actions"), *ACTIONS)
    yield company
    await company.store.close()
    databases.drop(url)


@pytest.fixture
async def company(house: Company) -> AsyncIterator[Company]:
    house.ci.ends_as, house.ci.obeys, house.ci.down = ExternalStatus.SUCCEEDED, True, False
    yield house
    await Locking(house).nothing_is_left()


async def ask(company: Company, action: str = "deploy", *, by: str = "ana", version: str = "1.1.0") -> RunId:
    return await company.ask(by, version, "staging", action=action)


async def started(company: Company, action: str = "deploy", *, by: str = "ana") -> RunId:
    """A run whose pipeline goes on until somebody ends it."""
    company.ci.ends_as = None
    run = await ask(company, action, by=by)
    await company.drive(run)
    assert (await company.run(run)).state == RunState.RUNNING
    company.ci.ends_as = ExternalStatus.SUCCEEDED
    return run


async def ends(company: Company, run: RunId, status: ExternalStatus = ExternalStatus.SUCCEEDED) -> None:
    """Its pipeline ends, and everybody hears of it."""
    external = (await company.attempts(run))[-1].external_id
    assert external is not None
    company.ci.end(external, status)
    await company.look(run)
    await company.drive(run)


async def waits(company: Company, action: str = "deploy", **more: Any) -> RunId:
    run = await ask(company, action, **more)
    await company.drive(run)
    assert (await company.run(run)).state == RunState.WAITING_LOCK
    return run


async def state(company: Company, run: RunId) -> tuple[str, str]:
    row = await company.run(run)
    return row.state, row.reason or ""


async def fence(company: Company, key: str = KEY) -> int:
    async with company.store.read() as session:
        return (await session.get_one(LockRow, key)).fence


async def taken(company: Company, key: str = KEY) -> None:
    """Pat takes the lock away."""
    pat = await company.person("pat")
    await take_away(company.store, TakeAway(key=key, fence=await fence(company, key), by=pat, reason="it hangs"))


async def version_of(company: Company) -> object:
    async with company.store.read() as session:
        entity = await entities.get(session, "deployment:shop-staging", sees=EVERYTHING)
    return entity.properties["version"] if entity else None


async def test_a_run_with_several_keys_takes_holds_and_gives_back_all(company: Company) -> None:
    other = await started(company, "database")
    run = await waits(company, "both")
    row = await company.run(run)
    assert Plan.model_validate_json(row.plan).keys == ["shop/database", KEY]
    assert await Locking(company).holders() == {"shop/database": other}
    await ends(company, other)
    assert await Locking(company).holders() == {"shop/database": run, KEY: run}
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_one_expression_may_give_several_keys_each_is_taken_once(company: Company) -> None:
    run = await started(company, "listed")
    assert await Locking(company).holders() == {"b": run, "shop": run}
    await ends(company, run, ExternalStatus.FAILED)


@pytest.mark.parametrize(("action", "words"), [("wrong", "text is needed"), ("empty", "empty list")])
async def test_a_lock_that_comes_out_as_no_key_starts_nothing(company: Company, action: str, words: str) -> None:
    with pytest.raises(Rejected, match=words):
        await ask(company, action)


async def test_a_priority_that_is_no_number_starts_nothing(company: Company) -> None:
    with pytest.raises(Rejected, match="whole number"):
        await ask(company, "unranked")


async def test_what_was_done_under_some_of_the_keys_is_nothing_to_go_back_to(company: Company) -> None:
    first, second = await ask(company, "both"), await ask(company, "both", version="1.2.0")
    for run in (first, second):
        await company.through(run)
    assert (await company.run(second)).previous_run == first
    await company.through(await ask(company))  # under one of the keys alone
    third = await ask(company, "both", version="1.3.0")
    await company.through(third)
    assert (await company.run(third)).previous_run is None


async def test_the_older_waiting_run_is_superseded_with_words_and_sends_nothing(company: Company) -> None:
    holder, old = await started(company), await waits(company, "newest")
    posts = company.ci.posts
    new = await waits(company, "newest")
    await company.drive(old)
    row = await company.run(old)
    assert (row.state, row.lock_lost_to) == (RunState.SUPERSEDED, new)
    assert "A newer run" in (row.reason or "")
    assert company.ci.posts == posts
    await ends(company, holder)
    await company.through(new)
    assert (await company.run(new)).state == RunState.SUCCEEDED


async def test_a_waiting_undo_is_neither_superseded_nor_overtaken(company: Company) -> None:
    for version in ("1.0.0", "1.1.0"):
        bad = await ask(company, "newest", version=version)
        await company.through(bad)
    holder = await started(company)
    early = await waits(company, "ranked", version="1.3.0")
    ana = await company.person("ana")
    undoing = RunId((await undo(company.life, await company.run(bad), ana, None, comment=None, key="undo-1")).run.id)
    await company.drive(undoing)
    newer = await waits(company, "newest")
    await company.drive(undoing)
    assert (await company.run(undoing)).state == RunState.WAITING_LOCK
    assert await Locking(company).waiting(KEY) == [undoing, early, newer]
    await ends(company, holder, ExternalStatus.FAILED)
    assert await Locking(company).holders() == {KEY: undoing}
    for run in (undoing, early, newer):
        await company.through(run)
    assert (await company.run(undoing)).inputs["version"] == "1.0.0"


async def test_who_does_not_queue_is_refused_at_once_and_told_who_has_it(company: Company) -> None:
    holder = await started(company)
    with pytest.raises(Conflict, match=f"held by run {holder}"):
        await ask(company, "impatient")
    await ends(company, holder)
    late = await company.ask("ana", "1.1.0", "staging", action="late")
    holder = await started(company)
    await company.decide("sam", late)
    await company.drive(late)
    row = await company.run(late)
    assert (row.state, row.lock_lost_to) == (RunState.REFUSED, holder)
    assert "Nothing was sent" in (row.reason or "")
    await ends(company, holder)


async def test_a_higher_number_goes_first(company: Company) -> None:
    holder = await started(company)
    low, high = await waits(company, "ranked"), await waits(company, "ranked", version="1.3.0")
    assert await Locking(company).waiting(KEY) == [high, low]
    await ends(company, holder)
    for run in (high, low):
        await company.through(run)


async def test_replacing_cancels_the_holder_and_waits_until_it_has_really_ended(company: Company) -> None:
    holder = await started(company)
    company.ci.obeys = False
    pushy = await waits(company, "pushy")
    await company.drive(holder)
    row = await company.run(holder)
    assert (row.state, row.cancel_by) == (RunState.CANCELLING, await company.person("ana"))
    assert (row.cancel_reason, company.ci.cancels[-1]) == ("another run replaces it", "cancel")
    await company.drive(pushy)
    assert await Locking(company).holders() == {KEY: holder}, "it has not confirmed anything"
    await ends(company, holder, ExternalStatus.CANCELLED)
    assert (await company.run(holder)).state == RunState.CANCELLED
    await company.through(pushy)
    assert (await company.run(pushy)).state == RunState.SUCCEEDED


async def test_nobody_replaces_what_they_may_not_stop(company: Company) -> None:
    holder = await started(company, "theirs", by="sam")
    pushy = await waits(company, "ours")
    assert (await company.run(holder)).cancel_at is None
    await ends(company, holder)
    await company.through(pushy)


async def test_a_rollback_is_replaced_by_a_rollback_only(company: Company) -> None:
    holder = await started(company, "back")
    pushy = await waits(company, "pushy")
    assert (await company.run(holder)).cancel_at is None, "what is newer does not win over a rollback"
    await withdraw(company.store, pushy, by=await company.person("ana"), reason="")
    newer = await waits(company, "back")
    assert (await company.run(holder)).cancel_reason == "another run replaces it"
    await ends(company, holder, ExternalStatus.CANCELLED)
    await company.through(newer)


async def test_an_undo_is_not_replaced(company: Company) -> None:
    for version in ("1.0.0", "1.1.0"):
        bad = await ask(company, version=version)
        await company.through(bad)
    ana = await company.person("ana")
    undoing = RunId((await undo(company.life, await company.run(bad), ana, None, comment=None, key="undo-2")).run.id)
    company.ci.ends_as = None
    await company.drive(undoing)
    pushy = await waits(company, "pushy")
    assert (await company.run(undoing)).cancel_at is None
    await ends(company, undoing)
    company.ci.ends_as = ExternalStatus.SUCCEEDED
    await company.through(pushy)


async def test_a_hold_keeps_runs_waiting_and_ends_by_the_databases_time(company: Company) -> None:
    async with company.store.read() as session:
        now = await company.store.clock.now(session)
    hold = await Locking(company).hold(KEY, until=now + timedelta(seconds=5))
    run = await ask(company)
    move = await company.drive(run)
    assert move.what is What.WAIT
    assert move.seconds is not None
    assert move.seconds <= 5, "it looks again when the hold ends"
    async with company.store.write() as tx:
        (await lock_holds.get(tx.session, hold)).until = tx.now
    async with company.store.read() as session:
        now = await company.store.clock.now(session)
    await sweep_locks(company.store, now)
    assert await Locking(company).holders() == {KEY: run}
    await company.through(run)


async def test_a_holder_that_hangs_loses_its_lock_and_its_late_end_is_its_own(company: Company) -> None:
    """R42."""
    before = await ask(company, version="1.0.0")
    await company.through(before)
    old = await started(company)
    new = await waits(company, version="1.2.0")
    number = await fence(company)
    await taken(company)
    assert await fence(company) > number
    company.ci.ends_as = None
    await company.drive(new)
    assert await Locking(company).holders() == {KEY: new}
    await ends(company, old)  # much later, its pipeline succeeds
    row = await company.run(old)
    assert row.state == RunState.SUCCEEDED, "that is what happened"
    assert "taken away" in (row.reason or "")
    assert "catalog was not changed" in (row.reason or "")
    assert (row.changes, await version_of(company)) == ([], "1.0.0")
    assert await Locking(company).holders() == {KEY: new}, "who has it now is not disturbed"
    await ends(company, new)
    assert ((await company.run(new)).state, await version_of(company)) == (RunState.SUCCEEDED, "1.2.0")
    assert (await company.run(new)).previous_run == before, "nobody goes back to what came late"
    async with company.store.read() as session:
        told = await session.scalar(select(AuditRow.facts).where(AuditRow.action == "lock.forced"))
    assert told is not None
    assert told["why"] == "it hangs"


async def test_what_was_sealed_and_not_sent_can_no_longer_be_sent(company: Company) -> None:
    run = await ask(company)
    posts = company.ci.posts
    await advance(company.life, run)
    assert await seal(company.life, run, SHIP, FIRST) is not None
    await taken(company)
    assert [one.state for one in await company.attempts(run)] == [AttemptState.ABANDONED]
    assert await state(company, run) == (
        RunState.REFUSED,
        f"The lock {KEY} was taken away (it hangs). Nothing was sent.",
    )
    await dispatch(company.life, run, SHIP, FIRST)  # by a worker that was slow
    assert company.ci.posts == posts


async def test_whose_lock_is_taken_sends_no_other_attempt_and_claims_nothing(company: Company) -> None:
    run = await started(company)
    [attempt] = await company.attempts(run)
    await taken(company)
    with pytest.raises(ClaimRefused, match="was taken away"):
        await claim(
            company.life, Known(attempt=attempt, run=await company.run(run)), ByToken(execution="1/1"), "deploy"
        )
    async with company.store.write() as tx:
        await runs.hold(tx, run)
        row = (await company.attempts(run))[0]
        merged = await tx.session.merge(row)
        merged.state, merged.external_id = AttemptState.ABSENT, None  # as if it was proven that nothing ran
    posts = company.ci.posts
    await company.drive(run)
    found = await state(company, run)
    assert found[0] == RunState.FAILED
    assert "was not sent" in found[1]
    assert company.ci.posts == posts


async def test_of_several_keys_the_others_stay_until_its_end(company: Company) -> None:
    old = await started(company, "both")
    await taken(company)
    assert await Locking(company).holders() == {"shop/database": old}
    await ends(company, old)
    assert (await company.run(old)).state == RunState.SUCCEEDED


async def test_taking_away_what_another_has_by_now_changes_nothing(company: Company) -> None:
    old, new = await started(company), await waits(company)
    number = await fence(company)
    await ends(company, old)
    pat = await company.person("pat")
    with pytest.raises(Conflict, match="Look at the lock again"):
        await take_away(company.store, TakeAway(key=KEY, fence=number, by=pat, reason="it hangs"))
    assert await Locking(company).holders() == {KEY: new}
    await company.through(new)


async def test_a_hold_is_taken_away_likewise(company: Company) -> None:
    hold, run = await Locking(company).hold(KEY), await waits(company)
    await taken(company)
    assert await Locking(company).holders() == {KEY: run}
    async with company.store.read() as session:
        assert (await lock_holds.get(session, hold)).ended_by == await company.person("pat")
    await company.through(run)


@pytest.mark.parametrize("way", ["withdrawn", "cancelled", "rejected"])
async def test_whatever_ends_a_waiting_run_its_places_go_with_it(company: Company, way: str) -> None:
    holder, run = await started(company), await waits(company, "both")
    ana = await company.person("ana")
    if way == "withdrawn":
        await withdraw(company.store, run, by=ana, reason="")
    elif way == "cancelled":
        await cancel(company.store, run, by=ana, reason="", force=False)
    else:
        async with company.store.write() as tx:
            await runs.end(tx, await runs.hold(tx, run), RunState.REFUSED, reason="no longer allowed")
    assert await Locking(company).waiting("shop/database") == []
    await ends(company, holder)


async def test_the_sweeper_finds_what_an_ended_run_left(company: Company) -> None:
    run = await started(company)
    async with company.store.write() as tx:
        row = await runs.hold(tx, run)
        row.state, row.ended_at = RunState.FAILED, tx.now  # by a hand in the database
    async with company.store.read() as session:
        await sweep_locks(company.store, await company.store.clock.now(session))
    assert await Locking(company).holders() == {}
