"""Every state that GitHub's descriptions name, and some that they do not."""

import itertools

import pytest

from daytwo_actions.backends.github.wire.status import detail_of, status_of, waits_for
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus

# The union of the list filter, the job schema and the webhook schemas (specs: openapi.2022-11-28, webhooks.openapi).
STATUSES = ["requested", "queued", "in_progress", "waiting", "pending", "completed"]
CONCLUSIONS = [
    *("success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required", "stale"),
    *("startup_failure", None),
]

ENDED = {
    "success": ExternalStatus.SUCCEEDED,
    "failure": ExternalStatus.FAILED,
    "timed_out": ExternalStatus.FAILED,
    "startup_failure": ExternalStatus.FAILED,
    "cancelled": ExternalStatus.CANCELLED,
    "skipped": ExternalStatus.SKIPPED,
    "neutral": ExternalStatus.SKIPPED,
    "action_required": ExternalStatus.WAITING,
    "stale": ExternalStatus.UNKNOWN,
    None: ExternalStatus.UNKNOWN,
}
UNDER_WAY = {
    "requested": ExternalStatus.QUEUED,
    "queued": ExternalStatus.QUEUED,
    "in_progress": ExternalStatus.RUNNING,
    "waiting": ExternalStatus.WAITING,
    "pending": ExternalStatus.WAITING,
}


@pytest.mark.parametrize(("status", "conclusion"), list(itertools.product(STATUSES, CONCLUSIONS)))
def test_every_pair_has_its_word(status: str, conclusion: str | None) -> None:
    expected = ENDED[conclusion] if status == "completed" else UNDER_WAY[status]
    assert status_of(status, conclusion) is expected


def test_only_completed_and_success_is_success() -> None:
    odd = [None, "", "SUCCESS", "Completed", "success", "done", "future_state"]
    pairs = itertools.product([*STATUSES, *odd], [*CONCLUSIONS, *odd])
    succeeded = [pair for pair in pairs if status_of(*pair) is ExternalStatus.SUCCEEDED]
    assert set(succeeded) == {("completed", "success")}


@pytest.mark.parametrize(
    "pair", [("completed", "brand_new"), ("brand_new", None), (None, None), ("brand_new", "success")]
)
def test_what_is_new_is_unknown_and_not_an_end(pair: tuple[str | None, str | None]) -> None:
    assert status_of(*pair) is ExternalStatus.UNKNOWN
    assert ExternalStatus.UNKNOWN not in EXTERNAL_ENDS


def test_what_it_waits_for_and_the_vendors_own_words() -> None:
    assert waits_for("waiting", None) == "the protection rules of an environment"
    assert waits_for("pending", None) == "other runs of its concurrency group"
    assert waits_for("completed", "action_required") == "somebody's approval of the run"
    assert waits_for("completed", "success") is None
    assert waits_for("queued", "action_required") is None
    assert detail_of("completed", "timed_out") == "completed, timed_out"
    assert detail_of("in_progress", None) == "in_progress"
    assert detail_of(None, None) == "no status given"
