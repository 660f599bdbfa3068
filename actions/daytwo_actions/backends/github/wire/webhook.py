"""Deliveries of GitHub: their signature, and the run that they hint at.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daytwo_actions.backends.base import Hint, Part
from daytwo_actions.backends.failures import WebhookRefused
from daytwo_actions.backends.some import Question
from daytwo_actions.backends.tree import GateId
from daytwo_store.ids import ExternalRunId

RULE: Final = "deployment_protection_rule"
_CALLBACK: Final = re.compile(r"/actions/runs/([1-9][0-9]{0,18})/deployment_protection_rule$")
_PARTS: Final = {
    ("workflow_run", "requested"): Part.BEGINS,
    ("workflow_run", "in_progress"): Part.BEGINS,
    ("workflow_job", "queued"): Part.BEGINS,
    ("workflow_job", "in_progress"): Part.BEGINS,
    ("workflow_job", "completed"): Part.ENDS,
}
_ABOUT_RUNS: Final = frozenset({"workflow_run", "workflow_job", "deployment_review"})


class _Vendor(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class _Repository(_Vendor):
    id: int = Field(gt=0)


class _Run(_Vendor):
    id: int = Field(gt=0)


class _Job(_Vendor):
    run_id: int = Field(gt=0)


class _Named(_Repository):
    full_name: str = Field(min_length=3, max_length=200)


class _Request(_Vendor):
    """The event `deployment_protection_rule`. Which run it is about stands only in the address for the answer."""

    action: str
    environment: str = Field(min_length=1, max_length=255)
    deployment_callback_url: str = Field(max_length=2_000)
    repository: _Named


class _Delivery(_Vendor):
    action: str = Field(pattern=r"^[a-z_]{1,40}$")
    repository: _Repository
    workflow_run: _Run | None = None
    workflow_job: _Job | None = None


def hints(headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes]) -> list[Hint]:
    """What a delivery tells, after its signature was verified on the raw bytes. Raises `WebhookRefused`.

    A ping, and every event that is not about runs, is taken and tells nothing.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    verify(lower.get("x-hub-signature-256"), body, secrets)
    event = lower.get("x-github-event", "")
    if event not in _ABOUT_RUNS:
        return []
    delivery = lower.get("x-github-delivery", "")
    if not 0 < len(delivery) <= 100:
        raise _refused("it has no X-GitHub-Delivery, so a repetition could not be told from a new one")
    return [_hint(event, delivery, body)]


def questions(headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes]) -> list[Question]:
    """What GitHub asks by a custom deployment protection rule. Raises `WebhookRefused`.

    The address for the answer is not used as one: only the id of the run is read from it.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    verify(lower.get("x-hub-signature-256"), body, secrets)
    if lower.get("x-github-event") != RULE:
        return []
    delivery = lower.get("x-github-delivery", "")
    try:
        told = _Request.model_validate_json(body)
    except ValidationError:
        raise _refused(f"its body is not a {RULE} event in JSON") from None
    run = _CALLBACK.search(told.deployment_callback_url)
    if run is None or not 0 < len(delivery) <= 100:
        raise _refused(f"it calls itself {RULE} and names no run, or has no X-GitHub-Delivery")
    if told.action != "requested":
        return []
    return [
        Question(
            delivery=delivery,
            project_id=str(told.repository.id),
            project=told.repository.full_name,
            run=ExternalRunId(run[1]),
            gate=GateId(told.environment),
        )
    ]


def verify(signature: str | None, body: bytes, secrets: Sequence[bytes]) -> None:
    """Raise `WebhookRefused` unless one of the secrets gives the signature of exactly these bytes."""
    if not secrets:
        raise _refused("this connection has no webhook secret; put the one that GitHub has into its settings")
    if signature is None:
        raise _refused("it is not signed; give the webhook in GitHub the secret of this connection")
    given = signature.encode("utf-8", "surrogateescape")
    # All are compared, always, so that the time taken does not tell which one fits.
    fits = [hmac.compare_digest(given, signed(body, secret).encode()) for secret in secrets]
    if not any(fits):
        raise _refused("its signature is not that of these bytes with the secret of this connection")


def signed(body: bytes, secret: bytes) -> str:
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def _hint(event: str, delivery: str, body: bytes) -> Hint:
    try:
        told = _Delivery.model_validate_json(body)
    except ValidationError:
        raise _refused(
            f"its body is not a {event} event in JSON; set the webhook's content type to application/json"
        ) from None
    about = told.workflow_run.id if told.workflow_run else told.workflow_job.run_id if told.workflow_job else None
    if about is None:
        raise _refused(f"it calls itself {event} and names no run")
    return Hint(
        delivery=delivery,
        project_id=str(told.repository.id),
        run=ExternalRunId(str(about)),
        event=f"{event}.{told.action}",
        final=(event, told.action) == ("workflow_run", "completed"),
        part=_PARTS.get((event, told.action), Part.ANY),
        goes_on=_PARTS.get((event, told.action)) is Part.BEGINS,
    )


def _refused(why: str) -> WebhookRefused:
    return WebhookRefused(f"The delivery was refused and nothing of it was kept: {why}.")
