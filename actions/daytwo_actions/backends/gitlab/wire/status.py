"""GitLab's states of pipelines and jobs, in our words.

The words are those of GitLab's description (19.5). Whatever is not in the table is `unknown`: never success, never
failure.
"""

from collections.abc import Mapping
from typing import Final

from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus

STATES: Final[Mapping[str, ExternalStatus]] = {
    "created": ExternalStatus.QUEUED,
    "preparing": ExternalStatus.QUEUED,
    "pending": ExternalStatus.QUEUED,  # until a runner takes it
    "scheduled": ExternalStatus.WAITING,  # a delayed job waits for its time
    "waiting_for_resource": ExternalStatus.WAITING,
    "waiting_for_callback": ExternalStatus.WAITING,
    # A pipeline that is blocked by a manual job. It goes on when somebody plays that, so it is not an end.
    "manual": ExternalStatus.WAITING,
    "running": ExternalStatus.RUNNING,
    "canceling": ExternalStatus.RUNNING,  # its clean-up still runs, and may change something
    "success": ExternalStatus.SUCCEEDED,  # a failed job that may fail is in it as well
    "failed": ExternalStatus.FAILED,
    "canceled": ExternalStatus.CANCELLED,
    # Nothing was done, so the catalog may not say that it was; nothing failed either.
    "skipped": ExternalStatus.SKIPPED,
}

UNDER_WAY: Final = ("running", "manual", "pending", "waiting_for_resource", "scheduled", "created", "preparing")
"""Those by which pipelines that have not ended can be listed, most likely ones first."""

_WAITS_FOR: Final[Mapping[str, str]] = {
    "scheduled": "the time of a delayed job",
    "waiting_for_resource": "another pipeline that has its resource",
    "waiting_for_callback": "an answer from elsewhere",
    "manual": "somebody to play a manual job",
}


def status_of(status: str | None) -> ExternalStatus:
    return STATES.get(status or "", ExternalStatus.UNKNOWN)


def has_ended(status: str | None) -> bool:
    return status_of(status) in EXTERNAL_ENDS


def waits_for(status: str | None) -> str | None:
    """What it waits for inside GitLab, as the rest of "waits in GitLab for …"."""
    return _WAITS_FOR.get(status or "")


def strange(status: str | None) -> frozenset[str]:
    """The word that the table does not have."""
    return frozenset() if status in STATES else frozenset({f"status {status}"})
