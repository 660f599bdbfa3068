"""Tokens of CI systems (A4, S26): only RS256, a listed key, this issuer, our audience and this moment count."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from ci_tokens import AUDIENCE, ISSUER, Issuer
from joserfc.errors import SecurityWarning
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from served import served
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.identity.issuers import github_caller, github_issuer, gitlab_caller, gitlab_issuer
from daytwo_actions.backends.identity.keys import IssuerKeys
from daytwo_actions.backends.wire.ci_token import TokenRefused, claims_of, keys_of
from daytwo_store.ids import ConnectionName

ONE = Issuer()


def verify(token: str) -> Any:
    return claims_of(token, keys_of(ONE.jwks()), issuer=ISSUER, audience=AUDIENCE, now=time.time())


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(**header: Any) -> str:
    claims = ONE.token().split(".")[1]
    return f"{part({'kid': 'one', **header})}.{claims}."


def with_public_key_as_secret() -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 300, "iat": int(time.time())}
    signed = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims)}"
    digest = hmac.digest(ONE.key.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def tampered() -> str:
    header, _, signature = ONE.github().split(".")
    claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 300, "iat": int(time.time()), "run_id": "2"}
    return f"{header}.{part(claims)}.{signature}"


def of_a_stranger(**header: Any) -> str:
    key = RSAKey.generate_key(2048, parameters={"kid": "one"})
    return Issuer(key=key).token({**header})


FORGED: dict[str, Callable[[], str]] = {
    "another audience": lambda: ONE.token(aud="https://other.example"),
    "several audiences": lambda: ONE.token(aud=[AUDIENCE, "https://other.example"]),
    "no audience": lambda: ONE.token(aud=None),
    "issuer with a suffix": lambda: ONE.token(iss=ISSUER + ".evil.example"),
    "issuer with a slash": lambda: ONE.token(iss=ISSUER + "/"),
    "no issuer": lambda: ONE.token(iss=None),
    "expired": lambda: ONE.token(exp=int(time.time()) - 120),
    "without an end": lambda: ONE.token(exp=None),
    "not yet": lambda: ONE.token(nbf=int(time.time()) + 600),
    "made tomorrow": lambda: ONE.token(iat=int(time.time()) + 86_400),
    "end in words": lambda: ONE.token(exp="never"),
    "alg none": lambda: unsigned(alg="none"),
    "alg None": lambda: unsigned(alg="None"),
    "alg in a list": lambda: unsigned(alg=["RS256"]),
    "unsigned RS256": lambda: unsigned(alg="RS256"),
    "the public key as a secret": with_public_key_as_secret,
    "tampered": tampered,
    "a stranger's key under our kid": of_a_stranger,
    "a key in the header": lambda: of_a_stranger(jwk=Issuer().key.as_dict(private=False)),
    "a key's address in the header": lambda: of_a_stranger(jku="https://evil.example/keys"),
    "kid with a path": lambda: ONE.token({"kid": "../../etc/passwd"}),
    "kid with a query": lambda: ONE.token({"kid": "one?x=' or 1=1"}),
    "kid of another type": lambda: unsigned(alg="RS256", kid={"one": 1}),
    "crit": lambda: unsigned(alg="RS256", crit=["exp"]),
    "huge": lambda: ONE.token(filler="x" * 9_000),
    "not a token": lambda: "abc",
    "dots": lambda: "....",
    "five parts": lambda: "a.b.c.d.e",
    "other letters": lambda: "ä.b.c",
    "deep": lambda: f"{base64.urlsafe_b64encode(b'[' * 4_000).decode()}.e30.x",
}


@pytest.mark.parametrize("name", FORGED)
def test_a_token_that_is_not_for_us_is_refused_without_a_word_of_it(name: str) -> None:
    token = FORGED[name]()
    with pytest.raises(TokenRefused) as refused:
        verify(token)
    assert token not in str(refused.value)


def test_a_genuine_token_is_taken() -> None:
    claims = verify(ONE.github())
    assert (github_caller(claims).execution, github_caller(claims).start) == ("1/1", "")
    assert verify(ONE.token(aud=[AUDIENCE]))["iss"] == ISSUER


def test_keys_that_cannot_have_signed_for_us_are_left_out() -> None:
    with pytest.warns(SecurityWarning):
        small = RSAKey.generate_key(1024, parameters={"kid": "small"})
    listed = [
        ONE.key.as_dict(private=False),
        small.as_dict(private=False),
        {"kty": "oct", "kid": "oct", "k": "c2VjcmV0"},
        {**ONE.key.as_dict(private=False), "kid": "enc", "use": "enc"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {"kty": "RSA", "kid": 7},
        "nonsense",
    ]
    assert list(keys_of({"keys": listed})) == ["one"]
    assert keys_of({"keys": "x"}) == keys_of([]) == keys_of(None) == {}


@pytest.mark.parametrize(
    "claims",
    [
        {"run_id": "1/../2"},
        {"run_id": "-1"},
        {"run_id": True},
        {"run_id": "１"},
        {"run_attempt": "1.5"},
        {"repository_id": None},
        {"workflow_ref": "acme/shop/deploy.yml@refs/heads/main"},
        {"workflow_ref": "acme/shop/.github/workflows/a/b.yml@refs/heads/main"},
    ],
)
def test_claims_that_name_no_run_are_refused(claims: dict[str, Any]) -> None:
    given = {**verify(ONE.github()), **claims}
    with pytest.raises(TokenRefused):
        github_caller(given)


def test_what_github_and_gitlab_say_of_a_job() -> None:
    said = github_caller(verify(ONE.github(run="17", attempt="2", ref="refs/tags/v1")))
    assert (said.project_id, said.run, said.attempt, said.pipeline, said.ref) == ("1", "17", 2, "deploy.yml", "v1")
    job = gitlab_caller({"project_id": "22", "pipeline_id": "5", "job_id": 9, "ref": "main", "sha": "a"})
    assert (job.project_id, job.run, job.execution, job.pipeline, job.ref) == ("22", "5", "5", None, "main")


def test_the_issuer_follows_from_the_address() -> None:
    assert github_issuer("https://api.github.com") == "https://token.actions.githubusercontent.com"
    assert github_issuer("https://ghe.acme.example/api/v3") == "https://ghe.acme.example/_services/token"
    assert github_issuer("https://api.acme.ghe.com") == "https://token.actions.acme.ghe.com"
    assert github_issuer("http://127.0.0.1:81") == "http://127.0.0.1:81/_services/token"
    assert gitlab_issuer("https://gitlab.example/api/v4") == gitlab_issuer("https://gitlab.example")


# --- where the keys come from ----------------------------------------------------------------------------------------

Answers = dict[str, Callable[[], Response]]


@asynccontextmanager
async def issuer_at_work(change: Callable[[Answers, str], None]) -> AsyncIterator[tuple[IssuerKeys, list[str]]]:
    """Keys of an issuer that is really asked; `change` spoils its answers. The list has what was asked."""
    asked: list[str] = []
    answers: Answers = {}

    async def answer(request: Request) -> Response:
        asked.append(request.url.path)
        return answers[request.url.path]()

    async with served(Starlette(routes=[Route("/{path:path}", answer)])) as (address, _):
        issuer = f"{address}/oidc"
        found = {"issuer": issuer, "jwks_uri": f"{issuer}/jwks"}
        answers["/oidc/.well-known/openid-configuration"] = lambda: JSONResponse(found)
        answers["/oidc/jwks"] = lambda: JSONResponse(ONE.jwks())
        change(answers, issuer)
        settings = GitHubSettings(name=ConnectionName("github"), base=address, token=SecretStr("ghp_1"))
        keys = IssuerKeys(settings, issuer)
        yield keys, asked
        keys.close()


DISCOVERY = "/oidc/.well-known/openid-configuration"


@pytest.mark.anyio
async def test_keys_are_fetched_once_and_a_flood_of_unknown_kids_asks_nobody() -> None:
    async with issuer_at_work(lambda answers, issuer: None) as (keys, asked):
        assert list(await keys.for_kid("one")) == ["one"]
        for n in range(20):
            assert list(await keys.for_kid(f"unknown-{n}")) == ["one"]
        assert asked == [DISCOVERY, "/oidc/jwks"]


def elsewhere(answers: Answers, issuer: str) -> None:
    found = {"issuer": issuer, "jwks_uri": "http://127.0.0.1:9/jwks"}
    answers[DISCOVERY] = lambda: JSONResponse(found)


def another_issuer(answers: Answers, issuer: str) -> None:
    answers[DISCOVERY] = lambda: JSONResponse({"issuer": issuer + "x", "jwks_uri": f"{issuer}/jwks"})


def redirected(answers: Answers, issuer: str) -> None:
    answers["/oidc/jwks"] = lambda: RedirectResponse(f"{issuer}/jwks2")
    answers["/oidc/jwks2"] = lambda: JSONResponse(ONE.jwks())


def enormous(answers: Answers, issuer: str) -> None:
    answers["/oidc/jwks"] = lambda: Response(b'{"keys": [' + b" " * 1_000_000 + b"]}")


def html(answers: Answers, issuer: str) -> None:
    answers["/oidc/jwks"] = lambda: Response("<html>", media_type="text/html")


@pytest.mark.anyio
@pytest.mark.parametrize("change", [elsewhere, another_issuer, redirected, enormous, html])
async def test_an_issuer_that_answers_strangely_is_not_believed(change: Callable[[Answers, str], None]) -> None:
    async with issuer_at_work(change) as (keys, asked):
        with pytest.raises(BackendUnreachable):
            await keys.for_kid("one")
        assert "/oidc/jwks2" not in asked
