"""Locks over HTTP: the list in pages, holds, a second look, taking one away, and what a waiting run's page says."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from api_house import House, problem
from hiding import hide
from locking import Locking
from more_actions import like_deploy, load_beside

from daytwo_store import locks, run_listing, runs
from daytwo_store.ids import EntityRef, RunId
from daytwo_store.run_listing import RunFilter
from daytwo_store.run_visibility import Onlooker
from daytwo_store.states import ExternalStatus, RunState
from daytwo_workflows.life.lock_sweep import sweep_locks

pytestmark = pytest.mark.anyio
KEY = "shop/staging"


@pytest.fixture(scope="module")
async def built(shared: House, tmp_path_factory: pytest.TempPathFactory) -> House:
    both = like_deploy("both", lock=["${{ entity.name }}/staging", "shared"], approval=[])
    held = like_deploy("held", lock=["${{ entity.name }}/staging"], approval=[])
    await load_beside(shared.company, tmp_path_factory.mktemp("actions"), both, held)
    return shared


@pytest.fixture
async def house(built: House) -> AsyncIterator[House]:
    """Nothing of a lock is left by any of these tests."""
    built.company.ci.ends_as = None
    yield built
    await Locking(built.company).nothing_is_left()


async def holder(house: House, action: str = "deploy") -> RunId:
    """A run whose pipeline goes on."""
    run = await house.company.ask("ana", "1.1.0", "staging", action=action)
    await house.company.drive(run)
    return run


async def done(house: House, *ended: RunId) -> None:
    """These runs are over, in this order."""
    for run in ended:
        await house.company.drive(run)
        external = (await house.company.attempts(run))[-1].external_id
        if external is not None:
            house.company.ci.end(external, ExternalStatus.SUCCEEDED)
            await house.company.look(run)
            await house.company.drive(run)
        assert (await house.company.run(run)).ended_at is not None


async def listed(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/locks", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def view(client: httpx.AsyncClient, run: RunId) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/v1/runs/{run}")).json()
    return found


async def hold(client: httpx.AsyncClient, **asked: Any) -> httpx.Response:
    return await client.post("/api/v1/locks/holds", json={"key": KEY, "reason": "database migration", **asked})


async def test_the_list_is_filtered_and_comes_in_pages(house: House) -> None:
    ana, pat = await house.signed_in("ana"), await house.signed_in("pat")
    both = await holder(house, "both")
    waiting = await holder(house)
    held = (await hold(pat, key="storefront/all", seconds=600)).json()["id"]
    assert [one["key"] for one in await listed(ana)] == ["shared", KEY], "a key that no run needs is for operators"
    assert [one["key"] for one in await listed(pat)] == ["shared", KEY, "storefront/all"]
    assert [(one["key"], one["queued"], one["waiting"]) for one in await listed(ana, waiting=True)] == [
        (KEY, [waiting], 1)
    ]
    assert [one["key"] for one in await listed(pat, held=True)] == ["storefront/all"]
    assert [one["key"] for one in await listed(ana, q="hop/")] == [KEY]
    assert [one["key"] for one in await listed(ana, run=both)] == ["shared", KEY]
    assert [one["key"] for one in await listed(ana, entity="service:shop")] == ["shared", KEY]
    assert await listed(pat, entity="service:billing") == []
    first = (await ana.get("/api/v1/locks", params={"limit": 1})).json()
    assert [one["key"] for one in first["items"]] == ["shared"]
    [row] = await listed(ana, cursor=first["next_cursor"])
    assert (row["key"], row["holder_run"], row["text"]) == (KEY, both, f"held by run {both}")
    problem(await ana.get("/api/v1/locks", params={"cursor": "x"}), 422, "rejected")
    assert (await pat.delete(f"/api/v1/locks/holds/{held}")).status_code == 204
    await done(house, both, waiting)


async def test_a_hold_is_shown_with_whose_until_when_and_why(house: House) -> None:
    pat, ana = await house.signed_in("pat"), await house.signed_in("ana")
    until = datetime.now(UTC) + timedelta(hours=2)
    made = await hold(pat, until=until.isoformat())
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["by"]["name"], told["reason"], told["began_at"] is None) == ("Pat", "database migration", False)
    run = await holder(house)
    shown = await view(ana, run)
    assert shown["state"] == "waiting_lock"
    assert shown["text"].startswith(f"waits: {KEY} is held by Pat until ")
    assert "database migration; 1 in line, about " in shown["text"]
    assert shown["waits"]["owner"] == "Pat"
    assert datetime.fromisoformat(shown["lock"]["expected_at"]) == until
    assert (shown["lock"]["state"], shown["lock"]["position"]) == ("queued", 1)
    problem(await hold(pat), 409, "conflict")
    assert (await pat.delete(f"/api/v1/locks/holds/{told['id']}")).status_code == 204
    assert (await pat.delete(f"/api/v1/locks/holds/{told['id']}")).status_code == 204, "twice is the same"
    [row] = await listed(ana)
    assert row["holder_run"] == run
    await done(house, run)


async def test_a_hold_without_an_end_ends_by_itself_and_says_when(house: House) -> None:
    """A forgotten one would keep every run of the key for ever."""
    pat = await house.signed_in("pat")
    made = (await hold(pat)).json()
    asked, until = [datetime.fromisoformat(made[name]) for name in ("asked_at", "until")]
    assert until - asked == timedelta(hours=8)
    run = await holder(house)
    assert datetime.fromisoformat((await view(pat, run))["lock"]["expected_at"]) == until
    for moment, has_it in ((until - timedelta(seconds=1), None), (until, run)):
        await sweep_locks(house.store, moment)
        [row] = await listed(await house.signed_in("ana"))
        assert row["holder_run"] == has_it
    await done(house, run)


async def test_a_hold_waits_for_the_run_that_has_the_key(house: House) -> None:
    pat, ana = await house.signed_in("pat"), await house.signed_in("ana")
    run, behind = await holder(house, "held"), await holder(house)
    made = (await hold(pat)).json()
    assert made["began_at"] is None
    assert "then by Pat until " in (await listed(ana))[0]["text"]
    assert (await view(ana, behind))["lock"]["expected_at"] is None, "none of its action has ended before"
    await done(house, run)
    [row] = await listed(ana)
    assert (row["hold"]["id"], row["waiting"]) == (made["id"], 1)
    await pat.delete(f"/api/v1/locks/holds/{made['id']}")
    await done(house, behind)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, "in the future"),
        ({"until": "2999-01-01T00:00:00Z"}, "within 31 days"),
        ({"until": "2999-01-01T00:00:00"}, "time zone"),
        ({"until": "2999-01-01T00:00:00Z", "seconds": 60}, "not both"),
        ({"seconds": 1}, ""),
        ({"reason": ""}, ""),
        ({"reason": "   "}, "why"),
        ({"key": ""}, ""),
        ({"key": "a\x00b"}, ""),
        ({"key": "x" * 201}, ""),
    ],
)
async def test_a_hold_that_makes_no_sense_is_refused(house: House, asked: dict[str, Any], words: str) -> None:
    answer = await hold(await house.signed_in("pat"), **asked)
    assert words in problem(answer, 422)["detail"]


async def test_the_same_request_again_is_the_same_hold(house: House) -> None:
    pat = await house.signed_in("pat")
    asked = {"json": {"key": KEY, "reason": "x", "seconds": 60}, "headers": {"Idempotency-Key": "hold-key-1"}}
    first, again = [await pat.post("/api/v1/locks/holds", **asked) for _ in range(2)]
    assert first.json()["id"] == again.json()["id"]
    await pat.delete(f"/api/v1/locks/holds/{first.json()['id']}")


async def test_an_expected_start_is_told_from_what_earlier_runs_took_or_not_at_all(house: House) -> None:
    ana, company = await house.signed_in("ana"), house.company
    async with house.store.write() as tx:  # nobody knows how long one takes
        by = Onlooker(belongs=frozenset(), principal=await company.person("ana"))
        for row in await run_listing.page(tx.session, RunFilter(), by=by, before=None, limit=100):
            row.started_at = None
    run, behind = await holder(house), await holder(house)
    assert (await view(ana, behind))["lock"]["expected_at"] is None
    await done(house, run)
    async with house.store.write() as tx:
        ended = await runs.hold(tx, run)
        assert ended.ended_at is not None
        ended.started_at = ended.ended_at - timedelta(minutes=30)
    its = (await view(ana, behind))["waits"]
    assert (its["kind"], its["text"]) == ("start", f"has {KEY}, and goes on"), "not that it waits for itself"
    await company.drive(behind)
    last = await holder(house)
    shown = await view(ana, last)
    began = (await company.run(behind)).started_at
    assert began is not None
    assert datetime.fromisoformat(shown["lock"]["expected_at"]) == began + timedelta(minutes=30)
    assert f"waits for run {behind} to give back {KEY}; 1 in line, about " in shown["text"]
    async with house.store.write() as tx:
        (await runs.hold(tx, behind)).started_at = began - timedelta(hours=1)
    assert (await view(ana, last))["lock"]["expected_at"] is None, "it takes longer than they did"
    await done(house, behind, last)


async def test_a_dry_run_says_behind_whom_it_would_wait(house: House) -> None:
    ana = await house.signed_in("ana")
    run = await holder(house)
    body = {"entity": "service:shop", "inputs": {"version": "1.2.0", "environment": "environment:staging"}}
    plan = (await ana.post("/api/v1/actions/both/plan", json=body)).json()
    lock = plan["lock"]
    assert (lock["key"], lock["queue"], lock["held"], lock["held_by_run"]) == (f"shared and {KEY}", "fifo", True, run)
    assert [(one["key"], one["text"]) for one in lock["keys"]] == [("shared", "free"), (KEY, f"held by run {run}")]
    assert plan["starts"] == f"When run {run} has given back {KEY}."
    await done(house, run)


async def test_a_second_look_says_who_waits_and_about_when_it_is_whose_turn(house: House) -> None:
    ana, company = await house.signed_in("ana"), house.company
    before = await holder(house)
    await done(house, before)
    async with house.store.write() as tx:
        ended = await runs.hold(tx, before)
        assert ended.ended_at is not None
        ended.started_at = ended.ended_at - timedelta(minutes=30)
    run, second, third = await holder(house), await holder(house), await holder(house, "both")
    look = (await ana.get("/api/v1/locks/detail", params={"key": KEY})).json()
    assert (look["holder"]["id"], look["holder"]["requester"]["name"]) == (run, "Ana")
    assert [(one["place"], one["run"]["id"]) for one in look["queue"]] == [(1, second), (2, third)]
    began = (await company.run(run)).started_at
    assert began is not None
    first, then = (one["expected_at"] for one in look["queue"])
    assert first is not None
    assert datetime.fromisoformat(first) <= began + timedelta(minutes=30)
    assert datetime.fromisoformat(then) > datetime.fromisoformat(first)
    await done(house, run, second, third)


async def test_of_a_run_in_the_queue_that_may_not_be_seen_nothing_is_told(house: House) -> None:
    fay, company = await house.signed_in("fay"), house.company
    run = await holder(house)
    made = (await hold(await house.signed_in("pat"))).json()  # so that the key is seen without the runs
    async with house.store.write() as tx:
        (await runs.hold(tx, run)).requester = await company.person("fay")
    behind = await holder(house)
    await hide(house.store, "service:shop", "group:storefront")
    look = (await fay.get("/api/v1/locks/detail", params={"key": KEY})).json()
    assert (look["holder"]["id"], look["waiting"], look["queue"]) == (run, 0, [])
    await hide(house.store, "service:shop")
    await (await house.signed_in("pat")).delete(f"/api/v1/locks/holds/{made['id']}")
    await done(house, run, behind)


async def test_a_second_look_then_the_lock_is_taken_away(house: House) -> None:
    sam, ana = await house.signed_in("sam"), await house.signed_in("ana")
    run, behind = await holder(house), await holder(house)
    look = (await ana.get("/api/v1/locks/detail", params={"key": KEY})).json()
    external = (await house.company.attempts(run))[-1].external_id
    assert [(one["run"], one["external_run"], one["ended"]) for one in look["running"]] == [(run, external, False)]
    assert f"github run {external} may still be working on {KEY}" in look["warning"]
    assert (look["may_release"]["allowed"], "operator" in look["may_release"]["why_not"]) == (False, True)
    asked = {"key": KEY, "fence": look["fence"], "reason": "it hangs"}
    problem(await ana.post("/api/v1/locks/release", json=asked), 403, "forbidden")
    problem(await sam.post("/api/v1/locks/release", json={**asked, "fence": look["fence"] + 1}), 409, "conflict")
    problem(await sam.post("/api/v1/locks/release", json={**asked, "reason": " "}), 422, "rejected")
    taken = await sam.post("/api/v1/locks/release", json=asked)
    assert (taken.status_code, taken.json()["holder_run"]) == (200, behind)
    shown = await view(ana, run)
    assert (shown["state"], shown["lock"]["state"]) == ("running", "taken")
    pat = await house.signed_in("pat")
    found = (await pat.get("/api/v1/audit", params={"subject": f"lock:{KEY}"})).json()["items"]
    forced = next(one for one in found if one["action"] == "lock.forced")
    assert (forced["facts"]["run"], forced["facts"]["why"]) == (run, "it hangs")
    await done(house, behind, run)
    shown = await view(ana, run)
    assert (shown["state"], "taken away" in shown["reason"]) == ("succeeded", True)
    assert "taken away" in shown["may"]["undo"]["why_not"]


async def test_nobody_learns_of_a_key_whose_runs_they_may_not_see(house: House) -> None:
    run = await holder(house)
    sam, ben = await house.signed_in("sam"), await house.signed_in("ben")
    held = (await hold(await house.signed_in("pat"))).json()["id"]
    await hide(house.store, EntityRef("service:shop"), "group:finance")
    for client in (sam, ben):
        assert await listed(client) == []
        assert await listed(client, held=True) == []
        problem(await client.get("/api/v1/locks/detail", params={"key": KEY}), 404, "not-found")
    problem(await sam.delete(f"/api/v1/locks/holds/{held}", params={"reason": "x"}), 404, "not-found")
    said = problem(await hold(sam), 404, "not-found")["detail"]
    assert KEY not in said
    assert "migration" not in said
    nothing = {"key": "nothing/staging"}
    assert problem(await hold(sam, **nothing), 404, "not-found")["detail"] == said, "as of a key that nobody needs"
    asked = {"fence": 1, "reason": "x"}
    told = [
        problem(await sam.post("/api/v1/locks/release", json={**key, **asked}), 404, "not-found")["detail"]
        for key in ({"key": KEY}, nothing)
    ]
    assert told[0] == told[1]
    assert [one["key"] for one in await listed(await house.signed_in("pat"))] == [KEY], "it is Pat's own hold"
    async with house.store.write() as tx:
        await runs.end(tx, await runs.hold(tx, run), RunState.FAILED, reason="over")
    await (await house.signed_in("pat")).delete(f"/api/v1/locks/holds/{held}")
    problem(await hold(sam), 404, "not-found")
    await hide(house.store, EntityRef("service:shop"))
    mine = await hold(sam)
    assert mine.status_code == 201, "a key of runs that Sam sees"
    await sam.delete(f"/api/v1/locks/holds/{mine.json()['id']}")


async def test_a_key_is_held_by_who_sees_what_it_is_about_and_by_nobody_else(house: House) -> None:
    """Whether a hidden run needs it, has it or waits for it: the answer is the same as for what nobody knows."""
    sam = await house.signed_in("sam")
    for key in ("nothing/staging", "release", "shopping/staging", "/shop", "service:shop/staging"):
        problem(await hold(sam, key=key), 404, "not-found")
    for key in ("shop/next-year", "staging", "shop"):
        made = await hold(sam, key=key)
        assert made.status_code == 201, "it begins with the name of an entity that Sam sees"
        assert (await sam.delete(f"/api/v1/locks/holds/{made.json()['id']}")).status_code == 204


async def test_taking_away_what_nobody_has_says_so(house: House) -> None:
    sam = await house.signed_in("sam")
    said = problem(
        await sam.post("/api/v1/locks/release", json={"key": KEY, "fence": 7, "reason": "it hangs"}), 404, "not-found"
    )["detail"]
    assert "it was taken from nobody, and no run was changed" in said
    run = await holder(house)
    fence = (await sam.get("/api/v1/locks/detail", params={"key": KEY})).json()["fence"]
    async with house.store.write() as tx:  # it waits for another key, and keeps its place here
        want = locks.wanted(await runs.hold(tx, run))
        assert want is not None
        await locks.step_aside(tx, want)
    asked = {"key": KEY, "fence": fence, "reason": "it hangs"}
    said = problem(await sam.post("/api/v1/locks/release", json=asked), 409, "conflict")["detail"]
    assert f"no longer held under the number {fence}: nobody has it. It was taken from nobody" in said
    audit = (await (await house.signed_in("pat")).get("/api/v1/audit", params={"subject": f"lock:{KEY}"})).json()
    assert audit["items"][0]["action"] != "lock.forced"
    async with house.store.write() as tx:
        await runs.end(tx, await runs.hold(tx, run), RunState.FAILED, reason="over")
