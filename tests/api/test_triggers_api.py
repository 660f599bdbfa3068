"""From a delivery of another system to a run, and what people see of it: over HTTP."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from api_house import House, problem
from company import EXAMPLES

from daytwo_store import entities
from daytwo_store.entities import Draft
from daytwo_workflows.company import load_company
from daytwo_workflows.life.reacting import react

pytestmark = pytest.mark.anyio
ALERTS = "/api/v1/events/alerts"
TOKEN = {"authorization": "Bearer token-of-the-alerts"}
TRIGGER: dict[str, Any] = {
    "apiVersion": "daytwo/v1",
    "kind": "Trigger",
    "metadata": {"name": "alerts", "title": "Restart what an alert names", "owner": "person:ana"},
    "spec": {
        "on": {"event": "alerts"},
        "each": "${{ event.alerts }}",
        "when": "${{ item.status == 'firing' }}",
        "key": "${{ item.fingerprint }}",
        "throttle": "30m",
        "action": "restart",
        "entity": "service:${{ item.labels.service }}",
        "inputs": {"environment": "environment:staging"},
    },
}


def alert(fingerprint: str) -> dict[str, Any]:
    return {"version": "4", "alerts": [{"status": "firing", "fingerprint": fingerprint, "labels": {"service": "shop"}}]}


async def test_an_alert_is_seen_with_what_it_caused_and_replayed_once(house: House, tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").write_text(yaml.safe_dump(TRIGGER))
    await load_company(house.store, [EXAMPLES / "catalog", EXAMPLES / "actions", tmp_path], {"github": "github"})
    ana, sam, fay = [await house.signed_in(name) for name in ("ana", "sam", "fay")]
    outside = house.anonymous()
    problem(await outside.post(ALERTS, headers={"authorization": "Bearer forged"}, json=alert("f1")), 401)
    problem(await outside.post("/api/v1/events/unknown", headers=TOKEN, json=alert("f1")), 404)
    for _ in range(2):
        assert (await outside.post(ALERTS, headers=TOKEN, json=alert("f1"))).status_code == 202
    assert await react(house.company.life) == 1
    (event,) = (await sam.get("/api/v1/event-log")).json()["items"]
    (caused,) = event["caused"]
    assert (caused["trigger"], caused["state"], caused["run_state"]) == ("alerts", "started", "accepted")
    run = (await ana.get(f"/api/v1/runs/{caused['run']}")).json()
    assert (run["cause"]["kind"], run["cause"]["name"]) == ("trigger", "alerts")
    assert (await sam.get(f"/api/v1/event-log/{event['id']}")).json()["payload"]["version"] == "4"
    problem(await ana.get("/api/v1/event-log"), 403)

    problem(await fay.post("/api/v1/triggers/alerts/replay", json={"event": event["id"]}), 403)
    problem(await ana.post("/api/v1/triggers/alerts/replay", json={"event": "e_nothing"}), 404)
    key = {"Idempotency-Key": "replay-of-mine-1"}
    for begins in (1, 0):
        again = await ana.post("/api/v1/triggers/alerts/replay", json={"event": event["id"]}, headers=key)
        assert again.json()["begins"] == begins
    assert await react(house.company.life) == 1
    reactions = (await ana.get("/api/v1/triggers/alerts/reactions")).json()["items"]
    assert [(one["turn"], one["by"] and one["by"]["name"]) for one in reactions] == [(1, "Ana"), (0, None)]

    paused = (await ana.post("/api/v1/triggers/alerts/pause", json={"reason": "too many"})).json()
    assert (paused["state"], paused["paused_why"]) == ("paused", "too many")
    await outside.post(ALERTS, headers=TOKEN, json=alert("f2"))
    assert await react(house.company.life) == 0
    newest = (await ana.get("/api/v1/triggers/alerts/reactions")).json()["items"][0]
    assert newest["text"] == "The trigger was paused. Nothing was started; it can be replayed."
    assert (await sam.post("/api/v1/triggers/alerts/resume")).json()["state"] == "active"


async def test_a_trigger_about_what_is_hidden_is_hidden_and_so_is_why_it_began_nothing(
    house: House, tmp_path: Path
) -> None:
    metadata = {"name": "hidden", "title": "Restart the vault", "owner": "person:fay"}
    hidden = {**TRIGGER, "metadata": metadata, "spec": {**TRIGGER["spec"], "entity": "service:vault"}}
    for name, document in (("alerts", TRIGGER), ("hidden", hidden)):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(document))
    await load_company(house.store, [EXAMPLES / "catalog", EXAMPLES / "actions", tmp_path], {"github": "github"})
    async with house.store.write() as tx:
        draft = Draft(kind="service", name="vault", title="V", owner="group:sre", visible_to=("group:finance",))
        await entities.upsert(tx, draft, by="file:x")
    ana, sam, fay = [await house.signed_in(name) for name in ("ana", "sam", "fay")]
    about_it = {"alerts": [{"status": "firing", "fingerprint": "f9", "labels": {"service": "vault"}}]}
    assert (await house.anonymous().post(ALERTS, headers=TOKEN, json=about_it)).status_code == 202
    await react(house.company.life)
    for who in (ana, sam):
        assert "vault" not in (await who.get("/api/v1/triggers")).text
        problem(await who.get("/api/v1/triggers/hidden"), 404)
        (told,) = (await who.get("/api/v1/triggers/alerts/reactions")).json()["items"]
        assert told["text"] == "It is about something that you may not see."
    assert "service:vault" in (await fay.get("/api/v1/triggers")).text
    assert "vault" in (await fay.get("/api/v1/triggers/alerts/reactions")).json()["items"][0]["text"]


async def test_what_happened_to_something_hidden_is_no_event_for_who_may_not_see_it(
    house: House, tmp_path: Path
) -> None:
    """Not in the list, not by its id, and not to be shown to a trigger again."""
    metadata = {"name": "made", "title": "Restart what is new", "owner": "person:fay"}
    on = {"catalog": "service", "changes": ["created"]}
    inputs = {"environment": "environment:staging"}
    spec = {"on": on, "action": "restart", "entity": "${{ event.entity.ref }}", "inputs": inputs}
    (tmp_path / "made.yaml").write_text(yaml.safe_dump({**TRIGGER, "metadata": metadata, "spec": spec}))
    await load_company(house.store, [EXAMPLES / "catalog", EXAMPLES / "actions", tmp_path], {"github": "github"})
    await house.signed_in("fay")
    async with house.store.write() as tx:
        shop = await entities.get(tx.session, "service:shop", sees="everything")
        assert shop is not None
        more: dict[str, Any] = {"kind": "service", "owner": "group:finance", "properties": shop.properties}
        for name, seen_by in (("cart", ()), ("vault", ("group:finance", "group:platform"))):
            await entities.upsert(tx, Draft(name=name, title=name, visible_to=seen_by, **more), by="file:x")
    assert await react(house.company.life) == 2
    sam, pat = await house.signed_in("sam"), await house.signed_in("pat")
    both = (await pat.get("/api/v1/event-log")).json()["items"]
    [hidden] = [one for one in both if "vault" in one["delivery"]]
    [shown] = (await sam.get("/api/v1/event-log")).json()["items"]
    assert "vault" not in str(shown)
    replay = {"json": {"event": hidden["id"]}}
    told = problem(await sam.get(f"/api/v1/event-log/{hidden['id']}"), 404)
    again = problem(await sam.post("/api/v1/triggers/made/replay", **replay), 404)
    nothing = problem(await sam.get("/api/v1/event-log/e_nothing"), 404)
    assert told["detail"] == again["detail"] == nothing["detail"]
    assert (await pat.get(f"/api/v1/event-log/{hidden['id']}")).json()["payload"]["entity"]["ref"] == "service:vault"
    assert (await pat.post("/api/v1/triggers/made/replay", **replay)).json()["begins"] == 1


async def test_nobody_has_something_done_to_what_they_may_not_see_by_showing_an_event_again(
    house: House, tmp_path: Path
) -> None:
    """Sam is an operator; the trigger is Fay's, who sees the vault, and what it is about stands in the event."""
    document = {**TRIGGER, "metadata": {**TRIGGER["metadata"], "owner": "person:fay"}}
    (tmp_path / "alerts.yaml").write_text(yaml.safe_dump(document))
    await load_company(house.store, [EXAMPLES / "catalog", EXAMPLES / "actions", tmp_path], {"github": "github"})
    async with house.store.write() as tx:
        draft = Draft(kind="service", name="vault", title="V", owner="group:finance", visible_to=("group:finance",))
        await entities.upsert(tx, draft, by="file:x")
    sam, fay = await house.signed_in("sam"), await house.signed_in("fay")
    told: list[Any] = []
    for name in ("vault", "nothing"):
        alerts = {
            "visible_to": "no list, and yet the list of events is read",
            "alerts": [{"status": "firing", "fingerprint": name, "labels": {"service": name}}],
        }
        assert (await house.anonymous().post(ALERTS, headers=TOKEN, json=alerts)).status_code == 202
    await react(house.company.life)
    for event in (await sam.get("/api/v1/event-log")).json()["items"]:
        answer = (await sam.post("/api/v1/triggers/alerts/replay", json={"event": event["id"]})).json()
        [mine] = [one for one in answer["caused"] if one["turn"] > 0]
        told.append((answer["begins"], mine["state"], mine["text"], mine["run"]))
        if event["caused"][0]["run"] is None and event["caused"][0]["state"] == "started":
            again = await fay.post("/api/v1/triggers/alerts/replay", json={"event": event["id"]})
            assert again.json()["begins"] == 1
    assert told[0] == told[1]
    assert told[0][:2] == (0, "skipped")
    assert "that whoever showed the event again may not see. Nothing was started." in told[0][2]
