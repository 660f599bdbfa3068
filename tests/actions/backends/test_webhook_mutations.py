"""S24: every variation of what proves a delivery, and of its body, is refused; both secrets of a change are taken."""

import base64
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from daytwo_actions.backends.base import Hint
from daytwo_actions.backends.failures import WebhookRefused
from daytwo_actions.backends.github.wire import webhook as github_webhook
from daytwo_actions.backends.gitlab.wire import webhook as gitlab_webhook
from daytwo_actions.backends.gitlab.wire.webhook import Secrets

HERE: Final = Path(__file__).parent
NOW: Final = 1_795_246_016
OLD, NEW = b"the old secret 1", b"the new secret 2"

Headers = dict[str, str]


class Way(ABC):
    """How a sender of webhooks proves that it is the one."""

    proof: str  # the header with the proof
    body: bytes
    covers_body = True

    @abstractmethod
    def proven(self, secret: bytes, body: bytes) -> Headers:
        """The headers of a genuine delivery."""

    @abstractmethod
    def hints(self, headers: Headers, body: bytes, secrets: Sequence[bytes]) -> Sequence[Hint]:
        """What the product takes of it."""

    def others(self, good: str) -> dict[str, Headers]:
        """Changes of a genuine delivery's headers that only this way knows."""
        return {}


class GitHub(Way):
    proof = "x-hub-signature-256"
    body = (HERE / "github/samples/workflow_run.completed.2.json").read_bytes()

    def proven(self, secret: bytes, body: bytes) -> Headers:
        signature = hmac.new(secret, body, "sha256").hexdigest()
        event = {"x-github-event": "workflow_run", "x-github-delivery": "5d4f"}
        return {**event, self.proof: f"sha256={signature}"}

    def hints(self, headers: Headers, body: bytes, secrets: Sequence[bytes]) -> Sequence[Hint]:
        return github_webhook.hints(headers, body, secrets)

    def others(self, good: str) -> dict[str, Headers]:
        sha1 = f"sha1={hmac.new(NEW, self.body, 'sha1').hexdigest()}"
        values = {
            "prefix only": "sha256=",
            "no prefix": good.removeprefix("sha256="),
            "sha-1 in its place": sha1,
            "another algorithm named": good.replace("sha256", "sha512"),
            "spaces around": f" {good} ",
            "not hexadecimal": "sha256=" + "z" * 64,
            "digits of another script": "sha256=" + "\u0661" * 64,
        }
        only_old = {"the old header alone": {self.proof: "", "x-hub-signature": sha1}}
        return {name: {self.proof: value} for name, value in values.items()} | only_old


class GitLabPlain(Way):
    """Its proof is the secret itself, which says nothing of the body."""

    proof = "x-gitlab-token"
    body = json.dumps(json.loads((HERE / "gitlab/samples/webhook-pipeline.json").read_text())["body"]).encode()
    covers_body = False

    def proven(self, secret: bytes, body: bytes) -> Headers:
        return {"x-gitlab-event": "Pipeline Hook", self.proof: secret.decode()}

    def hints(self, headers: Headers, body: bytes, secrets: Sequence[bytes]) -> Sequence[Hint]:
        return gitlab_webhook.hints(headers, body, Secrets(plain=secrets, keys=[]), now=NOW)

    def others(self, good: str) -> dict[str, Headers]:
        values = {
            "in capitals": good.upper(),
            "its hash": hmac.new(NEW, b"", "sha256").hexdigest(),
            "in base 64": base64.b64encode(NEW).decode(),
            "spaces around": f" {good} ",
            "not ascii": good.replace("e", "\u0435"),
            "not text": "\udcff" * len(good),
        }
        elsewhere = {"as a bearer": {self.proof: "", "authorization": f"Bearer {good}"}}
        return {name: {self.proof: value} for name, value in values.items()} | elsewhere


