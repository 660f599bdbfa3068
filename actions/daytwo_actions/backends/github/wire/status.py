"""GitHub's states of runs, jobs and steps, in our words.

The words are those of the list filter, the job schema and the webhook schemas of GitHub's description; the run schema
itself says only "string". Whatever is not in these tables is `unknown`: never success, never failure.
"""

from collections.abc import Mapping
from typing import Final

from daytwo_store.states import ExternalStatus

# Not completed: the status decides, whatever an earlier attempt has left behind as conclusion.
_UNDER_WAY: Final[Mapping[str, ExternalStatus]] = {
    "requested": ExternalStatus.QUEUED,
    "queued": ExternalStatus.QUEUED,
    "in_progress": ExternalStatus.RUNNING,
    "waiting": ExternalStatus.WAITING,
    "pending": ExternalStatus.WAITING,
}

UNDER_WAY: Final = ("in_progress", "queued", "waiting", "pending", "requested")
"""The same, most likely ones first: what runs that are followed can be listed by."""

_ENDED: Final[Mapping[str, ExternalStatus]] = {
    "success": ExternalStatus.SUCCEEDED,
    "failure": ExternalStatus.FAILED,
    "timed_out": ExternalStatus.FAILED,
    "startup_failure": ExternalStatus.FAILED,  # the workflow file was not accepted: no job ever started
    "cancelled": ExternalStatus.CANCELLED,
    # All jobs were left out by their conditions. Nothing was done, so the catalog may not say that it was; nothing
    # failed either. Others count this as success, and then show a version that was never deployed.
    "skipped": ExternalStatus.SKIPPED,
    # Ended without a verdict: for the same reason not success, and nobody has reported a failure.
    "neutral": ExternalStatus.SKIPPED,
    # Reads "completed" but is not the end: it goes on when somebody approves it in GitHub.
    "action_required": ExternalStatus.WAITING,
    # GitHub has lost track of it. Whether the work was done is not known to anybody.
    "stale": ExternalStatus.UNKNOWN,
}

_WAITS_FOR: Final[Mapping[str, str]] = {
    "waiting": "the protection rules of an environment",
    "pending": "other runs of its concurrency group",
    "action_required": "somebody's approval of the run",
}


def status_of(status: str | None, conclusion: str | None) -> ExternalStatus:
    """Our word for a pair of status and conclusion, of a run, a job or a step."""
    if status == "completed":
        return _ENDED.get(conclusion or "", ExternalStatus.UNKNOWN)
    return _UNDER_WAY.get(status or "", ExternalStatus.UNKNOWN)


def detail_of(status: str | None, conclusion: str | None) -> str:
    """GitHub's own words for it: "in_progress", "completed, failure"."""
    return ", ".join(word for word in (status, conclusion) if word) or "no status given"


def waits_for(status: str | None, conclusion: str | None) -> str | None:
    """What the run waits for inside GitHub, as the rest of "waits in GitHub for …"."""
    return _WAITS_FOR.get(conclusion or "" if status == "completed" else status or "")


def strange(status: str | None, conclusion: str | None) -> frozenset[str]:
    """The word that is in no table; none for those that we know and take for `unknown`."""
    known = conclusion in _ENDED if status == "completed" else status in _UNDER_WAY
    word = f"conclusion {conclusion}" if status == "completed" else f"status {status}"
    return frozenset() if known else frozenset({word})
