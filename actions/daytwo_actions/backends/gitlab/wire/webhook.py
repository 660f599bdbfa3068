"""Deliveries of GitLab: their token or signature, and the pipelines that they hint at.

https://docs.gitlab.com/user/project/integrations/webhooks/
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daytwo_actions.backends.base import Hint
from daytwo_actions.backends.failures import WebhookRefused
from daytwo_actions.backends.gitlab.wire.status import has_ended
from daytwo_store.ids import ExternalRunId

_TOLERANCE: Final = 300  # seconds between GitLab's clock and ours
_MOST_SIGNATURES: Final = 8
_LONGEST_ID: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Secrets:
    """What a connection's deliveries may be verified with."""

    plain: Sequence[bytes]
    keys: Sequence[bytes]  # of signing tokens; when there is one, nothing else is enough


class _Vendor(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class _Project(_Vendor):
    id: int = Field(gt=0)


class _Upstream(_Vendor):
    project: _Project
    pipeline_id: int = Field(gt=0)


class _Attributes(_Vendor):
    id: int = Field(gt=0)
    status: str = Field(pattern=r"^[a-z_]{1,40}$")


class _Pipeline(_Vendor):
    """A "Pipeline Hook". `source_pipeline` is the one whose job has started it."""

    project: _Project
    object_attributes: _Attributes
    source_pipeline: _Upstream | None = None


class _Job(_Vendor):
    """A "Job Hook", whose kind is "build"."""

    project_id: int = Field(gt=0)
    pipeline_id: int = Field(gt=0)
    build_status: str = Field(pattern=r"^[a-z_]{1,40}$")


class _Kind(_Vendor):
    object_kind: str = ""


def hints(headers: Mapping[str, str], body: bytes, secrets: Secrets, *, now: float) -> list[Hint]:
    """What a delivery tells, after it was verified on its raw bytes. Raises `WebhookRefused`.

    An event that is not about pipelines or jobs is taken and tells nothing. `now` is seconds since 1970.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    verify(lower, body, secrets, now=now)
    try:
        kind = _Kind.model_validate_json(body).object_kind
        delivery = _delivery(lower, body)
        if kind == "pipeline":
            return _of_pipeline(delivery, _Pipeline.model_validate_json(body))
        return _of_job(delivery, _Job.model_validate_json(body)) if kind == "build" else []
    except ValidationError:
        raise _refused("its body is not an event of GitLab in JSON that names its pipeline") from None


def verify(headers: Mapping[str, str], body: bytes, secrets: Secrets, *, now: float) -> None:
    """Raise `WebhookRefused` unless GitLab has sent exactly this. Header names are in lower case."""
    if secrets.keys:
        _verify_signature(headers, body, secrets.keys, now=now)
        return
    if not secrets.plain:
        raise _refused("this connection has no webhook secret; put the one that GitLab has into its settings")
    token = headers.get("x-gitlab-token")
    if token is None:
        raise _refused("it has no secret token; give the webhook in GitLab the one of this connection")
    given = token.encode("utf-8", "surrogateescape")
    # All are compared, always, so that the time taken does not tell which one fits.
    fits = [hmac.compare_digest(given, secret) for secret in secrets.plain]
    if not any(fits):
        raise _refused("its secret token is not that of this connection")


def _verify_signature(headers: Mapping[str, str], body: bytes, keys: Sequence[bytes], *, now: float) -> None:
    identity, moment = headers.get("webhook-id"), headers.get("webhook-timestamp")
    given = headers.get("webhook-signature")
    if identity is None or moment is None or given is None:
        raise _refused("it is not signed, and this connection takes signed ones only; give the webhook a signing token")
    if not (moment.isascii() and moment.isdigit() and len(moment) < 16 and abs(now - int(moment)) <= _TOLERANCE):
        raise _refused(f"it was signed more than {_TOLERANCE} seconds ago or ahead, so it may be a repetition")
    signatures = given.split(" ")[:_MOST_SIGNATURES]
    right = [signed(identity, moment, body, key) for key in keys]
    fits = [
        hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode())
        for one in signatures
        for other in right
    ]
    if not any(fits):
        raise _refused("its signature is not that of these bytes with the signing token of this connection")


def signed(identity: str, moment: str, body: bytes, key: bytes) -> str:
    """A value of webhook-signature."""
    told = f"{identity}.{moment}.".encode("utf-8", "surrogateescape") + body
    return "v1," + base64.b64encode(hmac.digest(key, told, "sha256")).decode()


def _delivery(headers: Mapping[str, str], body: bytes) -> str:
    """The same for each try of one delivery, and another for every other one.

    Only a signed id can be trusted to be one. GitLab gives one event id to everything that an event has caused, so
    without an id of the delivery itself the bytes are part of it.
    """
    own = headers.get("webhook-id") or headers.get("idempotency-key")
    if own:
        return own if len(own) <= _LONGEST_ID else hashlib.sha256(own.encode("utf-8", "replace")).hexdigest()
    event = headers.get("x-gitlab-event-uuid", "")[:_LONGEST_ID]
    return f"{event}:{hashlib.sha256(body).hexdigest()[:32]}"


def _of_pipeline(delivery: str, told: _Pipeline) -> list[Hint]:
    status = told.object_attributes.status
    own = Hint(
        delivery=delivery,
        project_id=str(told.project.id),
        run=ExternalRunId(str(told.object_attributes.id)),
        event=f"pipeline.{status}",
        final=has_ended(status),
        goes_on=not has_ended(status),
    )
    if told.source_pipeline is None:
        return [own]
    above = Hint(
        delivery=f"{delivery}:above",  # one delivery is kept once, and this is a second look
        project_id=str(told.source_pipeline.project.id),
        run=ExternalRunId(str(told.source_pipeline.pipeline_id)),
        event=f"child.{status}",
    )
    return [own, above]


def _of_job(delivery: str, told: _Job) -> list[Hint]:
    run = ExternalRunId(str(told.pipeline_id))
    return [
        Hint(
            delivery=delivery,
            project_id=str(told.project_id),
            run=run,
            event=f"job.{told.build_status}",
            goes_on=not has_ended(told.build_status),
        )
    ]


def _refused(why: str) -> WebhookRefused:
    return WebhookRefused(f"The delivery was refused and nothing of it was kept: {why}.")
