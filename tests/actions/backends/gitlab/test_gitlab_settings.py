"""What a GitLab connection may be told."""

from typing import Any

import pytest
from pydantic import ValidationError

from daytwo_actions.backends import registry
from daytwo_actions.backends.gitlab.backend import GitLabBackend
from daytwo_actions.backends.gitlab.settings import GitLabSettings, signing_key

SIGNING = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def settings(**given: Any) -> GitLabSettings:
    return GitLabSettings.model_validate({"name": "gitlab", "token": "t0k3n"} | given)


@pytest.mark.parametrize(
    ("base", "kept"),
    [
        ("https://gitlab.acme.example/", "https://gitlab.acme.example"),
        ("https://acme.example/gitlab", "https://acme.example/gitlab"),
        ("https://acme.example/gitlab/api/v4/", "https://acme.example/gitlab"),
        ("http://127.0.0.1:8080/api/v4", "http://127.0.0.1:8080"),
    ],
)
def test_its_address_is_the_one_of_people(base: str, kept: str) -> None:
    assert settings(base=base).base == kept
    assert settings().base == "https://gitlab.com"


@pytest.mark.parametrize("base", ["http://gitlab.acme.example", "https://user:pass@x", "gitlab.com", "https://x?y=1"])
def test_an_address_that_is_not_safe_is_refused(base: str) -> None:
    with pytest.raises(ValidationError):
        settings(base=base)


@pytest.mark.parametrize("token", ["", "whsec_", "whsec_***", "whsec_YQ==", SIGNING[6:], f" {SIGNING}"])
def test_a_signing_token_that_is_none_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(signing_tokens=[token])
    assert "base 64" in str(refused.value)
    assert token.strip() in {"", "whsec_"} or token not in str(refused.value)
    assert signing_key(SIGNING) == b"0123456789abcdef0123456789abcdef"


def test_trigger_tokens_need_their_owner_and_are_secrets() -> None:
    with pytest.raises(ValidationError, match="login"):
        settings(trigger_tokens={"acme/shop": "glptt-1"})
    chosen = settings(
        trigger_tokens={"acme/shop": "glptt-1"}, login="me", webhook_secrets=["h00k"], signing_tokens=[SIGNING]
    )
    assert sorted(chosen.secrets()) == sorted(["t0k3n", "glptt-1", "h00k", SIGNING])
    assert list(chosen.credentials()) == ["t0k3n", "glptt-1"]
    shown = repr(chosen) + str(chosen) + chosen.model_dump_json()
    assert [secret for secret in chosen.secrets() if secret in shown] == []


@pytest.mark.anyio
async def test_it_makes_its_backend() -> None:
    backend = registry.connect(settings(), observe=lambda *_: None)
    assert isinstance(backend, GitLabBackend)
    assert (backend.traits.kind, backend.traits.live_logs) == ("gitlab", True)
    backend.close()