class GitLabSigned(Way):
    proof = "webhook-signature"
    body = GitLabPlain.body

    def proven(self, secret: bytes, body: bytes) -> Headers:
        told = f"id-1.{NOW}.".encode() + body
        signature = base64.b64encode(hmac.new(secret, told, "sha256").digest()).decode()
        token = {"x-gitlab-token": PLAIN.decode()}  # GitLab sends that as well, and it is never enough
        return {**token, "webhook-id": "id-1", "webhook-timestamp": str(NOW), self.proof: f"v1,{signature}"}

    def hints(self, headers: Headers, body: bytes, secrets: Sequence[bytes]) -> Sequence[Hint]:
        return gitlab_webhook.hints(headers, body, Secrets(plain=[PLAIN] if secrets else [], keys=secrets), now=NOW)

    def others(self, good: str) -> dict[str, Headers]:
        bare = hmac.new(NEW, self.body, "sha256").digest()
        values = {
            "prefix only": "v1,",
            "no prefix": good.removeprefix("v1,"),
            "another version named": good.replace("v1,", "v1a,"),
            "of the body alone": "v1," + base64.b64encode(bare).decode(),
            "in hexadecimal": "v1," + base64.b64decode(good.removeprefix("v1,")).hex(),
            "not base 64": "v1," + "\u0661" * 44,
            "behind too many others": " ".join(["v1,AAAA"] * 50 + [good]),
        }
        moved = {
            "another id": {"webhook-id": "id-2"},
            "another moment": {"webhook-timestamp": str(NOW + 1)},
            "a dot moved between id and moment": {
                "webhook-id": f"id-1.{str(NOW)[:3]}",
                "webhook-timestamp": str(NOW)[3:],
            },
            "no moment": {"webhook-timestamp": ""},
            "no id": {"webhook-id": ""},
        }
        return {name: {self.proof: value} for name, value in values.items()} | moved


PLAIN: Final = b"the plain token"
WAYS: Final = {"github": GitHub(), "gitlab plain": GitLabPlain(), "gitlab signed": GitLabSigned()}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())


def wrong(way: Way) -> dict[str, Headers]:
    """Changes of a genuine delivery's headers, by what they are."""
    good = way.proven(NEW, way.body)[way.proof]
    values = {
        "empty": "",
        "shorter": good[:-1],
        "longer": good + "0",
        "twice, joined as a proxy does": f"{good},{good}",
        "another secret": way.proven(b"some other secre", way.body)[way.proof],
        "no secret": way.proven(b"", way.body)[way.proof],
        "the first character changed": chr(ord(good[0]) ^ 1) + good[1:],
    }
    if way.covers_body:
        values["signed of another body"] = way.proven(NEW, way.body + b" ")[way.proof]
    return {name: {way.proof: value} for name, value in values.items()} | way.others(good)


CASES: Final = [
    pytest.param(way, change, id=f"{name}: {what}") for name, way in WAYS.items() for what, change in wrong(way).items()
]


@pytest.mark.parametrize(("way", "change"), CASES)
def test_is_refused(way: Way, change: Headers) -> None:
    with pytest.raises(WebhookRefused):
        way.hints({**way.proven(NEW, way.body), **change}, way.body, [OLD, NEW])


@each_way
def test_without_its_proof_it_is_refused(way: Way) -> None:
    genuine = way.proven(NEW, way.body)
    for missing in {*genuine} & {way.proof, "webhook-id", "webhook-timestamp"}:
        left = {name: value for name, value in genuine.items() if name != missing}
        with pytest.raises(WebhookRefused):
            way.hints(left, way.body, [OLD, NEW])


@each_way
def test_without_a_secret_everything_is_refused(way: Way) -> None:
    with pytest.raises(WebhookRefused):
        way.hints(way.proven(b"", way.body), way.body, [])


# A plain token says nothing of the body: what a delivery tells is proven by a read.
SIGNED = {name: way for name, way in WAYS.items() if way.covers_body}


@pytest.mark.parametrize("way", SIGNED.values(), ids=SIGNED.keys())
def test_a_body_that_differs_by_one_byte_is_refused(way: Way) -> None:
    genuine = way.proven(NEW, way.body)
    for at in range(0, len(way.body), 97):
        changed = way.body[:at] + bytes([way.body[at] ^ 1]) + way.body[at + 1 :]
        with pytest.raises(WebhookRefused):
            way.hints(genuine, changed, [OLD, NEW])


@each_way
@pytest.mark.parametrize("secret", [OLD, NEW])
def test_while_the_secret_is_changed_both_are_taken(way: Way, secret: bytes) -> None:
    assert way.hints(way.proven(secret, way.body), way.body, [OLD, NEW])
    with pytest.raises(WebhookRefused):
        way.hints(way.proven(secret, way.body), way.body, [OLD if secret == NEW else NEW])
