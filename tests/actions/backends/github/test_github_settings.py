"""What a connection may be told."""

from typing import Any

import pytest
from pydantic import ValidationError

from daytwo_actions.backends import registry
from daytwo_actions.backends.github.backend import GitHubBackend
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.http.recent import Recent
from daytwo_actions.backends.http.settings import is_loopback


def settings(**given: Any) -> GitHubSettings:
    return GitHubSettings.model_validate({"name": "github", "token": "t0k3n"} | given)


def test_github_com_is_where_it_goes_when_nothing_is_said() -> None:
    assert settings().base == "https://api.github.com"


@pytest.mark.parametrize(
    ("base", "kept"),
    [
        ("https://github.acme.example/api/v3/", "https://github.acme.example/api/v3"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:1/", "http://localhost:1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_addresses_that_are_safe(base: str, kept: str) -> None:
    assert settings(base=base).base == kept


@pytest.mark.parametrize(
    "base",
    [
        "http://github.acme.example", "http://127.0.0.1.evil.example", "http://10.0.0.1", "ftp://x", "github.com", "",
        "https://user@x", "https://user:pass@x", "https://x?y=1", "https://x#y", "https://x:port", "https://",
    ],
)  # fmt: skip
def test_addresses_that_are_not(base: str) -> None:
    with pytest.raises(ValidationError):
        settings(base=base)


@pytest.mark.parametrize("token", ["", " ", "abc\n", "a b", "tök", "abc\r\nX-Other: 1"])
def test_a_token_that_could_not_be_a_header_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(token=token)
    assert "visible ASCII" in str(refused.value)
    assert not token.strip() or token.strip() not in str(refused.value)


def test_secrets_are_not_shown() -> None:
    shown = settings(token="t0k3n", webhook_secrets=["h00k"])
    assert "t0k3n" not in repr(shown) + str(shown) + shown.model_dump_json()
    assert "h00k" not in repr(shown) + str(shown) + shown.model_dump_json()


@pytest.mark.parametrize(
    "given",
    [
        {"webhook_secrets": [""]}, {"webhook_secrets": ["a", "b", "c"]}, {"unknown": 1}, {"api_version": "latest"},
        {"send_threads": 0}, {"read_threads": 1000}, {"total_timeout": 0}, {"max_inputs": 26}, {"kind": "gitlab"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**given)


@pytest.mark.parametrize(
    ("host", "here"),
    [("localhost", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("x", False)],
)
def test_what_is_on_this_machine(host: str, here: bool) -> None:
    assert is_loopback(host) is here


@pytest.mark.anyio
async def test_the_registry_makes_the_backend_of_a_kind() -> None:
    backend = registry.connect(settings(), observe=lambda *_: None)
    assert isinstance(backend, GitHubBackend)
    backend.close()


def test_the_recent_keep_what_was_used_last() -> None:
    recent: Recent[int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)
    recent.drop("a")
    recent.drop("a")
    assert recent.get("a") is None
