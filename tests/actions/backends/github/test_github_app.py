"""A GitHub App: signature, installation tokens, their renewal, and what is said when one of them is refused."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr, ValidationError

from daytwo_actions.backends.base import Accepted, Marker, Pinned, Refused, Target
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.github.app import GitHubApp
from daytwo_actions.backends.github.backend import GitHubBackend
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_store.ids import Corr, Digest, ExternalRunId

pytestmark = pytest.mark.anyio

RUN = ExternalRunId("17")
# As GitHub makes them since April 2026: 520 characters, dots and all.
LONG = "ghs_4711_" + ".".join(("x" * 180, "y" * 300, "z" * 28))


def target(project: str = "acme/shop") -> Target:
    return Target(project=project, pipeline="deploy.yml", ref="main")


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


@dataclass
class AppServer:
    """GitHub, as an App sees it. `refuses` are tokens that are not good any more."""

    key: rsa.RSAPrivateKey
    lasts: float = 3600.0  # seconds
    made: list[str] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)  # by the path's end, in place of the usual
    make: Callable[[int], str] = lambda number: f"{LONG}{number}"
    slow: float = 0.0

    def __call__(self, request: Any, line: Any) -> None:
        path, credential = request.path, request.headers["authorization"].split(" ")
        for end, (status, body) in self.answers.items():
            if path.partition("?")[0].endswith(end):
                line.answer(status, body, Date=formatdate(usegmt=True))
                return
        if "/app" in path or path.endswith("/installation"):
            self._as_app(path, credential, line)
        elif credential[0] != "token" or credential[1] not in self.made or credential[1] in self.refuses:
            line.answer(401, {"message": f"Bad credentials {credential[1]}"})
        elif request.method == "POST":
            line.answer(204)
        else:
            line.answer(200, {"id": 17, "status": "in_progress", "display_title": credential[1]})

    def _as_app(self, path: str, credential: list[str], line: Any) -> None:
        assert credential[0] == "Bearer"
        self.claims.append(jwt.decode(credential[1], self.key.public_key(), algorithms=["RS256"], issuer="4711"))
        if path.endswith("/installation"):
            line.answer(200, {"id": 88 if "acme/" in path else 99})
        elif path.endswith("/app"):
            line.answer(200, {"slug": "acme-deploy"})
        else:
            time.sleep(self.slow)
            self.made.append(self.make(len(self.made) + 1))
            ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(time.time()) + self.lasts))
            line.answer(201, {"token": self.made[-1], "expires_at": ends}, Date=formatdate(usegmt=True))


@pytest.fixture
def github(key: rsa.RSAPrivateKey) -> AppServer:
    return AppServer(key)


@pytest.fixture
def server(serve: Any, github: AppServer) -> Any:
    return serve(github)


@pytest.fixture
def connected(connect: Any, server: Any, pem: str) -> Callable[..., GitHubBackend]:
    def start(**app: Any) -> GitHubBackend:
        given = {"id": "4711", "private_key": SecretStr(pem)} | app
        made: GitHubBackend = connect(server.url, app=GitHubApp(**given))
        return made

    return start


def paths(server: Any, part: str) -> list[str]:
    return [request.path for request in server.requests if part in request.path]


async def state(backend: GitHubBackend, project: str = "acme/shop") -> Any:
    return (await backend.read([(target(project), RUN)]))[0]


async def send(backend: GitHubBackend, *, seconds: float = 5) -> Any:
    pinned = Pinned(
        target=target(),
        project_id="7",
        pipeline_id="9",
        commit="a" * 40,
        pipeline_digest=Digest("d" * 64),
        marked=True,
    )
    return await backend.send(backend.freeze(pinned, {}, Corr("abcdefghij234567abcd")), seconds=seconds)


async def test_it_signs_for_ten_minutes_at_most_and_uses_one_token(
    connected: Any, server: Any, github: AppServer
) -> None:
    backend = connected(installation=5)
    await asyncio.gather(*(state(backend) for _ in range(10)))
    assert await send(backend) == Accepted(id=None, url=None)
    assert paths(server, "/access_tokens") == ["/app/installations/5/access_tokens"]
    assert paths(server, "/installation") == paths(server, "/access_tokens")  # nothing was looked up
    (claims,) = github.claims
    assert claims["exp"] - claims["iat"] <= 600
    assert claims["iat"] <= time.time() - 55


async def test_the_installation_is_looked_up_once_per_owner(connected: Any, server: Any, github: AppServer) -> None:
    backend = connected()
    for project in ("acme/shop", "acme/other", "ACME/shop", "elsewhere/shop"):
        await state(backend, project)
    assert [path for path in paths(server, "/installation") if path.endswith("installation")] == [
        "/repos/acme/shop/installation",
        "/repos/elsewhere/shop/installation",
    ]
    assert paths(server, "/access_tokens") == [
        "/app/installations/88/access_tokens",
        "/app/installations/99/access_tokens",
    ]


async def test_a_token_is_renewed_before_it_expires_and_once_for_all(
    connected: Any, server: Any, github: AppServer
) -> None:
    github.lasts, github.slow = 2.0, 0.05
    backend = connected(installation=5)
    ends = time.monotonic() + 5
    while len(github.made) < 3:
        assert time.monotonic() < ends
        await asyncio.gather(*(state(backend) for _ in range(8)))
        await asyncio.sleep(0.02)
    reads = [r for r in server.requests if "/actions/runs" in r.path]
    used = [github.made.index(request.headers["authorization"].split(" ")[1]) for request in reads]
    assert set(used) == {0, 1, 2}  # all were good
    assert len(paths(server, "/access_tokens")) == len(github.made)


async def test_a_token_that_is_refused_early_is_renewed_once(connected: Any, server: Any, github: AppServer) -> None:
    backend = connected(installation=5)
    await state(backend)
    github.refuses.add(github.made[0])
    await asyncio.gather(*(state(backend) for _ in range(6)))
    assert len(github.made) == 2
    github.refuses.add(github.made[1])
    assert await send(backend) == Accepted(id=None, url=None)
    assert len(github.made) == 3
    assert len(server.sent()) == 3 + 2  # tokens, and of the dispatch the refused one and the one that counted


async def test_when_the_renewed_one_is_refused_too_it_is_said_and_the_token_is_not(
    connected: Any, server: Any, github: AppServer
) -> None:
    backend = connected(installation=5)
    github.refuses |= {f"{LONG}{number}" for number in range(1, 9)}
    with pytest.raises(BackendDenied) as denied:
        await state(backend)
    assert "401: Bad credentials ***" in denied.value.detail
    assert "not (or no longer) valid" in denied.value.detail
    assert len(github.made) == 2
    refused = await send(backend)
    assert isinstance(refused, Refused)
    assert refused.retry_after is not None, "a renewed one is waited for"
    assert "Nothing was started" in refused.detail
    assert len([post for post in server.sent() if post.path.endswith("dispatches")]) == 2


REFUSED = {
    "key": ("/access_tokens", 401, "A JSON web token could not be decoded", "compare app_id and app_key_file"),
    "suspended": ("/access_tokens", 403, "This installation has been suspended", "is suspended"),
    "removed": ("/access_tokens", 404, "Not Found", "install it again"),
    "not installed": ("/installation", 404, "Not Found", "install it for the repository"),
}


@pytest.mark.parametrize(("end", "status", "message", "advice"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_wrong_with_the_app_is_said(
    end: str, status: int, message: str, advice: str, connected: Any, server: Any, github: AppServer
) -> None:
    github.answers[end] = (status, {"message": message})
    backend = connected()
    with pytest.raises(BackendDenied) as denied:
        await state(backend)
    assert message in denied.value.detail
    assert advice in denied.value.detail
    refused = await send(backend)
    assert (type(refused), refused.retry_after) == (Refused, None)
    assert refused.detail.startswith("The dispatch was not sent:")
    assert not paths(server, "/dispatches")
    assert len(paths(server, end)) == 1  # the second one was told what the first was told


@pytest.mark.parametrize(
    "answer",
    [
        (500, {"message": "x"}), (201, {}), (201, []), (201, {"token": "", "expires_at": "2030-01-01T00:00:00Z"}),
        (201, {"token": "a b", "expires_at": "2030-01-01T00:00:00Z"}), (201, {"token": "x\r\ny: z", "expires_at": "z"}),
        (201, {"token": 5, "expires_at": "2030-01-01T00:00:00Z"}), (201, b"<html>"), (302, None), (201, b'{"token": "'),
    ],
)  # fmt: skip
async def test_a_token_that_makes_no_sense_sends_nothing(
    answer: tuple[int, Any], connected: Any, server: Any, github: AppServer
) -> None:
    github.answers["/access_tokens"] = answer
    backend = connected(installation=5)
    with pytest.raises((BackendUnreachable, BackendDenied)):
        await state(backend)
    assert isinstance(await send(backend), Refused)
    assert not paths(server, "/actions/")


async def test_while_github_gives_no_token_the_old_one_is_used_to_its_end(
    connected: Any, server: Any, github: AppServer
) -> None:
    github.lasts = 3.0  # whole seconds are told, so it is good for 2 to 3, and renewed a tenth of that before
    backend = connected(installation=5)
    await state(backend)
    github.answers["/access_tokens"] = (503, {"message": "down"})
    ends = time.monotonic() + 6
    while len(paths(server, "/access_tokens")) < 2:
        assert time.monotonic() < ends
        assert (await state(backend)) is not None
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)
    with pytest.raises(BackendUnreachable, match="503"):
        await state(backend)


async def test_a_token_that_does_not_come_in_time_refuses_the_dispatch(
    connected: Any, server: Any, github: AppServer
) -> None:
    github.slow = 1.0
    started = time.monotonic()
    refused = await send(connected(installation=5), seconds=0.2)
    assert (type(refused), refused.retry_after) == (Refused, 5.0)
    assert time.monotonic() - started < 0.9
    assert not paths(server, "/dispatches")


async def test_the_login_is_found_by_itself(connected: Any, server: Any, github: AppServer) -> None:
    github.answers["/workflows/9/runs"] = (200, {"total_count": 0, "workflow_runs": []})
    pinned = Pinned(
        target=target(),
        project_id="7",
        pipeline_id="9",
        commit="a" * 40,
        pipeline_digest=Digest("d" * 64),
        marked=True,
    )
    backend = connected(installation=5)
    marker = Marker(corr=Corr("abcdefghij234567abcd"), pinned=pinned)
    since = datetime.now(UTC)
    assert (await backend.find(marker, since)).complete
    await backend.find(marker, since)
    assert [path for path in paths(server, "/app") if path == "/app"] == ["/app"]
    assert paths(server, "/user") == []


def test_a_connection_has_a_token_or_an_app(pem: str) -> None:
    app = {"id": "4711", "private_key": pem}
    made = GitHubSettings.model_validate({"name": "github", "app": app})
    assert list(made.credentials()) == []
    assert list(made.secrets()) == [pem]
    assert pem not in repr(made) + made.model_dump_json()
    for wrong in ({}, {"token": "t", "app": app}):
        with pytest.raises(ValidationError, match="token or a GitHub App"):
            GitHubSettings.model_validate({"name": "github"} | wrong)


@pytest.mark.parametrize(
    "wrong", ["", "secret", "-----BEGIN RSA PRIVATE KEY-----\nsecret\n-----END RSA PRIVATE KEY-----"]
)
def test_a_key_that_cannot_sign_is_refused_without_showing_it(wrong: str) -> None:
    with pytest.raises(ValidationError) as refused:
        GitHubApp.model_validate({"id": "4711", "private_key": wrong})
    assert "PEM form" in str(refused.value)
    assert "secret" not in json.dumps(
        refused.value.errors(include_url=False, include_input=False, include_context=False)
    )
