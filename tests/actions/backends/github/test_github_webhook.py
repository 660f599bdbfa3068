"""Deliveries: signatures on the raw bytes, and what they hint at."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from daytwo_actions.backends.failures import WebhookRefused
from daytwo_actions.backends.github.wire.webhook import hints, questions, signed, verify

SAMPLES = Path(__file__).parent / "samples"
VECTORS = json.loads((SAMPLES / "signature-vectors.json").read_text())["vectors"]
SECRET = b"new secret"


def delivery(event: str, body: bytes, secret: bytes = SECRET, **change: str) -> dict[str, str]:
    return {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": "0f3c9b2e-1111-2222-3333-444455556666",
        "X-Hub-Signature-256": signed(body, secret),
    } | change


@pytest.mark.parametrize("vector", VECTORS)
def test_published_vectors(vector: dict[str, Any]) -> None:
    body, secret = base64.b64decode(vector["body_b64"]), vector["secret"].encode()
    if vector["valid"]:
        verify(vector["header"], body, [secret])
    else:
        with pytest.raises(WebhookRefused):
            verify(vector["header"], body, [secret])


def test_either_secret_fits_while_it_is_being_changed() -> None:
    body = b"{}"
    for secrets in ([b"old", SECRET], [SECRET, b"old"]):
        verify(signed(body, SECRET), body, secrets)
    with pytest.raises(WebhookRefused, match="signature is not"):
        verify(signed(body, SECRET), body, [b"old", b"older"])


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha1=abc", "sha256=" + "0" * 64, "sha256=é", "SHA256=" + "0" * 64]
)
def test_what_is_not_the_signature_is_refused(signature: str) -> None:
    with pytest.raises(WebhookRefused):
        verify(signature, b"{}", [SECRET])


def test_without_a_secret_everything_is_refused() -> None:
    with pytest.raises(WebhookRefused, match="no webhook secret"):
        verify(signed(b"{}", b""), b"{}", [])


@pytest.mark.parametrize(
    ("name", "event", "project", "run"),
    [
        ("workflow_run.completed.2.json", "workflow_run.completed", "300029405", "289782451"),
        ("deployment_review.requested.0.json", "deployment_review.requested", "616901961", "5453085689"),
        ("workflow_run.requested.4.json", "workflow_run.requested", "300029405", "289782451"),
        ("workflow_job.queued.6.json", "workflow_job.queued", "591427149", "4747967848"),
        ("workflow_job.completed.2.json", "workflow_job.completed", "186853002", "2202229078"),
    ],
)
def test_recorded_deliveries_hint_at_their_run(name: str, event: str, project: str, run: str) -> None:
    body = (SAMPLES / name).read_bytes()
    headers = delivery(event.partition(".")[0], body)
    [hint] = hints(headers, body, [SECRET])
    assert (hint.delivery, hint.project_id, hint.run, hint.event) == (
        headers["X-GitHub-Delivery"],
        project,
        run,
        event,
    )
    assert hint.final is (event == "workflow_run.completed")
    assert hint.goes_on is (event in ("workflow_run.requested", "workflow_job.queued"))


@pytest.mark.parametrize(("name", "event"), [("ping.none.0.json", "ping"), ("push.none.0.json", "push")])
def test_other_deliveries_are_taken_and_tell_nothing(name: str, event: str) -> None:
    body = (SAMPLES / name).read_bytes()
    assert hints(delivery(event, body), body, [SECRET]) == []


def test_header_names_are_read_in_any_case() -> None:
    body = (SAMPLES / "workflow_run.completed.2.json").read_bytes()
    lower = {name.lower(): value for name, value in delivery("workflow_run", body).items()}
    assert len(hints(lower, body, [SECRET])) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"payload=%7B%7D", b"", b"null", b"{}", b'{"action": "completed", "repository": {"id": 1}}',
        b'{"action": "completed", "repository": {"id": "1"}, "workflow_run": {"id": 2}}',
        b'{"action": "completed", "repository": {"id": 1}, "workflow_run": {"id": "2"}}',
        b'{"action": "<b>", "repository": {"id": 1}, "workflow_run": {"id": 2}}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_signed_delivery_of_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookRefused, match="nothing of it was kept"):
        hints(delivery("workflow_run", body), body, [SECRET])


def test_a_delivery_without_its_id_is_refused_since_a_repetition_could_not_be_told() -> None:
    body = (SAMPLES / "workflow_run.completed.2.json").read_bytes()
    for wrong in ("", "x" * 101):
        with pytest.raises(WebhookRefused, match="X-GitHub-Delivery"):
            hints(delivery("workflow_run", body, **{"X-GitHub-Delivery": wrong}), body, [SECRET])


def test_nothing_is_read_before_the_signature_is_right() -> None:
    with pytest.raises(WebhookRefused, match="signature"):
        hints(delivery("workflow_run", b"{}", b"wrong"), b"{}", [SECRET])


def rule(**change: Any) -> bytes:
    address = "https://api.github.com/repos/acme/shop/actions/runs/17/deployment_protection_rule"
    told = {
        "action": "requested",
        "environment": "production",
        "event": "workflow_dispatch",
        "deployment_callback_url": address,
        "repository": {"id": 7, "full_name": "acme/shop"},
    }
    return json.dumps(told | change).encode()


def test_a_protection_rule_asks_about_a_run() -> None:
    body = rule()
    [asked] = questions(delivery("deployment_protection_rule", body), body, [SECRET])
    assert (asked.project_id, asked.project, asked.run, asked.gate) == ("7", "acme/shop", "17", "production")
    assert hints(delivery("deployment_protection_rule", body), body, [SECRET]) == []
    assert questions(delivery("workflow_run", body), body, [SECRET]) == []
    enterprise = "https://ghe.example/api/v3/repos/acme/shop/actions/runs/18/deployment_protection_rule"
    body = rule(deployment_callback_url=enterprise)
    assert questions(delivery("deployment_protection_rule", body), body, [SECRET])[0].run == "18"


@pytest.mark.parametrize(
    "change",
    [
        {"deployment_callback_url": "https://evil.example/"},
        {"deployment_callback_url": "https://x/actions/runs/17/deployment_protection_rule?x=1"},
        {"deployment_callback_url": "https://x/actions/runs/0/deployment_protection_rule"},
        {"deployment_callback_url": None},
        {"environment": ""},
        {"repository": {"id": "7", "full_name": "acme/shop"}},
        {"repository": {"id": 7}},
    ],
)
def test_a_question_that_names_nothing_is_refused(change: dict[str, Any]) -> None:
    body = rule(**change)
    with pytest.raises(WebhookRefused):
        questions(delivery("deployment_protection_rule", body), body, [SECRET])


def test_a_question_has_to_be_signed() -> None:
    body = rule()
    with pytest.raises(WebhookRefused, match="signature is not"):
        questions(delivery("deployment_protection_rule", body, b"another"), body, [SECRET])
