"""S24: every variation of the signature's header and of the body is refused; both secrets of a change are taken."""

import hmac
from collections.abc import Mapping
from pathlib import Path

import pytest

from daytwo_actions.backends.failures import WebhookRefused
from daytwo_actions.backends.github.wire import webhook

BODY = (Path(__file__).parent / "samples" / "workflow_run.completed.2.json").read_bytes()
OLD, NEW = b"the old secret", b"the new secret"


def signed(secret: bytes, body: bytes = BODY, algorithm: str = "sha256") -> str:
    return f"{algorithm}={hmac.new(secret, body, algorithm).hexdigest()}"


def headers(signature: str | None, **more: str) -> Mapping[str, str]:
    plain = {"x-github-event": "workflow_run", "x-github-delivery": "5d4f"}
    return plain | ({} if signature is None else {"x-hub-signature-256": signature}) | more


GOOD = signed(NEW)
BAD = {
    "absent": None,
    "empty": "",
    "prefix only": "sha256=",
    "no prefix": GOOD.removeprefix("sha256="),
    "sha-1 in its place": signed(NEW, algorithm="sha1"),
    "another algorithm named": GOOD.replace("sha256", "sha512"),
    "shorter": GOOD[:-1],
    "longer": GOOD + "0",
    "spaces around": f" {GOOD} ",
    "twice, joined as a proxy does": f"{GOOD},{GOOD}",
    "another secret": signed(b"some other secret"),
    "no secret": signed(b""),
    "signed of another body": signed(NEW, BODY + b" "),
    "one digit changed": GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1"),
    "not hexadecimal": "sha256=" + "z" * 64,
    "not ascii": "sha256=" + "\u0661" * 64,
}


@pytest.mark.parametrize("signature", BAD.values(), ids=BAD.keys())
def test_is_refused(signature: str | None) -> None:
    with pytest.raises(WebhookRefused):
        webhook.hints(headers(signature), BODY, [OLD, NEW])


def test_only_the_old_header_is_refused() -> None:
    old = signed(NEW, algorithm="sha1")
    with pytest.raises(WebhookRefused):
        webhook.hints(headers(None, **{"x-hub-signature": old}), BODY, [OLD, NEW])


def test_without_a_secret_everything_is_refused() -> None:
    with pytest.raises(WebhookRefused):
        webhook.hints(headers(signed(b"")), BODY, [])


def test_a_body_that_differs_by_one_byte_is_refused() -> None:
    for at in range(0, len(BODY), 997):
        changed = BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]
        with pytest.raises(WebhookRefused):
            webhook.hints(headers(GOOD), changed, [OLD, NEW])


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_while_the_secret_is_changed_both_are_taken(secret: bytes) -> None:
    assert webhook.hints(headers(signed(secret)), BODY, [OLD, NEW])
    with pytest.raises(WebhookRefused):
        webhook.hints(headers(signed(secret)), BODY, [OLD if secret == NEW else NEW])
