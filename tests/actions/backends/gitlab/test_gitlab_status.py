"""Every state that GitLab's description names, and some that it does not."""

import json
from pathlib import Path

import pytest

from daytwo_actions.backends.gitlab.wire.status import STATES, has_ended, status_of, waits_for
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus

OFFICIAL: list[str] = json.loads((Path(__file__).parent / "samples/status-enum.json").read_text())
EXPECTED = {
    "created": "queued", "preparing": "queued", "pending": "queued", "running": "running", "canceling": "running",
    "waiting_for_resource": "waiting", "waiting_for_callback": "waiting", "manual": "waiting", "scheduled": "waiting",
    "success": "succeeded", "failed": "failed", "canceled": "cancelled", "skipped": "skipped",
}  # fmt: skip


def test_every_state_has_its_word_and_no_other_one_has() -> None:
    assert STATES.keys() == set(OFFICIAL) == EXPECTED.keys()
    assert {state: status_of(state) for state in OFFICIAL} == EXPECTED


@pytest.mark.parametrize("state", [None, "", "SUCCESS", "passed", "succeeded", "future_state"])
def test_what_is_new_is_unknown_and_not_an_end(state: str | None) -> None:
    assert status_of(state) is ExternalStatus.UNKNOWN
    assert not has_ended(state)
    assert waits_for(state) is None


def test_what_waits_says_for_what() -> None:
    assert {state for state in OFFICIAL if waits_for(state)} == {
        state for state in OFFICIAL if status_of(state) is ExternalStatus.WAITING
    }
    assert {state for state in OFFICIAL if has_ended(state)} == {"success", "failed", "canceled", "skipped"}
    assert ExternalStatus.UNKNOWN not in EXTERNAL_ENDS
