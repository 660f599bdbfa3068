"""Deliveries: signatures on the raw bytes, and what they hint at."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from daytwo_actions.backends.base import WebhookRefused
from daytwo_actions.backends.github.wire.webhook import hints, signed, verify

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
