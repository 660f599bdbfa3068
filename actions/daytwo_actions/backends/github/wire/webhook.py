"""Deliveries of GitHub: their signature, and the run that they hint at.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daytwo_actions.backends.base import Hint, WebhookRefused
from daytwo_store.ids import ExternalRunId

_ABOUT_RUNS: Final = frozenset({"workflow_run", "workflow_job", "deployment_review"})


class _Vendor(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class _Repository(_Vendor):
    id: int = Field(gt=0)


class _Run(_Vendor):
    id: int = Field(gt=0)


class _Job(_Vendor):
    run_id: int = Field(gt=0)


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
    )


def _refused(why: str) -> WebhookRefused:
    return WebhookRefused(f"The delivery was refused and nothing of it was kept: {why}.")
