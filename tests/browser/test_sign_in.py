"""Signing in through an identity provider, in a real Chromium: there, back to where one was, and out again."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, expect

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.timeout(240), pytest.mark.long]


@contextmanager
def running(*argv: str, log: Path, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", *argv],
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **environment},
            text=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def ready(page: str, log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{page}/readyz", timeout=5) as answer:
                parts = json.load(answer)["parts"]
        except urllib.error.HTTPError as error:
            parts = json.load(error)["parts"]  # Temporal is not there, and not needed here
        except OSError:
            parts = []
        if any(part["name"] == "company" and part["ok"] for part in parts):
            return
        time.sleep(0.2)
    pytest.fail(log.read_text())


def provider_config(page: str) -> dict[str, Any]:
    redirect = f"{page}/api/v1/session/oidc/callback"
    people = [
        {"subject": f"u-{name}", "name": name.capitalize(), "claims": {"daytwo_person": name}}
        for name in ("sam", "mallory")
    ]
    return {"people": people, "clients": [{"id": "daytwo", "secret": "s3cret", "redirect_uris": [redirect]}]}


def settings(folder: Path, page: str, issuer: str, database_url: str) -> str:
    (folder / "key").write_text(secrets.token_hex(32))
    (folder / "client").write_text("s3cret")
    oidc = {
        "issuer": issuer,
        "client_id": "daytwo",
        "client_secret_file": "client",
        "person_claim": "daytwo_person",
        "title": "Acme",
    }
    given = {
        "database_url": database_url,
        "secret_file": "key",
        "public_url": page,
        "api_port": int(page.rpartition(":")[2]),
        "temporal_address": "127.0.0.1:9",
        "company": [str(ROOT / "examples" / "catalog")],
        "sign_in": "oidc",
        "oidc": oidc,
    }
    (folder / "daytwo.yaml").write_text(yaml.safe_dump(given))
    return str(folder / "daytwo.yaml")


@dataclass
class Served:
    page: str
    provider: str


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[Served]:
    """Daytwo's API with its page, and a provider; no Temporal and no CI system."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        page = f"http://127.0.0.1:{free.getsockname()[1]}"
    config = tmp_path / "provider.json"
    config.write_text(json.dumps(provider_config(page)))
    standin = ("daytwo_standins.oidc", "--data", str(tmp_path / "provider"), "--config", str(config))
    with running(*standin, log=tmp_path / "provider.log") as provider:
        assert provider.stdout is not None
        issuer = json.loads(provider.stdout.readline())["url"]
        told, log = settings(tmp_path, page, issuer, database_url), tmp_path / "api.log"
        with running("daytwo_api", log=log, DAYTWO_CONFIG=told):
            ready(page, log)
            yield Served(page, issuer)


def test_somebody_signs_in_through_the_provider_comes_back_and_signs_out(browser: Browser, house: Served) -> None:
    context = browser.new_context()
    context.set_default_timeout(30_000)
    page = context.new_page()
    broke: list[str] = []
    page.on("pageerror", lambda error: broke.append(str(error)))

    page.goto(f"{house.page}/entities/service/shop")
    page.get_by_role("link", name="Sign in with Acme").click()
    page.wait_for_url(f"{house.provider}/authorize?**")
    page.get_by_role("button", name="Mallory").click()
    expect(page.get_by_role("heading", name="You are not in the catalog")).to_be_visible()
    page.get_by_role("link", name="Back to the page").click()

    page.goto(f"{house.page}/entities/service/shop")
    page.get_by_role("link", name="Sign in with Acme").click()
    page.get_by_role("button", name="Sam").click()
    page.wait_for_url(f"{house.page}/entities/service/shop")
    expect(page.get_by_role("heading", name="Shop").first).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Account of Sam").click()
    kept = {cookie["name"]: cookie for cookie in context.cookies()}
    assert set(kept) == {"daytwo_session"}
    assert (kept["daytwo_session"]["httpOnly"], kept["daytwo_session"]["sameSite"]) == (True, "Strict")

    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("link", name="Sign in with Acme")).to_be_visible()
    assert context.cookies() == []
    context.close()
    assert broke == []
