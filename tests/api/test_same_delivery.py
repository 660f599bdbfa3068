"""R23: a delivery that GitLab signed, ten times at once, is one in the inbox. (The others: chaos/test_webhooks.py.)"""

import asyncio
import json
import time
from base64 import b64encode
from dataclasses import replace

import pytest
from api_house import House
from company import Company, open_company
from pydantic import SecretStr

from daytwo_actions.backends.gitlab.backend import GitLabBackend
from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_standins.gitlab.webhooks import sign
from daytwo_store.engine import Store
from daytwo_store.ids import ConnectionName

pytestmark = pytest.mark.anyio
TOKEN = f"whsec_{b64encode(b'0123456789abcdef').decode()}"
BODY = json.dumps(
    {"object_kind": "pipeline", "project": {"id": 7}, "object_attributes": {"id": 31, "status": "success"}}
).encode()


@pytest.fixture
async def company(store: Store) -> Company:
    opened = await open_company(store)
    settings = GitLabSettings(
        name=ConnectionName("gitlab"),
        base="http://127.0.0.1:1",
        token=SecretStr("a-token-of-ours"),
        signing_tokens=(SecretStr(TOKEN),),
    )
    backend = GitLabBackend(settings, observe=lambda *_: None)
    return replace(opened, life=replace(opened.life, backends={**opened.life.backends, "gitlab": backend}))


async def test_the_same_signed_delivery_ten_times_at_once_is_stored_once(house: House) -> None:
    sender, moment = house.anonymous(), str(int(time.time()))

    async def deliver(delivery: str, signed_as: str) -> tuple[int, bool | None]:
        proof = {"webhook-id": delivery, "webhook-timestamp": moment}
        proof |= {"webhook-signature": sign(TOKEN, signed_as, moment, BODY)}
        answer = await sender.post("/api/v1/webhooks/gitlab", headers=proof, content=BODY)
        return answer.status_code, answer.json().get("stored")

    answers = await asyncio.gather(*(deliver("id-1", "id-1") for _ in range(10)))
    assert sorted(answers, key=str) == [(202, 0)] * 9 + [(202, 1)]
    assert await deliver("id-2", "id-2") == (202, 1), "another delivery is another one"
    assert await deliver("id-3", "id-1") == (401, None), "its signature is of one delivery"
