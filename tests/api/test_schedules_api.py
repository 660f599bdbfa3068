"""Pages of schedules, and what a token for one action does to those of others: over HTTP."""

from typing import Any

import pytest
from api_house import House, problem

from daytwo_store import entities
from daytwo_store.entities import Draft

pytestmark = pytest.mark.anyio
SCHEDULES = "/api/v1/schedules"


def hourly(service: str = "shop", action: str = "deploy", **inputs: str) -> dict[str, Any]:
    spec = {
        "action": action,
        "entity": f"service:{service}",
        "inputs": {"environment": "environment:staging", **inputs},
        "cron": "0 * * * *",
        "timezone": "Europe/Berlin",
    }
    return {"title": "Hourly", "spec": spec}


async def test_a_page_is_full_as_long_as_more_follow_and_names_nothing_hidden(house: House) -> None:
    async with house.store.write() as tx:
        shop = await entities.get(tx.session, "service:shop", sees="everything")
        assert shop is not None
        hidden = Draft(
            kind="service", name="vault", title="V", owner="group:finance", properties=shop.properties,
            visible_to=("group:finance",),
        )  # fmt: skip
        await entities.upsert(tx, hidden, by="file:x")
    ana, fay = [await house.signed_in(name) for name in ("ana", "fay")]
    made: dict[str, list[str]] = {"shop": [], "vault": []}
    for _ in range(5):
        for service, who in (("vault", fay), ("shop", ana)):
            answer = await who.post(SCHEDULES, json=hourly(service, version="1.1.0"))
            made[service].append(answer.json()["id"])
    for who, wanted in ((ana, made["shop"]), (fay, made["shop"] + made["vault"])):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await who.get(SCHEDULES, params={"limit": "2", **cursor})).json()
            seen += [one["id"] for one in page["items"]]
            if page["next_cursor"] is None:
                break
            assert len(page["items"]) == 2
            cursor = {"cursor": page["next_cursor"]}
        assert sorted(seen) == sorted(wanted)


async def test_the_list_is_narrowed_to_an_action(house: House) -> None:
    ana = await house.signed_in("ana")
    deploy = (await ana.post(SCHEDULES, json=hourly(version="1.1.0"))).json()["id"]
    restart = (await ana.post(SCHEDULES, json=hourly(action="restart"))).json()["id"]
    for action, wanted in (("deploy", [deploy]), ("restart", [restart]), ("nothing", [])):
        page = (await ana.get(SCHEDULES, params={"action": action})).json()
        assert [one["id"] for one in page["items"]] == wanted


async def test_a_token_for_one_action_turns_no_schedule_into_one_of_it_and_none_of_it_into_another(
    house: House,
) -> None:
    owner, restarting = await house.signed_in("ana"), await house.token("ana", "read", "run:restart")
    deploy = (await owner.post(SCHEDULES, json=hourly(version="1.1.0"))).json()["id"]
    answer = await restarting.post(SCHEDULES, json=hourly(action="restart"), headers={"Idempotency-Key": "restarts-1"})
    assert answer.status_code == 201, answer.text
    restart = answer.json()
    for schedule, spec in (
        (deploy, hourly(action="restart")["spec"]),
        (restart["id"], hourly(version="1.1.0")["spec"]),
        (deploy, {"cron": "1 * * * *"}),
    ):
        refused = problem(await restarting.patch(f"{SCHEDULES}/{schedule}", json={"spec": spec}), 403)
        assert "This token is for run:restart alone, and not for deploy" in refused["detail"]
    assert not any(one["allowed"] for one in (await restarting.get(f"{SCHEDULES}/{deploy}")).json()["may"].values())
    assert restart["may"]["pause"]["allowed"]
    assert (await restarting.post(f"{SCHEDULES}/{restart['id']}/pause", json={"reason": "x"})).status_code == 200
    assert (await owner.get(f"{SCHEDULES}/{deploy}")).json()["action"] == "deploy"
