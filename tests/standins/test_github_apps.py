"""Apps, an Enterprise Server, disabled workflows and archives that nobody should trust."""

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from daytwo_standins.github.testing import RunningStandin, eventually, make_repository, start_standin

TOKEN = "standin-token-of-the-bot"
DISPATCH = "/repos/acme/instant/actions/workflows/plain.yml/dispatches"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, shop: Path, key: rsa.RSAPrivateKey) -> Iterator[RunningStandin]:
    """One with an App that is installed at acme, for one of its repositories."""
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    installation = {"id": 88, "account": "acme", "repositories": ["acme/instant"]}
    app = {"id": 4711, "slug": "acme-deploy", "key": public, "installations": [installation], "token_seconds": 60}
    repositories = [
        {"full_name": "acme/instant", "path": shop, "executor": "instant"},
        {"full_name": "acme/other", "path": shop, "executor": "instant"},
    ]
    tokens = [{"login": "bot", "token": TOKEN}]
    folder = tmp_path_factory.mktemp("apps")
    with start_standin(folder, repositories, tokens=tokens, settings={"apps": [app]}) as standin:
        yield standin


def signed(key: rsa.RSAPrivateKey, **change: Any) -> str:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    now = int(time.time())
    return jwt.encode({"iss": "4711", "iat": now - 60, "exp": now + 540} | change, pem, algorithm="RS256")


Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(house: RunningStandin) -> Iterator[Ask]:
    with httpx.Client(base_url=house.url, trust_env=False) as client:

        def send(method: str, path: str, credential: str, **rest: Any) -> httpx.Response:
            return client.request(method, path, headers={"authorization": f"Bearer {credential}"}, **rest)

        yield send


def test_an_app_finds_its_installation_and_works_with_its_token(ask: Ask, key: rsa.RSAPrivateKey) -> None:
    signature = signed(key)
    assert ask("GET", "/app", signature).json()["slug"] == "acme-deploy"
    found = ask("GET", "/repos/acme/instant/installation", signature).json()
    assert (found["id"], found["app_slug"]) == (88, "acme-deploy")
    assert ask("GET", "/repos/acme/other/installation", signature).status_code == 404
    given = ask("POST", "/app/installations/88/access_tokens", signature)
    assert given.status_code == 201
    token = given.json()["token"]
    assert len(token) > 400
    assert "." in token
    started = ask("POST", DISPATCH, token, json={"ref": "main", "return_run_details": True})
    assert started.status_code == 200
    run = ask("GET", f"/repos/acme/instant/actions/runs/{started.json()['workflow_run_id']}", token).json()
    assert run["actor"]["login"] == "acme-deploy[bot]"
    assert ask("GET", "/repos/acme/other", token).status_code == 404
    assert ask("DELETE", "/installation/token", token).status_code == 204
    assert ask("GET", "/repos/acme/instant", token).status_code == 401


def test_a_suspended_installation_does_nothing(ask: Ask, key: rsa.RSAPrivateKey) -> None:
    signature = signed(key)
    token = ask("POST", "/app/installations/88/access_tokens", signature).json()["token"]
    ask("PUT", "/app/installations/88/suspended", signature)
    assert ask("GET", "/repos/acme/instant", token).status_code == 403
    assert ask("POST", "/app/installations/88/access_tokens", signature).status_code == 403
    ask("DELETE", "/app/installations/88/suspended", signature)
    assert ask("GET", "/repos/acme/instant", token).status_code == 200


@pytest.mark.parametrize(
    ("claim", "value", "from_now"),
    [("iss", "9", ""), ("exp", 1, ""), ("exp", 4000, "from now"), ("iat", 900, "from now")],
)
def test_a_signature_has_to_be_right(claim: str, value: Any, from_now: str, ask: Ask, key: rsa.RSAPrivateKey) -> None:
    wrong = {claim: int(time.time()) + value if from_now else value}
    assert ask("GET", "/app", signed(key, **wrong)).status_code == 401


def test_somebody_elses_key_and_a_token_are_no_signature(ask: Ask, key: rsa.RSAPrivateKey) -> None:
    other = rsa.generate_private_key(65537, 2048)
    for credential in (signed(other), TOKEN, "a.b.c"):
        assert ask("GET", "/app", credential).status_code == 401
    assert ask("GET", "/repos/acme/instant", signed(key)).status_code == 401  # where an App may not speak for itself


