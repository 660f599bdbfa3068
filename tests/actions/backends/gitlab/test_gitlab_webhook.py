"""Deliveries: the documented samples, vectors of both ways to verify, and forgeries."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from daytwo_actions.backends.failures import WebhookRefused
from daytwo_actions.backends.gitlab.settings import signing_key
from daytwo_actions.backends.gitlab.wire.webhook import Secrets, hints, signed, verify

SAMPLES = Path(__file__).parent / "samples"
VECTORS: dict[str, Any] = json.loads((SAMPLES / "signature-vectors.json").read_text())
PLAIN = Secrets(plain=[b"tok"], keys=[])
KEY = b"0123456789abcdef"
SIGNED = Secrets(plain=[b"tok"], keys=[KEY])
NOW = float(VECTORS["now"])


def sample(name: str) -> tuple[dict[str, str], bytes]:
    document = json.loads((SAMPLES / f"webhook-{name}.json").read_text())
    return document["headers"] | {"X-Gitlab-Token": "tok"}, json.dumps(document["body"]).encode()


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: str(vector.get("why", vector["valid"])))
def test_the_vectors(vector: dict[str, Any]) -> None:
    keys = [signing_key(vector["signing_token"])] if "signing_token" in vector else []
    plain = [vector["secret_token"].encode()] if "secret_token" in vector else []
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    body = base64.b64decode(vector["body_b64"])
    if vector["valid"]:
        verify(headers, body, Secrets(plain=plain, keys=keys), now=NOW)
        with pytest.raises(WebhookRefused):
            verify(headers, body + b" ", Secrets(plain=[b"other"], keys=keys), now=NOW)
    else:
        with pytest.raises(WebhookRefused):
            verify(headers, body, Secrets(plain=plain, keys=keys), now=NOW)


def test_a_pipeline_and_the_one_that_has_started_it() -> None:
    own, above = hints(*sample("pipeline"), PLAIN, now=NOW)
    assert (own.project_id, own.run, own.event, own.final) == ("1", "31", "pipeline.success", True)
    assert (above.project_id, above.run, above.event, above.final) == ("41", "30", "child.success", False)
    assert own.delivery != above.delivery


def test_a_job_is_a_hint_at_its_pipeline() -> None:
    (hint,) = hints(*sample("job"), PLAIN, now=NOW)
    assert (hint.project_id, hint.run, hint.event, hint.final) == ("31537070", "743121198", "job.success", False)
    assert not hint.goes_on


def test_what_has_not_ended_goes_on() -> None:
    headers, body = sample("job")
    (hint,) = hints(headers, body.replace(b'"build_status": "success"', b'"build_status": "running"'), PLAIN, now=NOW)
    assert (hint.event, hint.goes_on) == ("job.running", True)


@pytest.mark.parametrize("name", ["push", "deployment"])
def test_other_events_are_taken_and_tell_nothing(name: str) -> None:
    assert hints(*sample(name), PLAIN, now=NOW) == []


@pytest.mark.parametrize("token", [None, "", "TOK", "tok ", "tök", "\udcff"])
def test_a_wrong_token_is_refused(token: str | None) -> None:
    headers, body = sample("pipeline")
    headers.pop("X-Gitlab-Token")
    with pytest.raises(WebhookRefused):
        hints(headers if token is None else headers | {"X-Gitlab-Token": token}, body, PLAIN, now=NOW)


def test_two_secrets_during_a_change_and_none_at_all() -> None:
    assert hints(*sample("job"), Secrets(plain=[b"new", b"tok"], keys=[]), now=NOW)
    with pytest.raises(WebhookRefused, match="no webhook secret"):
        hints(*sample("job"), Secrets(plain=[], keys=[]), now=NOW)


def signature(body: bytes, *, key: bytes = KEY, identity: str = "id-1", at: float = NOW) -> dict[str, str]:
    moment = str(int(at))
    return {
        "webhook-id": identity,
        "webhook-timestamp": moment,
        "webhook-signature": signed(identity, moment, body, key),
    }


def test_with_a_signing_token_the_plain_one_is_never_enough() -> None:
    headers, body = sample("job")
    with pytest.raises(WebhookRefused, match="not signed"):
        hints(headers, body, SIGNED, now=NOW)
    (hint,) = hints(signature(body), body, SIGNED, now=NOW)
    assert hint.delivery == "id-1"


def test_one_of_several_signatures_of_one_of_two_keys_is_enough() -> None:
    _, body = sample("job")
    right = signature(body)
    several = right | {"webhook-signature": f"v1,AAAA v1a,BBBB {right['webhook-signature']}"}
    assert hints(several, body, Secrets(plain=[], keys=[b"another key 1234", KEY]), now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "id-2"}, {"webhook-timestamp": str(int(NOW) + 1)}, {"webhook-timestamp": "x"},
        {"webhook-timestamp": "9" * 400}, {"webhook-signature": ""}, {"webhook-signature": "v1,"},
        {"webhook-signature": "v1," + "é" * 10}, {"webhook-timestamp": "-1"},
    ],
)  # fmt: skip
def test_a_forged_signature_is_refused(change: dict[str, str]) -> None:
    _, body = sample("job")
    with pytest.raises(WebhookRefused):
        hints(signature(body) | change, body, SIGNED, now=NOW)


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_an_old_one_is_refused_with_its_right_signature(seconds: float) -> None:
    _, body = sample("job")
    with pytest.raises(WebhookRefused, match="repetition"):
        hints(signature(body, at=NOW + seconds), body, SIGNED, now=NOW)


def test_events_that_share_their_chain_are_still_two_deliveries_and_a_repetition_is_one() -> None:
    chain = {"X-Gitlab-Event-UUID": "one-for-all"}
    (job,) = hints(*with_headers("job", chain), PLAIN, now=NOW)
    pipeline = hints(*with_headers("pipeline", chain), PLAIN, now=NOW)[0]
    assert job.delivery != pipeline.delivery
    assert hints(*with_headers("job", chain), PLAIN, now=NOW)[0].delivery == job.delivery
    assert hints(*with_headers("job", {"Idempotency-Key": "k"}), PLAIN, now=NOW)[0].delivery == "k"


def with_headers(name: str, more: dict[str, str]) -> tuple[dict[str, str], bytes]:
    headers, body = sample(name)
    return headers | more, body


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"<html>", b'{"object_kind": "pipeline"}', b'{"object_kind": "build"}',
        b'{"object_kind": 1}', b'{"object_kind":"build","project_id":"1","pipeline_id":2,"build_status":"x"}',
        b'{"object_kind":"build","project_id":1,"pipeline_id":2,"build_status":"a\\nb"}',
        b'{"object_kind":"build","project_id":1,"pipeline_id":-2,"build_status":"x"}',
    ],
)  # fmt: skip
def test_a_body_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookRefused):
        hints({"X-Gitlab-Token": "tok"}, body, PLAIN, now=NOW)
