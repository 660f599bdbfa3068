"""Channels through the API: never an address, and a message to try one."""

import json
from pathlib import Path
from typing import Any

import pytest
from api_house import House, problem
from company import Company
from receivers import hook_server, mail_server
from sqlalchemy import text

pytestmark = pytest.mark.anyio


async def test_addresses_of_channels_are_never_shown(shared: House) -> None:
    pat = await shared.signed_in("pat")
    answer = await pat.get("/api/v1/channels")
    assert "token-of-a-chat" not in answer.text
    (channel,) = answer.json()["items"]
    assert (channel["name"], channel["kind"], channel["address"]) == ("nowhere", "chat", "json://…")
    tried = await pat.post("/api/v1/channels/nowhere/test")
    assert tried.json() == {"taken": False, "why": "it does not answer, or did not take the message"}
    problem(await pat.post("/api/v1/channels/json:%2F%2Fevil/test"), 404)


async def test_a_message_to_try_a_channel_arrives(
    company: Company, make_settings: Any, make_house: Any, tmp_path: Path
) -> None:
    with hook_server() as hook, mail_server() as mail:
        server = f"mailto://127.0.0.1:{mail.port}?from=d@acme.example"
        files = {"chat": hook.url.replace("http", "json", 1), "mail": server}
        for name, content in files.items():
            (tmp_path / name).write_text(content)
        channels = {name: {"kind": name, "url_file": tmp_path / name} for name in files}
        house: House = make_house(company, make_settings(notifications={"channels": channels}))
        pat = await house.signed_in("pat")
        for name in files:
            assert (await pat.post(f"/api/v1/channels/{name}/test")).json() == {"taken": True, "why": None}
        await house.close()
    ((_, _, body),) = hook.taken
    assert json.loads(body)["title"] == "Daytwo can reach you here"
    ((to, message),) = mail.taken
    assert to == ["pat@acme.example"]
    assert "Pat has sent this to try the channel mail" in message.get_content()
    entries = (await pat_entries(house)).json()["items"]
    assert [one["subject"] for one in entries] == ["channel:mail", "channel:chat"]


async def pat_entries(house: House) -> Any:
    return await (await house.signed_in("pat")).get("/api/v1/audit", params={"action": "notification.tested"})


async def test_a_run_that_nobody_was_told_of_says_so(house: House) -> None:
    run = await house.company.ask("ana", "1.1.0", "production")
    await house.company.drive(run)
    ana = await house.signed_in("ana")
    assert (await ana.get(f"/api/v1/runs/{run}")).json()["unheard"] == []
    async with house.store.engine.begin() as connection:
        await connection.execute(
            text("UPDATE notification SET handled_at = at, outcome = 'nobody', why = 'no route leads to group:sre'")
        )
    (told,) = (await ana.get(f"/api/v1/runs/{run}")).json()["unheard"]
    assert told["text"] == (
        "Nobody could be told of this: Your approval is asked (no route leads to group:sre). Tell them yourself."
    )
    metrics = await house.anonymous().get("/metrics")
    assert "daytwo_undelivered_notifications 1.0" in metrics.text