def test_a_disabled_workflow_is_not_started(ask: Ask, house: RunningStandin) -> None:
    path = DISPATCH.removesuffix("/dispatches")
    assert ask("PUT", f"{path}/disable", TOKEN).status_code == 204
    assert ask("GET", path, TOKEN).json()["state"] == "disabled_manually"
    refused = ask("POST", DISPATCH, TOKEN, json={"ref": "main"})
    assert (refused.status_code, "disabled" in refused.text) == (403, True)
    assert ask("PUT", f"{path}/enable", TOKEN).status_code == 204
    assert ask("POST", DISPATCH, TOKEN, json={"ref": "main"}).status_code == 204


@pytest.mark.parametrize("status", [400, 422])
def test_an_enterprise_server_takes_less_and_is_elsewhere(status: int, tmp_path: Path, shop: Path) -> None:
    repositories = [{"full_name": "acme/instant", "path": shop, "executor": "instant"}]
    settings = {"enterprise": {"refuses_details": status}}
    tokens = [{"login": "bot", "token": TOKEN}]
    with (
        start_standin(tmp_path, repositories, tokens=tokens, settings=settings) as standin,
        httpx.Client(base_url=standin.url, trust_env=False, headers={"authorization": f"token {TOKEN}"}) as client,
    ):
        assert client.get("/repos/acme/instant").status_code == 404
        found = client.get("/api/v3/repos/acme/instant")
        assert found.json()["url"] == f"{standin.url}/api/v3/repos/acme/instant"
        assert found.json()["html_url"] == f"{standin.url}/acme/instant"
        assert found.headers["x-github-enterprise-version"] == "3.19.0"
        refused = client.post(f"/api/v3{DISPATCH}", json={"ref": "main", "return_run_details": True})
        assert (refused.status_code, "return_run_details" in refused.text) == (status, True)
        many = client.post(f"/api/v3{DISPATCH}", json={"ref": "main", "inputs": {f"i{n}": "" for n in range(11)}})
        assert (many.status_code, "No more than 10" in many.text) == (422, True)
        assert client.post(f"/api/v3{DISPATCH}", json={"ref": "main"}).status_code == 204


UPLOADING = """\
name: Uploading
on: workflow_dispatch
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - run: echo '{"url":"https://shop.example"}' > result.json
      - uses: actions/upload-artifact@v4
        with: {name: daytwo-result, path: result.json}
"""


def test_archives_are_what_was_uploaded_or_what_nobody_should_trust(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", [({".github/workflows/up.yml": UPLOADING}, None)])
    kinds = ("good", "bomb", "traversal", "symlink", "garbage", "expired")
    repositories = [{"full_name": f"acme/{kind}", "path": tmp_path / "r", "archives": kind} for kind in kinds]
    with (
        start_standin(tmp_path, repositories, tokens=[{"login": "bot", "token": TOKEN}]) as standin,
        httpx.Client(base_url=standin.url, trust_env=False, headers={"authorization": f"token {TOKEN}"}) as client,
        httpx.Client(trust_env=False) as web,
    ):
        got = {kind: _archive(client, web, f"/repos/acme/{kind}") for kind in kinds}
    assert got["expired"] is None
    assert zipfile.ZipFile(io.BytesIO(got["good"] or b"")).read("result.json") == b'{"url":"https://shop.example"}\n'
    bomb = zipfile.ZipFile(io.BytesIO(got["bomb"] or b"")).infolist()[0]
    assert bomb.file_size > 500 * bomb.compress_size
    assert zipfile.ZipFile(io.BytesIO(got["traversal"] or b"")).namelist()[0] == "../result.json"
    assert zipfile.ZipFile(io.BytesIO(got["symlink"] or b"")).infolist()[0].external_attr >> 28 == 0o12
    assert not zipfile.is_zipfile(io.BytesIO(got["garbage"] or b""))


def _archive(client: httpx.Client, web: httpx.Client, repository: str) -> bytes | None:
    started = client.post(
        f"{repository}/actions/workflows/up.yml/dispatches", json={"ref": "main", "return_run_details": True}
    )
    run = f"{repository}/actions/runs/{started.json()['workflow_run_id']}"
    eventually(lambda: client.get(run).json()["status"] == "completed")
    (artifact,) = client.get(f"{run}/artifacts").json()["artifacts"]
    link = client.get(artifact["archive_download_url"])
    return web.get(link.headers["location"]).content if link.status_code == 302 else None
