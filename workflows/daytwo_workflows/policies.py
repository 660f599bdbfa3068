"""Timeouts and retries of activities, each with its reason."""

from datetime import timedelta
from typing import Final, TypedDict

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType

# What an activity does is decided by rows, so trying again is always safe; and giving up would lose a run.
_FOREVER: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=5),
    maximum_attempts=0,
)


class LocalPolicy(TypedDict):
    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy
    local_retry_threshold: timedelta
    cancellation_type: ActivityCancellationType


class RemotePolicy(TypedDict):
    start_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy


# Short work beside the workflow task: a few transactions and at most a few calls to the CI system.
SHORT: Final[LocalPolicy] = {
    "start_to_close_timeout": timedelta(seconds=60),
    "retry_policy": _FOREVER,
    "local_retry_threshold": timedelta(seconds=10),
    "cancellation_type": ActivityCancellationType.ABANDON,
}

# Long work: looking for an ambiguous attempt, or keeping a large log. A dead worker is noticed by its heartbeat.
LONG: Final[RemotePolicy] = {
    "start_to_close_timeout": timedelta(hours=2),
    "heartbeat_timeout": timedelta(seconds=30),
    "retry_policy": _FOREVER,
}

# The one poller of a connection; it returns by itself, so that its history stays short. It beats while it
# reads and for each run that it writes down; between two beats lie at most a few statements of 20 s each.
WATCH: Final[RemotePolicy] = {
    "start_to_close_timeout": timedelta(hours=2),
    "heartbeat_timeout": timedelta(seconds=60),
    "retry_policy": _FOREVER,
}
