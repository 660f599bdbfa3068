"""Where a run waits for an environment of GitHub: its required reviewers, its wait timer, rules of other Apps.

https://docs.github.com/en/rest/actions/workflow-runs#get-pending-deployments-for-a-workflow-run
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.tree import ExternalGate, GateId, GateKind, GateVerdict, Job, JobKind
from daytwo_actions.backends.wire.outcome import web_link
from daytwo_store.ids import ExternalJobId
from daytwo_store.states import ExternalStatus

_LONGEST_COMMENT: Final = 1_000
_STATES: Final = {GateVerdict.GO: "approved", GateVerdict.STOP: "rejected"}


class _Vendor(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class _Environment(_Vendor):
    id: int = Field(gt=0)
    name: str = Field(min_length=1)
    html_url: str | None = None


class _Reviewer(_Vendor):
    """A user has a login, a team a name."""

    login: str | None = None
    name: str | None = None


class _Required(_Vendor):
    type: str = ""
    reviewer: _Reviewer = _Reviewer()


class Pending(_Vendor):
    """What we read of GitHub's schema `pending-deployment`."""

    environment: _Environment
    wait_timer: int = 0  # minutes
    wait_timer_started_at: AwareDatetime | None = Field(default=None, strict=False)
    current_user_can_approve: bool = False
    reviewers: tuple[_Required, ...] = Field(default=(), strict=False)


_PENDING: Final = TypeAdapter(list[Pending])


def pending_in(body: bytes) -> tuple[Pending, ...]:
    """Raises `ValidationError`."""
    return tuple(_PENDING.validate_json(body))


def waits_for(pending: Sequence[Pending]) -> str | None:
    """The rest of "waits in GitHub for …", None when nothing is pending any more."""
    said = [_said(one, f" of {one.environment.name}") for one in pending]
    return "; ".join(dict.fromkeys(said)) or None


def gates_of(pending: Iterable[Pending], url: str | None) -> tuple[Job, ...]:
    """The environments as places to wait; `url` is the run's page, where a person answers."""
    return tuple(_gate(one, url) for one in pending)


def _gate(one: Pending, url: str | None) -> Job:
    environment = one.environment
    answerable = one.current_user_can_approve and bool(one.reviewers)
    gate = ExternalGate(
        id=GateId(str(environment.id)),
        kind=GateKind.ENVIRONMENT,
        title=environment.name,
        waits_for=_said(one, ""),
        url=url or web_link(environment.html_url),
        verdicts=frozenset(GateVerdict) if answerable else frozenset(),
    )
    return Job(
        id=ExternalJobId(f"environment-{environment.id}"),
        name=environment.name,
        status=ExternalStatus.WAITING,
        detail="waiting",
        url=gate.url,
        started_at=None,
        ended_at=None,
        kind=JobKind.GATE,
        gate=gate,
    )


def _said(one: Pending, whose: str) -> str:
    parts = []
    if one.reviewers:
        names = [required.reviewer.login or required.reviewer.name for required in one.reviewers]
        parts.append(f"a review{whose} by {' or '.join(filter(None, names)) or 'its reviewers'}")
    if one.wait_timer > 0:
        parts.append(f"the wait timer{whose}{_until(one)}")
    return " and ".join(parts) or (f"the protection rules{whose}" if whose else "its protection rules")


def _until(one: Pending) -> str:
    if one.wait_timer_started_at is None or one.wait_timer > 100_000:
        return f" of {one.wait_timer} minutes"
    return f", which ends at {one.wait_timer_started_at + timedelta(minutes=one.wait_timer):%Y-%m-%d %H:%M} UTC"


def environment_id(gate: GateId) -> int:
    """Raises `BackendDenied` for what `gates_of` has not given."""
    if not (gate.isascii() and gate.isdigit() and len(gate) <= 18):
        raise BackendDenied(f"{gate!r} is not an environment of a run of GitHub. Nothing was answered.")
    return int(gate)


def rule_answer(environment: str, verdict: GateVerdict, comment: str) -> dict[str, JsonValue]:
    """https://docs.github.com/en/rest/actions/workflow-runs#review-custom-deployment-protection-rules-for-a-workflow-run"""
    return {"environment_name": environment, "state": _STATES[verdict], "comment": comment.strip()[:_LONGEST_COMMENT]}


def answer(gate: GateId, verdict: GateVerdict, comment: str) -> dict[str, JsonValue]:
    """https://docs.github.com/en/rest/actions/workflow-runs#review-pending-deployments-for-a-workflow-run"""
    return {
        "environment_ids": [environment_id(gate)],
        "state": _STATES[verdict],
        "comment": comment.strip()[:_LONGEST_COMMENT] or "Answered in Daytwo.",
    }
