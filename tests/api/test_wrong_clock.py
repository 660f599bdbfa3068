"""R34: deliveries, tokens of jobs and sign-ins are as old as the database says, whatever the API's own clock says."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from api_house import NoTemporal
from ci_tokens import ISSUER, Issuer

from daytwo_actions.backends.gitlab.settings import signing_key
from daytwo_actions.backends.gitlab.wire.webhook import signed
from daytwo_api.services.wiring import build_services
from daytwo_api.settings import ApiSettings
from daytwo_store.engine import Store

pytestmark = pytest.mark.anyio
SIGNING = "whsec_" + base64.b64encode(b"s" * 32).decode()


@pytest.mark.parametrize("by", [600, -600])
async def test_what_has_a_time_is_judged_by_the_databases(
    store: Store, make_settings: Callable[..., ApiSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: float
) -> None:
    (tmp_path / "signing-of-gitlab").write_text(SIGNING)
    common = {"address": "https://ci.example", "token_file": tmp_path / "token"}
    settings = make_settings(
        connections={
            "github": {"backend": "github", "token_issuer": ISSUER, **common},
            "gitlab": {"backend": "gitlab", "signing_token_files": [tmp_path / "signing-of-gitlab"], **common},
        }
    )
    services = build_services(settings, store, NoTemporal())
    issuer = Issuer()
    identity = services.ci._identities["github"]
    monkeypatch.setattr(identity, "_keys", issuer)
    now = str(int(time.time()))
    token = issuer.github(aud=settings.audience)
    body = json.dumps({"object_kind": "push"}).encode()
    delivery = {
        "webhook-id": "id-1",
        "webhook-timestamp": now,
        "webhook-signature": signed("id-1", now, body, signing_key(SIGNING)),
    }
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + by)
    async with store.read() as session:
        await store.clock.now(session)
    assert (await identity.caller(token)).run == "1"
    assert services.backends["gitlab"].webhook(delivery, body) == []
    assert services.sign_in._clock == store.clock.seconds
    for backend in services.backends.values():
        backend.close()
