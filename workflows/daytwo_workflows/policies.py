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

# Signs of life are sent to Temporal so often, whatever the work is doing; a worker that gives none for longer is dead,
# and another one begins anew. Until then nobody polls its connections.
BEAT: Final = timedelta(seconds=3)
_DEAD: Final = timedelta(seconds=15)

# Long work: looking for an ambiguous attempt, or keeping a large log.
LONG: Final[RemotePolicy] = {
    "start_to_close_timeout": timedelta(hours=2),
    "heartbeat_timeout": _DEAD,
    "retry_policy": _FOREVER,
}

# The one poller of a connection; it returns by itself, so that its history stays short. It gives a sign while it
# reads and for each run that it writes down; between two signs lie at most a few statements of 20 s each.
WATCH: Final[RemotePolicy] = {
    "start_to_close_timeout": timedelta(hours=2),
    "heartbeat_timeout": _DEAD,
    "retry_policy": _FOREVER,
}
