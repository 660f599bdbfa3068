"""An OpenID provider in the test's own loop: the stand-in, and what can be spoiled about it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from served import served
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from daytwo_standins.oidc.api import Provider
from daytwo_standins.oidc.config import Config

REDIRECT = "http://127.0.0.1:8080/api/v1/session/oidc/callback"
PEOPLE = [
    {"subject": "u-ana", "name": "Ana", "claims": {"daytwo_person": "ana"}},
    {"subject": "u-sam", "name": "Sam", "claims": {"daytwo_person": "sam"}},
    {"subject": "u-eve", "name": "Eve", "claims": {"daytwo_person": "../pat", "email": "pat@acme.example"}},
]
CLIENTS = [{"id": "daytwo", "secret": "s3cret-of-tests", "redirect_uris": [REDIRECT]}]


@dataclass
class AtWork:
    """`down` is a provider that does not do its work."""

    url: str = ""
    down: bool = False
    app: Provider | None = None
    asked: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        self.asked.append(scope["path"])
        answering = PlainTextResponse("down", 503) if self.down else self.app.app
        await answering(scope, receive, send)

    async def choose(self, address: str, subject: str) -> str:
        """Where somebody is sent back to who was sent to `address` and says who they are."""
        async with httpx.AsyncClient() as browser:
            page = await browser.get(address)
            assert page.status_code == 200, page.text
            form = _Form()
            form.feed(page.text)
            assert form.action is not None
            answer = await browser.post(f"{self.url}{form.action}", data={"person": subject})
            assert answer.status_code == 303, answer.text
            return answer.headers["location"]


class _Form(HTMLParser):
    action: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "form":
            self.action = dict(attrs)["action"]


@asynccontextmanager
async def provider_at_work(folder: Path, **changes: Any) -> AsyncIterator[AtWork]:
    """The stand-in on a free port of this machine."""
    at_work = AtWork()
    async with served(at_work) as (url, _):
        at_work.url = url
        config = Config.model_validate({"people": PEOPLE, "clients": CLIENTS, **changes})
        at_work.app = Provider(config, folder, url)
        yield at_work


def local(address: str) -> str:
    """Path and query."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def oidc_settings(folder: Path, url: str, **changes: Any) -> Mapping[str, Any]:
    """Settings of a house whose people sign in through it."""
    secret = folder / "client-secret"
    secret.write_text("s3cret-of-tests\n")
    oidc = {"issuer": url, "client_id": "daytwo", "client_secret_file": secret, "person_claim": "daytwo_person"}
    given = {name: value for name, value in {**oidc, **changes}.items() if value is not None}
    return {"sign_in": "oidc", "public_url": "http://127.0.0.1:8080", "oidc": given}
