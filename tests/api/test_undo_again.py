"""Asking for an undo twice: by one key it is one, by two keys one of them wins."""

from typing import Any

import anyio
import httpx
import pytest
from api_house import House, problem

from daytwo_store.ids import RunId

pytestmark = pytest.mark.anyio
KEY = {"Idempotency-Key": "undo-it-once"}


async def deployed(house: House, *versions: str) -> RunId:
    """The last of these deploys to staging."""
    for version in versions:
        run = await house.company.ask("ana", version, "staging")
        await house.company.through(run)
    return run


async def undo(client: httpx.AsyncClient, run: RunId, reason: str = "", **headers: str) -> httpx.Response:
    return await client.post(f"/api/v1/runs/{run}/undo", json={"reason": reason}, headers=headers)


async def test_the_same_key_again_after_a_lost_answer_gives_the_same_run(house: House) -> None:
    run = await deployed(house, "1.1.0", "1.2.0")
    ana = await house.signed_in("ana")
    first = await undo(ana, run, "it is slow", **KEY)
    assert (first.status_code, first.json()["repeated"]) == (202, False), first.text
    again = await undo(ana, run, "it is slow", **KEY)
    assert (again.status_code, again.json()["repeated"], again.json()["id"]) == (202, True, first.json()["id"])
    await house.company.through(RunId(first.json()["id"]))
    late = await undo(ana, run, "it is slow", **KEY)  # even after it has been undone
    assert late.json()["id"] == first.json()["id"]


async def test_the_same_key_for_something_else_is_refused(house: House) -> None:
    run = await deployed(house, "1.1.0", "1.2.0")
    ana = await house.signed_in("ana")
    assert (await undo(ana, run, "it is slow", **KEY)).status_code == 202
    assert "another request" in problem(await undo(ana, run, "it is wrong", **KEY), 422)["detail"]


async def test_the_comment_is_part_of_what_a_key_stands_for(house: House) -> None:
    ana = await house.signed_in("ana")
    asked: dict[str, Any] = {
        "entity": "service:shop",
        "inputs": {"version": "1.1.0", "environment": "environment:staging"},
        "comment": "for the sale",
    }
    where = "/api/v1/actions/deploy/runs"
    first = await ana.post(where, json=asked, headers=KEY)
    assert first.status_code == 202, first.text
    assert (await ana.post(where, json=asked, headers=KEY)).json()["id"] == first.json()["id"]
    problem(await ana.post(where, json={**asked, "comment": "for fun"}, headers=KEY), 422)


async def test_a_token_needs_a_key_to_undo(house: House) -> None:
    run = await deployed(house, "1.1.0", "1.2.0")
    program = await house.token("ana", "read", "run")
    assert "Idempotency-Key" in problem(await undo(program, run), 422)["detail"]
    assert (await undo(program, run, **KEY)).status_code == 202


async def test_of_two_undos_at_once_one_is_accepted(house: House) -> None:
    run = await deployed(house, "1.1.0", "1.2.0")
    ana, ben = await house.signed_in("ana"), await house.signed_in("ben")
    both_planned = anyio.Event()
    resolve, planned = house.company.ci.resolve, []

    async def resolve_together(target: Any) -> Any:
        """Both have been found possible before either is accepted."""
        planned.append(target)
        if len(planned) == 2:
            both_planned.set()
        with anyio.fail_after(10):
            await both_planned.wait()
        return await resolve(target)

    house.company.ci.resolve = resolve_together  # type: ignore[method-assign]  # the double is a plain object
    answers: list[httpx.Response] = []

    async def ask(client: httpx.AsyncClient, key: str) -> None:
        answers.append(await undo(client, run, **{"Idempotency-Key": key}))

    async with anyio.create_task_group() as group:
        group.start_soon(ask, ana, "undo-by-ana")
        group.start_soon(ask, ben, "undo-by-ben")
    accepted, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert accepted.status_code == 202, accepted.text
    told = problem(refused, 409)["detail"]
    assert told == f"Run {accepted.json()['id']} is undoing it already. Nothing was started."


async def test_a_run_says_whether_it_may_be_run_again_and_an_action_who_may_run_it(house: House) -> None:
    ana, fay = await house.signed_in("ana"), await house.signed_in("fay")
    run = await house.company.ask("ana", "1.1.0", "staging")
    may = (await ana.get(f"/api/v1/runs/{run}")).json()["may"]["rerun"]
    assert (may["allowed"], may["why_not"]) == (False, "It has not ended. Wait for it, or stop it.")
    await house.company.through(run)
    assert (await ana.get(f"/api/v1/runs/{run}")).json()["may"]["rerun"]["allowed"]
    assert not (await fay.get(f"/api/v1/runs/{run}")).json()["may"]["rerun"]["allowed"]

    async def who(**query: str) -> str:
        items = (await ana.get("/api/v1/actions", params=query)).json()["items"]
        return str(next(one["runners"] for one in items if one["name"] == "deploy"))

    assert await who() == "the owner of the service or group:sre"
    assert await who(entity="service:shop") == "group:storefront or group:sre"
