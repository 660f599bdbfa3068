"""S24: whether a delivery is genuine is asked in constant time, and of every secret, whichever fits.

`hmac.compare_digest` decides: with an answer of ours in its place the verdict is that answer.
"""

import hmac
from collections.abc import Callable
from datetime import timedelta

import pytest

from daytwo_actions.backends.failures import WebhookRefused
from daytwo_actions.backends.github.wire import webhook as github
from daytwo_actions.backends.gitlab.wire import webhook as gitlab
from daytwo_actions.expressions import parse_template
from daytwo_store.errors import Unauthenticated
from daytwo_workflows.event_sources import EventSource

SECRETS = [b"first", b"second", b"third"]
BODY = b"{}"


def by_github() -> None:
    github.verify(github.signed(BODY, SECRETS[0]), BODY, SECRETS)


def by_token_of_gitlab() -> None:
    gitlab.verify({"x-gitlab-token": "first"}, BODY, gitlab.Secrets(plain=SECRETS, keys=[]), now=0)


def by_signature_of_gitlab() -> None:
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": "0",
        "webhook-signature": gitlab.signed("1", "0", BODY, b"first"),
    }
    gitlab.verify(headers, BODY, gitlab.Secrets(plain=[], keys=SECRETS), now=0)


def by_token_of_an_event_source() -> None:
    names = tuple(secret.decode() for secret in SECRETS)
    source = EventSource(
        name="alerts", key=parse_template("x"), signers=(), tokens=names, same_for=timedelta(minutes=1)
    )
    source.admit({"authorization": "Bearer first"}, BODY)


WAYS = [by_github, by_token_of_gitlab, by_signature_of_gitlab, by_token_of_an_event_source]


@pytest.mark.parametrize("genuine", WAYS)
def test_the_comparison_in_constant_time_decides(genuine: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    genuine()
    asked: list[bytes] = []
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: asked.append(one) or False)
    with pytest.raises((WebhookRefused, Unauthenticated)):
        genuine()
    assert len(asked) == len(SECRETS), "all are compared, so that the time does not tell which one fits"
